from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("training", "0003_copy_what_was_taught"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='trainingsession',
            constraint=models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='training_session_has_title', violation_error_message='Give a title.'),
        ),
    ]
