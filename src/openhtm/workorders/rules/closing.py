"""What an order still needs before it may be closed. Order of the gaps: as a technician would settle them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, NEEDS_FAILURE_CODE, Kind

NEEDS_LABOUR: frozenset[Kind] = frozenset(
    {Kind.SCHEDULED, Kind.CORRECTIVE, Kind.INCIDENT, Kind.ACCEPTANCE, Kind.SAFETY_TEST, Kind.CALIBRATION, Kind.SOFTWARE_UPDATE}
)
"""Kinds of work that somebody spends time on, or a company reports; the cost of service counts on it."""


class GapCode(StrEnum):
    FAILURE_CODE = "failure_code"
    FAILURE_CODE_OTHER_LIST = "failure_code_other_list"
    STEPS = "steps"
    LABOUR = "labour"
    TIMER = "timer"
    CHILDREN = "children"
    VENDOR_REPORT = "vendor_report"
    RETURN_TEST = "return_test"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing. ``names`` are orders, people or checklists; ``count`` how many."""

    code: GapCode
    count: int = 1
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about an order when somebody wants to close it.

    ``failure_code`` is empty if none was given; the two flags say on which lists it stands. ``unfinished`` names checklists
    of the work whose required steps lack results; ``return_test_passed`` is True once a return-to-service checklist was
    finished without a failed step. ``reported_labour``: an accepted vendor report stands for labour.
    """

    kind: Kind
    failure_code: str = ""
    code_for_corrective: bool = False
    code_for_scheduled: bool = False
    labour_min: int = 0
    reported_labour: bool = False
    running_timers: tuple[str, ...] = ()
    open_children: tuple[str, ...] = ()
    unreviewed_reports: int = 0
    unfinished: tuple[str, ...] = ()
    return_test_required: bool = False
    return_test_passed: bool = False


def completing_gaps(facts: Facts) -> tuple[Gap, ...]:
    """Return what only whoever did the work can tell: the failure code."""
    if facts.kind not in NEEDS_FAILURE_CODE:
        return ()
    if not facts.failure_code:
        return (Gap(GapCode.FAILURE_CODE),)
    fits = facts.code_for_corrective if facts.kind in CORRECTIVE_CODES else facts.code_for_scheduled
    return () if fits else (Gap(GapCode.FAILURE_CODE_OTHER_LIST, names=(facts.failure_code,)),)


def closing_gaps(facts: Facts) -> tuple[Gap, ...]:
    """Return everything that is missing. Failure codes are asked for by kind, each from its own list (DOMAIN 4.1).

    A return-to-service test is owed whenever a failed step or an opened enclosure required it (IEC 62353, test after repair).
    """
    gaps = list(completing_gaps(facts))
    if facts.unfinished:
        gaps.append(Gap(GapCode.STEPS, len(facts.unfinished), facts.unfinished))
    if facts.kind in NEEDS_LABOUR and not facts.labour_min and not facts.reported_labour:
        gaps.append(Gap(GapCode.LABOUR))
    if facts.running_timers:
        gaps.append(Gap(GapCode.TIMER, len(facts.running_timers), facts.running_timers))
    if facts.open_children:
        gaps.append(Gap(GapCode.CHILDREN, len(facts.open_children), facts.open_children))
    if facts.unreviewed_reports:
        gaps.append(Gap(GapCode.VENDOR_REPORT, facts.unreviewed_reports))
    if facts.return_test_required and not facts.return_test_passed:
        gaps.append(Gap(GapCode.RETURN_TEST))
    return tuple(gaps)


_WORDS = {
    GapCode.FAILURE_CODE: "a failure code",
    GapCode.FAILURE_CODE_OTHER_LIST: "a failure code of its own list ({names} is not on it)",
    GapCode.STEPS: "the remaining steps of {names}",
    GapCode.LABOUR: "booked labour or an accepted service report",
    GapCode.TIMER: "the running timer of {names} to be stopped",
    GapCode.CHILDREN: "{names} to be settled",
    GapCode.VENDOR_REPORT: "the service report to be reviewed",
    GapCode.RETURN_TEST: "a passed return-to-service test",
}
_NAMED = 3


def in_words(gaps: Sequence[Gap]) -> str:
    """Join the gaps into part of a sentence: "booked labour and a passed return-to-service test"."""
    parts = [_WORDS[gap.code].format(names=_list([*gap.names[:_NAMED], *_more(len(gap.names) - _NAMED)])) for gap in gaps]
    return _list(parts)


def _more(count: int) -> list[str]:
    return [f"{count} more"] if count > 0 else []


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
