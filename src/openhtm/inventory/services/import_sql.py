"""The statements that write a checked import. Each works on one slice of the rows in the temporary table ``import_todo``."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from openhtm.inventory.models import Device

_GENERATED = frozenset({"serial_key", "search_text"})
COLUMNS = tuple(str(field.column) for field in Device._meta.concrete_fields if field.column not in _GENERATED)
_NEVER_UPDATED = frozenset({"id", "facility_id", "created_at", "merged_into_id", "last_seen_at", "last_seen_location_id"})
_CHANGED = tuple(name for name in COLUMNS if name not in _NEVER_UPDATED)

_UUID7 = """encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
 substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"""

MAKE_TODO = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_todo (
  row_number int, action text, device_id bigint, facility_id bigint, set jsonb, numbers jsonb, interface jsonb, note text, seen timestamptz,
  old_number text, old_status text, old_location bigint, old_department bigint
) ON COMMIT DROP
"""
CLEAR_TODO = "TRUNCATE import_todo"
"""One slice at a time: it stays in the session's own memory."""

GATHER_WORDS = "SET LOCAL gin_pending_list_limit = '32MB'"
"""New entries of the search indexes are sorted in rarely and many at once: in a register of a million devices a third of the writing."""
SORT_WORDS = "SELECT gin_clean_pending_list('device_search'), gin_clean_pending_list('alternate_number_trgm')"
"""Sorted in at the end, so that nobody's search reads through what waits."""

LOCK = """
SELECT count(*) FROM (
  SELECT d.id FROM inventory_device d JOIN exchange_importrow r ON r.target_id = d.id
  WHERE r.run_id = %(run)s AND r.action = 'update' ORDER BY d.id FOR UPDATE OF d
) AS locked
"""

FILL_TODO = """
INSERT INTO import_todo
SELECT r.row_number, r.action, r.target_id, (r.values->>'facility')::bigint,
       CASE WHEN r.values ? 'refs' THEN r.values->'set' || jsonb_strip_nulls(jsonb_build_object(
         'device_model_id', m.id, 'department_id', p.id, 'location_id', l.id, 'service_provider_id', s.id)) ELSE r.values->'set' END,
       r.values->'numbers', r.values->'interface', r.values->>'note', (r.values->>'seen')::timestamptz,
       d.control_number, d.status, d.location_id, d.department_id
FROM exchange_importrow r
LEFT JOIN import_ref m ON m.kind = 'model' AND m.place = (r.values->'refs'->>'model')::int
LEFT JOIN import_ref p ON p.kind = 'department' AND p.place = (r.values->'refs'->>'department')::int
LEFT JOIN import_ref l ON l.kind = 'location' AND l.place = (r.values->'refs'->>'location')::int
LEFT JOIN import_ref s ON s.kind = 'service_provider' AND s.place = (r.values->'refs'->>'service_provider')::int
LEFT JOIN inventory_device d ON d.id = CASE WHEN r.action = 'update' THEN r.target_id END
WHERE r.run_id = %(run)s AND r.row_number >= %(first)s AND r.row_number < %(last)s AND r.action IN ('create', 'update')
ORDER BY r.row_number
"""
ANALYSE_TODO = "ANALYZE import_todo"

_REFUSE = """
WITH gone AS (DELETE FROM import_todo t USING {found} RETURNING t.row_number)
UPDATE exchange_importrow r
SET action = 'conflict', problems = r.problems || jsonb_build_array(jsonb_build_object(
      'column', '', 'field', 'control_number', 'value', r.values->'set'->>'control_number', 'severity', 'error',
      'code', 'changed-meanwhile', 'message', %(message)s::text))
FROM gone WHERE r.run_id = %(run)s AND r.row_number = gone.row_number
"""
CHANGED_MEANWHILE = _REFUSE.format(
    found="inventory_device d WHERE t.action = 'update' AND d.id = t.device_id AND (d.updated_at > t.seen OR d.merged_into_id IS NOT NULL)"
)
TAKEN_MEANWHILE = _REFUSE.format(
    found="""(
      SELECT n.row_number FROM import_todo n JOIN inventory_device d ON d.control_number = n.set->>'control_number'
      WHERE n.set ? 'control_number' AND d.id IS DISTINCT FROM n.device_id
      UNION SELECT n.row_number FROM import_todo n JOIN inventory_alternatenumber a ON a.number_key = n.set->>'control_number'
      WHERE n.action = 'create' AND a.kind = 'old_control_number'
    ) AS taken WHERE t.row_number = taken.row_number"""
)

