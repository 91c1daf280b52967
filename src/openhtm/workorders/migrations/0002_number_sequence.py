"""The numbers people say: WO-1042. A sequence never gives a number twice, also when a transaction is undone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workorders", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE workorders_number START 1001", "DROP SEQUENCE workorders_number"),
    ]
