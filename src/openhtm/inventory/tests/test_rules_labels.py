"""Labels lie where the sheet has them, and nothing on a label leaves it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.inventory.rules.labels import LINE_LABELS, MM_PER_POINT, PAGES_MM, SMALLEST_TEXT_MM, Layout, design, positions, refuse_layout

L7160 = Layout(63.5, 38.1, "a4", 3, 7, column_gap_mm=2.54)
A5160 = Layout(66.675, 25.4, "letter", 3, 10, column_gap_mm=3.175)
sheets = st.sampled_from([L7160, A5160, Layout(99.1, 67.7, "a4", 2, 4, column_gap_mm=2.5), Layout(50, 25)])
layouts = st.builds(
    Layout,
    width_mm=st.floats(10, 200),
    height_mm=st.floats(8, 200),
    padding_mm=st.floats(0, 4),
    show_qr=st.booleans(),
    show_datamatrix=st.booleans(),
    lines=st.lists(st.sampled_from(sorted(LINE_LABELS)), unique=True).map(tuple),
).filter(lambda layout: not refuse_layout(layout))


@pytest.mark.parametrize(
    ("layout", "first", "last"),
    [
        (L7160, (7.21, 15.15), (139.29, 243.75)),  # the maker's drawing: 7.2 and 15.15 mm to the first label
        (A5160, (4.762, 12.7), (144.462, 241.3)),  # 0.1875 and 0.5 inch
    ],
)
def test_sheets_meet_the_makers_drawing(layout, first, last):
    [page] = positions(layout, count=layout.per_page)
    assert page[0] == pytest.approx(first, abs=0.01)
    assert page[-1] == pytest.approx(last, abs=0.01)


@given(layout=sheets, count=st.integers(0, 100), data=st.data())
def test_every_label_has_its_own_place_from_the_start_on(layout, count, data):
    start = data.draw(st.integers(1, layout.per_page))
    pages = positions(layout, count=count, start=start)
    assert sum(map(len, pages)) == count
    [whole] = positions(layout, count=layout.per_page)
    assert [corner for page in pages for corner in page] == ([*whole] * (len(pages) + 1))[start - 1 : start - 1 + count]


@pytest.mark.parametrize("start", [0, 22, -1])
def test_a_start_that_is_not_on_the_sheet_is_refused(start):
    with pytest.raises(ValueError, match="start must be 1 to 21"):
        positions(L7160, count=1, start=start)


@given(layout=layouts)
def test_nothing_leaves_the_label_and_no_text_is_too_small_to_read(layout):
    made = design(layout, available=LINE_LABELS)
    for symbol in made.symbols:
        assert symbol.side_mm > 0
        assert symbol.x_mm >= 0 and symbol.x_mm + symbol.side_mm <= layout.width_mm + 1e-6
        assert symbol.y_mm >= 0 and symbol.y_mm + symbol.side_mm <= layout.height_mm + 1e-6
    for line in made.lines:
        assert line.size_pt * MM_PER_POINT >= SMALLEST_TEXT_MM - 1e-6
        assert line.x_mm >= 0 and line.x_mm + line.width_mm <= layout.width_mm + 1e-6
        assert line.y_mm + line.size_pt * MM_PER_POINT <= layout.height_mm + 0.01
    for earlier, later in zip(made.lines, made.lines[1:], strict=False):
        assert later.y_mm >= earlier.y_mm + earlier.size_pt * MM_PER_POINT - 1e-6
    for one in made.symbols:
        for line in made.lines:
            apart = (
                line.x_mm + line.width_mm <= one.x_mm + 1e-6
                or line.x_mm >= one.x_mm + one.side_mm - 1e-6
                or line.y_mm >= one.y_mm + one.side_mm - 1e-6
                or line.y_mm + line.size_pt * MM_PER_POINT <= one.y_mm + 1e-6
            )
            assert apart


@pytest.mark.parametrize(
    ("layout", "field"),
    [
        (Layout(70, 38, "a4", 4, 7), "columns"),
        (Layout(63.5, 45, "a4", 3, 7), "rows"),
        (Layout(20, 10, padding_mm=3), "margin_mm"),
        (Layout(50, 25, show_qr=False, lines=()), "lines"),
        (Layout(50, 25, lines=("password",)), "lines"),
    ],
)
def test_layouts_that_cannot_be_printed_are_refused_by_field(layout, field):
    assert list(refuse_layout(layout)) == [field]


def test_pages_are_known():
    assert PAGES_MM == {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
