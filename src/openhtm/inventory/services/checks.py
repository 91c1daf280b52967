"""What must hold between a device's facts and what is stored about it; checked nightly and by ``openhtm doctor``."""

from __future__ import annotations

from openhtm.audit.invariants import Invariant, rows_that_break
from openhtm.inventory.services.derived import TYPES_HOLD

_STATUS = """
SELECT d.control_number FROM inventory_device d
JOIN (SELECT DISTINCT ON (device_id) device_id, after FROM inventory_statuschange ORDER BY device_id, recorded_at DESC, id DESC) s
  ON s.device_id = d.id
WHERE s.after <> d.status
"""
_SEEN = """
SELECT d.control_number FROM inventory_device d
JOIN (
  SELECT COALESCE(o.merged_into_id, o.id) AS device_id, max(s.seen_at) AS seen_at
  FROM inventory_sighting s JOIN inventory_device o ON o.id = s.device_id GROUP BY 1
) n ON n.device_id = d.id
WHERE d.last_seen_at IS DISTINCT FROM n.seen_at AND (d.last_seen_at IS NULL OR d.last_seen_at < n.seen_at)
"""
_CYCLES = """
WITH RECURSIVE up AS (
  SELECT id AS start, parent_id AS id, 1 AS depth FROM inventory_device WHERE parent_id IS NOT NULL
  UNION ALL
  SELECT up.start, d.parent_id, up.depth + 1 FROM up JOIN inventory_device d ON d.id = up.id
  WHERE d.parent_id IS NOT NULL AND up.id <> up.start AND up.depth < 50
)
SELECT DISTINCT d.control_number FROM up JOIN inventory_device d ON d.id = up.start WHERE up.id = up.start
"""
_MERGED = """
SELECT d.control_number FROM inventory_device d
WHERE d.merged_into_id IS NOT NULL AND (
  NOT EXISTS (SELECT 1 FROM inventory_alternatenumber a WHERE a.device_id = d.merged_into_id AND a.number_key = d.control_number)
  OR EXISTS (SELECT 1 FROM inventory_device s WHERE s.id = d.merged_into_id AND s.merged_into_id IS NOT NULL))
"""
_PLACES = """
SELECT d.control_number FROM inventory_device d
LEFT JOIN sites_location l ON l.id = d.location_id LEFT JOIN sites_department p ON p.id = d.department_id
WHERE l.facility_id <> d.facility_id OR p.facility_id <> d.facility_id
"""

INVARIANTS = (
    TYPES_HOLD,
    Invariant("device-status-history", "The status of every device is that of its newest status change.", rows_that_break(_STATUS)),
    Invariant("device-last-seen", "No device was seen later than it says.", rows_that_break(_SEEN)),
    Invariant("device-parts-no-circle", "No device is part of itself by any way round.", rows_that_break(_CYCLES)),
    Invariant(
        "merged-number-kept", "The number of every merged record leads to the one record that stands for it.", rows_that_break(_MERGED)
    ),
    Invariant("device-place-own-facility", "The place and department of every device belong to its facility.", rows_that_break(_PLACES)),
)
