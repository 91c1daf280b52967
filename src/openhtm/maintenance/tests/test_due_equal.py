"""The set-based run and ``rules.due`` say the same, row by row, for any facts in the database."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openhtm.inventory.models import StatusChange
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import MeterReading, Visit
from openhtm.maintenance.queries.facts import FACTS, plan_of
from openhtm.maintenance.queries.owed import compute, days_at_facilities
from openhtm.maintenance.tests.factories import PlanLineFactory, ProcedureFactory, ScheduleFactory, WindowStepFactory
from openhtm.sites.tests.factories import FacilityFactory

pytestmark = pytest.mark.django_db

DAYS = st.dates(date(2022, 1, 1), date(2026, 12, 31))
INTERVALS = st.sampled_from(
    [(1, "day"), (10, "day"), (1, "week"), (1, "month"), (3, "month"), (6, "month"), (12, "month"), (1, "year"), (5, "year")]
)
WINDOWS = st.sampled_from(
    [
        {"snap_to_month": True},
        {"snap_to_month": True, "grace_days": 30},
        {"snap_to_month": False},
        {"snap_to_month": False, "before_n": 10, "after_n": 10, "grace_days": 3},
        {"snap_to_month": False, "before_n": 1, "before_unit": "month", "after_n": 1, "after_unit": "month"},
        {"snap_to_month": True, "before_n": 1, "before_unit": "month", "after_n": 1, "after_unit": "month", "grace_days": 20},
    ]
)
STATUSES = st.sampled_from(["in_service", "in_repair", "out_of_service", "stored", "missing"])


@st.composite
def situations(draw):
    anchor_on = draw(DAYS)
    every_n, every_unit = draw(INTERVALS)
    cycle = draw(st.sampled_from(["fixed", "fixed", "fixed", "floating", "meter"]))
    starts_on = anchor_on + timedelta(days=draw(st.integers(-40, 400)))
    settled = None
    if draw(st.booleans()):
        due_on = starts_on + timedelta(days=draw(st.integers(0, 900)))
        settled = (due_on, draw(st.one_of(st.none(), st.integers(-30, 90).map(lambda n: due_on + timedelta(days=n)))))
    return {
        "schedule": {
            "cycle": cycle, "every_n": every_n, "every_unit": every_unit, "anchor_on": anchor_on, "starts_on": starts_on,
            "ends_on": draw(st.one_of(st.none(), st.none(), st.integers(0, 1500).map(lambda n: starts_on + timedelta(days=n)))),
            "blackout_months": sorted(draw(st.one_of(st.just(set()), st.sets(st.integers(1, 12), max_size=11)))),
            "meter": "hours" if cycle == "meter" else "", "meter_every": draw(st.sampled_from([0.3, 100.0, 250.5])) if cycle == "meter" else None,
            "meter_at_done": draw(st.one_of(st.none(), st.sampled_from([0.0, 0.1, 40.0]))) if cycle == "meter" else None,
        },
        "window": draw(WINDOWS),
        "settled": settled,
        "statuses": sorted(draw(st.lists(st.tuples(DAYS, STATUSES), max_size=5)), key=lambda one: one[0]),
        "readings": draw(st.lists(st.tuples(DAYS, st.sampled_from([0.1, 0.4, 50.0, 99.9, 140.0, 300.25, 1000.0])), max_size=4)) if cycle == "meter" else [],
    }  # fmt: skip


def build(situation, facility, line):
    device = DeviceFactory(facility=facility, device_model=line.device_model, device_type=None)
    step = WindowStepFactory(**situation["window"])
    schedule = ScheduleFactory(device=device, procedure=line.procedure, plan_line=line, window_step=step, **situation["schedule"])
    if situation["settled"]:
        due_on, performed_on = situation["settled"]
        Visit.objects.create(
            schedule=schedule, device=device, due_on=due_on, opens_on=due_on, on_time_until=due_on, grace_until=due_on,
            state="done" if performed_on else "excluded", performed_on=performed_on,
        )  # fmt: skip
    for on, status in situation["statuses"]:
        StatusChange.objects.create(device=device, before="", after=status, on=on)
    MeterReading.objects.bulk_create(MeterReading(device=device, meter="hours", read_on=on, value=v) for on, v in situation["readings"])
    return schedule


def stored_rows(schedules, today):
    """What the set-based run says of each schedule: (passed, current)."""
    facility_ids = days_at_facilities(now=None, as_of=today)
    with connection.cursor() as cursor:
        compute(cursor, [schedule.device_id for schedule in schedules], today=facility_ids)
        cursor.execute(
            "SELECT schedule_id, is_current, due_on, opens_on, on_time_until, grace_until, state, next_change_on FROM due_wanted ORDER BY due_on"
        )
        rows = cursor.fetchall()
    return {s.pk: ([r[2:7] for r in rows if r[0] == s.pk and not r[1]], [r[2:] for r in rows if r[0] == s.pk and r[1]]) for s in schedules}


def planned_rows(schedule, today):
    plan = plan_of(type(schedule).objects.select_related(*FACTS).get(pk=schedule.pk), today=today)

    def row(one, state):
        w = one.window
        return (one.due_on, w.opens_on, w.on_time_until, w.grace_until, str(state))

    current = [(*row(plan.current, plan.current.state), plan.current.next_change_on)] if plan.current else []
    return [row(one, one.outcome) for one in plan.passed], current


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is twenty situations: shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(wanted=st.lists(situations(), min_size=5, max_size=25), today=DAYS)
def test_the_set_based_run_says_what_the_rule_says(db, wanted, today):
    with transaction.atomic():
        facility = FacilityFactory()
        line = PlanLineFactory(device_model=DeviceFactory(facility=facility).device_model, procedure=ProcedureFactory())
        schedules = [build(situation, facility, line) for situation in wanted]
        stored = stored_rows(schedules, today)
        for schedule, situation in zip(schedules, wanted, strict=True):
            assert stored[schedule.pk] == planned_rows(schedule, today), situation
        transaction.set_rollback(True)
