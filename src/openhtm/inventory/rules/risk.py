"""Risk scores: profiles read as data, and one pure function that scores and explains.

A score hints at strategy and frequency. It never decides whether a device is on the inventory (S&C 14-07: all
equipment is), and an input nobody knows makes the score unknown, never a guess. How to read one:
docs/explanation/risk-scores.md.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent.parent / "data" / "risk_profiles.yaml"
UNKNOWN = "unknown"
NO_THRESHOLD = "no-threshold"
NEVER_EXCLUDES = "A score never takes a device off the inventory."


class ProfileFileError(ValueError):
    """The risk profiles are broken; ``problems`` names each profile and field."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The risk profiles cannot be read: " + " ".join(self.problems))


@dataclass(frozen=True)
class Factor:
    """One question of a model. A choice has ``values``; a fraction has ``between`` and one text for all of it."""

    code: str
    label: str
    values: Mapping[float, str]
    between: tuple[float, float] | None
    words: str

    def allows(self, value: float) -> bool:
        if self.between is not None:
            return self.between[0] <= value <= self.between[1]
        return value in self.values

    def words_for(self, value: float) -> str:
        return self.words if self.between is not None else self.values[value]


@dataclass(frozen=True)
class Formula:
    """``sum`` adds the inputs; ``weighted`` multiplies each first, and ``scaled`` ones also by the input ``scaled_by``."""

    kind: str
    weights: Mapping[str, float]
    scaled_by: str | None
    scaled: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a total of at least ``start`` means; ``start`` is None for everything below the other verdicts."""

    start: float | None
    code: str
    words: str


@dataclass(frozen=True)
class Band:
    """Inputs or totals in the closed range ``[start, end]`` ask for an interval of ``every_months``."""

    of: str
    start: float
    end: float | None
    every_months: int

    def holds(self, value: float) -> bool:
        return self.start <= value and (self.end is None or value <= self.end)


@dataclass(frozen=True)
class IntervalRule:
    """One published way from a score to an interval. Of several bands that hold, the shortest interval counts."""

    code: str
    source: str
    confidence: str
    from_total: float
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Profile:
    """A scoring model in one edition, in force on ``[effective_from, effective_to)``."""

    code: str
    name: str
    family: str
    source: str
    edition: str
    confidence: str
    effective_from: date
    effective_to: date | None
    factors: tuple[Factor, ...]
    formula: Formula
    low: float
    high: float
    verdicts: tuple[Verdict, ...]
    interval_rules: tuple[IntervalRule, ...]


@dataclass(frozen=True)
class Part:
    """What one factor added. ``points`` is None while the input is unknown."""

    factor: str
    label: str
    input: float | None
    points: float | None
    words: str


@dataclass(frozen=True)
class Score:
    """A score that explains itself. ``value`` is None and ``verdict`` "unknown" while any input is missing."""

    profile: str
    value: float | None
    low: float
    high: float
    parts: tuple[Part, ...]
    verdict: str
    verdict_words: str
    every_months: int | None
    interval_rule: str | None
    missing: tuple[str, ...]
    explanation: tuple[str, ...]


def score(*, profile: Profile, inputs: Mapping[str, object], interval_rule: str | None = None) -> Score:
    """Score ``inputs`` (factor code to number) by ``profile``; the months come from ``interval_rule`` or its first rule.

    Inputs that are absent, not numbers or off the scale are listed in ``missing`` and leave the score unknown.
    Inputs the profile does not ask for are ignored. Raises KeyError for an ``interval_rule`` the profile lacks.
    """
    rule = _chosen(profile.interval_rules, interval_rule)
    known = {one.code: _reading(one, inputs.get(one.code)) for one in profile.factors}
    given = {code: value for code, value in known.items() if value is not None}
    missing = tuple(code for code, value in known.items() if value is None)
    parts = tuple(_part(one, given, profile.formula, inputs.get(one.code), complete=not missing) for one in profile.factors)
    if missing:
        return _unknown(profile, parts, missing)
    value = _clean(math.fsum(part.points or 0 for part in parts))
    verdict = _verdict(profile.verdicts, value)
    months = _months(rule, value, given)
    return Score(
        profile=profile.code,
        value=value,
        low=profile.low,
        high=profile.high,
        parts=parts,
        verdict=verdict.code,
        verdict_words=verdict.words,
        every_months=months,
        interval_rule=rule.code if rule else None,
        missing=(),
        explanation=_explain(profile, value, parts, verdict, rule, months),
    )


def _chosen(rules: Sequence[IntervalRule], code: str | None) -> IntervalRule | None:
    if code is None:
        return rules[0] if rules else None
    return {rule.code: rule for rule in rules}[code]


def _reading(factor: Factor, value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not factor.allows(value):
        return None
    return float(value)


def _part(factor: Factor, given: Mapping[str, float], formula: Formula, raw: object, *, complete: bool) -> Part:
    value = given.get(factor.code)
    if value is None:
        words = "not known" if raw is None else f"{raw!r} is not on the scale"
        return Part(factor.code, factor.label, None, None, words)
    points = _points(factor.code, given, formula) if complete else None
    return Part(factor.code, factor.label, value, points, factor.words_for(value))


def _points(code: str, given: Mapping[str, float], formula: Formula) -> float:
    if formula.kind == "sum":
        return given[code]
    if code == formula.scaled_by:
        return 0.0
    scale = given[formula.scaled_by] if formula.scaled_by and code in formula.scaled else 1.0
    return _clean(given[code] * formula.weights[code] * scale)


def _clean(value: float) -> float:
    """Round to four places, so that 0.1 x 3 reads 0.3."""
    return round(value, 4)


def _verdict(verdicts: Iterable[Verdict], value: float) -> Verdict:
    for one in verdicts:
        if one.start is None or value >= one.start:
            return one
    return Verdict(None, NO_THRESHOLD, "This model sets no threshold; your organisation does.")


def _months(rule: IntervalRule | None, value: float, given: Mapping[str, float]) -> int | None:
    if rule is None or value < rule.from_total:
        return None
    seen = {"total": value} | dict(given)
    return min((band.every_months for band in rule.bands if band.holds(seen[band.of])), default=None)


def _unknown(profile: Profile, parts: tuple[Part, ...], missing: tuple[str, ...]) -> Score:
    asked = [f"{part.label}: {part.words}." for part in parts if part.factor in missing]
    words = "Not scored until every input is known."
    return Score(
        profile=profile.code,
        value=None,
        low=profile.low,
        high=profile.high,
        parts=parts,
        verdict=UNKNOWN,
        verdict_words=words,
        every_months=None,
        interval_rule=None,
        missing=missing,
        explanation=(f"{profile.name}: unknown.", *asked, words, NEVER_EXCLUDES),
    )


def _explain(
    profile: Profile,
    value: float,
    parts: Iterable[Part],
    verdict: Verdict,
    rule: IntervalRule | None,
    months: int | None,
) -> tuple[str, ...]:
    lines = [f"{profile.name}: {value:g} on a scale from {profile.low:g} to {profile.high:g}."]
    lines += [_part_line(part, profile.formula) for part in parts]
    lines.append(_verdict_line(verdict))
    if rule:
        hint = f"every {months} months" if months else "no interval"
        lines.append(f"Interval hint: {hint} ({rule.source}, confidence {rule.confidence}).")
    return (*lines, f"Source: {profile.source}, confidence {profile.confidence}.", NEVER_EXCLUDES)


def _part_line(part: Part, formula: Formula) -> str:
    if part.factor == formula.scaled_by:
        return f"{part.label}: {part.input:g}, scales {' and '.join(formula.scaled)} ({part.words})."
    return f"{part.label}: {part.input:g}, {part.points:g} points ({part.words})."


def _verdict_line(verdict: Verdict) -> str:
    return verdict.words if verdict.start is None else f"{verdict.start:g} or more: {verdict.words}"


def read_profiles(*, path: Path = DATA) -> tuple[Profile, ...]:
    """Read the profiles in file order. Raises ProfileFileError naming all problems at once."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("profiles"), list):
        raise ProfileFileError([f"{path.name} needs a list named profiles."])
    try:
        profiles = tuple(profile_from_entry(entry) for entry in document["profiles"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProfileFileError([f"{path.name} has a field missing or of the wrong kind: {error!r}."]) from error
    problems = [f"{one.code}: {text}" for one in profiles for text in profile_problems(one)]
    codes = [one.code for one in profiles]
    problems += [f"{code} is used twice." for code in sorted({code for code in codes if codes.count(code) > 1})]
    if problems:
        raise ProfileFileError(problems)
    return profiles


def profile_from_entry(entry: Mapping[str, Any]) -> Profile:
    """Build a profile from its entry in the file, or from the same entry after a round trip through JSON.

    Raises KeyError, TypeError or ValueError if a field is missing or of the wrong kind.
    """
    formula = entry["formula"]
    texts = {field: str(entry[field]) for field in ("code", "name", "family", "source", "edition", "confidence")}
    return Profile(
        **texts,
        effective_from=_day(entry["effective_from"]),
        effective_to=_day(entry["effective_to"]) if entry.get("effective_to") else None,
        factors=tuple(_factor(one) for one in entry["factors"]),
        formula=Formula(
            kind=formula["kind"],
            weights=formula.get("weights", {}),
            scaled_by=formula.get("scaled_by"),
            scaled=tuple(formula.get("scaled", ())),
        ),
        low=float(entry["range"][0]),
        high=float(entry["range"][1]),
        verdicts=tuple(Verdict(one["from"], one["code"], one["words"]) for one in entry["verdicts"]),
        interval_rules=tuple(_interval_rule(one) for one in entry["interval_rules"]),
    )


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def read_entries(*, path: Path = DATA) -> list[dict[str, Any]]:
    """Return the profiles as plain JSON-ready entries, after checking them. Raises ProfileFileError."""
    read_profiles(path=path)
    entries: list[dict[str, Any]] = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))["profiles"], default=str))
    return entries


