import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhtm.testers.rules.files.mapping import Meaning, TesterMapping
from openhtm.testers.rules.files.mapping_check import shipped_mappings
from openhtm.testers.rules.files.model import FileLimits, FileReading
from openhtm.testers.rules.files.reading import read

HERE = Path(__file__).parent
MAPPINGS = {one.code: one for one in shipped_mappings()}
XML, CSV = MAPPINGS["nordlys-safecheck-5"], MAPPINGS["pelora-lt200"]
XML_FILE, CSV_FILE = (HERE / "files" / "nordlys.xml").read_bytes(), (HERE / "files" / "pelora.csv").read_bytes()
ROW = '<Result code="EL-ALT" at="{at}" polarity="normal"><Value unit="{unit}">{value}</Value></Result>'
FIRST, LAST = datetime.fromisoformat("1991-01-01"), datetime.fromisoformat("2098-01-01")
SMALL = FileLimits(max_bytes=200_000, max_elements=500, max_depth=12, max_rows=40, max_line_chars=400, max_text_chars=50, max_problems=5)


def session(*rows: str, asset: str = "HC-1") -> bytes:
    body = "".join(rows)
    return f"<Export><Device><AssetNumber>{asset}</AssetNumber><Session><Results>{body}</Results></Session></Device></Export>".encode()


def one_row(*, at: str = "2026-03-28T14:00:00", unit: str = "µA", value: str = "3") -> bytes:
    return session(ROW.format(at=at, unit=unit, value=value))


def table(*rows: str) -> bytes:
    return "\n".join(["Control number;HC-1", "Test;Pol;Reading;Limit;Result;Time", *rows]).encode()


def chassis(reading: str) -> bytes:
    return table(f"Chassis, ground intact;Norm;{reading};;;03/07/2026 01:00 PM")


def words(found: FileReading) -> str:
    return " ".join(problem.text for problem in found.problems)


def is_whole(found: FileReading) -> bool:
    """Every answer is JSON, every row stands apart from the rows with an error, and an early end says why."""
    json.dumps(found.as_json())
    refused = {problem.place for problem in found.problems if problem.severity == "error"}
    return not refused & {row.place for row in found.rows} and (found.complete or "file" in refused)


@pytest.mark.parametrize(("name", "data", "mapping"), [("nordlys", XML_FILE, XML), ("pelora", CSV_FILE, CSV)])
def test_the_example_files_are_read_as_expected(name, data, mapping):
    expected = json.loads((HERE / "golden" / f"{name}.json").read_text(encoding="utf-8"))
    assert read(data=data, mapping=mapping).as_json() == expected
    assert len(expected["rows"]) == 8
    assert is_whole(read(data=data, mapping=mapping))


def test_reading_is_the_same_every_time():
    assert read(data=CSV_FILE, mapping=CSV) == read(data=CSV_FILE, mapping=CSV)


@pytest.mark.parametrize(
    ("text", "value", "sign", "unit"),
    [
        ("41,5 uA", "41.5", "", "uA"),
        ("41,5uA", "41.5", "", "uA"),
        ("41,5 µA", "41.5", "", "uA"),
        ("0,0415 mA", "0.0415", "", "mA"),
        ("1.204,5 uA", "1204.5", "", "uA"),
        ("1 204,5 uA", "1204.5", "", "uA"),
        ("> 999 uA", "999", ">", "uA"),
        ("<1 uA", "1", "<", "uA"),
        ("0 uA", "0", "", "uA"),
        ("4,15E1 uA", "41.5", "", "uA"),
    ],
)
def test_values_as_testers_write_them(text, value, sign, unit):
    (row,) = read(data=chassis(text), mapping=CSV).rows
    assert (format(row.value, "f"), row.sign, row.unit) == (value, sign, unit)


@pytest.mark.parametrize(
    ("text", "field", "start"),
    [
        ("", "value", "Nothing was measured"),
        ("OL", "value", "Nothing was measured"),
        ("-", "value", "Nothing was measured"),
        ("NaN uA", "value", "'NaN uA' is not a number"),
        ("inf uA", "value", "'inf uA' is not a number"),
        ("-3 uA", "value", "-3 is below zero"),
        ("9e99 uA", "value", "The number has more digits"),
        ("1,0000000000000000000000001 uA", "value", "The number has more digits"),
        ("12 34 uA", "value", "'12 34 uA' is not a number"),
        ("250", "unit", "The row has no unit"),
        ("250 MA", "unit", "The mapping does not know the unit 'MA'"),
        ("250 \x07uA", "value", "The text holds characters that cannot be read"),
        ("9" * 2000 + " uA", "value", "The text is longer than 1000 characters"),
    ],
)
def test_values_that_cannot_be_used(text, field, start):
    found = read(data=chassis(text), mapping=CSV)
    assert (found.rows, found.complete) == ((), True)
    assert [(problem.place, problem.field, problem.severity) for problem in found.problems] == [("line 3", field, "error")]
    assert found.problems[0].text.startswith(start)


