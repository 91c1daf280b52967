"""Limit sets read from YAML; a broken file is refused with every problem it has."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from openhtm.procedures.rules.safety.model import COMPARATORS, PURPOSES, Entry, Limit, LimitSet
from openhtm.procedures.rules.safety.units import UNITS
from openhtm.procedures.rules.safety.vocabulary import DATA, LOOK, Vocabulary, vocabulary

CONFIDENCE = ("S", "S2", "GK-high", "GK-med", "GK-low")
_TEXTS = ("standard", "edition", "title", "jurisdiction", "purpose", "source", "confidence", "note")
_SPREAD = ("each", "only")


class LimitFileError(ValueError):
    """Limit sets are broken; ``problems`` names each set and limit."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The limits cannot be read: " + " ".join(self.problems))


@cache
def shipped_sets() -> tuple[LimitSet, ...]:
    """Return the limit sets that come with OpenHTM, by standard and edition."""
    return read_sets(paths=sorted(path for path in DATA.glob("*.yaml") if path.name != "vocabulary.yaml"))


def read_sets(*, paths: Iterable[Path]) -> tuple[LimitSet, ...]:
    """Read files of limit sets. Raises LimitFileError naming all problems at once, OSError if a file cannot be read."""
    sets: list[LimitSet] = []
    problems: list[str] = []
    for path in paths:
        found, wrong = sets_from(document=_document(path), name=path.name)
        sets += found
        problems += wrong
    names = [(one.standard, one.edition) for one in sets]
    problems += [f"{standard} {edition} is given twice." for standard, edition in sorted({name for name in names if names.count(name) > 1})]
    if problems:
        raise LimitFileError(problems)
    return tuple(sorted(sets, key=lambda one: (one.standard, one.edition)))


