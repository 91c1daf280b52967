from django.db import migrations

# Everybody whose role lets them work on orders has a staff record from now on; those who got the role before get theirs here.
FORWARD = """
INSERT INTO workforce_staffmember
  (user_id, full_name, kind, provider_id, facility_id, job_title, career_role, email, phone, leave_reason)
SELECT u.id, COALESCE(NULLIF(u.full_name, ''), u.username), CASE WHEN r.provider_id IS NULL THEN 'in_house' ELSE 'vendor' END,
  r.provider_id, CASE WHEN r.places = 1 THEN r.facility_id END, '',
  CASE WHEN r.manages THEN 'manager' WHEN r.engineers THEN 'engineer' WHEN r.works THEN 'bmet' ELSE 'other' END,
  u.email, u.phone, ''
FROM identity_user u
CROSS JOIN LATERAL (
  SELECT max(a.provider_id) AS provider_id, max(a.facility_id) AS facility_id,
    count(DISTINCT COALESCE(a.facility_id, 0)) AS places, bool_or(a.role = 'manager') AS manages,
    bool_or(a.role = 'clinical_engineer') AS engineers, bool_or(a.role = 'technician') AS works,
    bool_or(a.role IN ('manager', 'clinical_engineer', 'technician', 'vendor_technician')) AS here
  FROM identity_roleassignment a WHERE a.user_id = u.id
) r
WHERE r.here AND NOT u.is_service_account AND NOT EXISTS (SELECT FROM workforce_staffmember s WHERE s.user_id = u.id)
"""
BACKWARD = "SELECT 1"  # a record more does no harm to earlier versions


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_clinical_educator"), ("workforce", "0007_availability")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