WITHOUT_NUMBER = "SELECT count(*) FROM import_todo WHERE action = 'create' AND NOT set ? 'control_number'"
NUMBER_NEW = """
UPDATE import_todo SET set = set || jsonb_build_object('control_number', 'BME-' || lpad(nextval('inventory_control_number')::text, 6, '0'))
WHERE action = 'create' AND (NOT set ? 'control_number' OR row_number = ANY(%(again)s))
"""
TAKEN_NUMBERS = """
SELECT t.row_number FROM import_todo t WHERE t.action = 'create' AND (
  EXISTS (SELECT 1 FROM inventory_device d WHERE d.control_number = t.set->>'control_number')
  OR EXISTS (SELECT 1 FROM inventory_alternatenumber a WHERE a.number_key = t.set->>'control_number')
  OR EXISTS (SELECT 1 FROM exchange_importrow r WHERE r.run_id = %(run)s AND r.row_number <> t.row_number
             AND r.values->'set'->>'control_number' = t.set->>'control_number'))
"""
"""Rows whose new number is taken, here or by another row of the file: they get the next one."""

_TODAY = "(%(now)s::timestamptz AT TIME ZONE f.time_zone)::date"


_COMPUTED = {
    "id": "t.device_id",
    "facility_id": "t.facility_id",
    "device_type_id": "m.device_type_id",
    "high_risk": "COALESCE((t.set->>'high_risk_override')::boolean, k.high_risk, false)",
    "status_since": _TODAY,
    "retired_on": f"CASE WHEN t.set->>'status' IN ('retired', 'disposed') THEN {_TODAY} END",
    "created_at": "%(now)s::timestamptz",
    "updated_at": "%(now)s::timestamptz",
}


def _value(column: str, filled: bool) -> str:
    """Where a new device's column comes from: worked out, the row, or the default."""
    if column in _COMPUTED:
        return _COMPUTED[column]
    default = _DEFAULTS.get(column, "NULL" if _TYPES[column].null else "''")
    return (f"n.{column}" if default == "NULL" or column in _ALWAYS else f"COALESCE(n.{column}, {default})") if filled else default


_TYPES = {field.column: field for field in Device._meta.concrete_fields if field.column not in _GENERATED}
_DEFAULTS = {
    "custom": "'{}'::jsonb",
    "ownership": "'owned'",
    "status": "'in_service'",
    "maintenance_strategy": "'unknown'",
    "acquired_precision": "'day'",
}
_ALWAYS = frozenset({"control_number", "device_model_id"})


def insert_devices(columns: Iterable[str]) -> str:
    """Return the statement that adds new devices; ``columns`` are those that any row of the file fills.

    Every other column is a constant: taking 40 columns out of JSON for each row would cost more than storing them.
    """
    wanted = sorted((set(columns) | _ALWAYS) & set(_TYPES))
    record = ", ".join(f"{name} {_TYPES[name].db_type(connection)}" for name in wanted)
    return f"""
INSERT INTO inventory_device ({", ".join(COLUMNS)})
SELECT {", ".join(_value(name, name in wanted) for name in COLUMNS)}
FROM import_todo t
CROSS JOIN LATERAL jsonb_to_record(t.set) AS n({record})
JOIN sites_facility f ON f.id = t.facility_id
JOIN catalog_devicemodel m ON m.id = n.device_model_id
LEFT JOIN catalog_devicetype k ON k.id = m.device_type_id
WHERE t.action = 'create'
"""  # noqa: S608 (column names of our own model)


def _changed(column: str) -> str:
    special = {
        "device_type_id": "m.device_type_id",
        "high_risk": "COALESCE(n.high_risk_override, k.high_risk, false)",
        "status_since": f"CASE WHEN n.status <> d.status THEN {_TODAY} ELSE d.status_since END",
        "retired_on": f"CASE WHEN n.status = d.status THEN d.retired_on WHEN n.status IN ('retired', 'disposed') THEN {_TODAY} END",
        "updated_at": "%(now)s::timestamptz",
    }
    return f"{column} = {special.get(column, f'n.{column}')}"


