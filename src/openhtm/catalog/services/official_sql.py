"""The statements of ``services.official``: each works on all rows of ``official_stage`` at once.

Table and column names come from our own models, never from a file.
"""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from openhtm.catalog.rules.codes import FDA_UNLOADED
from openhtm.catalog.rules.official.source import Problem

_JSON = frozenset({"gmdn_terms", "flags", "identifiers"})


def copyable(name: str, value: Any) -> Any:
    return Jsonb(value) if name in _JSON else value


def drop_repeated(cursor: Any, key: str) -> list[Problem]:
    """Keep the last of the rows with the same key; name the others."""
    cursor.execute(f"""
        WITH ranked AS (
            SELECT place, lead(place) OVER (PARTITION BY {key} ORDER BY place) AS later FROM official_stage
        )
        DELETE FROM official_stage AS s USING ranked AS r
        WHERE r.place = s.place AND r.later IS NOT NULL RETURNING s.{key}
    """)  # noqa: S608
    message = "This is in the file more than once. The last one counts."
    return [Problem(None, key, value, message) for (value,) in sorted(cursor.fetchall())]


def note_changed(cursor: Any, table: str, key: str, compared: tuple[str, ...], *, retirable: bool) -> None:
    """List in ``official_changed`` the keys that are new or differ, with whether they are new."""
    stored = ", ".join(f"t.{name}" for name in compared)
    staged = ", ".join(f"s.{name}" for name in compared)
    revived = " OR t.retired" if retirable else ""
    cursor.execute("DROP TABLE IF EXISTS official_changed")
    cursor.execute(f"""
        CREATE TEMP TABLE official_changed ON COMMIT DROP AS
        SELECT s.{key} AS key, t.{key} IS NULL AS is_new FROM official_stage AS s LEFT JOIN {table} AS t ON t.{key} = s.{key}
        WHERE t.{key} IS NULL OR ({stored}) IS DISTINCT FROM ({staged}){revived}
    """)  # noqa: S608
    cursor.execute("ANALYZE official_changed")


def count_placeholders(cursor: Any, table: str, key: str) -> int:
    """How many of the rows to update were only named by our own types, before FDA's list was loaded."""
    cursor.execute(
        f"SELECT count(*) FROM official_changed AS c JOIN {table} AS t ON t.{key} = c.key WHERE t.edition = %s",  # noqa: S608
        [FDA_UNLOADED],
    )
    return int(cursor.fetchone()[0])


def update_changed(cursor: Any, table: str, key: str, columns: tuple[str, ...], *, retirable: bool) -> int:
    sets = ", ".join(f"{name} = s.{name}" for name in columns if name != key) + (", retired = false" if retirable else "")
    cursor.execute(f"""
        UPDATE {table} AS t SET {sets} FROM official_stage AS s, official_changed AS c
        WHERE NOT c.is_new AND s.{key} = c.key AND t.{key} = c.key
    """)  # noqa: S608
    return int(cursor.rowcount)


def insert_new(cursor: Any, table: str, key: str, columns: tuple[str, ...], *, edition: str, retirable: bool) -> int:
    names, values = ", ".join(columns), ", ".join(f"s.{name}" for name in columns)
    more, more_values = (", retired", ", false") if retirable else ("", "")
    cursor.execute(
        f"""
        INSERT INTO {table} ({names}, edition{more}) SELECT {values}, %s{more_values}
        FROM official_stage AS s JOIN official_changed AS c ON c.key = s.{key} WHERE c.is_new ORDER BY s.place
        """,  # noqa: S608
        [edition],
    )
    return int(cursor.rowcount)


def set_edition(cursor: Any, table: str, key: str, edition: str) -> None:
    cursor.execute(
        f"UPDATE {table} AS t SET edition = %s FROM official_stage AS s WHERE s.{key} = t.{key} AND t.edition <> %s",  # noqa: S608
        [edition, edition],
    )