@pytest.mark.parametrize(
    ("at", "instant"),
    [
        ("2026-01-15T12:00:00", "2026-01-15T11:00:00Z"),
        ("2026-07-15T12:00:00", "2026-07-15T10:00:00Z"),
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
        ("2025-10-26T02:00:00", "2025-10-26T00:00:00Z"),
        ("2025-10-26T03:00:00", "2025-10-26T02:00:00Z"),
    ],
)
def test_times_are_those_of_the_clock_of_the_tester(at, instant):
    (row,) = read(data=one_row(at=at), mapping=XML).rows
    assert row.as_json()["measured_at"] == instant


@pytest.mark.parametrize(
    "at", ["2026-03-29T02:00:00", "2026-03-29T02:59:59", "1989-12-31T23:59:59", "2100-01-01T00:00:00", "2026-02-30T00:00:00", "", "now"]
)
def test_times_that_cannot_be_are_refused(at):
    found = read(data=one_row(at=at), mapping=XML)
    assert [(problem.field, problem.severity) for problem in found.problems] == [("measured_at", "error")]
    assert found.rows == ()


@given(st.datetimes(min_value=FIRST, max_value=LAST))
def test_a_time_is_refused_or_read_as_an_instant_that_clock_showed(local):
    at = local.replace(microsecond=0)
    found = read(data=one_row(at=at.isoformat()), mapping=XML)
    if found.rows:
        instant = found.rows[0].measured_at
        assert instant.tzinfo is UTC
        assert abs(instant.replace(tzinfo=None) - at) <= timedelta(hours=2)
    else:
        assert "did not exist" in words(found)


def test_what_the_name_says_and_what_the_row_says_must_agree():
    named = _with(XML, tests={"el-alt": Meaning("equipment_leakage", {"polarity": "R"}, look=False)})
    found = read(data=one_row(), mapping=named)
    assert found.rows == ()
    assert words(found) == "The name of the test says polarity R, but the row says N. One of them is wrong."


def test_a_group_belongs_to_the_device_it_stands_under():
    data = b"<Export>" + b"".join(
        session(ROW.format(at="2026-03-28T14:00:00", unit="uA", value=value), asset=asset).removeprefix(b"<Export>").removesuffix(b"</Export>")
        for asset, value in (("A", "1"), ("B", "2"))
    ) + b"</Export>"  # fmt: skip
    assert [(row.asset_number, int(row.value)) for row in read(data=data, mapping=XML).rows] == [("A", 1), ("B", 2)]


def test_the_preamble_of_one_table_is_not_that_of_the_next():
    text = table(
        "Physical condition;;;;OK;03/07/2026 01:00 PM",
        "",
        "Serial;X",
        "Test;Pol;Reading;Limit;Result;Time",
        "Physical condition;;;;OK;03/07/2026 01:00 PM",
    )
    found = read(data=text, mapping=CSV)
    assert [(row.asset_number, row.serial_number) for row in found.rows] == [("HC-1", None), (None, "X")]


