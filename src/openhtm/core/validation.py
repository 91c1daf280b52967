"""A record's own field rules, refused in words before the database is asked."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models

from openhtm.core.errors import Invalid


def refuse_unclean(record: models.Model, *, fields: Iterable[str] | None = None) -> None:
    """Check lengths, choices, formats and control characters of ``fields`` (None: all). No statement. Raises Invalid.

    References and uniqueness are left to the database, which answers through ``core.integrity``.
    """
    wanted = set(fields) if fields is not None else None
    errors: dict[str, list[str]] = {}
    for field in record._meta.concrete_fields:
        if field.is_relation or field.primary_key or (wanted is not None and field.name not in wanted):
            continue
        raw = getattr(record, field.attname)
        if raw in field.empty_values and field.blank:
            continue
        try:
            _refuse_control_characters(field, raw)
            setattr(record, field.attname, field.clean(raw, record))
        except ValidationError as error:
            errors[field.name] = list(error.messages)
    if errors:
        raise Invalid(errors)


def _refuse_control_characters(field: models.Field, raw: object) -> None:
    allowed = "\n\r\t" if isinstance(field, models.TextField) else ""
    if isinstance(raw, str) and any((ord(char) < 32 and char not in allowed) or ord(char) == 127 for char in raw):
        raise ValidationError("Remove tabs, line breaks and other control characters.")
