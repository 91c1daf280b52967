import datetime

from django.db import migrations, models

# A reporting period that begins in the year 9999 made every page of its person fail. Such a day says nothing, so it is taken out;
# the period is then counted from the day of issue. The history keeps what was written.
TAKE_OUT = "UPDATE workforce_credential SET cycle_started_on = NULL WHERE cycle_started_on > '2200-01-01'"


class Migration(migrations.Migration):
    dependencies = [("workforce", "0009_hours_do_not_overlap")]

    operations = [
        migrations.RunSQL(TAKE_OUT, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                name="credential_cycle_in_time",
                condition=models.Q(("cycle_started_on__isnull", True), ("cycle_started_on__lte", datetime.date(2200, 1, 1)), _connector="OR"),
                violation_error_message="The reporting period cannot begin after the year 2200.",
            ),
        ),
    ]
