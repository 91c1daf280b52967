"""Where everything stands on a label and on a sheet of labels, in millimetres from the upper left corner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

PAGES_MM: dict[str, tuple[float, float]] = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
TOLERANCE_MM = 0.5
MM_PER_POINT = 25.4 / 72
LARGEST_TEXT_MM, SMALLEST_TEXT_MM = 4.2, 1.5
HEAD_FACTOR, LINE_FACTOR = 1.45, 1.2
GUTTER_MM = 1.2
WIDTH_PER_TEXT = 10  # about 18 characters beside each other, so that names are seldom cut
NEVER_CUT = frozenset({"control_number", "serial_number"})
LINE_LABELS: dict[str, str] = {
    "control_number": "Control number",
    "device_type": "Device type",
    "model": "Manufacturer and model",
    "serial_number": "Serial number",
    "description": "Description",
    "facility": "Facility",
    "department": "Department",
    "location": "Location",
    "organisation": "Organisation",
}
"""What a line of a label may show."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A label's size and content. ``page`` is ``label``, ``a4`` or ``letter``; a sheet's labels are centred on it."""

    width_mm: float
    height_mm: float
    page: str = "label"
    columns: int = 1
    rows: int = 1
    padding_mm: float = 1.5
    column_gap_mm: float = 0.0
    row_gap_mm: float = 0.0
    show_qr: bool = True
    show_datamatrix: bool = False
    lines: tuple[str, ...] = ("control_number",)

    @property
    def per_page(self) -> int:
        return self.columns * self.rows if self.page != "label" else 1

    @property
    def page_mm(self) -> tuple[float, float]:
        return PAGES_MM.get(self.page, (self.width_mm, self.height_mm))


@dataclass(frozen=True, slots=True)
class Symbol:
    """A square for a symbol with its light zone."""

    kind: Literal["qr", "datamatrix"]
    x_mm: float
    y_mm: float
    side_mm: float


@dataclass(frozen=True, slots=True)
class Line:
    """One text; ``size_pt`` shrinks further where the text is wider than ``width_mm``."""

    name: str
    x_mm: float
    y_mm: float
    width_mm: float
    size_pt: float
    head: bool
    may_be_cut: bool


@dataclass(frozen=True, slots=True)
class Design:
    """What stands on one label."""

    symbols: tuple[Symbol, ...] = ()
    lines: tuple[Line, ...] = field(default=())


def refuse_layout(layout: Layout) -> dict[str, str]:
    """Return what is wrong with a layout by field, each with its remedy; empty if it can be printed."""
    wrong: dict[str, str] = {}
    if layout.page != "label":
        across, down = layout.page_mm
        if _span(layout.columns, layout.width_mm, layout.column_gap_mm) > across + TOLERANCE_MM:
            wrong["columns"] = f"{layout.columns} labels of {layout.width_mm:g} mm do not fit across {across:g} mm."
        if _span(layout.rows, layout.height_mm, layout.row_gap_mm) > down + TOLERANCE_MM:
            wrong["rows"] = f"{layout.rows} labels of {layout.height_mm:g} mm do not fit down {down:g} mm."
    if 2 * layout.padding_mm > min(layout.width_mm, layout.height_mm) / 2:
        wrong["margin_mm"] = "The margin takes more than half of the label. Make it smaller."
    if not (layout.show_qr or layout.show_datamatrix or layout.lines):
        wrong["lines"] = "Choose a symbol or at least one line."
    if unknown := [name for name in layout.lines if name not in LINE_LABELS]:
        wrong["lines"] = f"{unknown[0]} is not a line that a label can show."
    return wrong


def positions(layout: Layout, *, count: int, start: int = 1) -> list[list[tuple[float, float]]]:
    """Return the upper left corners of ``count`` labels, one list for each page, row by row.

    ``start`` is the first free label on the first sheet, counted from 1. Raises ValueError if it is not on the sheet.
    """
    if not 1 <= start <= layout.per_page:
        raise ValueError(f"start must be 1 to {layout.per_page}, got {start}")
    pages: list[list[tuple[float, float]]] = []
    for place in range(start - 1, start - 1 + count):
        page, at = divmod(place, layout.per_page)
        if page == len(pages):
            pages.append([])
        pages[page].append(_corner(layout, *divmod(at, layout.columns)))
    return pages


