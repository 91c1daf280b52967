"""What to do when a device cannot be found: search, escalate, propose missing, and what a device found again owes.

Numbers are policy and come from data. A step is a proposal; nothing here changes a device or a denominator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from openhtm.maintenance.rules.calendar import add_days, add_months
from openhtm.ui.rules import formats

DATA = Path(__file__).resolve().parent.parent / "data" / "miss_policy.yaml"


class StepKind(StrEnum):
    NOTHING = "nothing"
    SEARCH = "search"
    ESCALATE = "escalate"
    PROPOSE_MISSING = "propose_missing"
    FOUND = "found"


class Action(StrEnum):
    NOTIFY_MANAGER = "notify_manager"
    SEARCH = "search"
    ESCALATE = "escalate"
    REQUIRE_BEFORE_USE = "require_before_use"
    PROPOSE_MISSING = "propose_missing"
    NOTIFY_FINANCE_PRIVACY_SECURITY = "notify_finance_privacy_security"
    QUARANTINE = "quarantine"
    INSPECT = "inspect"


@dataclass(frozen=True, slots=True)
class MissPolicy:
    """Days after a search in vain until the next is due, searches before escalating, misses or months before proposing missing.

    The next search may start ``search_spread_days`` before it is due: 7 and 2 give the fifth to the seventh day.
    """

    search_after_days: int = 7
    search_spread_days: int = 2
    escalate_after_attempts: int = 2
    missing_after_misses: int = 3
    missing_after_months: int = 12
    high_risk_steps_earlier: int = 1
    signatures: tuple[str, ...] = ("biomed_manager", "owner_department")

    def __post_init__(self) -> None:
        counts = (self.search_after_days, self.escalate_after_attempts, self.missing_after_misses, self.missing_after_months)
        if min(counts) < 1 or min(self.high_risk_steps_earlier, self.search_spread_days) < 0:
            raise ValueError("a miss policy counts from 1, and nothing in it is negative")


@dataclass(frozen=True, slots=True)
class MissFacts:
    """What is recorded about the search for one device.

    ``searched_on`` are the days it was not located for the open visit, ``misses`` the visits missed in a row for that reason,
    ``lost_since`` the first search in vain since it was last seen, ``seen_on`` the last sighting by any scan or feed.
    """

    today: date
    grace_until: date
    high_risk: bool = False
    searched_on: tuple[date, ...] = ()
    misses: int = 0
    lost_since: date | None = None
    seen_on: date | None = None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The next step with its actions and reasons. A search is due from ``search_from`` to ``search_until``, both included.

    ``may_leave_denominator`` says whether the signed proposal may also take the device out of the active PM denominator.
    """

    kind: StepKind
    actions: tuple[Action, ...] = ()
    search_from: date | None = None
    search_until: date | None = None
    signatures: tuple[str, ...] = ()
    may_leave_denominator: bool = False
    reasons: tuple[str, ...] = ()


def read_miss_policy(*, path: Path = DATA) -> MissPolicy:
    """Read the shipped policy. Raises ValueError for numbers that make no sense, TypeError for unknown fields."""
    entry: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["policy"]
    return MissPolicy(**{**entry, "signatures": tuple(entry["signatures"])})


def next_step(policy: MissPolicy, facts: MissFacts) -> Step:
    """Return what the policy asks for on ``facts.today``. High-risk devices go one step earlier and never leave by themselves."""
    earlier = policy.high_risk_steps_earlier if facts.high_risk else 0
    if facts.seen_on and _found_again(facts, facts.seen_on):
        return Step(
            StepKind.FOUND,
            (Action.QUARANTINE, Action.INSPECT, Action.REQUIRE_BEFORE_USE),
            reasons=(f"It was seen on {formats.day(facts.seen_on)} after it could not be found.", *_risk_reason(earlier)),
        )
    if facts.is_missing:
        return Step(StepKind.NOTHING, reasons=("It is recorded as missing; the next sighting decides.",))
    if reason := _gone_too_long(policy, facts, earlier):
        return _propose(policy, facts, (reason, *_risk_reason(earlier)))
    if reason := _escalates(policy, facts, earlier):
        actions = (Action.ESCALATE, Action.REQUIRE_BEFORE_USE, Action.SEARCH)
        return _searching(policy, facts, StepKind.ESCALATE, actions, (reason, *_risk_reason(earlier)))
    if facts.searched_on:
        reason = f"It was searched for in vain on {formats.day(max(facts.searched_on))}."
        return _searching(policy, facts, StepKind.SEARCH, (Action.NOTIFY_MANAGER, Action.SEARCH), (reason,))
    return Step(StepKind.NOTHING, reasons=("It was not searched for in vain.",))


def _found_again(facts: MissFacts, seen_on: date) -> bool:
    """Believe a sighting only if it is newer than every search in vain."""
    lost = [day for day in (*facts.searched_on, facts.lost_since) if day]
    return (facts.is_missing or bool(lost)) and all(seen_on > day for day in lost)


def _gone_too_long(policy: MissPolicy, facts: MissFacts, earlier: int) -> str:
    needed = max(policy.missing_after_misses - earlier, 1)
    if facts.misses >= needed:
        return f"{facts.misses} visits in a row were missed because it was not found; {needed} are enough."
    if facts.lost_since and facts.today >= add_months(facts.lost_since, policy.missing_after_months):
        return f"It has not been found since {formats.day(facts.lost_since)}, which is {policy.missing_after_months} months or more."
    return ""


def _escalates(policy: MissPolicy, facts: MissFacts, earlier: int) -> str:
    needed = max(policy.escalate_after_attempts - earlier, 1)
    if len(facts.searched_on) >= needed:
        return f"It was searched for in vain {len(facts.searched_on)} times; {needed} are enough."
    if facts.searched_on and facts.today > facts.grace_until:
        return f"It was not found by the end of grace on {formats.day(facts.grace_until)}."
    return ""


def _searching(policy: MissPolicy, facts: MissFacts, kind: StepKind, actions: tuple[Action, ...], reasons: tuple[str, ...]) -> Step:
    last_on = max(facts.searched_on)
    return Step(
        kind,
        actions,
        search_from=add_days(last_on, max(policy.search_after_days - policy.search_spread_days, 1)),
        search_until=add_days(last_on, policy.search_after_days),
        reasons=reasons,
    )


def _propose(policy: MissPolicy, facts: MissFacts, reasons: tuple[str, ...]) -> Step:
    return Step(
        StepKind.PROPOSE_MISSING,
        (Action.PROPOSE_MISSING, Action.REQUIRE_BEFORE_USE, Action.NOTIFY_FINANCE_PRIVACY_SECURITY),
        signatures=policy.signatures,
        may_leave_denominator=not facts.high_risk,
        reasons=reasons,
    )


def _risk_reason(earlier: int) -> tuple[str, ...]:
    return ("It is high-risk, so each step comes earlier, and it is never excluded by the policy alone.",) if earlier else ()
