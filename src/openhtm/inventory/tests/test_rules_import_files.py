"""Inventory files, our own golden one and the real ones, become normalised rows."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.exchange.rules.export import date_cell, write_csv
from openhtm.exchange.rules.headers import Header, choose_sheet, data_rows
from openhtm.exchange.rules.mapping import BadProfile, Profile, best_profile, known_names, profile_from, suggest
from openhtm.exchange.rules.rows import ReadRow, TableReader, table_reader
from openhtm.exchange.rules.sheets import open_table
from openhtm.exchange.rules.values import Money
from openhtm.inventory.rules.import_fields import device_fields, shipped_profiles
from openhtm.inventory.rules.status import Status

PARTS = ["name", "mapping", "constants", "translations", "date_order", "column", "field", "header_row", "missing_words", "pick"]
GOLDEN = Path(__file__).parent / "golden" / "clinic_es.csv"


def read(path: Path, *, profile: Profile | None = None) -> tuple[Header, TableReader, list[ReadRow], Profile]:
    fields, profiles = device_fields(), shipped_profiles()
    book = open_table(path, filename=path.name)
    sheet, header = choose_sheet(book, known=known_names(fields, profiles.values()), filename=path.name)
    rows = list(data_rows(sheet, header))
    samples = list(zip(*[cells for _number, cells in rows], strict=True))
    profile = (
        profile
        or best_profile(profiles.values(), header)
        or profile_from(suggest(header.columns, samples, fields), header.columns, name="x")
    )
    reader = table_reader(profile, header, fields, samples=samples)
    return header, reader, list(reader.read_all(rows)), profile


def plain(row: ReadRow) -> dict[str, object]:
    return {code: value.value for code, value in row.values.items()}


def test_the_golden_file_is_understood_without_a_profile():
    header, reader, rows, profile = read(GOLDEN)
    assert (header.row, header.group_row, header.data_row) == (5, 4, 6)
    assert header.names[5] == "Compra / Fecha de adquisición"
    assert [one.field for one in profile.mapping] == [
        "control_number",
        "description",
        "manufacturer",
        "model",
        "serial_number",
        "acquired_on",
        "acquisition_cost",
        "ownership",
        "warranty_ends_on",
        "expected_life_years",
        "notes",
    ]
    assert [row.number for row in rows] == [6, 7, 8, 11, 12]
    assert plain(rows[0]) == {
        "control_number": "EJ 001",
        "description": "Bomba de infusión",
        "manufacturer": "Philips",
        "model": "MX 10",
        "serial_number": "SN-1",
        "acquired_on": dt.date(2019, 2, 13),
        "acquisition_cost": Money(Decimal("1250000.50"), None),
        "ownership": "owned",
        "warranty_ends_on": dt.date(2021, 2, 28),
        "expected_life_years": Decimal(10),
        "notes": 'Dos líneas\ncon ; y "comillas"',
    }
    assert not reader.unmapped


def test_the_golden_file_shows_every_problem_with_its_cell():
    profile = read(GOLDEN)[3]
    changed = json.loads(profile.to_json()) | {"missing_words": ["NI", "Pendiente"]}
    changed["mapping"] = [one | {"split_codes": one["field"] == "control_number"} for one in changed["mapping"]]
    _header, _reader, rows, _profile = read(GOLDEN, profile=Profile.from_json(json.dumps(changed)))
    assert plain(rows[1]) == {
        "control_number": "EJ 002",
        "alternate_number": ("99812",),
        "description": "Monitor",
        "manufacturer": "Phillips",
        "acquired_on": dt.date(2005, 1, 1),
        "ownership": "loaner",
    }
    assert rows[1].values["acquired_on"].precision == "year"
    assert plain(rows[2])["serial_number"] == "=SN3"
    assert plain(rows[2])["alternate_number"] == ("B-7",)
    assert [(one.field, one.value[:10]) for one in rows[2].warnings] == [("control_number", "EJ 003 (B-"), ("acquired_on", "05/06/2020")]
    assert rows[3].values["acquired_on"].precision == "before"
    assert [(one.row, one.field, one.value, one.code) for row in rows for one in row.problems] == [
        (11, "acquisition_cost", "gratis", "not-an-amount"),
        (11, "ownership", "trueque", "unknown-choice"),
        (11, "warranty_ends_on", "nunca", "not-a-date"),
        (11, "expected_life_years", "mucho", "not-a-period"),
        (12, "acquired_on", "31/02/2020", "not-a-date"),
        (12, "acquisition_cost", "-5", "negative-amount"),
        (12, "control_number", "", "required"),
    ]


def test_status_words_are_the_statuses_of_the_model():
    status = next(field for field in device_fields() if field.code == "status")
    assert set(status.choices) == {one.value for one in Status}


def test_field_names_are_not_shared():
    names: dict[str, str] = {}
    for field in device_fields():
        for name in {field.code, field.label.lower(), *(word.lower() for word in field.synonyms)}:
            assert names.setdefault(name, field.code) == field.code


def test_shipped_profiles_know_their_fields_and_come_back_from_json():
    codes = {field.code for field in device_fields()}
    assert set(shipped_profiles()) == {"clinic-basic", "f147-es", "openhtm"}
    for profile in shipped_profiles().values():
        assert Profile.from_json(profile.to_json()) == profile
        assert {one.field for one in profile.mapping if not one.field.startswith("custom:")} <= codes


@given(
    st.text(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=5),
    ).map(json.dumps)
)
def test_any_text_is_a_profile_or_is_refused(text):
    try:
        profile = Profile.from_json(text)
    except BadProfile as refusal:
        assert refusal.sentence
        return
    assert Profile.from_json(profile.to_json()) == profile


def test_our_own_export_comes_back(tmp_path):
    codes = [field.code for field in device_fields()]
    row = dict.fromkeys(codes, "") | {
        "control_number": "A-1",
        "alternate_number": "OLD 1; B/2",
        "serial_number": "=1",
        "manufacturer": "-Acme",
        "ownership": "patient_owned",
        "status": "in_service",
        "acquired_on": date_cell(dt.date(2005, 1, 1), "year"),
        "accepted_on": date_cell(dt.date(2019, 3, 1), "day"),
        "acquisition_cost": Decimal("1234.567"),
        "notes": "two\nlines",
        "high_risk": True,
        "udi": "\x1d01009506000117843",
    }
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, columns=codes, rows=[list(row.values())], bom=True)
    _header, _reader, rows, profile = read(path)
    assert profile.name == "openhtm"
    assert not rows[0].problems
    assert plain(rows[0]) == {
        "control_number": "A-1",
        "alternate_number": ("OLD 1", "B/2"),
        "serial_number": "=1",
        "manufacturer": "-Acme",
        "ownership": "patient_owned",
        "status": "in_service",
        "acquired_on": dt.date(2005, 1, 1),
        "accepted_on": dt.date(2019, 3, 1),
        "acquisition_cost": Money(Decimal("1234.567"), None),
        "notes": "two\nlines",
        "high_risk": True,
        "udi": "\x1d01009506000117843",
    }


def test_a_column_is_suggested_by_its_contents_alone():
    book = open_table(GOLDEN, filename="x")
    _sheet, header = choose_sheet(book, filename="x")
    column = header.columns[0]._replace(name="Zeichen", title="Zeichen")
    best = suggest([column], [["(01)1", "(01)2"]], device_fields(), checks={"udi": lambda text: text.startswith("(01)")})
    assert [(one.field, one.evidence) for one in best] == [("udi", "100% of the values fit")]


def test_a_profile_that_fits_nothing_is_refused():
    header = read(GOLDEN)[0]
    with pytest.raises(BadProfile, match="none of its columns"):
        table_reader(shipped_profiles()["clinic-basic"], header, device_fields())
    with pytest.raises(BadProfile, match="unknown fields: colour"):
        table_reader(Profile.from_json('{"name": "x", "mapping": [{"column": "Marca", "field": "colour"}]}'), header, device_fields())


@pytest.mark.realdata
@pytest.mark.parametrize(("suffix", "row", "group"), [("csv", 1, None), ("xlsx", 9, 7)])
def test_the_laboratory_inventory_is_read_by_its_profile(shared_data, suffix, row, group):
    header, reader, rows, profile = read(shared_data / "inventory" / f"university_clinical_lab_F147_es.{suffix}")
    assert (profile.name, header.row, header.group_row, len(header.columns)) == ("f147-es", row, group, 51)
    assert len(rows) == 27
    assert len({plain(one)["control_number"] for one in rows}) == 27
    assert sum(len(one.problems) for one in rows) == 0
    assert reader.unmapped == ()
    first, analyser = plain(rows[0]), plain(rows[1])
    assert (first["control_number"], first["serial_number"], first["umdns"]) == ("135306", "9053127", "15-583")
    assert first["acquired_on"] == dt.date(2009, 12, 10)
    assert "alternate_number" not in first
    assert (analyser["control_number"], analyser["alternate_number"]) == ("LIME 378", ("BIO-16281",))
    assert (analyser["acquired_on"], analyser["accepted_on"]) == (dt.date(2021, 6, 28), dt.date(2021, 7, 16))
    by_number = {plain(one)["control_number"]: one for one in rows}
    assert plain(by_number["LIME 360"])["acquisition_cost"] == Money(Decimal(29155000), "COP")
    assert plain(by_number["LIME 360"])["warranty_ends_on"] == dt.date(2021, 3, 31)
    assert by_number["C481"].values["acquired_on"].precision == "year"
    assert plain(by_number["C481"])["alternate_number"] == ("E-20702301-2-004", "BIO-16859")
    assert plain(by_number["151664"])["warranty_ends_on"] == dt.date(2015, 4, 30)
    assert plain(by_number["209557"])["expected_life_years"] == Decimal(7)
    assert plain(by_number["187701"])["serial_number"] == "00000005299"
    assert {plain(one)["umdns"] for one in rows if plain(one)["description"] == "Micropipeta"} == {"15-166"}
    assert {plain(one).get("risk_class") for one in rows} == {None, "Clase I", "Clase IIa"}


@pytest.mark.realdata
def test_both_forms_of_the_laboratory_inventory_say_the_same(shared_data):
    folder = shared_data / "inventory"
    text, typed = (read(folder / f"university_clinical_lab_F147_es.{suffix}")[2] for suffix in ("csv", "xlsx"))
    assert [plain(row) for row in text] == [plain(row) for row in typed]


@pytest.mark.realdata
def test_the_short_clinic_inventory_is_read_by_its_profile(shared_data):
    header, _reader, rows, profile = read(shared_data / "inventory" / "clinic_inventory_fictional.csv")
    assert (profile.name, header.row, len(rows)) == ("clinic-basic", 1, 20)
    assert sum(len(one.problems) + len(one.warnings) for one in rows) == 0
    assert plain(rows[5]) == {
        "control_number": "RT-0006",
        "department": "Lobby",
        "manufacturer": "Defibtech",
        "description": "Lifeline AED",
        "udi_di": "00815098020317",
    }
    assert plain(rows[6])["software_version"] == "1.05.06.00"
    assert plain(rows[13])["catalog_number"] == "CS08651-02"
