"""The numbers that devices get when nobody gives them one: never twice, also not after a failure."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE inventory_control_number START 1", "DROP SEQUENCE inventory_control_number"),
    ]