def _document(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LimitFileError([f"{path.name} is not YAML: {' '.join(str(error).split())[:200]}."]) from None


def sets_from(*, document: Any, name: str) -> tuple[list[LimitSet], list[str]]:
    """Return the sets of one document that could be built, and every problem as a sentence that begins with ``name``."""
    if not isinstance(document, dict) or not isinstance(document.get("sets"), list):
        return [], [f"{name} needs a list named sets."]
    problems = [f"{name} needs {field}." for field in ("source", "edition", "effective_from", "confidence") if not document.get(field)]
    sets: list[LimitSet] = []
    for number, entry in enumerate(document["sets"], start=1):
        try:
            one = set_from_entry(entry=entry)
        except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
            problems.append(f"{name}, set {number}: a field is missing or of the wrong kind: {error!r}.")
            continue
        sets.append(one)
        problems += [f"{name}, {one.standard} {one.edition}: {text}" for text in set_problems(limits=one)]
    return sets, problems


def set_from_entry(*, entry: Mapping[str, Any]) -> LimitSet:
    """Build one set from its entry. Raises KeyError, TypeError, ValueError or InvalidOperation for a missing or wrong field."""
    texts = {field: str(entry[field]) for field in _TEXTS}
    sequence = tuple(_entry(one) for one in entry["sequence"])
    return LimitSet(
        **texts,
        effective_from=_day(entry["effective_from"]),
        effective_to=None if entry["effective_to"] is None else _day(entry["effective_to"]),
        assumes={str(code): str(value) for code, value in entry["assumes"].items()},
        limits=tuple(_limit(one, entry) for one in entry["limits"]),
        sequence=sequence,
    )


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _limit(entry: Mapping[str, Any], owner: Mapping[str, Any]) -> Limit:
    when = {str(code): frozenset(_listed(values)) for code, values in entry["when"].items()}
    rule = owner.get("normalise") or {"tests": (), "methods": ()}
    return Limit(
        standard=str(owner["standard"]),
        edition=str(owner["edition"]),
        purpose=str(owner["purpose"]),
        test=str(entry["test"]),
        when=when,
        comparator=str(entry["comparator"]),
        value=_number(entry["value"]),
        unit=str(entry["unit"]),
        source=str(entry.get("source") or owner["source"]),
        confidence=str(entry["confidence"]),
        clause=str(entry.get("clause") or ""),
        note=str(entry.get("note") or ""),
        normalised=entry["test"] in rule["tests"] and bool(when.get("method")) and when["method"] <= set(rule["methods"]),
    )


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError("a limit is a number")
    return Decimal(str(value))


def _listed(values: Any) -> list[str]:
    if not isinstance(values, list):
        raise TypeError(f"a list is needed, not {values!r}")
    return [str(value) for value in values]


def _entry(entry: Mapping[str, Any]) -> Entry:
    spread = {name: {str(code): tuple(_listed(values)) for code, values in entry.get(name, {}).items()} for name in _SPREAD}
    return Entry(
        test=str(entry["test"]),
        only=spread["only"],
        fixed={str(code): str(value) for code, value in entry.get("with", {}).items()},
        each=spread["each"],
        methods=tuple(_listed(entry.get("methods", []))),
        once=bool(entry.get("once", False)),
        required=bool(entry.get("required", True)),
    )


def set_problems(*, limits: LimitSet, words: Vocabulary | None = None) -> list[str]:
    """Return one sentence for each contradiction inside a set; nothing when it is sound."""
    words = words or vocabulary()
    problems = [] if limits.purpose in PURPOSES else [f"purpose {limits.purpose} is none of {', '.join(PURPOSES)}."]
    if limits.confidence not in CONFIDENCE:
        problems.append(f"confidence {limits.confidence} is none of {', '.join(CONFIDENCE)}.")
    if limits.effective_to is not None and limits.effective_to <= limits.effective_from:
        problems.append("effective_to is not after effective_from.")
    problems += _unknown(limits.assumes, words, "assumes")
    for limit in limits.limits:
        problems += _limit_problems(limit, words)
    for entry in limits.sequence:
        problems += _entry_problems(entry, words)
    return problems + _overlaps(limits.limits)


def _limit_problems(limit: Limit, words: Vocabulary) -> list[str]:
    problems = [f"limit of {limit.test}: {text}" for text in _unknown(limit.when, words, "when")]
    kind = words.tests.get(limit.test)
    if kind is None or kind.kind == LOOK:
        problems.append(f"limit of {limit.test}: no measured test has this code.")
    elif limit.unit not in UNITS or UNITS[limit.unit].family != UNITS[str(kind.unit)].family:
        problems.append(f"limit of {limit.test}: {limit.unit} is no unit of it; use {kind.unit}.")
    if limit.comparator not in COMPARATORS:
        problems.append(f"limit of {limit.test}: comparator {limit.comparator} is none of {', '.join(COMPARATORS)}.")
    if not limit.value.is_finite() or limit.value <= 0:
        problems.append(f"limit of {limit.test}: {limit.value} is not a number above zero.")
    if limit.confidence not in CONFIDENCE:
        problems.append(f"limit of {limit.test}: confidence {limit.confidence} is none of {', '.join(CONFIDENCE)}.")
    return problems


def _entry_problems(entry: Entry, words: Vocabulary) -> list[str]:
    problems = [] if entry.test in words.tests else [f"sequence: {entry.test} is no test."]
    for where, given in (("only", entry.only), ("with", entry.fixed), ("each", entry.each), ("methods", {"method": entry.methods})):
        problems += [f"sequence, {entry.test}: {text}" for text in _unknown(given, words, where)]
    return problems


def _unknown(given: Mapping[str, Any], words: Vocabulary, where: str) -> list[str]:
    problems: list[str] = []
    for code, value in given.items():
        if code not in words.conditions:
            problems.append(f"{where}: {code} is no condition.")
            continue
        values = {value} if isinstance(value, str) else set(value)
        problems += [f"{where}: {one} is no value of {code}." for one in sorted(values - set(words.conditions[code].values))]
    return problems


def _overlaps(limits: Sequence[Limit]) -> list[str]:
    """Two limits that can both apply must be one more specific than the other, or no one could tell which counts."""
    wrong = [
        (a, b)
        for a, b in combinations(limits, 2)
        if a.test == b.test and compatible(a.when, b.when) and not (narrower(a.when, b.when) or narrower(b.when, a.when))
    ]
    return [f"two limits of {a.test} can apply at once: {said_when(a)} and {said_when(b)}." for a, b in wrong]


def compatible(a: Mapping[str, frozenset[str]], b: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether some circumstances fulfil both."""
    return all(a[code] & b[code] for code in a.keys() & b.keys())


def narrower(a: Mapping[str, frozenset[str]], b: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether ``a`` asks for everything ``b`` does and for more."""
    return a != b and all(code in a and a[code] <= values for code, values in b.items())


def said_when(limit: Limit) -> str:
    """Return the circumstances of a limit as ``method direct; applied_part BF or CF``; ``always`` when there are none."""
    return "; ".join(f"{code} {' or '.join(sorted(values))}" for code, values in limit.when.items()) or "always"
