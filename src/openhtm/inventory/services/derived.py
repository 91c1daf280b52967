"""The two cached columns of a device, ``device_type`` and ``high_risk``: their only writer, and the check that they hold."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.utils import timezone

from openhtm.audit.invariants import Invariant

_REFRESH = """
UPDATE inventory_device d
SET device_type_id = m.device_type_id,
    high_risk = COALESCE(d.high_risk_override, t.high_risk, false),
    updated_at = %(now)s
FROM catalog_devicemodel m LEFT JOIN catalog_devicetype t ON t.id = m.device_type_id
WHERE m.id = d.device_model_id AND {which}
  AND (d.device_type_id IS DISTINCT FROM m.device_type_id
       OR d.high_risk IS DISTINCT FROM COALESCE(d.high_risk_override, t.high_risk, false))
"""

_BROKEN = """
SELECT count(*) OVER (), d.control_number
FROM inventory_device d
JOIN catalog_devicemodel m ON m.id = d.device_model_id
LEFT JOIN catalog_devicetype t ON t.id = m.device_type_id
WHERE d.device_type_id IS DISTINCT FROM m.device_type_id
   OR d.high_risk IS DISTINCT FROM COALESCE(d.high_risk_override, t.high_risk, false)
LIMIT 5
"""


def refresh_types(*, model_ids: Collection[int] | None = None, type_ids: Collection[int] | None = None) -> int:
    """Bring the cached columns of the devices of these models or types in line. One statement. Returns rows changed."""
    which = "m.id = ANY(%(ids)s)" if model_ids is not None else "m.device_type_id = ANY(%(ids)s)"
    ids = list(model_ids if model_ids is not None else type_ids or [])
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(which=which), {"ids": ids, "now": timezone.now()})
        return cursor.rowcount


def refresh_devices(device_ids: Collection[int]) -> int:
    """Bring the cached columns of these devices in line. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH.format(which="d.id = ANY(%(ids)s)"), {"ids": list(device_ids), "now": timezone.now()})
        return cursor.rowcount


def _stale_rows() -> tuple[int, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN)
        rows = cursor.fetchall()
    return (rows[0][0] if rows else 0), [name for _, name in rows]


TYPES_HOLD = Invariant(
    "device-type-cache", "Every device carries the type and high-risk flag that its model and override give.", _stale_rows
)
