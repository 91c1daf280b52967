"""Units of measured values, read from ``procedures/data/units.yaml``: conversion is exact and stays within one family."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import yaml

DATA = Path(__file__).resolve().parent.parent / "data" / "units.yaml"


@dataclass(frozen=True)
class Unit:
    """One unit. ``(value + offset) * factor`` gives the value in the first unit of its family."""

    code: str
    label: str
    symbol: str
    family: str
    factor: Fraction
    offset: Fraction


class NotConvertible(ValueError):
    """The two units measure different things, or one is unknown. ``str()`` says so in a sentence."""


@cache
def units() -> Mapping[str, Unit]:
    """Return every unit by its code, in the order of the file."""
    rows = yaml.safe_load(DATA.read_text(encoding="utf-8"))["units"]
    return {row["code"]: _unit(row) for row in rows}


def _unit(row: Mapping[str, str]) -> Unit:
    return Unit(row["code"], row["label"], row["symbol"], row["family"], _ratio(row["factor"]), _ratio(row.get("offset", "0")))


def _ratio(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(above) / Fraction(below or "1")


def symbol(code: str) -> str:
    """Return what people read for a unit; an unknown code is shown as it is."""
    found = units().get(code)
    return found.symbol if found else code


def convert(value: Decimal | Fraction, *, unit: str, to: str) -> Fraction:
    """Return ``value`` of ``unit`` in the unit ``to``, exactly. Raises NotConvertible."""
    if unit == to:
        return Fraction(value)
    known = units()
    for code in (unit, to):
        if code not in known:
            raise NotConvertible(f"The unit {code[:40]} is not known.")
    given, wanted = known[unit], known[to]
    if given.family != wanted.family:
        raise NotConvertible(f"{given.label} measures {given.family}, but {wanted.family} in {wanted.label} is expected.")
    return (Fraction(value) + given.offset) * given.factor / wanted.factor - wanted.offset
