"""The header is found wherever it stands, and every column has one name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.exchange.rules.headers import NoHeader, data_rows, find_header, letters
from openhtm.exchange.rules.tables import Merge, Sheet

HEADER = ("Asset tag", "Serial number", "Manufacturer", "Purchased", "Cost")
DATA = [(f"A-{n}", f"SN{n * 37}", ("Philips", "GE")[n % 2], f"0{n % 9 + 1}/03/2021", f"{n * 100},50") for n in range(1, 9)]
title = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ áé", max_size=40)
junk = st.lists(
    st.tuples(title) | st.tuples(title, st.just("")) | st.just(()) | st.tuples(st.just(""), st.just(""), title) | st.tuples(title, title),
    max_size=12,
)


class ListSheet(Sheet):
    def __init__(self, rows):
        self._rows = rows

    @property
    def row_count(self):
        return len(self._rows)

    def rows(self):
        return iter(self._rows)


@given(above=junk)
def test_the_header_is_found_below_any_title_rows(above):
    header = find_header([*above, HEADER, *DATA])
    assert header.row == len(above) + 1
    assert tuple(column.title for column in header.columns) == HEADER


@given(above=junk, hint=st.integers(1, 12))
def test_names_we_know_win(above, hint):
    rows = [*above, ("Uno", "Dos", "Tres", "Cuatro", "Cinco"), HEADER, *DATA]
    assert find_header(rows, known=lambda text: text in HEADER).row == len(above) + 2
    assert find_header(rows, row_hint=len(above) + 1).row == len(above) + 1


def test_merged_groups_are_joined_to_the_names():
    rows = [
        ("Equipo", "", "Garantía", ""),
        ("Código", "Marca", "Fecha inicio", "Fecha finalización"),
        ("A-1", "Philips", "01/02/2020", "01/02/2022"),
    ]
    merges = (Merge(0, 0, 0, 1), Merge(0, 2, 0, 3))
    header = find_header(rows, merges=merges, row_hint=2)
    assert header.names == ("Equipo / Código", "Equipo / Marca", "Garantía / Fecha inicio", "Garantía / Fecha finalización")
    assert header.group_row == 1


def test_groups_of_a_csv_reach_to_the_next_group():
    rows = [("Equipo", "", "Garantía", ""), ("Código", "Marca", "Fecha", "Fecha"), *[("A-1", "Philips", "01/02/2020", "01/02/2022")] * 3]
    assert find_header(rows).names == ("Equipo / Código", "Equipo / Marca", "Garantía / Fecha", "Garantía / Fecha (2)")


def test_a_name_merged_over_both_header_rows_is_kept():
    rows = [("Tag", "Warranty", ""), ("", "Start", "End"), *[("A-1", "2020-01-01", "2021-01-01")] * 3]
    merges = (Merge(0, 0, 1, 0), Merge(0, 1, 0, 2))
    assert find_header(rows, merges=merges, row_hint=2).names == ("Tag", "Warranty / Start", "Warranty / End")


def test_blank_and_double_names_are_made_unique_and_empty_columns_dropped():
    header = find_header([("Tag", "Name", "Name", "", ""), ("A-1", "x", "y", "z", ""), ("A-2", "x", "y", "", "")])
    assert header.names == ("Tag", "Name", "Name (2)", "Column D")


def test_blank_rows_and_repeated_headers_are_no_data():
    rows = [("Ubicación", "Tag"), ("Sala", "A-1"), ("", ""), (), ("Ubicación", "Tag"), ("Sala",), ("", "  ")]
    sheet = ListSheet(rows)
    header = find_header(rows, row_hint=1)
    assert list(data_rows(sheet, header)) == [(2, ("Sala", "A-1")), (6, ("Sala", ""))]


@pytest.mark.parametrize("rows", [[], [()], [("", " ")], [(1.0, 2.0)]])
def test_without_names_there_is_no_header(rows):
    with pytest.raises(NoHeader):
        find_header([row for row in rows if row != (1.0, 2.0)])


@given(st.lists(st.lists(st.text(max_size=8) | st.floats(allow_nan=False) | st.booleans(), max_size=6).map(tuple), max_size=20))
def test_names_are_unique_and_in_order_whatever_the_rows(rows):
    try:
        header = find_header(rows)
    except NoHeader:
        return
    assert len(set(header.names)) == len(header.names)
    assert [column.position for column in header.columns] == sorted({column.position for column in header.columns})


def test_column_letters():
    assert [letters(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
