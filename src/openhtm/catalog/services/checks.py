"""What every write of the catalogue checks in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from openhtm.catalog.rules.texts import clean
from openhtm.core.errors import Invalid

Record = TypeVar("Record", bound=models.Model)


def assign(record: models.Model, changes: Mapping[str, Any], *, allowed: Iterable[str]) -> list[str]:
    """Set the fields of ``changes`` that differ and return their names; texts are made one clean line.

    Raises Invalid for a field that is not ``allowed``, or a value that does not fit its column.
    """
    unknown = sorted(set(changes) - set(allowed))
    if unknown:
        raise Invalid({name: ["This is not a field that can be set here."] for name in unknown})
    changed = []
    for name, value in changes.items():
        new = _tidy(record, name, value)
        if getattr(record, name) != new:
            setattr(record, name, new)
            changed.append(name)
    check_fields(record, changed)
    return changed


def _tidy(record: models.Model, name: str, value: Any) -> Any:
    column = record._meta.get_field(name)
    if isinstance(column, models.TextField) and isinstance(value, str):
        return "\n".join(clean(line) for line in value.splitlines()).strip()
    if isinstance(column, models.CharField) and (value is None or isinstance(value, str)):
        return clean(value)
    return value


def check_fields(record: models.Model, names: Iterable[str]) -> None:
    """Raise Invalid with every field of ``names`` that does not fit its column."""
    columns = {field.attname: field.name for field in record._meta.concrete_fields}
    wanted = {columns.get(name, name) for name in names}
    try:
        record.clean_fields(exclude={field.name for field in record._meta.concrete_fields} - wanted)
    except ValidationError as error:
        raise Invalid({name: list(texts) for name, texts in error.message_dict.items()}) from error
