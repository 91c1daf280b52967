"""What is told of visits, failures and answers, without a database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.demo.rules import trouble
from openhtm.demo.rules.answers import answers_of
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.visits import Stay, Told, course, slots_until, stays, tell_visits
from openhtm.inventory.rules.status import Status
from openhtm.maintenance.rules.calendar import Unit
from openhtm.maintenance.rules.cycle import Cycle, Kind
from openhtm.maintenance.rules.due import plan
from openhtm.maintenance.rules.holds import Hold
from openhtm.maintenance.rules.states import VisitState
from openhtm.maintenance.rules.windows import WindowRule
from openhtm.procedures.rules.packs import starter_packs

AS_OF = dt.date(2026, 11, 22)
MONTH_END = WindowRule(snap_to_month=True, grace_days=30)
DAY = dt.timedelta(days=1)


def stay(status: Status, from_on: dt.date, to_on: dt.date | None, reason: str = "") -> Stay:
    noon = dt.time(15, tzinfo=dt.UTC)
    until = dt.datetime.combine(to_on, noon) if to_on else None
    return Stay(status.value, from_on, to_on, dt.datetime.combine(from_on, noon), until, reason)


def told_of(seed: int, life: list[Stay], *, months: int = 12, anchor_on: dt.date = dt.date(2017, 3, 31)) -> list[Told]:
    owed = slots_until(anchor_on, anchor_on, months, MONTH_END, AS_OF)
    return list(tell_visits(Chance.of(seed, "test"), owed, course(life, as_of=AS_OF), by_vendor=False))


in_use = [stay(Status.IN_SERVICE, dt.date(2016, 11, 22), None)]
lives = st.sampled_from([
    in_use,
    [stay(Status.IN_SERVICE, dt.date(2018, 5, 3), dt.date(2024, 2, 10)), stay(Status.STORED, dt.date(2024, 2, 10), None)],
    [stay(Status.IN_SERVICE, dt.date(2016, 11, 22), dt.date(2023, 6, 1)), stay(Status.RETIRED, dt.date(2023, 6, 1), None)],
    [stay(Status.IN_SERVICE, dt.date(2016, 11, 22), dt.date(2025, 8, 1)), stay(Status.MISSING, dt.date(2025, 8, 1), None)],
    [
        stay(Status.IN_SERVICE, dt.date(2016, 11, 22), dt.date(2020, 3, 25)),
        stay(Status.IN_REPAIR, dt.date(2020, 3, 25), dt.date(2020, 4, 12)),
        stay(Status.IN_SERVICE, dt.date(2020, 4, 12), None),
    ],
])  # fmt: skip


@given(seed=st.integers(0, 10_000), life=lives, months=st.sampled_from([1, 3, 6, 12, 24]))
def test_nothing_happens_before_the_device_came_or_after_it_left_or_in_the_future(seed: int, life: list[Stay], months: int) -> None:
    came = life[0].from_on
    left = min((one.from_on for one in life if one.status == Status.RETIRED), default=AS_OF)
    for told in told_of(seed, life, months=months):
        days = [day for _, day in told.attempts]
        assert all(came < day < left or (day < AS_OF and left == AS_OF) for day in days)
        assert days == sorted(days)
        assert (told.performed_on is None) == (told.state != VisitState.DONE)
        assert told.performed_on is None or told.attempts[-1][1] == told.performed_on


@given(seed=st.integers(0, 10_000), life=lives, months=st.sampled_from([1, 3, 6, 12, 24]))
def test_what_passed_is_what_the_rules_of_maintenance_say(seed: int, life: list[Stay], months: int) -> None:
    anchor_on = dt.date(2017, 3, 31)
    cycle = Cycle(Kind.FIXED, months, Unit.MONTH, anchor_on, anchor_on, window=MONTH_END)
    holds = [Hold(one.from_on, one.to_on, one.status) for one in life if one.status in ("stored", "in_repair")]
    passed = {one.due_on: one for one in plan(cycle, holds=holds, today=AS_OF).passed}
    for told in told_of(seed, life, months=months):
        if told.state in (VisitState.MISSED, VisitState.PASSED_HELD):
            assert passed[told.window.due_on].outcome == told.state
            assert passed[told.window.due_on].window.on_time_until == told.window.on_time_until


def test_nineteen_of_twenty_visits_are_done_on_time() -> None:
    told = [one for seed in range(400) for one in told_of(seed, in_use)]
    shares = {timing: sum(one.timing == timing for one in told) / len(told) for timing in ("on_time", "within_grace", "late")}
    assert 0.92 < shares["on_time"] < 0.98
    assert 0.005 < shares["within_grace"] < 0.04
    assert 0.005 < shares["late"] < 0.04
    found = sum(one.outcome == "pass_adjusted" for one in told) / len(told)
    assert 0.03 < found < 0.09


def test_a_device_that_failed_its_inspection_was_inspected_that_day() -> None:
    broke = dt.date(2020, 3, 12)
    life = [
        stay(Status.IN_SERVICE, dt.date(2016, 11, 22), broke),
        stay(Status.IN_REPAIR, broke, dt.date(2020, 3, 20), "Failed its inspection"),
        stay(Status.IN_SERVICE, dt.date(2020, 3, 20), None),
    ]
    told = next(one for one in told_of(1, life) if one.window.due_on == dt.date(2020, 3, 31))
    assert (told.performed_on, told.outcome, told.finding) == (broke, "fail", "hf")


def test_stays_follow_each_other() -> None:
    at = dt.datetime(2020, 1, 1, 15, tzinfo=dt.UTC)
    life = stays([("received", dt.date(2020, 1, 1), at, ""), ("in_service", dt.date(2020, 1, 9), at + 8 * DAY, "")])
    assert [(one.status, one.from_on, one.to_on) for one in life] == [
        ("received", dt.date(2020, 1, 1), dt.date(2020, 1, 9)),
        ("in_service", dt.date(2020, 1, 9), None),
    ]


@pytest.mark.parametrize(("younger", "older"), [(3.0, 12.0), (3.0, 0.2)])
def test_devices_fail_more_at_both_ends_of_their_life(younger: float, older: float) -> None:
    middle = trouble.rate(price_cents=500_000, age_years=younger, life_years=10)
    assert trouble.rate(price_cents=500_000, age_years=older, life_years=10) > middle


@given(seed=st.integers(0, 10_000), years=st.integers(0, 12))
def test_reports_lie_in_their_time(seed: int, years: int) -> None:
    first = AS_OF - dt.timedelta(days=365 * years)
    days = trouble.reports(Chance.of(seed), price_cents=900_000, life_years=8, born_on=first, first=first, last=AS_OF)
    assert days == sorted(days)
    assert all(first <= day < AS_OF for day in days)


def test_no_problem_is_found_in_a_plausible_share() -> None:
    chance = Chance.of(1, "codes")
    codes = [trouble.trouble(chance, networked=True).failure for _ in range(3000)]
    assert 0.05 < codes.count("npf") / len(codes) < 0.15


def test_every_step_that_asks_for_an_answer_has_good_ones() -> None:
    for pack in starter_packs():
        for procedure in pack.pack.procedures:
            drawn = {one.key: one for one in answers_of(procedure.content)}
            for step in procedure.content.steps:
                if step.kind in ("pass_fail", "number", "choice", "electrical_safety"):
                    assert drawn[step.key].good, (procedure.code, step.key)
                    assert all(one.verdict in ("pass", "recorded") for one in drawn[step.key].good)
                    assert all(one.verdict == "fail" for one in drawn[step.key].bad)