UPDATE_DEVICES = f"""
UPDATE inventory_device d SET {", ".join(_changed(column) for column in _CHANGED)}
FROM import_todo t
JOIN inventory_device o ON o.id = t.device_id
CROSS JOIN LATERAL jsonb_populate_record(o, t.set) AS n
JOIN sites_facility f ON f.id = o.facility_id
JOIN catalog_devicemodel m ON m.id = n.device_model_id
LEFT JOIN catalog_devicetype k ON k.id = m.device_type_id
WHERE t.action = 'update' AND d.id = t.device_id
"""  # noqa: S608 (column names of our own model)

STATUS_CHANGES = f"""
INSERT INTO inventory_statuschange (uid, device_id, before, after, "on", reason, actor_id, actor_name, recorded_at)
SELECT {_UUID7}, t.device_id, COALESCE(t.old_status, ''), COALESCE(t.set->>'status', 'in_service'), {_TODAY}, %(reason)s, %(actor)s,
       %(actor_name)s, %(now)s
FROM import_todo t JOIN sites_facility f ON f.id = t.facility_id
WHERE t.action = 'create' OR t.set->>'status' <> t.old_status
"""  # noqa: S608

MOVES = f"""
INSERT INTO inventory_devicemove (uid, device_id, from_facility_id, to_facility_id, from_location_id, to_location_id, from_department_id,
                                  to_department_id, reason, actor_id, actor_name, recorded_at)
SELECT {_UUID7}, t.device_id, t.facility_id, t.facility_id, t.old_location, COALESCE((t.set->>'location_id')::bigint, t.old_location),
       t.old_department, COALESCE((t.set->>'department_id')::bigint, t.old_department), %(reason)s, %(actor)s, %(actor_name)s, %(now)s
FROM import_todo t
WHERE t.action = 'update' -- where a new device first stands is told by its own history
  AND (t.set ? 'location_id' AND (t.set->>'location_id')::bigint IS DISTINCT FROM t.old_location
       OR t.set ? 'department_id' AND (t.set->>'department_id')::bigint IS DISTINCT FROM t.old_department)
"""  # noqa: S608

NUMBERS = """
INSERT INTO inventory_alternatenumber (device_id, kind, number, number_key, source, added_at)
SELECT t.device_id, 'other_system', one->>0, one->>1, %(source)s, %(now)s
FROM import_todo t CROSS JOIN LATERAL jsonb_array_elements(t.numbers) AS one
WHERE t.numbers IS NOT NULL
ON CONFLICT (device_id, number_key) DO NOTHING
"""

FORMER_NUMBERS = """
INSERT INTO inventory_alternatenumber (device_id, kind, number, number_key, source, added_at)
SELECT t.device_id, 'old_control_number', t.old_number, t.old_number, 'renumbered', %(now)s
FROM import_todo t
WHERE t.action = 'update' AND t.set ? 'control_number' AND t.set->>'control_number' <> t.old_number
ON CONFLICT (device_id, number_key) DO NOTHING
"""

INTERFACES = """
INSERT INTO inventory_networkinterface (device_id, name, connection, mac_address, ip_address, vlan, hostname)
SELECT t.device_id, '', 'unknown', (t.interface->>'mac_address')::macaddr, (t.interface->>'ip_address')::inet,
       (t.interface->>'vlan')::smallint,
       COALESCE(t.interface->>'hostname', '')
FROM import_todo t WHERE t.interface IS NOT NULL AND t.interface->>'id' IS NULL
"""

INTERFACES_KNOWN = """
UPDATE inventory_networkinterface i
SET mac_address = COALESCE((t.interface->>'mac_address')::macaddr, i.mac_address),
    ip_address = COALESCE((t.interface->>'ip_address')::inet, i.ip_address),
    vlan = COALESCE((t.interface->>'vlan')::smallint, i.vlan), hostname = COALESCE(t.interface->>'hostname', i.hostname)
FROM import_todo t WHERE i.id = (t.interface->>'id')::bigint AND i.device_id = t.device_id
"""

NOTES = f"""
INSERT INTO inventory_devicenote (uid, device_id, text, author_id, author_name, recorded_at)
SELECT {_UUID7}, t.device_id, t.note, %(actor)s, %(actor_name)s, %(now)s FROM import_todo t WHERE t.note IS NOT NULL
"""  # noqa: S608

SLICE = (
    ("devices", UPDATE_DEVICES),
    ("status history", STATUS_CHANGES),
    ("moves", MOVES),
    ("other numbers", NUMBERS),
    ("former numbers", FORMER_NUMBERS),
    ("addresses", INTERFACES),
    ("addresses", INTERFACES_KNOWN),
    ("notes", NOTES),
)
