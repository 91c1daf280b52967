"""Manufacturers that may be one: proposals only, since two companies can be two letters apart."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

ALIKE = """
SELECT a.id, a.name, b.id, b.name, similarity(a.name_key, b.name_key) AS likeness
FROM catalog_manufacturer a JOIN catalog_manufacturer b ON left(a.name_key, 3) = left(b.name_key, 3) AND a.id < b.id
WHERE a.merged_into_id IS NULL AND b.merged_into_id IS NULL AND NOT a.is_unknown AND NOT b.is_unknown
  AND (similarity(a.name_key, b.name_key) >= 0.6 OR b.name_key LIKE a.name_key || ' %%' OR a.name_key LIKE b.name_key || ' %%')
ORDER BY likeness DESC, a.id, b.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class AlikeMakers:
    """Two manufacturers whose names begin alike; likeness from 0 to 1 by shared letter triples."""

    first_id: int
    first: str
    second_id: int
    second: str
    likeness: float


def alike_manufacturers(*, limit: int = 200) -> list[AlikeMakers]:
    """Pairs of manufacturers not merged whose names resemble each other, most alike first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(ALIKE, [limit])
        return [AlikeMakers(*row) for row in cursor.fetchall()]
