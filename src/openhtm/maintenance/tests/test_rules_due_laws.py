"""Laws of the due dates, on schedules nobody would think of."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openhtm.maintenance.rules.calendar import Unit, add_days, grid_date
from openhtm.maintenance.rules.cycle import move_out_of
from openhtm.maintenance.rules.due import Cycle, Hold, Kind, Open, Plan, Reading, Reason, Settled, plan
from openhtm.maintenance.rules.grid import Slot, slots
from openhtm.maintenance.rules.holds import stretches
from openhtm.maintenance.rules.states import OPEN_STATES, VisitState
from openhtm.maintenance.rules.windows import WindowRule
from openhtm.maintenance.rules.wording import SENTENCES, in_words

DAY = timedelta(days=1)
START = date(2024, 1, 1)
RANK = {state: n for n, state in enumerate(("not_due", "in_window", "due", "grace", "late"))}

units = st.sampled_from(Unit)
days = st.integers(0, 1200).map(lambda n: START + n * DAY)
windows = st.builds(
    WindowRule,
    st.integers(0, 40),
    st.sampled_from([Unit.DAY, Unit.WEEK]),
    st.integers(0, 40),
    st.just(Unit.DAY),
    st.booleans(),
    st.integers(0, 60),
)
blackouts = st.one_of(st.just(frozenset()), st.frozensets(st.integers(1, 12), max_size=11))
intervals = st.one_of(
    st.tuples(st.integers(5, 90), st.just(Unit.DAY)),
    st.tuples(st.integers(1, 30), st.just(Unit.WEEK)),
    st.tuples(st.integers(1, 26), st.just(Unit.MONTH)),
    st.tuples(st.integers(1, 2), st.just(Unit.YEAR)),
)


@st.composite
def cycles(draw: st.DrawFn, kind: Kind = Kind.FIXED) -> Cycle:
    n, unit = draw(intervals)
    ends = draw(st.one_of(st.none(), days))
    return Cycle(
        kind, n, unit,
        anchor_on=draw(st.dates(date(2020, 1, 1), date(2028, 12, 31))),
        starts_on=draw(days),
        ends_on=ends,
        window=draw(windows),
        blackout_months=draw(blackouts),
        meter_every=draw(st.integers(1, 2000)) if kind == Kind.METER else None,
    )  # fmt: skip


@st.composite
def holds_of(draw: st.DrawFn) -> tuple[Hold, ...]:
    """A status history: stretches in order, the last one perhaps still open."""
    cuts = sorted(draw(st.lists(days, max_size=7, unique=True)))
    pairs = list(zip(cuts[::2], [*cuts[1::2], None], strict=False))
    return tuple(Hold(from_on, to_on, draw(st.sampled_from(["in_repair", "stored"]))) for from_on, to_on in pairs)


settled_ones = st.one_of(st.none(), st.builds(Settled, days, st.one_of(st.none(), days)))


@dataclass(frozen=True)
class Situation:
    cycle: Cycle
    settled: Settled | None
    holds: tuple[Hold, ...]
    readings: tuple[Reading, ...] = ()
    base_value: int | None = None

    def on(self, today: date) -> Plan:
        return plan(
            self.cycle, settled=self.settled, holds=self.holds, readings=self.readings, reading_at_last_done=self.base_value, today=today
        )

    def facts_change_on(self) -> set[date]:
        ends = {one.to_on for one in self.holds if one.to_on}
        return {one.from_on for one in self.holds} | ends | {one.read_on for one in self.readings}


readings_of = st.lists(st.builds(Reading, days, st.integers(0, 5000)), max_size=5, unique_by=lambda one: one.read_on).map(tuple)
fixed = st.builds(Situation, cycles(), settled_ones, holds_of())
counted = st.one_of(
    st.builds(Situation, cycles(Kind.FLOATING), settled_ones, holds_of()),
    st.builds(Situation, cycles(Kind.METER), settled_ones, holds_of(), readings_of, st.one_of(st.none(), st.integers(0, 3000))),
)
situations = st.one_of(fixed, counted)


def owed_by_hand(cycle: Cycle, settled: Settled | None, until: date) -> list[date]:
    """Every due day from the definitions alone: all grid dates from the start on, moved, each day once."""
    found = set()
    for k in range(-3000, 3000):
        try:
            grid_on = grid_date(cycle.anchor_on, cycle.every_n, cycle.every_unit, k)
        except ValueError:
            continue
        if not cycle.starts_on <= grid_on <= until + 800 * DAY:
            continue
        floor = cycle.starts_on
        if settled and grid_on > settled.due_on:
            floor = max(floor, settled.due_on)
        found.add(move_out_of(cycle.blackout_months, grid_on, not_before=floor))
    last = cycle.ends_on or date.max
    return sorted(day for day in found if day <= min(last, until) and (settled is None or day > settled.due_on))


@given(fixed, days)
def test_nothing_vanishes(situation: Situation, today: date) -> None:
    found = situation.on(today)
    named = [one.due_on for one in found.passed] + ([found.current.due_on] if found.current else [])
    owed = owed_by_hand(situation.cycle, situation.settled, max([today, *named]))
    assert named == owed[: len(named)], "in order, none left out, none invented"
    assert {day for day in owed if day <= today} <= set(named)


@given(situations, days)
def test_exactly_one_visit_is_open_until_the_end(situation: Situation, today: date) -> None:
    current = situation.on(today).current
    if situation.cycle.ends_on is None:
        assert current is not None
    if current:
        assert current.state in OPEN_STATES
        assert situation.cycle.ends_on is None or current.due_on <= situation.cycle.ends_on
        assert situation.settled is None or current.due_on > situation.settled.due_on


@given(fixed, days, st.integers(1, 200))
def test_running_daily_or_after_silence_is_the_same(situation: Situation, first_on: date, silence: int) -> None:
    last_on = first_on + silence * DAY
    daily: dict[date, VisitState] = {}
    for n in range(silence + 1):
        for one in situation.on(first_on + n * DAY).passed:
            assert daily.setdefault(one.due_on, one.outcome) == one.outcome, "a passed visit never changes"
    assert daily == {one.due_on: one.outcome for one in situation.on(last_on).passed}


@given(fixed, days)
def test_only_the_newest_opened_window_is_open(situation: Situation, today: date) -> None:
    found = situation.on(today)
    opened = [slot for slot in first_slots(situation, 400) if slot.window.opens_on <= today]
    if found.current and opened:
        assert found.current.due_on == opened[-1].due_on
        assert [one.due_on for one in found.passed] == [slot.due_on for slot in opened[:-1]]


def first_slots(situation: Situation, count: int) -> list[Slot]:
    after = situation.settled.due_on if situation.settled else None
    return list(islice(slots(situation.cycle, after=after), count))


@given(fixed)
def test_windows_of_one_schedule_never_overlap(situation: Situation) -> None:
    found = first_slots(situation, 30)
    for slot, following in pairwise(found):
        window, after = slot.window, following.window
        assert window.opens_on <= window.due_on <= window.on_time_until <= window.grace_until < after.opens_on <= after.due_on
        assert slot.taken_over_on == after.opens_on


@given(fixed)
def test_the_sequence_does_not_depend_on_where_it_is_entered(situation: Situation) -> None:
    cycle = situation.cycle
    found = list(islice(slots(cycle, after=None), 30))
    for n, slot in enumerate(found[:-1]):
        entered = list(islice(slots(cycle, after=slot.due_on), len(found) - n - 1))
        assert entered == found[n + 1 :], "windows and days are the same whatever was settled"


@given(situations, days)
def test_no_visit_is_due_in_a_forbidden_month(situation: Situation, today: date) -> None:
    found = situation.on(today)
    named = [*found.passed, *([found.current] if found.current else [])]
    assert all(one.due_on.month not in situation.cycle.blackout_months for one in named)


@given(fixed, days, st.integers(-60, 400))
def test_late_or_early_completion_moves_no_later_date(situation: Situation, today: date, off: int) -> None:
    assume(situation.settled)
    assert situation.settled
    moved = replace(situation, settled=replace(situation.settled, performed_on=situation.settled.due_on + off * DAY))
    assert (moved.on(today).passed, moved.on(today).current) == (situation.on(today).passed, situation.on(today).current)


@given(situations, days)
def test_settling_the_open_visit_brings_a_later_one(situation: Situation, today: date) -> None:
    current = situation.on(today).current
    assume(current)
    assert current
    after = replace(situation, settled=Settled(current.due_on, today)).on(today)
    assert after.passed == ()
    assert after.current is None or after.current.due_on > current.due_on


@given(situations, days, st.integers(1, 400))
def test_the_state_only_grows_between_facts(situation: Situation, today: date, later: int) -> None:
    first, second = situation.on(today).current, situation.on(today + later * DAY).current
    assume(not any(today < day <= today + later * DAY for day in situation.facts_change_on()))
    if first and second and first.due_on == second.due_on and VisitState.HELD not in (first.state, second.state):
        assert RANK[first.state] <= RANK[second.state]


@given(situations, days)
def test_the_next_change_is_exact(situation: Situation, today: date) -> None:
    current = situation.on(today).current
    assume(current)
    assert current
    until = min(current.next_change_on or today + 500 * DAY, *(day for day in situation.facts_change_on() if day > today), date.max)
    for day in sampled(today, until - DAY):
        assert same(situation.on(day).current, current)
    if until == current.next_change_on and until not in situation.facts_change_on():
        assert not same(situation.on(until).current, current)


def sampled(first: date, last: date) -> Iterator[date]:
    step = max((last - first).days // 8, 1)
    yield from (first + n * DAY for n in range(0, (last - first).days + 1, step))
    yield last


def same(one: Open | None, other: Open | None) -> bool:
    return bool(one and other) and (one.due_on, one.state, one.window) == (other.due_on, other.state, other.window)


@given(fixed, days)
def test_holds_only_excuse(situation: Situation, today: date) -> None:
    def missed(found: Plan) -> set[date]:
        return {one.due_on for one in found.passed if one.outcome == VisitState.MISSED}

    held, free = situation.on(today), replace(situation, holds=()).on(today)
    assert missed(held) <= missed(free)
    assert [one.due_on for one in held.passed] == [one.due_on for one in free.passed]
    assert not any(one.outcome == VisitState.PASSED_HELD for one in free.passed)


@given(fixed, days)
def test_a_visit_passed_held_was_never_in_use_after_its_last_day(situation: Situation, today: date) -> None:
    for one, slot in zip(situation.on(today).passed, first_slots(situation, 400), strict=False):
        assert slot.taken_over_on
        between = (slot.taken_over_on - slot.window.on_time_until).days
        held = all(any(hold.covers(slot.window.on_time_until + n * DAY) for hold in situation.holds) for n in range(between))
        assert (one.outcome == VisitState.PASSED_HELD) == held


@given(situations, days)
def test_held_means_held_and_open_window(situation: Situation, today: date) -> None:
    current = situation.on(today).current
    assume(current)
    assert current
    held = any(hold.covers(today) for hold in situation.holds)
    assert (current.state == VisitState.HELD) == (held and today >= current.window.opens_on)


@given(situations, days)
def test_later_facts_change_no_earlier_answer(situation: Situation, today: date) -> None:
    known = tuple(replace(one, to_on=None) if one.to_on and one.to_on > today else one for one in situation.holds if one.from_on <= today)
    readings = tuple(one for one in situation.readings if one.read_on <= today)
    assert replace(situation, holds=known, readings=readings).on(today) == situation.on(today)


@given(situations, days)
def test_every_answer_explains_itself(situation: Situation, today: date) -> None:
    found = situation.on(today)
    words = in_words(found.why)
    assert len(words) >= 3 if found.current else len(words) >= 2
    assert all((text[0].isupper() or text[0].isdigit()) and text.endswith(".") and ".." not in text for text in words)
    assert found.current is None or any("window" in text.lower() for text in words)


@given(situations, days)
def test_the_order_of_facts_does_not_matter(situation: Situation, today: date) -> None:
    turned = replace(situation, holds=situation.holds[::-1], readings=situation.readings[::-1])
    assert turned.on(today) == situation.on(today)


@given(st.builds(Situation, cycles(Kind.FLOATING), settled_ones, holds_of()), days)
def test_floating_counts_from_the_last_one(situation: Situation, today: date) -> None:
    cycle = replace(situation.cycle, blackout_months=frozenset(), ends_on=None)
    found = replace(situation, cycle=cycle).on(today)
    assert found.current and found.passed == ()
    if situation.settled is None:
        assert found.current.due_on == cycle.starts_on
    else:
        counted_on = cycle.after(situation.settled.performed_on or situation.settled.due_on)
        assert found.current.due_on == max(counted_on, cycle.starts_on, situation.settled.due_on + DAY)
        assert found.current.window.opens_on > min(situation.settled.counts_from, found.current.due_on - DAY)


@given(counted, days)
def test_a_meter_never_comes_later_than_the_calendar(situation: Situation, today: date) -> None:
    cycle = replace(situation.cycle, blackout_months=frozenset(), ends_on=None)
    metered, calendar = replace(situation, cycle=cycle), replace(situation, cycle=replace(cycle, kind=Kind.FLOATING))
    first, second = metered.on(today).current, calendar.on(today).current
    assert first and second and first.due_on <= second.due_on


@given(st.integers(1, 500), st.integers(0, 499), st.integers(1, 300), st.integers(1, 400))
def test_more_use_is_never_due_later(every: int, value: int, more: int, after: int) -> None:
    cycle = Cycle(Kind.METER, 2, Unit.YEAR, START, START + 730 * DAY, meter_every=every)
    read_on = START + after * DAY
    less, much = (
        plan(cycle, readings=[Reading(read_on, one)], reading_at_last_done=0, today=read_on).current for one in (value, value + more)
    )
    assert less and much and much.due_on <= less.due_on


@given(holds_of(), days)
def test_stretches_say_the_same_about_each_day(holds: tuple[Hold, ...], today: date) -> None:
    joined = stretches(holds, today=today)
    assert all(one.to_on and one.to_on < two.from_on for one, two in pairwise(joined))
    for n in range(-30, 1):
        day = today + n * DAY
        assert any(one.covers(day) for one in joined) == any(one.covers(day) for one in holds)


def test_decimals_are_compared_as_people_see_them() -> None:
    cycle = Cycle(Kind.METER, 1, Unit.YEAR, START, add_days(START, 365), meter_every=0.2)
    found = plan(cycle, readings=[Reading(add_days(START, 5), 0.3)], reading_at_last_done=0.1, today=add_days(START, 6))
    assert found.current and found.current.due_on == add_days(START, 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every_n": 0}, "at least 1"),
        ({"blackout_months": frozenset(range(1, 13))}, "at least one month"),
        ({"blackout_months": frozenset({13})}, "1 to 12"),
        ({"kind": Kind.METER}, "greater than 0"),
        ({"kind": Kind.METER, "meter_every": float("nan")}, "greater than 0"),
    ],
)
def test_cycles_that_cannot_be_planned_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Cycle(Kind.FIXED, 6, Unit.MONTH, START, START), **changes)


def test_a_reason_without_a_sentence_is_a_mistake() -> None:
    assert "fixed" in SENTENCES
    with pytest.raises(KeyError):
        in_words([Reason("no-such-reason", {})])
