"""Which limit counts, and which tests a device needs: chosen by standard, edition and circumstances, never guessed.

``choose`` names a limit only when the circumstances it was told leave one reading. ``tests_for`` builds the block of a
checklist in the order of the standard. How to read the limits: docs/reference/safety-limits.md.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

from openhtm.procedures.rules.safety.model import Entry, Limit, LimitSet, NoLimit, SafetyTest
from openhtm.procedures.rules.safety.reading import narrower, shipped_sets
from openhtm.procedures.rules.safety.vocabulary import LOOK, vocabulary

_FAULTS = ("earth", "neutral")
NORMAL, SINGLE_FAULT = "NC", "SFC"


def choose(
    *, standard: str, edition: str, test: str, conditions: Mapping[str, str], sets: Sequence[LimitSet] | None = None
) -> Limit | NoLimit:
    """Return the most specific limit for a test, or why there is none.

    A condition that was not said and would change the limit gives ``say-more``, never the more usual reading.
    An open earth or an open neutral is a single fault; closed ones are the normal condition (IEC 60601-1).
    """
    limits = find_set(standard=standard, edition=edition, sets=sets)
    if isinstance(limits, NoLimit):
        return limits
    if refusal := _unknown(test, conditions):
        return refusal
    stated = _with_state(conditions)
    if isinstance(stated, NoLimit):
        return stated
    possible = [one for one in limits.limits if one.test == test and _consistent(one, stated)]
    certain = [one for one in possible if all(code in stated for code in one.when)]
    best = _narrowest(certain)
    rivals = [one for one in possible if one not in certain and (best is None or _differs(one, best))]
    if rivals:
        return _say_more(rivals, stated, every_value=best is not None)
    return best or _none(limits, test)


def find_set(*, standard: str, edition: str, sets: Sequence[LimitSet] | None = None) -> LimitSet | NoLimit:
    """Return the limits of one edition, or a NoLimit that names the editions there are."""
    known = shipped_sets() if sets is None else sets
    for one in known:
        if (one.standard, one.edition) == (standard, edition):
            return one
    editions = ", ".join(one.edition for one in known if one.standard == standard)
    if editions:
        return NoLimit("unknown-edition", f"{standard} has no edition {edition} here. There are {editions}.")
    standards = ", ".join(sorted({one.standard for one in known}))
    return NoLimit("unknown-edition", f"There are no limits of {standard}. There are limits of {standards}.")


def tests_for(
    *,
    standard: str,
    edition: str,
    device_class: str,
    applied_parts: Collection[str] = (),
    methods: Collection[str] = (),
    options: Mapping[str, str] | None = None,
    sets: Sequence[LimitSet] | None = None,
) -> tuple[SafetyTest, ...] | NoLimit:
    """Return the tests of a device in the order of the standard, each with its limit or the reason why it has none.

    ``applied_parts`` are the types the device has (``B``, ``BF``, ``CF``; empty or ``none``: no applied part). ``options``
    are further conditions (``configuration``, ``equipment``, ``leads``); what is missing there is filled in by the set's
    ``assumes`` and listed in ``assumed``. A test that no chosen method can make is listed all the same, without a limit.
    """
    limits = find_set(standard=standard, edition=edition, sets=sets)
    if isinstance(limits, NoLimit):
        return limits
    given = {**(options or {}), "device_class": device_class}
    checked = [given, *({"applied_part": one} for one in applied_parts), *({"method": one} for one in methods)]
    for conditions in checked:
        if refusal := _unknown(None, conditions):
            return refusal
    base = {**limits.assumes, **given}
    assumed = tuple(code for code in limits.assumes if code not in given)
    parts = set(applied_parts) or {"none"}
    found: list[SafetyTest] = []
    for code in dict.fromkeys(entry.test for entry in limits.sequence):
        entries = [entry for entry in limits.sequence if entry.test == code and _is_for(entry, base, parts)]
        tests = [_test(entry, limits, base, own, assumed) for entry in entries for own in _spread(entry, parts, set(methods))]
        found += tests or _unmeasured(entries, limits, base, assumed)
    return tuple(found)


def _unknown(test: str | None, conditions: Mapping[str, str]) -> NoLimit | None:
    words = vocabulary()
    if test is not None and test not in words.tests:
        return NoLimit("unknown-test", f"{test} is no test. There are {', '.join(words.tests)}.")
    for code, value in conditions.items():
        if code not in words.conditions:
            return NoLimit("unknown-condition", f"{code} is no condition. There are {', '.join(words.conditions)}.")
        if value not in words.conditions[code].values:
            values = ", ".join(words.conditions[code].values)
            return NoLimit("unknown-condition", f"{value} is no value of {code}. There are {values}.")
    return None


def _with_state(conditions: Mapping[str, str]) -> Mapping[str, str] | NoLimit:
    """Add NC or SFC where the earth and the neutral tell it."""
    told = [conditions[code] for code in _FAULTS if code in conditions]
    if not told:
        return conditions
    if told.count("open") > 1:
        return NoLimit("contradiction", "Earth and neutral are both open. Limits are given for one fault at a time.")
    state = SINGLE_FAULT if "open" in told else NORMAL
    said = conditions.get("state", state)
    if said == NORMAL != state:
        return NoLimit("contradiction", "An open earth or neutral is a single fault, but the state says normal condition.")
    return {**conditions, "state": said}


def _consistent(limit: Limit, conditions: Mapping[str, str]) -> bool:
    return all(conditions[code] in values for code, values in limit.when.items() if code in conditions)


def _narrowest(limits: Sequence[Limit]) -> Limit | None:
    """The one no other is narrower than; reading a set makes sure that there is one only."""
    left = [one for one in limits if not any(narrower(other.when, one.when) for other in limits)]
    return left[0] if left else None


def _differs(limit: Limit, best: Limit) -> bool:
    """Tell whether a limit whose circumstances are not fully known would count instead and say something else."""
    return narrower(limit.when, best.when) and (limit.comparator, limit.value, limit.unit) != (best.comparator, best.value, best.unit)


def _say_more(rivals: Sequence[Limit], conditions: Mapping[str, str], *, every_value: bool) -> NoLimit:
    """Ask for what decides; ``every_value`` where the values no rival names lead to a limit too."""
    words = vocabulary()
    needed = tuple(code for code in words.conditions if any(code in one.when and code not in conditions for one in rivals))
    asked = []
    for code in needed:
        useful = [value for value in words.conditions[code].values if every_value or any(value in one.when.get(code, ()) for one in rivals)]
        asked.append(f"{words.conditions[code].label.lower()} ({', '.join(useful)})")
    return NoLimit("say-more", f"The limit depends on: {'; '.join(asked)}. Say which applies.", needed)


def _none(limits: LimitSet, test: str) -> NoLimit:
    label = vocabulary().tests[test].label
    if vocabulary().tests[test].kind == LOOK:
        return NoLimit("none", f"{label} has no limit: a person decides.")
    if any(one.test == test for one in limits.limits):
        return NoLimit("none", f"{limits.standard} {limits.edition} has no limit for {label.lower()} under these conditions.")
    return NoLimit("none", f"{limits.standard} {limits.edition} has no limit for {label.lower()} in our sources.")


def _spread(entry: Entry, parts: set[str], methods: set[str]) -> Iterator[dict[str, str]]:
    """Yield the conditions of each test that a line of the sequence stands for."""
    axes: list[list[tuple[str, str]]] = []
    if "applied_part" in entry.only and not entry.once:
        axes.append([("applied_part", one) for one in entry.only["applied_part"] if one in parts])
    if entry.methods:
        axes.append([("method", one) for one in entry.methods if one in methods])
    axes += [[(code, value) for value in values] for code, values in entry.each.items()]
    for chosen in product(*axes):
        yield dict(chosen) | dict(entry.fixed)


def _is_for(entry: Entry, base: Mapping[str, str], parts: set[str]) -> bool:
    others = all(base.get(code) in values for code, values in entry.only.items() if code != "applied_part")
    return others and ("applied_part" not in entry.only or bool(parts & set(entry.only["applied_part"])))


def _test(entry: Entry, limits: LimitSet, base: Mapping[str, str], own: Mapping[str, str], assumed: tuple[str, ...]) -> SafetyTest:
    kind = vocabulary().tests[entry.test]
    title = f"{kind.label}: {words}" if (words := vocabulary().said(conditions=own)) else kind.label
    key = "-".join([entry.test, *(f"{code}_{value}".lower() for code, value in sorted(own.items()))])
    if kind.kind == LOOK:
        return SafetyTest(key, entry.test, title, kind.kind, {}, (), None, None, entry.required)
    conditions = {**base, **own}
    limit = choose(standard=limits.standard, edition=limits.edition, test=entry.test, conditions=conditions, sets=(limits,))
    return SafetyTest(key, entry.test, title, kind.kind, conditions, assumed, limit, kind.unit, entry.required)


def _unmeasured(entries: Sequence[Entry], limits: LimitSet, base: Mapping[str, str], assumed: tuple[str, ...]) -> list[SafetyTest]:
    """Return a line without a limit for a required test that no chosen method can make, so that it cannot be overlooked."""
    needed = [entry for entry in entries if entry.required]
    if not needed:
        return []
    methods = ", ".join(dict.fromkeys(method for entry in needed for method in entry.methods))
    why = NoLimit("say-more", f"{limits.standard} makes this test by one of these methods: {methods}. Choose one.", ("method",))
    kind = vocabulary().tests[needed[0].test]
    return [SafetyTest(kind.code, kind.code, kind.label, kind.kind, dict(base), assumed, why, kind.unit, required=True)]
