import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations
from django.db.models import F, Func, Value

# A line entered before one that begins later ran on beside it, and its hours counted twice. It ends where the next one begins.
END_AT_THE_NEXT = """
UPDATE workforce_staffhours h SET effective_to = n.following
FROM (SELECT id, lead(effective_from) OVER (PARTITION BY staff_id ORDER BY effective_from) AS following FROM workforce_staffhours) n
WHERE n.id = h.id AND n.following IS NOT NULL AND (h.effective_to IS NULL OR h.effective_to > n.following)
"""


class Migration(migrations.Migration):
    dependencies = [("workforce", "0008_staff_of_working_accounts")]

    operations = [
        migrations.RunSQL(END_AT_THE_NEXT, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="staffhours",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                name="staff_hours_no_overlap",
                expressions=[
                    ("staff", "="),
                    (
                        Func(
                            F("effective_from"),
                            F("effective_to"),
                            Value("[)"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                violation_error_message="This person has other hours in that time already.",
            ),
        ),
    ]
