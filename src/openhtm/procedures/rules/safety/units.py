"""Units of electrical safety: exact factors, and no conversion from one family to another.

Codes are ASCII as in UCUM (``uA``, ``mOhm``); symbols are for people. The letter case of a prefix counts: ``mOhm`` is not ``MOhm``.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Unit:
    """A unit and how many of its family's smallest one it holds."""

    code: str
    symbol: str
    family: str
    factor: Decimal


class UnitRefused(ValueError):
    """A unit nobody knows, or one of another family; the sentence says which units would do."""


UNITS = {
    unit.code: unit
    for unit in (
        Unit("uA", "µA", "current", Decimal(1)),
        Unit("mA", "mA", "current", Decimal(1_000)),
        Unit("A", "A", "current", Decimal(1_000_000)),
        Unit("mOhm", "mΩ", "resistance", Decimal(1)),
        Unit("Ohm", "Ω", "resistance", Decimal(1_000)),
        Unit("kOhm", "kΩ", "resistance", Decimal(1_000_000)),
        Unit("MOhm", "MΩ", "resistance", Decimal(1_000_000_000)),
        Unit("GOhm", "GΩ", "resistance", Decimal(1_000_000_000_000)),
        Unit("V", "V", "voltage", Decimal(1)),
        Unit("kV", "kV", "voltage", Decimal(1_000)),
    )
}
_MICRO = str.maketrans({"\u03bc": "u", "\u00b5": "u"})
_OHMS = ("ohms", "ohm", "\u03c9", "\u2126")


def unit_named(*, text: str) -> Unit:
    """Return the unit a text names: code, symbol, ``ohm`` in any case, both signs for micro and ohm. Raises UnitRefused."""
    plain = text.strip().translate(_MICRO)
    lower = plain.lower()
    for word in _OHMS:
        if lower.endswith(word.lower()):
            plain = plain[: len(plain) - len(word)].rstrip() + "Ohm"
            break
    if plain not in UNITS:
        raise UnitRefused(f"The unit {text.strip()[:20]!r} is not known here. Use one of {', '.join(UNITS)}.")
    return UNITS[plain]


def converted(*, value: Decimal, unit: str, to: str) -> Decimal:
    """Return ``value`` in the unit ``to``, exactly. Raises UnitRefused for an unknown unit or one of another family."""
    given, wanted = unit_named(text=unit), unit_named(text=to)
    if given.family != wanted.family:
        of_family = ", ".join(one.symbol for one in UNITS.values() if one.family == wanted.family)
        raise UnitRefused(f"{given.symbol} does not measure {wanted.family}. Give the value in {of_family}.")
    if given is wanted:
        return value
    # Factors are powers of ten, so shifting the exponent is exact whatever the precision of the context.
    return value.scaleb(given.factor.adjusted() - wanted.factor.adjusted())


def shown(*, value: Decimal, unit: str) -> str:
    """Return a value with its symbol, without trailing zeros: ``0.3 Ω``."""
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return f"{plain} {unit_named(text=unit).symbol}"
