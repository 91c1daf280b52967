"""What we write is safe to open and reads back as it was."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from openhtm.exchange.rules.dates import read_date
from openhtm.exchange.rules.export import BOM, TooManyRowsForXlsx, date_cell, numbers_cell, write_csv, write_xlsx
from openhtm.exchange.rules.guard import guarded, unguarded
from openhtm.exchange.rules.sheets import open_table
from openhtm.exchange.rules.values import split_codes

plain = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
dangerous = st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "'=1", "''@x", "＝1", "'", "-", "\u00a0=2"])
texts = plain | dangerous
files = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.text(max_size=20) | dangerous)
@example("'=cmd|' /C calc'!A0")
def test_the_guard_is_taken_away_exactly(text):
    assert unguarded(guarded(text)) == text


@given(dangerous | st.text(max_size=5).map(lambda text: "=" + text))
def test_nothing_dangerous_starts_a_cell(text):
    out = guarded(text)
    assert out.lstrip()[:1] not in set("=+-@＝＋－＠")
    assert out[:1] not in set("\t\r\n")


@files
@given(rows=st.lists(st.lists(texts, min_size=3, max_size=3), max_size=8), bom=st.booleans(), delimiter=st.sampled_from(",;\t"))
def test_texts_come_back_from_csv(tmp_path, rows, bom, delimiter):
    path = tmp_path / "out.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        assert (
            write_csv(stream, columns=["One", "Two", "Three"], rows=[["a", "b", "c"], *rows], bom=bom, delimiter=delimiter) == len(rows) + 1
        )
    with path.open(encoding="utf-8-sig", newline="") as stream:
        back = list(csv.reader(stream, delimiter=delimiter))
    assert [[unguarded(cell) for cell in row] for row in back[2:]] == rows
    assert path.read_text(encoding="utf-8").startswith(BOM) == bom


@files
@given(
    rows=st.lists(
        st.tuples(
            plain, st.decimals(-(10**9), 10**9, places=2), st.dates(dt.date(1900, 3, 1), dt.date(2099, 1, 1)), st.booleans(), dangerous
        ),
        min_size=1,
        max_size=8,
    )
)
def test_typed_cells_come_back_from_xlsx(tmp_path, rows):
    path = tmp_path / "out.xlsx"
    write_xlsx(path, columns=["Text", "Cost", "Day", "Flag", "Formula"], rows=rows)
    back = list(open_table(path, filename="out.xlsx").sheets[0].rows())
    assert back[0] == ("Text", "Cost", "Day", "Flag", "Formula")
    for (text, cost, day, flag, formula), cells in zip(rows, back[1:], strict=True):
        assert cells[0] == text.replace("\ufffe", "").replace("\uffff", "")
        assert Decimal(repr(cells[1])) == cost
        assert cells[2:4] == (day, flag)
        assert cells[4].replace("\r", "\n") == formula.replace("\r", "\n")


def test_numbers_stay_numbers_and_texts_that_look_like_formulas_do_not():
    out = io.StringIO()
    write_csv(out, columns=["=a"], rows=[[-5], [Decimal("-1.50")], ["-5"], [None], [True], [dt.date(2020, 1, 2)], [1.5]])
    assert out.getvalue().split("\r\n") == ["'=a", "-5", "-1.50", "'-5", '""', "true", "2020-01-02", "1.5", ""]


def test_a_number_too_long_for_a_spreadsheet_is_written_as_text(tmp_path):
    path = tmp_path / "out.xlsx"
    write_xlsx(path, columns=["N", "D"], rows=[[12345678901234567890, dt.date(1899, 1, 1)]])
    assert list(open_table(path, filename="out.xlsx").sheets[0].rows())[1] == ("12345678901234567890", "1899-01-01")


def test_more_rows_than_xlsx_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("openhtm.exchange.rules.export._XLSX_ROWS", 3)
    with pytest.raises(TooManyRowsForXlsx, match="Export as CSV"):
        write_xlsx(tmp_path / "out.xlsx", columns=["A"], rows=[["x"]] * 5)


@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), precision=st.sampled_from(["day", "month", "year", "before"]))
def test_dates_keep_their_precision(day, precision):
    day = {"month": day.replace(day=1), "year": day.replace(month=1, day=1)}.get(precision, day)
    assert read_date(date_cell(day, precision))[:2] == (day, precision)
    assert date_cell(None, None) is None


def test_numbers_in_one_cell_come_back():
    assert split_codes(numbers_cell(["A-1", "B 2", "C/3"])) == ("A-1", ("B 2", "C/3"))
