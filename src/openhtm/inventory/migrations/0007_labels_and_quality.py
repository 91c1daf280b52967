from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_default_label_templates"), ("inventory", "0006_quality")]
    operations = []
