"""The bare statements behind the pages: what the same rows cost without anything of ours."""

ROW = """
SELECT d.control_number, t.name, d.description, m.name, m.catalog_number, mk.name, l.full_name, dep.name, d.status, d.high_risk,
       d.serial_number, d.software_version
FROM inventory_device d
JOIN catalog_devicemodel m ON m.id = d.device_model_id
JOIN catalog_manufacturer mk ON mk.id = m.manufacturer_id
LEFT JOIN catalog_devicetype t ON t.id = d.device_type_id
LEFT JOIN sites_location l ON l.id = d.location_id
LEFT JOIN sites_department dep ON dep.id = d.department_id
WHERE d.merged_into_id IS NULL AND """
FIRST = " ORDER BY d.control_number LIMIT 51"
ANSWER = "r.step_key, r.phase, r.number, r.unit, r.entered, r.verdict, r.measured_at, r.performer_name"
ANSWERED = f"SELECT {ANSWER} FROM workorders_checklist c LEFT JOIN workorders_result r ON r.checklist_id = c.id"
VISIT = """SELECT v.due_on, v.on_time_until, v.state, p.name, d.control_number, m.name, l.full_name, f.name, o.number FROM maintenance_visit v
     JOIN maintenance_schedule s ON s.id = v.schedule_id JOIN procedures_procedure p ON p.id = s.procedure_id
     JOIN inventory_device d ON d.id = v.device_id JOIN catalog_devicemodel m ON m.id = d.device_model_id
     JOIN sites_facility f ON f.id = d.facility_id LEFT JOIN sites_location l ON l.id = d.location_id
     LEFT JOIN workorders_workorder o ON o.id = v.work_order_id WHERE v.is_open"""
FLOORS: dict[str, str] = {
    "list": ROW + "TRUE" + FIRST,
    "filtered": ROW + "d.facility_id = %s AND d.status = %s AND d.high_risk" + FIRST,
    "type": ROW + "d.device_type_id = %s" + FIRST,
    "after": ROW + "d.control_number > %s" + FIRST,
    "tag": ROW + "d.control_number = %s" + FIRST,
    "serial": ROW + "d.serial_key = %s" + FIRST,
    "name": ROW + "(d.device_model_id = ANY(%s) OR d.search_text LIKE %s)" + FIRST,
    "udi": ROW + "d.udi_di = %s" + FIRST,
    "device": ROW + "d.control_number = %s",
    # what the matrix of competence shows: every type with its people, and fifty people against twenty types
    "matrix": """SELECT t.id, t.name, t.high_risk, count(DISTINCT c.staff_id) FROM catalog_devicetype t LEFT JOIN competence_competency c
     ON c.device_type_id = t.id AND c.level IN ('independent', 'instructor') AND c.granted_on <= current_date
     AND (c.valid_until IS NULL OR c.valid_until >= current_date) AND c.withdrawn_on IS NULL GROUP BY t.id ORDER BY 4 LIMIT 500""",
    # a thousand open orders, each with three people of its facility who can do its type
    "suggestions": """SELECT o.number, o.title, p.id, p.full_name FROM (SELECT o.number, o.title, o.facility_id, d.device_type_id
      FROM workorders_workorder o JOIN inventory_device d ON d.id = o.device_id WHERE o.under_way AND o.assigned_user_id IS NULL
      ORDER BY o.priority, o.number LIMIT 1000) o
     LEFT JOIN LATERAL (SELECT s.id, s.full_name FROM competence_competency c JOIN workforce_staffmember s ON s.id = c.staff_id
      WHERE c.device_type_id = o.device_type_id AND c.level IN ('independent', 'instructor') AND c.withdrawn_on IS NULL
      AND (c.valid_until IS NULL OR c.valid_until >= current_date) AND s.facility_id = o.facility_id ORDER BY s.id LIMIT 3) p ON true""",
    # what work pages show: orders with device, place and facility
    "today": """SELECT o.number, o.title, o.status, o.priority, o.on_time_until, d.control_number, l.full_name FROM workorders_workorder o
     LEFT JOIN inventory_device d ON d.id = o.device_id LEFT JOIN sites_location l ON l.id = o.location_id
     WHERE o.under_way AND o.assigned_user_id = %s ORDER BY o.on_time_until LIMIT 51""",
    "work list": """SELECT o.number, o.title, o.status, o.priority, o.opened_at, d.control_number, f.name FROM workorders_workorder o
     LEFT JOIN inventory_device d ON d.id = o.device_id JOIN sites_facility f ON f.id = o.facility_id ORDER BY o.number DESC LIMIT 51""",
    "board": """SELECT o.number, o.title, o.status, o.priority, d.control_number FROM workorders_workorder o
     LEFT JOIN inventory_device d ON d.id = o.device_id WHERE o.under_way ORDER BY o.status, o.priority, o.number LIMIT 51""",
    "order": """SELECT o.*, d.control_number, f.name FROM workorders_workorder o LEFT JOIN inventory_device d ON d.id = o.device_id
     JOIN sites_facility f ON f.id = o.facility_id WHERE o.number = %s""",
    "checklist": f"{ANSWERED} WHERE c.uid = %s::uuid",
    "checklist at a step": f"""{ANSWERED} WHERE c.uid = %s::uuid UNION ALL SELECT p.* FROM workorders_checklist c
     JOIN workorders_workorder o ON o.id = c.work_order_id CROSS JOIN LATERAL (
       SELECT {ANSWER} FROM workorders_result r WHERE r.device_id = o.device_id AND r.checklist_id <> c.id ORDER BY r.uid DESC LIMIT 14) p
     WHERE c.uid = %s::uuid""",
    "visits due now": f"{VISIT} AND v.state IN ('in_window', 'due', 'grace') ORDER BY v.on_time_until, v.id LIMIT 51",
    "visits coming": f"{VISIT} AND v.state = 'not_due' ORDER BY v.on_time_until, v.id LIMIT 51",
}