def retire_missing(cursor: Any, table: str, key: str) -> list[str]:
    """Mark what this edition lacks; return the codes newly marked, in order. Placeholders were never in an edition."""
    cursor.execute(
        f"""
        UPDATE {table} AS t SET retired = true
        WHERE NOT t.retired AND t.edition <> %s AND NOT EXISTS (SELECT 1 FROM official_stage AS s WHERE s.{key} = t.{key})
        RETURNING t.{key}
        """,  # noqa: S608
        [FDA_UNLOADED],
    )
    return sorted(code for (code,) in cursor.fetchall())


def attach_orphans(cursor: Any) -> list[Problem]:
    """Hang EMDN nodes whose parent is missing under the nearest node above that exists; say which."""
    cursor.execute("""
        WITH known AS (SELECT code FROM official_stage UNION SELECT code FROM catalog_emdnterm),
        orphan AS (
            SELECT s.code, s.parent_id AS wanted,
                (SELECT k.code FROM known AS k WHERE starts_with(s.parent_id, k.code) ORDER BY length(k.code) DESC LIMIT 1) AS nearest
            FROM official_stage AS s WHERE s.parent_id IS NOT NULL AND s.parent_id NOT IN (SELECT code FROM known)
        )
        UPDATE official_stage AS s SET parent_id = o.nearest FROM orphan AS o WHERE o.code = s.code
        RETURNING s.code, o.wanted, o.nearest
    """)
    return [
        Problem(None, "CODE", code, f"The code above it, {wanted}, is missing. It now stands under {nearest or 'the top'}.", refused=False)
        for code, wanted, nearest in sorted(cursor.fetchall())
    ]


def recognise_records(cursor: Any) -> list[Problem]:
    """Let a GUDID record with its public key take over the one stored under its identifier, and the other way round."""
    cursor.execute("""
        UPDATE catalog_gudidrecord AS t SET record_key = s.record_key FROM official_stage AS s
        WHERE t.record_key = s.primary_di AND s.record_key <> s.primary_di
            AND NOT EXISTS (SELECT 1 FROM catalog_gudidrecord AS x WHERE x.record_key = s.record_key)
    """)
    cursor.execute("""
        WITH keyed AS (
            SELECT DISTINCT ON (s.place) s.place, t.record_key FROM official_stage AS s
            JOIN catalog_gudidrecord AS t ON t.primary_di = s.primary_di
            WHERE s.record_key = s.primary_di
                AND NOT EXISTS (SELECT 1 FROM catalog_gudidrecord AS x WHERE x.record_key = s.record_key)
            ORDER BY s.place, t.id DESC
        )
        UPDATE official_stage AS s SET record_key = k.record_key FROM keyed AS k WHERE k.place = s.place
            AND NOT EXISTS (SELECT 1 FROM official_stage AS y WHERE y.record_key = k.record_key)
    """)
    return []


def replace_identifiers(cursor: Any) -> None:
    """Write the identifiers of new and changed GUDID records anew."""
    cursor.execute("""
        DELETE FROM catalog_gudididentifier AS i USING catalog_gudidrecord AS r, official_changed AS c
        WHERE NOT c.is_new AND r.record_key = c.key AND i.record_id = r.id
    """)
    cursor.execute("""
        INSERT INTO catalog_gudididentifier (record_id, di, kind, issuer, contained_di, quantity, package_status, check_valid)
        SELECT r.id, x.di, x.kind, x.issuer, x.contained_di, x.quantity, x.package_status, x.check_valid
        FROM official_changed AS c JOIN official_stage AS s ON s.record_key = c.key
        JOIN catalog_gudidrecord AS r ON r.record_key = c.key
        CROSS JOIN LATERAL jsonb_to_recordset(s.identifiers) AS x(
            di text, kind text, issuer text, contained_di text, quantity integer, package_status text, check_valid boolean
        )
    """)
