"""What became of each visit of one synthetic device: done, late, missed, or passed while it was held. Pure; follows ``maintenance.rules``."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from openhtm.demo.rules.chance import Chance, Weighted
from openhtm.inventory.rules.status import Status
from openhtm.maintenance.rules.calendar import Unit
from openhtm.maintenance.rules.cycle import Cycle, Kind
from openhtm.maintenance.rules.grid import Slot, slots
from openhtm.maintenance.rules.holding import HOLDING
from openhtm.maintenance.rules.holds import Hold, covering, stretches
from openhtm.maintenance.rules.outcomes import Attempt, policy_compliant
from openhtm.maintenance.rules.states import VisitState
from openhtm.maintenance.rules.windows import Window, WindowRule

DAY = dt.timedelta(days=1)
FATES = Weighted({"on_time": 0.95, "grace": 0.02, "late": 0.015, "missed": 0.01, "excluded": 0.005})
"""What becomes of visits that nothing hinders."""
IN_VAIN = Weighted({"in_use": 0.6, "not_located": 0.25, "no_access": 0.1, "refused": 0.05})
FINDINGS = Weighted({"pf": 0.38, "hf": 0.17, "ef": 0.2, "batt": 0.13, "acc": 0.12})
"""Failure codes found during scheduled work (DOMAIN 4.1); what was looked for and not found is ``npf``."""
YIELD = 0.06
FAILED_INSPECTION = "Failed its inspection"
TRIED_BEFORE = 0.05
_TRIES = 12


@dataclass(frozen=True, slots=True)
class Stay:
    """The half-open days a device spent in one status (None: still), when it was recorded and why."""

    status: str
    from_on: dt.date
    to_on: dt.date | None
    since: dt.datetime
    until: dt.datetime | None
    reason: str = ""


@dataclass(slots=True)
class Told:
    """One visit and what became of it. ``attempts`` are (outcome, day), oldest first; ``finding`` is a failure code."""

    window: Window
    state: VisitState
    performed_on: dt.date | None = None
    timing: str = ""
    outcome: str = ""
    finding: str = ""
    attempts: tuple[tuple[str, dt.date], ...] = ()
    in_policy: bool | None = None
    settled_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What hindered the visits of a device: when it came, holds, the day from which it is missing, and the day it left the hospital."""

    since: dt.date
    held: tuple[Hold, ...]
    missing_from: dt.date | None
    gone_on: dt.date | None
    failed_on: tuple[dt.date, ...]
    as_of: dt.date


def stays(steps: Sequence[tuple[str, dt.date, dt.datetime, str]]) -> list[Stay]:
    """Return the stays of a device from its status changes (status, day, moment, reason), oldest first."""
    ends: list[tuple[dt.date | None, dt.datetime | None]] = [*((on, at) for _, on, at, _ in steps[1:]), (None, None)]
    return [Stay(status, on, end[0], at, end[1], reason) for (status, on, at, reason), end in zip(steps, ends, strict=True)]


def course(life: Sequence[Stay], *, as_of: dt.date) -> Course:
    """Return what hinders the visits of a device with this life."""
    holds = [Hold(stay.from_on, stay.to_on, stay.status) for stay in life if stay.status in HOLDING]
    last = life[-1] if life else None
    gone = [stay.from_on for stay in life if stay.status in (Status.RETIRED, Status.DISPOSED)]
    used = [stay.from_on for stay in life if stay.status == Status.IN_SERVICE]
    return Course(
        min(used, default=as_of),
        stretches(holds, today=as_of),
        last.from_on if last and last.status == Status.MISSING else None,
        min(gone, default=None),
        tuple(stay.from_on for stay in life if stay.status == Status.IN_REPAIR and stay.reason == FAILED_INSPECTION),
        as_of,
    )


