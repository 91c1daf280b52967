"""The statements that write a checked import. Each works on one slice of the rows in the temporary table ``import_todo``."""

from __future__ import annotations

from openhtm.inventory.models import Device

_GENERATED = frozenset({"serial_key", "search_text"})
COLUMNS = tuple(field.column for field in Device._meta.concrete_fields if field.column not in _GENERATED)
_NEVER_UPDATED = frozenset({"id", "facility_id", "created_at", "merged_into_id", "last_seen_at", "last_seen_location_id"})
_CHANGED = tuple(name for name in COLUMNS if name not in _NEVER_UPDATED)

_UUID7 = """encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
 substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"""

BEGIN = """
CREATE TEMPORARY TABLE import_todo ON COMMIT DROP AS
SELECT r.row_number, r.action, r.target_id AS device_id, (r.values->>'facility')::bigint AS facility_id,
       r.values->'set' || jsonb_strip_nulls(jsonb_build_object(
         'device_model_id', m.id, 'department_id', p.id, 'location_id', l.id, 'service_provider_id', s.id)) AS set,
       r.values->'numbers' AS numbers, r.values->'interface' AS interface, r.values->>'note' AS note,
       (r.values->>'seen')::timestamptz AS seen,
       NULL::text AS old_number, NULL::text AS old_status, NULL::bigint AS old_location, NULL::bigint AS old_department
FROM exchange_importrow r
LEFT JOIN import_ref m ON m.kind = 'model' AND m.place = (r.values->'refs'->>'model')::int
LEFT JOIN import_ref p ON p.kind = 'department' AND p.place = (r.values->'refs'->>'department')::int
LEFT JOIN import_ref l ON l.kind = 'location' AND l.place = (r.values->'refs'->>'location')::int
LEFT JOIN import_ref s ON s.kind = 'service_provider' AND s.place = (r.values->'refs'->>'service_provider')::int
WHERE r.run_id = %(run)s AND r.action IN ('create', 'update')
ORDER BY r.row_number
"""
INDEX = "CREATE UNIQUE INDEX import_todo_row ON import_todo (row_number)"
ANALYSE = "ANALYZE import_todo"

LOCK = """
SELECT count(*) FROM (
  SELECT d.id FROM inventory_device d JOIN import_todo t ON t.device_id = d.id AND t.action = 'update' ORDER BY d.id FOR UPDATE OF d
) AS locked
"""

REMEMBER = """
UPDATE import_todo t SET old_number = d.control_number, old_status = d.status, old_location = d.location_id,
                         old_department = d.department_id
FROM inventory_device d WHERE t.action = 'update' AND d.id = t.device_id
"""

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

NUMBER_NEW = """
UPDATE import_todo SET set = set || jsonb_build_object('control_number', 'BME-' || lpad(nextval('inventory_control_number')::text, 6, '0'))
WHERE action = 'create' AND (NOT set ? 'control_number' OR set->>'control_number' IN (
  SELECT control_number FROM inventory_device UNION ALL SELECT number_key FROM inventory_alternatenumber))
"""
"""Give numbers to new devices without one; repeated until none is taken. Run only if there are such rows."""

WITHOUT_NUMBER = "SELECT count(*) FROM import_todo WHERE action = 'create' AND NOT set ? 'control_number'"
TAKEN_NUMBERS = """
SELECT count(*) FROM import_todo t WHERE t.action = 'create' AND (
  EXISTS (SELECT 1 FROM inventory_device d WHERE d.control_number = t.set->>'control_number')
  OR EXISTS (SELECT 1 FROM inventory_alternatenumber a WHERE a.number_key = t.set->>'control_number'))
"""
GIVE_IDS = "UPDATE import_todo SET device_id = nextval(pg_get_serial_sequence('inventory_device', 'id')) WHERE action = 'create'"

_SLICE = "t.row_number >= %(first)s AND t.row_number < %(last)s"
_TODAY = "(%(now)s::timestamptz AT TIME ZONE f.time_zone)::date"


def _value(column: str) -> str:
    """Where a new device's column comes from."""
    special = {
        "device_type_id": "m.device_type_id",
        "high_risk": "COALESCE(n.high_risk_override, k.high_risk, false)",
        "status_since": _TODAY,
        "retired_on": f"CASE WHEN n.status IN ('retired', 'disposed') THEN {_TODAY} END",
    }
    return special.get(column, f"n.{column}")


INSERT_DEVICES = f"""
INSERT INTO inventory_device ({", ".join(COLUMNS)})
SELECT {", ".join(_value(column) for column in COLUMNS)}
FROM import_todo t
CROSS JOIN LATERAL jsonb_populate_record(NULL::inventory_device, %(defaults)s::jsonb || t.set || jsonb_build_object(
  'id', t.device_id, 'facility_id', t.facility_id)) AS n
JOIN sites_facility f ON f.id = t.facility_id
JOIN catalog_devicemodel m ON m.id = n.device_model_id
LEFT JOIN catalog_devicetype k ON k.id = m.device_type_id
WHERE t.action = 'create' AND {_SLICE}
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
WHERE t.action = 'update' AND d.id = t.device_id AND {_SLICE}
"""  # noqa: S608 (column names of our own model)

