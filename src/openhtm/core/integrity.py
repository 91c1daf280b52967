"""Constraints of the database, answered in the sentence they were declared with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache

import psycopg
import psycopg.errors
from django.apps import apps
from django.db import IntegrityError, transaction

from openhtm.core.errors import Invalid


@contextlib.contextmanager
def refuse_readably() -> Iterator[None]:
    """Run the block in a savepoint; turn a broken constraint into Invalid naming the field and the remedy."""
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, psycopg.IntegrityError) as error:  # COPY raises the driver's own
        raise Invalid(_in_words(error)) from error


def _in_words(error: IntegrityError | psycopg.IntegrityError) -> dict[str, list[str]]:
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return {"": ["This contradicts what is already stored."]}
    name, column = cause.diag.constraint_name or "", cause.diag.column_name or ""
    if name in _sentences():
        field, sentence = _sentences()[name]
        return {field: [sentence]}
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return {column: ["This value is already taken."]}
    if isinstance(cause, psycopg.errors.ForeignKeyViolation):
        return {column: ["This refers to something that is not there, or is still used elsewhere."]}
    return {column: ["This value is not possible here."]}


@cache
def _sentences() -> dict[str, tuple[str, str]]:
    """Every constraint's field and sentence, by its name in the database."""
    found: dict[str, tuple[str, str]] = {}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            fields: tuple[str, ...] = tuple(getattr(constraint, "fields", ()) or ())
            found[constraint.name] = (fields[0] if len(fields) == 1 else "", str(constraint.get_violation_error_message()))
    return found
