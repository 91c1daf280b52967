"""The three lists of codes: FDA product classification, EMDN, GMDN. Small enough to be read whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from openhtm.catalog.rules.official.source import Reading, RowRefusedError, Source, UnreadableError, fitting, table
from openhtm.catalog.rules.texts import clean

_PRODUCT_CODE = re.compile(r"[A-Z0-9]{3}")
_EMDN_CODE = re.compile(r"[A-Z](?:[0-9]{2}){0,6}")
_GMDN_CODE = re.compile(r"[0-9]{5}")
_ANY_CODE = re.compile(r"[0-9A-Z]{1,10}")
_CLASSES = {"1", "2", "3", "U", "N", "F"}
_YES = {"y": True, "yes": True, "true": True, "1": True, "n": False, "no": False, "false": False, "0": False, "": False}

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProductCodeRow:
    """A line of FDA's foiclass file."""

    code: str
    name: str
    device_class: str
    panel: str
    medical_specialty: str
    regulation_number: str
    life_sustaining: bool
    implant: bool
    definition: str


@dataclass(frozen=True, slots=True)
class EmdnRow:
    """A node of the EMDN. ``parent_id`` is None at the top (23 categories)."""

    code: str
    term: str
    level: int
    terminal: bool
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class GmdnRow:
    """A GMDN term. ``related_emdn`` may be empty."""

    code: str
    name: str
    definition: str
    related_emdn: list[str]


def read_fda_classification(source: Source, reading: Reading) -> Iterator[ProductCodeRow]:
    """Yield the rows of ``foiclass.txt``: fields between ``|``, no quoting, names of columns in the first line."""
    text = source.text()
    lines = table(text, delimiter="|", quoting=False)
    needed = ("PRODUCTCODE", "DEVICENAME", "DEVICECLASS", "REGULATIONNUMBER", "REVIEW_PANEL")
    return _rows(lines, needed=needed, what="FDA's foiclass file, fields separated by |", build=_product_code, reading=reading)


def _product_code(cells: Cells) -> ProductCodeRow:
    code = cells["PRODUCTCODE"].upper()
    if not _PRODUCT_CODE.fullmatch(code):
        raise RowRefusedError("PRODUCTCODE", code, "A product code has three letters or digits.")
    device_class = cells["DEVICECLASS"].upper()
    if device_class and device_class not in _CLASSES:
        raise RowRefusedError("DEVICECLASS", device_class, "The class must be 1, 2, 3, U, N or F.")
    return ProductCodeRow(
        code=code,
        name=_named(cells["DEVICENAME"], column="DEVICENAME"),
        device_class=device_class,
        panel=fitting(cells["REVIEW_PANEL"], column="REVIEW_PANEL", limit=2),
        medical_specialty=fitting(cells.get("MEDICALSPECIALTY"), column="MEDICALSPECIALTY", limit=2),
        regulation_number=fitting(cells["REGULATIONNUMBER"], column="REGULATIONNUMBER", limit=12),
        life_sustaining=_flag(cells, "LIFE_SUSTAIN_SUPPORT_FLAG"),
        implant=_flag(cells, "IMPLANT_FLAG"),
        definition=cells.get("DEFINITION", ""),
    )


def read_emdn(source: Source, reading: Reading) -> Iterator[EmdnRow]:
    """Yield the nodes of the EMDN from the published table (tab separated) or its JSON form."""
    text = source.text()
    if text.lstrip()[:1] in ("{", "["):
        return _objects(_emdn_entries(text), build=_emdn_entry, reading=reading)
    first = clean(text[:200].partition("\n")[0].partition("\t")[0])
    if re.fullmatch(r"EMDN\b.{0,40}", first):
        reading.edition = first
    lines = table(text, delimiter="\t", quoting=True)
    needed = ("CODE", "TERM", "LEVEL", "TERMINAL LEVEL YES/NO")
    return _rows(lines, needed=needed, what="the EMDN table, fields separated by tabs", build=_emdn_line, reading=reading)


def _emdn_entries(text: str) -> list[Any]:
    whole = _json(text)
    entries = whole.get("entries") if isinstance(whole, dict) else whole
    if not isinstance(entries, list):
        raise UnreadableError('This JSON has no list "entries" as the EMDN file has.')
    return entries


def _emdn_entry(entry: Mapping[str, Any]) -> EmdnRow:
    return _emdn(entry.get("code"), entry.get("term"), entry.get("level"), entry.get("isTerminal"))