STATUS_CHANGES = f"""
INSERT INTO inventory_statuschange (uid, device_id, before, after, "on", reason, actor_id, actor_name, recorded_at)
SELECT {_UUID7}, t.device_id, COALESCE(t.old_status, ''), COALESCE(t.set->>'status', 'in_service'), {_TODAY}, %(reason)s, %(actor)s,
       %(actor_name)s, %(now)s
FROM import_todo t JOIN sites_facility f ON f.id = t.facility_id
WHERE {_SLICE} AND (t.action = 'create' OR t.set->>'status' <> t.old_status)
"""  # noqa: S608

MOVES = f"""
INSERT INTO inventory_devicemove (uid, device_id, from_facility_id, to_facility_id, from_location_id, to_location_id, from_department_id,
                                  to_department_id, reason, actor_id, actor_name, recorded_at)
SELECT {_UUID7}, t.device_id, t.facility_id, t.facility_id, t.old_location, COALESCE((t.set->>'location_id')::bigint, t.old_location),
       t.old_department, COALESCE((t.set->>'department_id')::bigint, t.old_department), %(reason)s, %(actor)s, %(actor_name)s, %(now)s
FROM import_todo t
WHERE {_SLICE} AND ((t.set->>'location_id')::bigint IS DISTINCT FROM t.old_location AND t.set ? 'location_id'
                    OR (t.set->>'department_id')::bigint IS DISTINCT FROM t.old_department AND t.set ? 'department_id')
"""  # noqa: S608

NUMBERS = f"""
INSERT INTO inventory_alternatenumber (device_id, kind, number, number_key, source, added_at)
SELECT t.device_id, 'other_system', one->>0, one->>1, %(source)s, %(now)s
FROM import_todo t CROSS JOIN LATERAL jsonb_array_elements(t.numbers) AS one
WHERE {_SLICE} AND t.numbers IS NOT NULL
ON CONFLICT (device_id, number_key) DO NOTHING
"""  # noqa: S608

FORMER_NUMBERS = f"""
INSERT INTO inventory_alternatenumber (device_id, kind, number, number_key, source, added_at)
SELECT t.device_id, 'old_control_number', t.old_number, t.old_number, 'renumbered', %(now)s
FROM import_todo t
WHERE {_SLICE} AND t.action = 'update' AND t.set ? 'control_number' AND t.set->>'control_number' <> t.old_number
ON CONFLICT (device_id, number_key) DO NOTHING
"""  # noqa: S608

INTERFACES = f"""
INSERT INTO inventory_networkinterface (device_id, name, connection, mac_address, ip_address, vlan, hostname)
SELECT t.device_id, '', 'unknown', (t.interface->>'mac_address')::macaddr, (t.interface->>'ip_address')::inet, (t.interface->>'vlan')::smallint,
       COALESCE(t.interface->>'hostname', '')
FROM import_todo t WHERE {_SLICE} AND t.interface IS NOT NULL AND t.interface->>'id' IS NULL
"""  # noqa: S608

INTERFACES_KNOWN = f"""
UPDATE inventory_networkinterface i
SET mac_address = COALESCE((t.interface->>'mac_address')::macaddr, i.mac_address),
    ip_address = COALESCE((t.interface->>'ip_address')::inet, i.ip_address),
    vlan = COALESCE((t.interface->>'vlan')::smallint, i.vlan), hostname = COALESCE(t.interface->>'hostname', i.hostname)
FROM import_todo t WHERE {_SLICE} AND i.id = (t.interface->>'id')::bigint AND i.device_id = t.device_id
"""  # noqa: S608

NOTES = f"""
INSERT INTO inventory_devicenote (uid, device_id, text, author_id, author_name, recorded_at)
SELECT {_UUID7}, t.device_id, t.note, %(actor)s, %(actor_name)s, %(now)s FROM import_todo t WHERE {_SLICE} AND t.note IS NOT NULL
"""  # noqa: S608

SLICE = (
    ("devices", INSERT_DEVICES),
    ("devices", UPDATE_DEVICES),
    ("status history", STATUS_CHANGES),
    ("moves", MOVES),
    ("other numbers", NUMBERS),
    ("former numbers", FORMER_NUMBERS),
    ("addresses", INTERFACES),
    ("addresses", INTERFACES_KNOWN),
    ("notes", NOTES),
)

LINK = """
UPDATE exchange_importrow r SET target_id = t.device_id FROM import_todo t
WHERE r.run_id = %(run)s AND r.row_number = t.row_number AND t.action = 'create'
"""
