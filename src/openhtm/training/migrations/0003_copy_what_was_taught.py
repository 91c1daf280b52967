"""Sessions say themselves what was taught: until now that was the course as it is today."""

from django.db import migrations

FILL = """
UPDATE training_trainingsession s SET title = c.title, content = c.content FROM training_course c WHERE c.id = s.course_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ("training", "0002_session_says_what_was_taught"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
