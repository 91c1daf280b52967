"""One row of a tester's file: texts by field in, a measured row or its problems out. The same for XML and CSV."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from openhtm.core.text import fold
from openhtm.exchange.rules.numbers import read_number
from openhtm.testers.rules.files.mapping import Meaning, Source, TesterMapping
from openhtm.testers.rules.files.model import ERROR, WARNING, MeasuredRow, Problem

FIRST_YEAR, LAST_YEAR = 1990, 2099
_LARGEST = Decimal(10) ** 12
_MOST_DIGITS = 20
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\ud800-\udfff]")
_NUMBER = re.compile(
    r"(?P<sign>[<>]?)\s*(?P<number>[-+\u2212]?\d[\d.,'\u2019\u00a0\u2009\u202f ]*(?:[eE][+-]?\d{1,2})?|\S*)\s*(?P<rest>.*)", re.DOTALL
)


class RowRead(NamedTuple):
    """A row, or None with the reason among the problems, or None and ``skipped`` when the mapping leaves it out."""

    row: MeasuredRow | None
    problems: tuple[Problem, ...]
    skipped: bool


class _Unfit(Exception):
    """A row that cannot be used; ends its reading."""

    def __init__(self, field: str, text: str, value: str = "") -> None:
        self.field, self.value = field, value
        super().__init__(text)


def read_row(*, text_of: Callable[[Source], str | None], place: str, mapping: TesterMapping, longest: int) -> RowRead:
    """Read one row. ``text_of`` returns the text a source points to, None if it is not there; it may raise ValueError."""
    problems: list[Problem] = []
    said: Mapping[str, str] = {}
    try:
        said = _said(text_of, mapping, longest)
        meaning = _meaning(said, mapping)
        if meaning is None:
            return RowRead(None, (), True)
        row = _row(said, meaning, place, mapping, problems)
    except _Unfit as unfit:
        value = unfit.value or said.get(unfit.field) or (said.get("value", "") if unfit.field == "unit" else "")
        return RowRead(None, (*problems, Problem(place, unfit.field, ERROR, str(unfit), value)), False)
    return RowRead(row, tuple(problems), False)


def _said(text_of: Callable[[Source], str | None], mapping: TesterMapping, longest: int) -> dict[str, str]:
    """Collect the texts of all fields, conditions under their own names; blank ones are left out."""
    found: dict[str, str] = {}
    for name, source in (*mapping.fields.items(), *mapping.conditions.items()):
        try:
            text = None if source.in_value else text_of(source)
        except ValueError as error:
            raise _Unfit(name, str(error)) from None
        text = (text or "").strip()
        if len(text) > longest:
            words = f"The text is longer than {longest} characters. Check that the mapping names the right place."
            raise _Unfit(name, words, _UNREADABLE.sub("\ufffd", text[:60]))
        if _UNREADABLE.search(text):
            words = "The text holds characters that cannot be read. Check the encoding in the mapping, or export again."
            raise _Unfit(name, words, _UNREADABLE.sub("\ufffd", text))
        if text:
            found[name] = text
    return found


def _meaning(said: Mapping[str, str], mapping: TesterMapping) -> Meaning | None:
    name = _translated("test", said, mapping.fields)
    if name is None:
        raise _Unfit("test", "The row does not say which test it is.")
    if fold(name) not in mapping.tests:
        raise _Unfit("test", f"The mapping does not know the test {name[:60]!r}. Add it under tests; null leaves it out.")
    return mapping.tests[fold(name)]


def _translated(name: str, said: Mapping[str, str], sources: Mapping[str, Source]) -> str | None:
    text = said.get(name)
    values = sources[name].values if name in sources else None
    if text is None or values is None:
        return text
    if fold(text) not in values:
        raise _Unfit(name, f"The mapping does not know {text[:60]!r} as {name}. Add it under values.")
    return values[fold(text)]


def _row(said: Mapping[str, str], meaning: Meaning, place: str, mapping: TesterMapping, problems: list[Problem]) -> MeasuredRow:
    plain = {name: _translated(name, said, mapping.fields) for name in mapping.fields}
    if not plain.get("asset_number") and not plain.get("serial_number") and not plain.get("udi"):
        raise _Unfit("asset_number", "No asset number, serial number or UDI is there. Nobody can tell which device this is.")
    verdict = _verdict(plain.get("result"), place, mapping, problems)
    if meaning.look:
        if verdict is None:
            raise _Unfit("result", "This test is decided by a person, but no result is there.")
        sign, value, unit = "", None, None
    else:
        sign, value, unit = _measured(plain, mapping)
    return MeasuredRow(
        place=place,
        test=meaning.test,
        conditions=_conditions(said, meaning, mapping),
        value=value,
        sign=sign,
        unit=unit,
        said_verdict=verdict,
        said_limit=plain.get("limit"),
        asset_number=plain.get("asset_number"),
        serial_number=plain.get("serial_number"),
        manufacturer=plain.get("manufacturer"),
        udi=plain.get("udi"),
        tester_model=plain.get("tester_model"),
        tester_serial=plain.get("tester_serial"),
        measured_at=_instant(plain.get("measured_at"), place, mapping, problems),
        mains_v=_mains(plain.get("mains_v"), place, mapping, problems),
        person=plain.get("person"),
        said=said,
    )


def _conditions(said: Mapping[str, str], meaning: Meaning, mapping: TesterMapping) -> dict[str, str]:
    found = dict(meaning.conditions)
    for name in mapping.conditions:
        value = _translated(name, said, mapping.conditions)
        if value is None:
            continue
        if found.get(name, value) != value:
            raise _Unfit(name, f"The name of the test says {name} {found[name]}, but the row says {value}. One of them is wrong.")
        found[name] = value
    return found


def _verdict(text: str | None, place: str, mapping: TesterMapping, problems: list[Problem]) -> str | None:
    if text is None or "result" not in mapping.fields:
        return None
    if fold(text) not in mapping.results:
        problems.append(
            Problem(place, "result", WARNING, f"{text[:60]!r} is neither a word for pass nor for fail, so it is not used.", text)
        )
    return mapping.results.get(fold(text))


def _measured(plain: Mapping[str, str | None], mapping: TesterMapping) -> tuple[str, Decimal, str]:
    text = plain.get("value")
    if text is None or fold(text) in mapping.no_value:
        raise _Unfit("value", "Nothing was measured here.")
    match = _NUMBER.fullmatch(text)
    number = read_number(match["number"].strip(), decimal_mark=mapping.decimal_mark) if match else None
    if match is None or number is None:
        raise _Unfit("value", f"{text[:60]!r} is not a number.")
    _refuse_strange(number.value, "value")
    rest = match["rest"].strip()
    if mapping.fields["unit"].in_value:
        unit = rest
    else:
        unit = (plain.get("unit") or "").strip()
        if rest and rest != unit:
            raise _Unfit("value", f"{text[:60]!r} is not a number.")
    if unit not in mapping.units:
        raise _Unfit("unit", f"The mapping does not know the unit {unit[:20]!r}. Add it under units." if unit else "The row has no unit.")
    return match["sign"], number.value, mapping.units[unit]


def _refuse_strange(value: Decimal, field: str) -> None:
    if value < 0:
        raise _Unfit(field, f"{value} is below zero. Leakage, resistance and voltage are never negative.")
    if value > _LARGEST or len(value.as_tuple().digits) > _MOST_DIGITS or int(value.as_tuple().exponent) < -_MOST_DIGITS:
        raise _Unfit(field, "The number has more digits than any tester shows.")


def _mains(text: str | None, place: str, mapping: TesterMapping, problems: list[Problem]) -> Decimal | None:
    if text is None or fold(text) in mapping.no_value:
        return None
    number = read_number(re.sub(r"\s*[Vv]$", "", text), decimal_mark=mapping.decimal_mark)
    if number is None or not 0 < number.value < _LARGEST:
        problems.append(Problem(place, "mains_v", WARNING, f"{text[:60]!r} is not a voltage, so it is not used.", text))
        return None
    return number.value


def _instant(text: str | None, place: str, mapping: TesterMapping, problems: list[Problem]) -> datetime | None:
    """Return the instant in UTC; None if the mapping reads none. A time that a change of clocks left out is refused."""
    if mapping.time is None or "measured_at" not in mapping.fields:
        return None
    if text is None:
        raise _Unfit("measured_at", "The row does not say when it was measured.")
    try:
        local = datetime.strptime(text, mapping.time.format)  # noqa: DTZ007 - the zone is that of the mapping
    except ValueError:
        raise _Unfit("measured_at", f"{text[:60]!r} is not a time of the form {mapping.time.format}.") from None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise _Unfit("measured_at", f"The year {local.year} cannot be right. Check the clock of the tester.")
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    zone = ZoneInfo(mapping.time.zone)
    early, late = (local.replace(tzinfo=zone, fold=fold_).astimezone(UTC) for fold_ in (0, 1))
    if early.astimezone(zone).replace(tzinfo=None) != local:
        raise _Unfit(
            "measured_at", f"{text[:60]!r} did not exist in {mapping.time.zone}: the clocks went forward. Check the clock of the tester."
        )
    if early != late:
        words = f"{text[:60]!r} happened twice in {mapping.time.zone}, when the clocks went back. Read as the first one."
        problems.append(Problem(place, "measured_at", WARNING, words, text))
    return early
