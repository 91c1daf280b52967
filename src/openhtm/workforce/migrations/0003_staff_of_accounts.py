from django.db import migrations

# Everybody who is or was in a team or has or had hours gets a record from their account; one facility becomes theirs, several mean
# everywhere. The history keeps who it was about: its tables may only grow, so their guard rests while they are filled in.
FORWARD = """
INSERT INTO workforce_staffmember
  (user_id, full_name, kind, provider_id, facility_id, job_title, career_role, email, phone, leave_reason)
SELECT u.id, COALESCE(NULLIF(u.full_name, ''), u.username), CASE WHEN r.provider_id IS NULL THEN 'in_house' ELSE 'vendor' END,
  r.provider_id, CASE WHEN r.places = 1 THEN r.facility_id END, '',
  CASE WHEN r.manages THEN 'manager' WHEN r.engineers THEN 'engineer' WHEN r.works THEN 'bmet' ELSE 'other' END,
  u.email, u.phone, ''
FROM identity_user u
LEFT JOIN LATERAL (
  SELECT max(a.provider_id) AS provider_id, max(a.facility_id) AS facility_id,
    count(DISTINCT COALESCE(a.facility_id, 0)) AS places, bool_or(a.role = 'manager') AS manages,
    bool_or(a.role = 'clinical_engineer') AS engineers, bool_or(a.role = 'technician') AS works
  FROM identity_roleassignment a WHERE a.user_id = u.id
) r ON true
WHERE u.id IN (
  SELECT user_id FROM workforce_teammember UNION SELECT user_id FROM workforce_staffhours
  UNION SELECT user_id FROM workforce_teammemberevent UNION SELECT user_id FROM workforce_staffhoursevent
);
UPDATE workforce_teammember m SET staff_id = s.id FROM workforce_staffmember s WHERE s.user_id = m.user_id;
UPDATE workforce_staffhours h SET staff_id = s.id FROM workforce_staffmember s WHERE s.user_id = h.user_id;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE workforce_teammemberevent DISABLE TRIGGER USER;
ALTER TABLE workforce_staffhoursevent DISABLE TRIGGER USER;
UPDATE workforce_teammemberevent m SET staff_id = s.id FROM workforce_staffmember s WHERE s.user_id = m.user_id;
UPDATE workforce_staffhoursevent h SET staff_id = s.id FROM workforce_staffmember s WHERE s.user_id = h.user_id;
ALTER TABLE workforce_teammemberevent ENABLE TRIGGER USER;
ALTER TABLE workforce_staffhoursevent ENABLE TRIGGER USER;
"""
BACKWARD = "SELECT 1"  # the accounts still stand beside; taking 0002 back takes the records with it


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_initial"), ("workforce", "0002_staff_members")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
