"""Which visit of a schedule is open, since when, until when, which ones were passed, and why.

One pure function of recorded facts computes the dates and the reasons together. It knows no clock and keeps no state: asked
every day or after a month of silence it gives the same answer. How to read one: docs/explanation/pm-due-dates.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from openhtm.maintenance.rules.calendar import add_days
from openhtm.maintenance.rules.cycle import Cycle, Kind, move_out_of
from openhtm.maintenance.rules.grid import Slot, slots
from openhtm.maintenance.rules.holds import Hold, covering, stretches
from openhtm.maintenance.rules.meter import Amount, Expected, Reading, expect
from openhtm.maintenance.rules.states import VisitState
from openhtm.maintenance.rules.windows import Window, window_for

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settled:
    """The newest settled visit: done or covered on ``performed_on``, or excluded (None)."""

    due_on: date
    performed_on: date | None = None

    @property
    def counts_from(self) -> date:
        return self.performed_on or self.due_on


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the answer as a code with its values; ``wording.in_words`` writes it out."""

    code: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Passed:
    """A visit that the next one took over: ``missed``, or ``passed_held`` when nothing was owed for it."""

    due_on: date
    window: Window
    outcome: VisitState


@dataclass(frozen=True, slots=True)
class Open:
    """The visit that waits. On ``next_change_on`` its state changes by date alone, or the next visit takes over."""

    due_on: date
    window: Window
    state: VisitState
    next_change_on: date | None
    taken_over_on: date | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every visit owed since the settled one: ``passed`` oldest first, then the one that is open, and the reasons."""

    passed: tuple[Passed, ...]
    current: Open | None
    why: tuple[Reason, ...]


def plan(
    cycle: Cycle,
    *,
    settled: Settled | None = None,
    holds: Sequence[Hold] = (),
    readings: Sequence[Reading] = (),
    reading_at_last_done: Amount | None = None,
    today: date,
) -> Plan:
    """Return what is owed on ``today``, a calendar day of the facility.

    ``settled`` is the newest settled visit whatever happened before it. ``reading_at_last_done`` is what the meter showed when
    it was settled, or on the anchor day if none was. Holds and readings after ``today`` are left out.
    Source: hospital practice, as explained in docs/explanation/pm-due-dates.md.
    """
    joined = stretches(holds, today=today)
    if cycle.kind == Kind.FIXED:
        return _plan_fixed(cycle, settled, joined, today)
    return _plan_counted(cycle, settled, joined, readings, reading_at_last_done, today)


def _plan_fixed(cycle: Cycle, settled: Settled | None, joined: Sequence[Hold], today: date) -> Plan:
    passed: list[Passed] = []
    why = [_reason("fixed", n=cycle.every_n, unit=str(cycle.every_unit), anchor_on=cycle.anchor_on), *_settled_reasons(cycle, settled)]
    for slot in slots(cycle, after=settled.due_on if settled else None):
        if slot.taken_over_on is None or slot.taken_over_on > today:
            current, more = _opened(cycle, slot.window, joined, today, slot.taken_over_on)
            return Plan(tuple(passed), current, (*why, *_passed_reasons(passed), *_slot_reasons(cycle, slot), *more))
        passed.append(_pass(slot, joined, taken_over_on=slot.taken_over_on))
    return Plan(tuple(passed), None, (*why, *_passed_reasons(passed), _reason("none_left", ends_on=cycle.ends_on)))


def _pass(slot: Slot, joined: Sequence[Hold], *, taken_over_on: date) -> Passed:
    """Owe nothing for a visit that a hold covered from its last day on time until the next window opened.

    A device that came back to use in between needed the visit first, so it was missed.
    """
    held = covering(joined, slot.window.on_time_until)
    if held and (held.to_on is None or held.to_on >= taken_over_on):
        return Passed(slot.due_on, slot.window, VisitState.PASSED_HELD)
    return Passed(slot.due_on, _after_hold(slot.window, joined)[0], VisitState.MISSED)


def _plan_counted(
    cycle: Cycle,
    settled: Settled | None,
    joined: Sequence[Hold],
    readings: Iterable[Reading],
    base_value: Amount | None,
    today: date,
) -> Plan:
    stop_on = max(cycle.starts_on, cycle.after(settled.counts_from)) if settled else cycle.starts_on
    expected = _expected(cycle, settled, readings, base_value, today=today, stop_on=stop_on)
    counted_on = expected.day if expected else stop_on
    why = [*_settled_reasons(cycle, settled), *_counted_reasons(cycle, settled, stop_on, expected)]
    if settled and counted_on <= settled.due_on:
        why.append(_reason("not_before_settled", counted_on=counted_on, due_on=settled.due_on))
        counted_on = settled.due_on + DAY
    due_on = move_out_of(cycle.blackout_months, counted_on, not_before=_earliest(cycle, settled, expected))
    why += _move_reasons(cycle, counted_on, due_on)
    if cycle.ends_on and due_on > cycle.ends_on:
        return Plan((), None, (*why, _reason("none_left", ends_on=cycle.ends_on)))
    window = window_for(cycle.window, due_on)
    if settled:  # done early within a wide window, the next visit must not open on the same day
        window = replace(window, opens_on=min(max(window.opens_on, settled.counts_from + DAY), due_on))
    current, more = _opened(cycle, window, joined, today, None)
    return Plan((), current, (*why, *more))


def _expected(
    cycle: Cycle, settled: Settled | None, readings: Iterable[Reading], base_value: Amount | None, *, today: date, stop_on: date
) -> Expected | None:
    """Return what the meter says, or None when it says nothing or only a day after the calendar back-stop."""
    if cycle.kind != Kind.METER or cycle.meter_every is None:
        return None
    base_on = settled.counts_from if settled else cycle.anchor_on
    return expect(base_on=base_on, base_value=base_value, every=cycle.meter_every, readings=readings, today=today, no_later_than=stop_on)


def _earliest(cycle: Cycle, settled: Settled | None, expected: Expected | None) -> date:
    """Return the first day a visit may be moved to: after the settled one, whose day names it, and not before the newest fact."""
    floors = [expected.newest.read_on if expected else cycle.starts_on]
    if settled:
        floors += [settled.due_on + DAY, settled.counts_from + DAY]
    return max(floors)


def _opened(cycle: Cycle, alone: Window, joined: Sequence[Hold], today: date, taken_over_on: date | None) -> tuple[Open, list[Reason]]:
    window, ended = _after_hold(alone, joined)
    held = covering(joined, today)
    state = _state(window, today, held)
    more = [
        _reason(
            "window",
            profile=cycle.window.profile,
            opens_on=alone.opens_on,
            due_on=alone.due_on,
            on_time_until=alone.on_time_until,
            grace_until=alone.grace_until,
        )
    ]
    if taken_over_on:
        more.append(_reason("taken_over", on=taken_over_on))
    if ended:
        more.append(_reason("was_held", from_on=ended.from_on, to_on=ended.to_on, status=ended.status))
    if held:
        more.append(_reason("held", from_on=held.from_on, status=held.status))
    more.append(_reason("state", state=str(state), today=today, due_on=window.due_on, grace_until=window.grace_until))
    return Open(window.due_on, window, state, _next_change(window, today, held, taken_over_on), taken_over_on), more


def _after_hold(window: Window, joined: Sequence[Hold]) -> tuple[Window, Hold | None]:
    """Give a visit whose last day on time was held until the day the device came back: it is due before use."""
    hold = covering(joined, window.on_time_until)
    if hold is None or hold.to_on is None:
        return window, None
    return replace(window, on_time_until=hold.to_on, grace_until=max(window.grace_until, hold.to_on)), hold


def _state(window: Window, day: date, held: Hold | None) -> VisitState:
    if day < window.opens_on:
        return VisitState.NOT_DUE
    if held:
        return VisitState.HELD
    if day < window.due_on:
        return VisitState.IN_WINDOW
    if day <= window.on_time_until:
        return VisitState.DUE
    return VisitState.GRACE if day <= window.grace_until else VisitState.LATE


def _next_change(window: Window, today: date, held: Hold | None, taken_over_on: date | None) -> date | None:
    now = _state(window, today, held)
    days = {window.opens_on, window.due_on, add_days(window.on_time_until, 1), add_days(window.grace_until, 1)}
    changes = [day for day in days if day > today and _state(window, day, held) != now]
    return min([*changes, taken_over_on] if taken_over_on else changes, default=None)


def _reason(code: str, **values: object) -> Reason:
    return Reason(code, values)


def _settled_reasons(cycle: Cycle, settled: Settled | None) -> list[Reason]:
    fixed = cycle.kind == Kind.FIXED
    if settled is None:
        return [_reason("first_on_grid" if fixed else "first", starts_on=cycle.starts_on)]
    if settled.performed_on is None:
        return [_reason("excluded", due_on=settled.due_on)]
    return [_reason("done_on_grid" if fixed else "done", due_on=settled.due_on, performed_on=settled.performed_on)]


def _counted_reasons(cycle: Cycle, settled: Settled | None, stop_on: date, expected: Expected | None) -> list[Reason]:
    why = [_reason("meter", every=cycle.meter_every)] if cycle.kind == Kind.METER else []
    if expected:
        newest = expected.newest
        code = "meter_reached" if expected.reached else "meter_predicted"
        values = {"threshold": expected.threshold, "on": expected.day, "read_on": newest.read_on, "value": newest.value}
        return [*why, Reason(code, values), _reason("back_stop", on=stop_on)]
    if cycle.kind == Kind.METER:
        why.append(_reason("meter_silent"))
    why.append(_reason("floating", n=cycle.every_n, unit=str(cycle.every_unit)))
    if settled and stop_on > cycle.after(settled.counts_from):
        why.append(_reason("starts_later", starts_on=cycle.starts_on))
    return why


def _slot_reasons(cycle: Cycle, slot: Slot) -> list[Reason]:
    why = _move_reasons(cycle, slot.grid_on, slot.due_on)
    if slot.window.opens_on > window_for(cycle.window, slot.due_on).opens_on:
        why.append(_reason("opens_later", opens_on=slot.window.opens_on))
    return why


def _move_reasons(cycle: Cycle, counted_on: date, due_on: date) -> list[Reason]:
    if counted_on.month not in cycle.blackout_months:
        return []
    return [_reason("moved", counted_on=counted_on, due_on=due_on, months=tuple(sorted(cycle.blackout_months)))]


def _passed_reasons(passed: Sequence[Passed]) -> list[Reason]:
    """Return one reason per kind of passing: a schedule forgotten for years is told in one sentence."""
    kinds = {kind: [one.due_on for one in passed if one.outcome == kind] for kind in (VisitState.MISSED, VisitState.PASSED_HELD)}
    return [_reason(str(kind), count=len(days), first_on=days[0], last_on=days[-1]) for kind, days in kinds.items() if days]
