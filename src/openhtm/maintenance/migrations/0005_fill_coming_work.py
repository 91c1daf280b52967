from django.db import migrations

FILL = """
INSERT INTO maintenance_comingwork (schedule_id, facility_id, department_id, place_id, line_id, first_on, anchor_on, starts_on, ends_on, step_days,
  step_months, blackout, phase)
SELECT s.id, d.facility_id, d.department_id, (string_to_array(o.path::text, '.'))[least(nlevel(o.path), 2)]::bigint, s.plan_line_id, v.due_on,
  CASE s.cycle WHEN 'fixed' THEN s.anchor_on ELSE v.due_on END, s.starts_on, s.ends_on,
  CASE s.every_unit WHEN 'day' THEN s.every_n::int WHEN 'week' THEN 7 * s.every_n::int ELSE 0 END,
  CASE s.every_unit WHEN 'month' THEN s.every_n::int WHEN 'year' THEN 12 * s.every_n::int ELSE 0 END, s.blackout_months,
  CASE WHEN s.every_unit IN ('month', 'year') AND s.ends_on IS NULL AND s.blackout_months = '{}' THEN mod(
    (date_part('year', v.due_on) * 12 + date_part('month', v.due_on))::int, CASE s.every_unit WHEN 'year' THEN 12 * s.every_n::int ELSE s.every_n::int END) END
FROM maintenance_schedule s JOIN maintenance_visit v ON v.schedule_id = s.id AND v.is_open
JOIN inventory_device d ON d.id = s.device_id LEFT JOIN sites_location o ON o.id = d.location_id WHERE s.live
"""
SUM = """
INSERT INTO maintenance_workloadsum (facility_id, department_id, place_id, line_id, first_on, anchor_on, starts_on, ends_on, step_days, step_months,
  blackout, visits, loose)
SELECT facility_id, department_id, place_id, line_id, CASE WHEN plain AND step_months > 0 THEN date_trunc('month', first_on)::date ELSE first_on END,
  CASE WHEN plain THEN NULL ELSE anchor_on END, CASE WHEN plain THEN NULL ELSE starts_on END, ends_on, step_days, step_months, blackout, count(*), false
FROM (SELECT *, ends_on IS NULL AND blackout = '{}' AS plain FROM maintenance_comingwork) c
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""
EMPTY = "TRUNCATE maintenance_comingwork, maintenance_workloadsum"


class Migration(migrations.Migration):
    dependencies = [("maintenance", "0004_planning")]

    operations = [migrations.RunSQL(FILL, EMPTY), migrations.RunSQL(SUM, migrations.RunSQL.noop)]