@lru_cache(maxsize=20_000)
def slots_until(anchor_on: dt.date, starts_on: dt.date, months: int, rule: WindowRule, as_of: dt.date) -> tuple[Slot, ...]:
    """Return the visits of a monthly grid up to the one that is open on ``as_of``, and the one after it."""
    found = []
    for slot in slots(Cycle(Kind.FIXED, months, Unit.MONTH, anchor_on, starts_on, window=rule), after=None):
        found.append(slot)
        if slot.due_on > as_of and (slot.taken_over_on is None or slot.taken_over_on > as_of):
            break
    return tuple(found)


def tell_visits(chance: Chance, owed: Sequence[Slot], about: Course, *, by_vendor: bool) -> Iterator[Told]:
    """Yield the settled visits in order, then the one that waits if somebody has tried it in vain."""
    for slot in owed:
        end = slot.taken_over_on
        if end is None or end > about.as_of:
            current = _current(chance, slot, about, by_vendor)
            if current is not None:
                yield current
            if current is None or current.state != VisitState.DONE:
                return
        elif about.gone_on is not None and end > about.gone_on:
            last = _before_leaving(chance, slot, about, by_vendor)
            if last is not None:
                yield last
            return
        else:
            told = _passed(chance, slot, end, about, by_vendor)
            told.settled_on = told.performed_on or end
            yield told


def _passed(chance: Chance, slot: Slot, end: dt.date, about: Course, by_vendor: bool) -> Told:
    window = slot.window
    hold = covering(about.held, window.on_time_until)
    if hold is not None and (hold.to_on is None or hold.to_on >= end):
        return Told(window, VisitState.PASSED_HELD)
    if hold is not None and hold.to_on is not None:
        after = Window(window.opens_on, window.due_on, hold.to_on, max(window.grace_until, hold.to_on))
        return _done(chance, after, hold.to_on, (), by_vendor)
    if about.missing_from is not None and about.missing_from <= window.on_time_until:
        tries = _searches(chance, window, end - DAY, about)
        return _judged(Told(window, VisitState.MISSED, outcome="not_located" if tries else "", attempts=tries))
    if failed := _failing(window, about):
        return _failed(window, failed)
    fate = chance.by_weight(FATES)
    if fate == "excluded":
        return Told(window, VisitState.EXCLUDED)
    first, last = {
        "on_time": (window.opens_on, window.on_time_until),
        "grace": (window.on_time_until + DAY, window.grace_until),
        "late": (window.grace_until + DAY, min(end - DAY, window.grace_until + 60 * DAY)),
    }.get(fate, (end, window.opens_on))
    day = _working_day(chance, first, last, about)
    if day is None and fate in ("grace", "late"):
        day = _working_day(chance, window.opens_on, window.on_time_until, about)
    if day is None:
        tries = _tries(chance, window, about, 1 + chance.maybe(0.5))
        return _judged(Told(window, VisitState.MISSED, outcome=tries[-1][0] if tries else "", attempts=tries))
    tries = _tries(chance, window, about, 1, before=day) if fate != "on_time" or chance.maybe(TRIED_BEFORE) else ()
    return _done(chance, window, day, tries, by_vendor)


def _current(chance: Chance, slot: Slot, about: Course, by_vendor: bool) -> Told | None:
    """The visit that is open on the reference day: done already the likelier the more of its window has gone."""
    window, today = slot.window, about.as_of
    if today < window.opens_on or about.gone_on is not None or covering(about.held, today):
        return None
    if about.missing_from is not None:
        searched = _searches(chance, window, today, about)
        return _waiting(window, searched, today) if searched else None
    late = today > window.on_time_until
    length = max((window.on_time_until - window.opens_on).days, 1)
    share = 1 - _forgotten((today - window.on_time_until).days) if late else 0.8 * (today - window.opens_on).days / length
    if chance.maybe(share) and not covering(about.held, window.on_time_until):
        day = _working_day(chance, window.opens_on, min(window.on_time_until, today - DAY), about)
        if day is not None:
            return _done(chance, window, day, (), by_vendor)
    tries = _tries(chance, window, about, 1 + chance.maybe(0.3)) if chance.maybe(0.6 if late else 0.1) else ()
    return _waiting(window, tries, today) if tries else None