def design(layout: Layout, *, available: Sequence[str] | Mapping[str, str]) -> Design:
    """Place symbols and those lines that have a text (``available``). Lines that would be too small to read are left out."""
    inner_width, inner_height = layout.width_mm - 2 * layout.padding_mm, layout.height_mm - 2 * layout.padding_mm
    names = [name for name in layout.lines if name in available]
    if layout.width_mm >= 1.25 * layout.height_mm:
        symbols, left = _beside(layout, inner_width, inner_height, with_text=bool(names))
        width = layout.width_mm - layout.padding_mm - left
        lines = _lines(names, x=left, y=layout.padding_mm, width=width, height=inner_height, beside=symbols[1] if symbols[1:] else None)
    else:
        symbols, top = _above(layout, inner_width, inner_height, with_text=bool(names))
        lines = _lines(names, x=layout.padding_mm, y=top, width=inner_width, height=layout.height_mm - layout.padding_mm - top)
    return Design(tuple(symbols), tuple(lines))


def _kinds(layout: Layout) -> list[Literal["qr", "datamatrix"]]:
    kinds: list[Literal["qr", "datamatrix"]] = []
    if layout.show_qr:
        kinds.append("qr")
    if layout.show_datamatrix:
        kinds.append("datamatrix")
    return kinds


def _beside(layout: Layout, width: float, height: float, *, with_text: bool) -> tuple[list[Symbol], float]:
    """A wide label: the first symbol at the left, the second small in the lower right corner; text from the second value on."""
    pad, left = layout.padding_mm, layout.padding_mm
    symbols = []
    for number, kind in enumerate(_kinds(layout)):
        if number == 0:
            side = min(height, width * (0.4 if with_text else 0.75))
            symbols.append(Symbol(kind, pad, pad + (height - side) / 2, side))
            left += side + GUTTER_MM
        else:
            side = min(height * 0.5, width * 0.17)
            symbols.append(Symbol(kind, pad + width - side, pad + height - side, side))
    return symbols, left


def _above(layout: Layout, width: float, height: float, *, with_text: bool) -> tuple[list[Symbol], float]:
    """A tall or square label: symbols in a row on top, text below."""
    pad, kinds = layout.padding_mm, _kinds(layout)
    if not kinds:
        return [], pad
    side = min(width / len(kinds), height * (0.62 if with_text else 1.0))
    used = side * len(kinds)
    symbols = [Symbol(kind, pad + (width - used) / 2 + side * number, pad, side) for number, kind in enumerate(kinds)]
    return symbols, pad + side + GUTTER_MM / 2


def _lines(names: Sequence[str], *, x: float, y: float, width: float, height: float, beside: Symbol | None = None) -> list[Line]:
    """Lines one below the other; those that reach down to the symbol ``beside`` end before it."""
    shown = list(names)
    while shown and _text_mm(len(shown), height) < SMALLEST_TEXT_MM:
        shown.pop()
    narrow = beside.x_mm - GUTTER_MM - x if beside else width
    if not shown or narrow < 4:
        return []
    size = max(min(_text_mm(len(shown), height), LARGEST_TEXT_MM, width / WIDTH_PER_TEXT), SMALLEST_TEXT_MM)
    top = y + max(height - size * LINE_FACTOR * (HEAD_FACTOR + len(shown) - 1), 0) / 2
    lines = []
    for number, name in enumerate(shown):
        text_mm = size * HEAD_FACTOR if number == 0 else size
        room = narrow if beside and top + text_mm * LINE_FACTOR > beside.y_mm else width
        lines.append(Line(name, x, top, room, text_mm / MM_PER_POINT, head=number == 0, may_be_cut=name not in NEVER_CUT))
        top += text_mm * LINE_FACTOR
    return lines


def _text_mm(count: int, height: float) -> float:
    return height / (LINE_FACTOR * (HEAD_FACTOR + count - 1))


def _span(count: int, size: float, gap: float) -> float:
    return count * size + (count - 1) * gap


def _corner(layout: Layout, row: int, column: int) -> tuple[float, float]:
    across, down = layout.page_mm
    left = (across - _span(layout.columns, layout.width_mm, layout.column_gap_mm)) / 2 if layout.page != "label" else 0.0
    top = (down - _span(layout.rows, layout.height_mm, layout.row_gap_mm)) / 2 if layout.page != "label" else 0.0
    return (
        round(left + column * (layout.width_mm + layout.column_gap_mm), 3),
        round(top + row * (layout.height_mm + layout.row_gap_mm), 3),
    )
