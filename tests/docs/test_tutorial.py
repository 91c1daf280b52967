"""The sample list of the tutorial is read as the tutorial says."""

from pathlib import Path

from openhtm.exchange.rules.headers import choose_sheet, data_rows
from openhtm.exchange.rules.mapping import best_profile, known_names, profile_from, suggest
from openhtm.exchange.rules.rows import table_reader
from openhtm.exchange.rules.sheets import open_table
from openhtm.inventory.rules.import_fields import device_fields, shipped_profiles

SAMPLE = Path(__file__).parents[2] / "docs" / "tutorials" / "sample-inventory.csv"


def test_the_sample_is_read_as_the_tutorial_says():
    fields, profiles = device_fields(), shipped_profiles()
    sheet, header = choose_sheet(
        open_table(SAMPLE, filename=SAMPLE.name), known=known_names(fields, profiles.values()), filename=SAMPLE.name
    )
    rows = list(data_rows(sheet, header))
    samples = list(zip(*[cells for _number, cells in rows], strict=True))
    profile = profile_from(suggest(header.columns, samples, fields), header.columns, name="sample")
    read = list(table_reader(profile, header, fields, samples=samples).read_all(rows))

    assert best_profile(profiles.values(), header) is None
    assert header.row == 4
    assert [(column.column, column.field) for column in profile.mapping][:3] == [
        ("Asset No.", "control_number"),
        ("Equipment", "description"),
        ("Make", "manufacturer"),
    ]
    assert len(read) == 10
    assert [row.number for row in read if row.problems] == [11]
    assert [row.number for row in read if row.values["control_number"].value == "RC-0001"] == [5, 12]
