"""Sign-in lists as files: the golden one, other shapes, and whatever bytes somebody uploads."""

import io
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.errors import DomainError
from openhtm.training.rules.lists import NoNameColumn, TooManyAttendees, read_list
from openhtm.training.services.importing import read_path, read_sign_in_list

GOLDEN = Path(__file__).parent / "golden" / "sign_in.csv"


def test_the_golden_list():
    rows = read_path(GOLDEN, file_name="sign_in.csv")
    assert [(one.row, one.name, one.number, one.unit, one.problem) for one in rows] == [
        (4, "Rosa Lindqvist", "10482", "Intensive care", ""),
        (5, "Ana María Diaz", "A-77", "Intensive care", ""),
        (7, "Jo Park", "", "Surgery", ""),
        (9, "Jürgen Øst", "000123", "Emergency", ""),
    ]


def test_a_workbook_with_numbers_as_numbers():
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    for row, cells in enumerate([("Name", "Badge"), ("Rosa Lindqvist", 10482), ("Jo Park", 555)]):
        sheet.write_row(row, 0, cells)
    book.close()
    stream.seek(0)
    assert [(one.name, one.number) for one in read_sign_in_list(content=stream, file_name="x.xlsx")] == [
        ("Rosa Lindqvist", "10482"),
        ("Jo Park", "555"),
    ]


def test_a_list_without_names_says_which_column_is_missing(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Badge,Unit\n1,ICU\n2,ICU\n")
    with pytest.raises(NoNameColumn, match=r"x\.csv has no column of names"):
        read_path(path, file_name="x.csv")


def test_too_long_a_list_is_refused():
    with pytest.raises(TooManyAttendees, match="more than 2 people"):
        read_list(["Name"], ((number, (f"Person {number}",)) for number in range(5)), filename="x", limit=2)


cells = st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.times())


@given(
    st.lists(st.sampled_from(["Name", "First name", "Last name", "Badge", "Unit", "Other"]), max_size=5),
    st.lists(st.lists(cells, max_size=5), max_size=6),
)
def test_any_rows_are_read_or_refused(titles, rows):
    try:
        found = read_list(titles, list(enumerate(map(tuple, rows), start=2)), filename="x.csv", limit=100)
    except DomainError as refusal:
        assert refusal.sentence.endswith(".")
    else:
        assert all(one.problem or (one.name and len(one.name) <= 120 and len(one.number) <= 40) for one in found)


@given(
    st.binary(max_size=400)
    | st.text(max_size=300).map(str.encode)
    | st.binary(max_size=200).map(lambda tail: GOLDEN.read_bytes()[:150] + tail)
)
def test_any_bytes_are_read_or_refused(content):
    try:
        rows = read_sign_in_list(content=io.BytesIO(content), file_name="x.csv")
    except DomainError as refusal:
        assert refusal.sentence.endswith(".")
    else:
        assert all(one.name or one.problem for one in rows)