@pytest.mark.parametrize(
    ("data", "mapping", "start"),
    [
        (b"", XML, "The file is empty"),
        (b" \n ", CSV, "The file is empty"),
        (b"<Export>", XML, "This is not whole, valid XML"),
        (b"PK\x03\x04", XML, "This is not whole, valid XML"),
        (XML_FILE[: len(XML_FILE) // 2], XML, "This is not whole, valid XML"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), CSV, "This is binary data"),
        (bytes(range(256)) * 20, CSV, "This is binary data"),
        (b"a,b\n1,2\n", CSV, "No row has the headings test, reading"),
        (XML_FILE, CSV, "No row has the headings"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', XML, "This "),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', XML, "This XML declares a document type"),
        (b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>', XML, "This XML declares a document type"),
        (b"<a>" * 100 + b"</a>" * 100, XML, "The XML is nested deeper than 64 levels"),
        (b"<a>" * 100_000, XML, "The XML is nested deeper than 64 levels"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data, mapping, start):
    found = read(data=data, mapping=mapping)
    assert (found.rows, found.complete) == ((), False)
    assert found.problems[-1].place == "file"
    assert found.problems[-1].text.startswith(start)


def test_an_entity_bomb_does_nothing():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY l0 "ha">{laughs}]><Export>&l9;</Export>'.encode()
    assert "document type or entities" in words(read(data=bomb, mapping=XML))


@pytest.mark.parametrize(
    ("data", "mapping", "start"),
    [
        (b"<a>" + b" " * 300_000 + b"</a>", XML, "The file is larger than"),
        (b"<a>" + b"<b/>" * 600 + b"</a>", XML, "The XML has more than 500 elements"),
        (session(*[ROW.format(at="2026-03-28T14:00:00", unit="uA", value="1")] * 41), XML, "There are more than 40 rows"),
        (table(*["Physical condition;;;;OK;03/07/2026 01:00 PM"] * 41), CSV, "There are more than 40 rows"),
        (table("x" * 500), CSV, "Line 3 is longer than 400 characters"),
        (table(";" * 350), CSV, "Line 3 has more than 300 columns"),
    ],
)
def test_sizes_are_limited_and_what_was_read_before_is_kept(data, mapping, start):
    found = read(data=data, mapping=mapping, limits=SMALL)
    assert not found.complete
    assert found.problems[-1].text.startswith(start)
    assert len(found.rows) in (0, 40)


def test_a_quotation_mark_that_is_never_closed_ends_the_reading_in_words():
    found = read(data=table('"' + "x;\n" * 60_000), mapping=CSV)
    assert (found.complete, found.problems[-1].text[:22]) == (False, "Line 3 cannot be read:")


def test_many_problems_are_counted_not_listed():
    found = read(data=table(*["Nonsense;;1 uA;;;03/07/2026 01:00 PM"] * 30), mapping=CSV, limits=SMALL)
    assert len(found.problems) == 6
    assert found.problems[-1].text == "There are 25 more problems that are not listed."


def test_a_file_without_measurements_says_so():
    assert words(read(data=b"<Export/>", mapping=XML)) == "The file holds no measurements where the mapping looks for them."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_in_any_usual_encoding_reads_alike(encoding):
    text = chassis("41,5 µA").decode().replace("HC-1", "HC-é")
    (row,) = read(data=text.encode(encoding), mapping=CSV).rows
    assert (row.unit, row.asset_number) == ("uA", "HC-é")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_xml_in_the_encoding_it_declares_reads_alike(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + one_row().decode()
    assert read(data=text.encode(encoding), mapping=XML).rows[0].unit == "uA"


def test_a_named_encoding_wins_and_unreadable_characters_cost_the_row():
    declared = b'<?xml version="1.0" encoding="UTF-8"?>' + one_row().decode().encode("cp1252")
    assert not read(data=declared, mapping=XML).complete
    assert read(data=declared, mapping=_with(XML, encoding="cp1252")).rows[0].unit == "uA"
    assert "cannot be read" in words(read(data=declared, mapping=_with(XML, encoding="utf-8")))


def _with(mapping: TesterMapping, **changes: object) -> TesterMapping:
    return TesterMapping(**{**vars(mapping), **changes})


def spoilt(original: bytes) -> st.SearchStrategy[bytes]:
    """The original cut off, with pieces taken out, doubled, or overwritten by other bytes."""
    places = st.integers(0, len(original))
    change: Callable[[int, int, bytes], bytes] = lambda a, b, new: original[: min(a, b)] + new + original[max(a, b) :]  # noqa: E731
    return st.one_of(
        places.map(lambda end: original[:end]),
        st.builds(change, places, places, st.binary(max_size=20)),
        places.flatmap(lambda at: st.binary(min_size=1, max_size=4).map(lambda new: original[:at] + new + original[at + len(new) :])),
    )


@settings(max_examples=150, deadline=None)
@given(data=spoilt(XML_FILE))
def test_a_spoilt_xml_file_never_raises(data):
    assert is_whole(read(data=data, mapping=XML))


@settings(max_examples=150, deadline=None)
@given(data=spoilt(CSV_FILE))
def test_a_spoilt_csv_file_never_raises(data):
    assert is_whole(read(data=data, mapping=CSV))


@settings(max_examples=150, deadline=None)
@given(data=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_bytes_raise(data):
    assert is_whole(read(data=data, mapping=XML))
    assert is_whole(read(data=data, mapping=CSV))


@settings(deadline=None)
@given(cells=st.lists(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=12), min_size=6, max_size=6), max_size=5))
def test_no_cells_raise(cells):
    assert is_whole(read(data=table(*(";".join(row) for row in cells)), mapping=CSV))


@given(values=st.lists(st.integers(0, 10**9), max_size=20))
def test_every_row_is_read_once_in_order(values):
    found = read(data=session(*(ROW.format(at="2026-03-28T14:00:00", unit="uA", value=value) for value in values)), mapping=XML)
    assert [int(row.value) for row in found.rows] == values
