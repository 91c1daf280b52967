from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_labels_and_quality")]
    operations = [
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("high_risk", True), ("merged_into__isnull", True)),
                fields=["facility", "status", "control_number"],
                name="device_high_risk_place",
            ),
        ),
    ]
