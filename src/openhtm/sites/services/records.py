"""Writing the plain records of this room: only named fields, only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean


def insert(record: models.Model) -> None:
    """Check and store a new record. One statement. Raises Invalid."""
    refuse_unclean(record)
    with refuse_readably():
        record.save(force_insert=True)


def change(record: models.Model, changes: Mapping[str, Any]) -> list[str]:
    """Write the fields of ``changes`` that differ and return their names. At most one statement. Raises Invalid."""
    names = [name for name, value in changes.items() if getattr(record, name) != value]
    for name in names:
        setattr(record, name, changes[name])
    if names:
        refuse_unclean(record, fields=names)
        with refuse_readably():
            record.save(update_fields=names)
    return names


def tidy(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Trim texts: white space around a value is never meant."""
    return {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
