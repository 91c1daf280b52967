"""Tabs by status, a planned day and incidents, at ten million orders."""

from django.db import migrations, models

from openhtm.core.together import Together


class Migration(migrations.Migration):
    dependencies = [("workorders", "0003_public_tries_and_counts")]

    operations = [
        Together([
        migrations.AddIndex(
            "workorder", models.Index(fields=["status", "-number"], name="work_order_status", condition=models.Q(under_way=True))
        ),
        migrations.AddIndex(
            "workorder", models.Index(fields=["planned_on", "-number"], name="work_order_planned", condition=models.Q(planned_on__isnull=False))
        ),
        migrations.AddIndex("workorder", models.Index(fields=["-number"], name="work_order_incident", condition=models.Q(incident=True))),
        ]),
    ]
