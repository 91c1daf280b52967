"""The rows of one test, brought to the measurements of an electrical-safety step. Nothing is guessed: what fits two places fits none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openhtm.procedures.rules.safety.model import Limit, NoLimit, SafetyTest
from openhtm.procedures.rules.safety.units import UnitRefused, converted
from openhtm.procedures.rules.safety.vocabulary import vocabulary
from openhtm.testers.rules.files.model import MeasuredRow


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a row has no place in the step: the column to look at, and a sentence with the remedy."""

    field: str
    text: str


@dataclass(slots=True)
class Fitted:
    """What rows came to. ``places`` maps each row to the key of its measurement, ``misfits`` to why it has none.

    ``answers`` are what ``procedures`` judges, by key: of several rows of one measurement the worst. ``counted`` maps a key to
    the row that counts. ``missing`` are required measurements without a row.
    """

    places: dict[int, str] = field(default_factory=dict)
    misfits: dict[int, Misfit] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    missing: tuple[SafetyTest, ...] = ()


def fit(*, rows: Mapping[int, MeasuredRow], tests: Sequence[SafetyTest]) -> Fitted:
    """Find the measurement of each row (by position) among those of a step, and what is still missing."""
    found = Fitted()
    by_key: dict[str, list[int]] = {}
    for position, row in rows.items():
        place = _place(row, tests)
        if isinstance(place, Misfit):
            found.misfits[position] = place
        else:
            found.places[position] = place.key
            by_key.setdefault(place.key, []).append(position)
    wanted = {one.key: one for one in tests}
    for key, positions in by_key.items():
        _answer(found, wanted[key], {position: rows[position] for position in positions})
    found.missing = tuple(one for one in tests if one.required and one.key not in found.answers)
    return found


def _place(row: MeasuredRow, tests: Sequence[SafetyTest]) -> SafetyTest | Misfit:
    words = vocabulary()
    label = words.tests[row.test].label if row.test in words.tests else row.test
    same = [one for one in tests if one.test == row.test]
    if not same:
        return Misfit("test", f"{label} is not part of this step. Choose another order, or set the row aside.")
    fitting = [one for one in same if not _against(row, one)]
    if not fitting:
        code = _against(row, min(same, key=lambda one: len(_against(row, one))))[0]
        said = words.said(conditions={code: row.conditions[code]}) or row.conditions[code]
        return Misfit(code, f"The file says {said.lower()}, which this step does not measure. Correct the procedure or the mapping.")
    if len(fitting) > 1:
        unsaid = sorted({code for one in fitting for code in one.conditions if len({two.conditions.get(code) for two in fitting}) > 1})
        told = ", ".join(words.conditions[code].label.lower() for code in unsaid if code in words.conditions) or "more"
        return Misfit(unsaid[0] if unsaid else "test", f"{label} is measured {len(fitting)} times in this step. The file must say: {told}.")
    return fitting[0]


def _against(row: MeasuredRow, test: SafetyTest) -> list[str]:
    return [code for code, value in row.conditions.items() if test.conditions.get(code, value) != value]


def _answer(found: Fitted, test: SafetyTest, rows: Mapping[int, MeasuredRow]) -> None:
    """Take the worst row of a measurement. Where no limit is known the tester's own verdict decides, and says so."""
    if isinstance(test.limit, Limit):
        usable = {position: row for position, row in rows.items() if row.value is not None and _comparable(row, test.limit) is not None}
        for position in rows.keys() - usable.keys():
            _misplace(found, position, Misfit("unit", f"The unit does not fit: this is measured in {test.limit.unit}."))
        if usable:
            limit = test.limit
            worst = max(usable, key=lambda position: _badness(usable[position], limit))
            row = usable[worst]
            found.counted[test.key] = worst
            found.answers[test.key] = {"value": format(row.value or Decimal(0), "f"), "unit": row.unit or "", "sign": row.sign}
        return
    for position in [position for position, row in rows.items() if row.said_verdict is None]:
        why = test.limit.why if isinstance(test.limit, NoLimit) else "A person decides this."
        _misplace(found, position, Misfit("result", f"{why} The file says neither pass nor fail."))
    told = {position: row for position, row in rows.items() if row.said_verdict is not None}
    if told:
        worst = max(told, key=lambda position: (told[position].said_verdict == "fail", -position))
        found.counted[test.key] = worst
        found.answers[test.key] = {"verdict": told[worst].said_verdict, "remark": "As the tester's file says."}


def _misplace(found: Fitted, position: int, why: Misfit) -> None:
    del found.places[position]
    found.misfits[position] = why


def _comparable(row: MeasuredRow, limit: Limit) -> Decimal | None:
    try:
        return converted(value=row.value or Decimal(0), unit=row.unit or "", to=limit.unit)
    except UnitRefused:
        return None


def _badness(row: MeasuredRow, limit: Limit) -> Decimal:
    value = _comparable(row, limit) or Decimal(0)
    return value if limit.is_upper else -value