def _factor(entry: Mapping[str, Any]) -> Factor:
    between = entry.get("between")
    return Factor(
        code=entry["code"],
        label=entry["label"],
        values={float(value): str(words) for value, words in entry.get("values", {}).items()},
        between=(float(between[0]), float(between[1])) if between else None,
        words=entry.get("words", ""),
    )


def _interval_rule(entry: Mapping[str, Any]) -> IntervalRule:
    bands = tuple(Band(one["of"], one["from"], one["to"], one["every_months"]) for one in entry["rules"])
    return IntervalRule(entry["code"], entry["source"], entry["confidence"], entry["from_total"], bands)


def profile_problems(profile: Profile) -> list[str]:
    """Return one sentence for each contradiction inside a profile; nothing when it is sound."""
    codes = {one.code for one in profile.factors}
    problems = [f"factor {one.code} has no scale." for one in profile.factors if not one.values and one.between is None]
    problems += _formula_problems(profile.formula, codes)
    if not problems and (profile.low, profile.high) != (reach := _reach(profile)):
        problems.append(f"range is {profile.low:g} to {profile.high:g}, but its scales reach {reach[0]:g} to {reach[1]:g}.")
    starts = [math.inf if one.start is None else -one.start for one in profile.verdicts]
    if starts and (starts != sorted(starts) or starts[-1] != math.inf):
        problems.append("verdicts must fall from the highest start to one without a start.")
    named = {band.of for rule in profile.interval_rules for band in rule.bands}
    problems += [f"an interval rule asks for {code}, which is no factor." for code in sorted(named - codes - {"total"})]
    return problems


def _formula_problems(formula: Formula, codes: set[str]) -> list[str]:
    if formula.kind not in ("sum", "weighted"):
        return [f"formula {formula.kind} is neither sum nor weighted."]
    if formula.kind == "sum":
        return []
    asked = set(formula.weights) | set(formula.scaled) | ({formula.scaled_by} if formula.scaled_by else set())
    if asked != codes:
        return ["the formula must use every factor once and no other."]
    return []


def _reach(profile: Profile) -> tuple[float, float]:
    """Return the lowest and the highest total the scales allow; every formula here rises with every input."""
    ends = {one.code: one.between or (min(one.values), max(one.values)) for one in profile.factors}
    lows, highs = ({code: pair[end] for code, pair in ends.items()} for end in (0, 1))
    low, high = (math.fsum(_points(code, given, profile.formula) for code in ends) for given in (lows, highs))
    return _clean(low), _clean(high)
