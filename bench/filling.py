"""Filling a table with millions of rows of the past, which is not what is measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

_FOREIGN_KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f' ORDER BY conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i
WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 1
"""


@contextlib.contextmanager
def unhindered(connection: psycopg.Connection[Any], table: str) -> Iterator[None]:
    """Let rows be added in one transaction without history, and with indexes and references made again at its end.

    References are not compared again for the rows of before: whoever fills takes keys from the tables they point to.
    """
    name = sql.Identifier(table)
    with connection.transaction():
        references = connection.execute(_FOREIGN_KEYS, [table]).fetchall()
        indexes = connection.execute(_INDEXES, [table]).fetchall()
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        for reference, _ in references:
            connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(reference)))
        for index, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(index)))
        yield
        for _, statement in indexes:
            connection.execute(statement)
        for reference, definition in references:
            if not definition.endswith("NOT VALID"):
                definition += " NOT VALID"
            connection.execute(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(name, sql.Identifier(reference), sql.SQL(definition)))
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