def _emdn_line(cells: Cells) -> EmdnRow:
    return _emdn(cells["CODE"], cells["TERM"], cells["LEVEL"], cells["TERMINAL LEVEL YES/NO"])


def _emdn(code: Any, term: Any, level: Any, terminal: Any) -> EmdnRow:
    name = fitting(code, column="CODE", limit=20).upper()
    if not _EMDN_CODE.fullmatch(name):
        raise RowRefusedError("CODE", name, "An EMDN code is a letter followed by pairs of digits.")
    depth = clean(level)
    if not (depth.isascii() and depth.isdigit() and 1 <= int(depth[:4]) <= 9):
        raise RowRefusedError("LEVEL", level, "The level must be a whole number from 1 to 9.")
    last = _YES.get(clean(terminal).lower())
    if last is None:
        raise RowRefusedError("TERMINAL LEVEL YES/NO", terminal, "Say YES or NO.")
    return EmdnRow(name, _named(term, column="TERM"), int(depth), last, parent_id=name[:-2] or None)


def read_gmdn(source: Source, reading: Reading) -> Iterator[GmdnRow]:
    """Yield GMDN terms from a comma separated table with ``code`` and ``description`` (or ``name``)."""
    lines = table(source.text(), delimiter=",", quoting=True)
    for row in _rows(lines, needed=("CODE",), what="a table of GMDN terms, fields separated by commas", build=_gmdn, reading=reading):
        if not _GMDN_CODE.fullmatch(row.code):
            reading.warn(None, "code", row.code, "A GMDN code has five digits. It is kept as published.")
        yield row


def _gmdn(cells: Cells) -> GmdnRow:
    code = cells["CODE"].upper()
    if not _ANY_CODE.fullmatch(code):
        raise RowRefusedError("code", code, "A GMDN code has five digits.")
    related = [part.upper() for part in re.split(r"[\s,;|]+", cells.get("RELATEDEMDNCODES", "")) if part]
    if wrong := next((part for part in related if not _EMDN_CODE.fullmatch(part)), None):
        raise RowRefusedError("relatedEmdnCodes", wrong, "An EMDN code is a letter followed by pairs of digits.")
    if "NAME" in cells:
        return GmdnRow(code, _named(cells["NAME"], column="name"), cells.get("DEFINITION", cells.get("DESCRIPTION", "")), related)
    return GmdnRow(code, _named(cells.get("DESCRIPTION"), column="description"), cells.get("DEFINITION", ""), related)


def _rows(
    lines: Iterator[list[str]], *, needed: tuple[str, ...], what: str, build: Callable[[Cells], Any], reading: Reading
) -> Iterator[Any]:
    """Find the header within the first ten lines, then build each row. ``row`` in problems is the line of the table."""
    header: list[str] = []
    for number, cells in enumerate(lines, 1):
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            named = [clean(cell).upper() for cell in cells]
            if set(needed) <= set(named):
                header = named
            elif number >= 10:
                break
            continue
        reading.read += 1
        if (row := _built(dict(zip(header, map(clean, cells), strict=False)), len(cells), len(header), build, number, reading)) is not None:
            yield row
    if not header:
        raise UnreadableError(f"This does not look like {what}: a line with the columns {', '.join(needed)} is missing.")


def _built(found: Cells, width: int, wanted: int, build: Callable[[Cells], Any], number: int, reading: Reading) -> Any:
    try:
        if width < wanted:
            raise RowRefusedError("", " ".join(found.values()), f"This line has {width} fields; the header has {wanted}.")
        return build(found)
    except RowRefusedError as error:
        reading.refuse(number, error)
        return None


def _objects(entries: list[Any], *, build: Callable[[Mapping[str, Any]], Any], reading: Reading) -> Iterator[Any]:
    for number, entry in enumerate(entries, 1):
        reading.read += 1
        try:
            if not isinstance(entry, dict):
                raise RowRefusedError("", entry, "An entry must be an object.")
            yield build(entry)
        except RowRefusedError as error:
            reading.refuse(number, error)


def _json(text: str) -> Any:
    try:
        return orjson.loads(text.encode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"This is not valid JSON: {error}.") from None


def _named(value: Any, *, column: str) -> str:
    name = fitting(value, column=column, limit=400)
    if not name:
        raise RowRefusedError(column, "", f"{column} is empty.")
    return name


def _flag(cells: Cells, column: str) -> bool:
    known = _YES.get(cells.get(column, "").lower())
    if known is None:
        raise RowRefusedError(column, cells[column], "Say Y or N.")
    return known
