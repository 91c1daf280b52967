"""Ship the label sizes that hospitals use most. A site changes or removes them as it likes."""

from django.db import migrations

FULL = ["control_number", "device_type", "model", "serial_number", "facility", "department"]
DEFAULTS = [
    {
        "name": "Label printer 50 x 25 mm", "width_mm": 50, "height_mm": 25, "margin_mm": 1.5, "show_datamatrix": True,
        "lines": ["control_number", "device_type", "model", "serial_number", "facility"],
    },
    {
        "name": "Label printer 36 x 17 mm", "width_mm": 36, "height_mm": 17, "margin_mm": 1,
        "lines": ["control_number", "device_type", "serial_number"],
    },
    {
        "name": "Avery L7160, A4, 3 x 7", "width_mm": 63.5, "height_mm": 38.1, "margin_mm": 2.5, "page": "a4", "columns": 3, "rows": 7,
        "gap_mm": 2.5, "show_datamatrix": True, "lines": FULL,
    },
    {
        "name": "Avery 5160, Letter, 3 x 10", "width_mm": 66.7, "height_mm": 25.4, "margin_mm": 2, "page": "letter", "columns": 3, "rows": 10,
        "gap_mm": 3.2, "show_datamatrix": True, "lines": ["control_number", "device_type", "model", "serial_number", "facility"],
    },
    {
        "name": "Large, A4, 2 x 4", "width_mm": 99.1, "height_mm": 67.7, "margin_mm": 4, "page": "a4", "columns": 2, "rows": 4,
        "gap_mm": 2.5, "show_datamatrix": True, "lines": [*FULL, "location"],
    },
]  # fmt: skip


def add_defaults(apps, schema_editor):
    template = apps.get_model("inventory", "LabelTemplate")
    for values in DEFAULTS:
        template.objects.get_or_create(name=values["name"], defaults=values)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_label_row_gap")]
    operations = [migrations.RunPython(add_defaults, migrations.RunPython.noop)]