def _forgotten(days: int) -> float:
    """Return the share of visits still not done so many days after their last day on time."""
    return 0.006 + 0.06 * math.exp(-days / 40)


def _before_leaving(chance: Chance, slot: Slot, about: Course, by_vendor: bool) -> Told | None:
    """The last visit of a device that left: done before that day, or owed no longer."""
    if about.gone_on is None or slot.window.opens_on >= about.gone_on or not chance.maybe(0.5):
        return None
    day = _working_day(chance, slot.window.opens_on, min(slot.window.on_time_until, about.gone_on - DAY), about)
    return None if day is None or covering(about.held, slot.window.on_time_until) else _done(chance, slot.window, day, (), by_vendor)


def _failing(window: Window, about: Course) -> dt.date | None:
    return next((day for day in about.failed_on if window.opens_on <= day <= window.on_time_until), None)


def _failed(window: Window, day: dt.date) -> Told:
    told = Told(window, VisitState.DONE, day, "on_time", "fail", "hf", (("fail", day),))
    return _judged(told)


def _done(chance: Chance, window: Window, day: dt.date, tries: tuple[tuple[str, dt.date], ...], by_vendor: bool) -> Told:
    finding = chance.by_weight(FINDINGS) if chance.maybe(YIELD) else "npf"
    outcome = "vendor_done" if by_vendor else "pass" if finding == "npf" else "pass_adjusted"
    timing = "on_time" if day <= window.on_time_until else "within_grace" if day <= window.grace_until else "late"
    return _judged(Told(window, VisitState.DONE, day, timing, outcome, finding, (*tries, (outcome, day)), settled_on=day))


def _searches(chance: Chance, window: Window, last: dt.date, about: Course) -> tuple[tuple[str, dt.date], ...]:
    """Return the attempts at a device that was missing: searched for in vain up to twice."""
    first = max(window.opens_on, about.missing_from or window.opens_on)
    days = {day for _ in range(2) if (day := _working_day(chance, first, min(last, about.as_of - DAY), about))}
    return tuple(("not_located", day) for day in sorted(days))


def _waiting(window: Window, tries: tuple[tuple[str, dt.date], ...], today: dt.date) -> Told:
    state = VisitState.LATE if today > window.grace_until else VisitState.GRACE if today > window.on_time_until else VisitState.DUE
    if today < window.due_on:
        state = VisitState.IN_WINDOW
    return Told(window, state, outcome=tries[-1][0], attempts=tries)


def _tries(chance: Chance, window: Window, about: Course, count: int, *, before: dt.date | None = None) -> tuple[tuple[str, dt.date], ...]:
    last = min(window.on_time_until, about.as_of - DAY, before - DAY if before else window.on_time_until)
    days = {day for _ in range(count) if (day := _working_day(chance, window.opens_on, last, about))}
    return tuple((chance.by_weight(IN_VAIN), day) for day in sorted(days))


def _judged(told: Told) -> Told:
    if told.state == VisitState.DONE and told.timing == "on_time":
        told.in_policy = True
        return told
    days = [on for _, on in told.attempts]
    after = [*days[1:], None][: len(days)]
    tries = [Attempt(code, on, then) for (code, on), then in zip(told.attempts, after, strict=True)]
    told.in_policy = policy_compliant(told.window, state=told.state, attempts=tries)
    return told


def _working_day(chance: Chance, first: dt.date, last: dt.date, about: Course) -> dt.date | None:
    """Return a weekday from ``first`` to ``last`` on which the device was in use, or None if none was found."""
    span = (last - first).days
    if span < 0:
        return None
    for _ in range(_TRIES):
        day = first + dt.timedelta(days=int(chance.random() * (span + 1)))
        if day.weekday() < 5 and day > about.since and not covering(about.held, day) and not (about.gone_on and day >= about.gone_on):
            return day
    return None
