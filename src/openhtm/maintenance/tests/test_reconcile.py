"""Bringing schedules, visits and orders in line: nothing vanishes, nothing is done twice, silence changes nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from openhtm.inventory.models import Device
from openhtm.inventory.services.life import change_status
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Attempt, Schedule, Visit, VisitExclusion
from openhtm.maintenance.services import attempts
from openhtm.maintenance.services.reconcile import Counts, DayInThePast, reconcile
from openhtm.maintenance.services.settling import settle
from openhtm.maintenance.tests.factories import PlanLineFactory, ProcedureFactory
from openhtm.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
START = date(2026, 1, 10)


def at(day, hour=17):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def run(system, day, *, whole=False):
    return reconcile(actor=system, as_of=day, whole=whole, now=at(day))


def visits(schedule=None):
    rows = Visit.objects.order_by("schedule__procedure__code", "due_on")
    rows = rows.filter(schedule=schedule) if schedule else rows
    return list(rows.values_list("due_on", "state"))


@pytest.fixture
def pump(north, policies):
    device = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31), control_number="BME-1")
    PlanLineFactory(device_model=device.device_model, every_n=3, effective_from=START)
    return device


def test_a_new_programme_gives_every_device_its_open_visit_and_a_second_run_does_nothing(pump, system):
    first = run(system, START)
    assert visits() == [(date(2026, 1, 31), "in_window")]
    assert first == Counts(created=2)  # the visit and its order
    assert run(system, START) == Counts()
    assert run(system, START, whole=True) == Counts()


def test_settling_some_devices_leaves_those_between_them_alone(pump, north, system):
    several = [pump, *(DeviceFactory(facility=north, device_model=pump.device_model, accepted_on=pump.accepted_on) for _ in range(4))]
    run(system, START)
    before = visits(between := Schedule.objects.get(device=several[2]))
    later = date(2026, 4, 1)
    chosen = [several[0].pk, several[4].pk]
    settle(device_ids=chosen, now=at(later), today={north.pk: later})
    assert visits(between) == before
    for one in Schedule.objects.filter(device__in=chosen):
        assert visits(one) == [(date(2026, 1, 31), "missed"), (date(2026, 4, 30), "in_window")]


def test_a_visit_that_was_never_done_is_missed_when_the_next_window_opens(pump, system):
    run(system, START)
    run(system, date(2026, 4, 1))
    assert visits() == [(date(2026, 1, 31), "missed"), (date(2026, 4, 30), "in_window")]
    order = WorkOrder.objects.get()  # the order nobody completed now serves the visit that took over
    assert (order.status, order.due_on) == ("open", date(2026, 4, 30))


def test_a_year_of_silence_ends_where_daily_runs_end(north, policies, system):
    def build():
        device = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31), control_number="BME-7")
        yearly, quarterly, weekly = (ProcedureFactory(code=f"p{n}") for n in (12, 3, 0))
        yearly.covers.add(quarterly)
        PlanLineFactory(device_model=device.device_model, procedure=yearly, every_n=12, effective_from=START)
        PlanLineFactory(device_model=device.device_model, procedure=quarterly, every_n=3, effective_from=START)
        PlanLineFactory(
            device_model=device.device_model, procedure=weekly, every_n=5, every_unit="week", cycle="floating", effective_from=START
        )
        run(system, START)
        return device

    def outcome():
        return [
            (
                v.schedule.procedure.code,
                v.due_on,
                v.opens_on,
                v.on_time_until,
                v.grace_until,
                v.state,
                v.next_change_on,
                v.performed_on,
                v.timing,
            )
            for v in Visit.objects.select_related("schedule__procedure").order_by("schedule__procedure__code", "due_on")
        ], list(WorkOrder.objects.exclude(status="cancelled").values_list("due_on", "status").order_by("due_on"))

    days = [START + timedelta(days=n) for n in range(1, 200)]
    ends = []
    for looked_at in (days, days[-1:]):
        with transaction.atomic():
            device = build()
            for day in looked_at:
                run(system, day)
            change_status(actor=system, control_number=device.control_number, after="in_repair", now=at(days[-1]))
            run(system, days[-1])
            ends.append(outcome())
            transaction.set_rollback(True)
    assert ends[0] == ends[1]
    assert any(row[5] == "missed" for row in ends[0][0])


def test_done_on_time_settles_the_visit_and_opens_the_next(pump, system, maria):
    run(system, START)
    visit = Visit.objects.get()
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", attempted_at=at(date(2026, 1, 20)), now=at(date(2026, 1, 20)))
    assert visits() == [(date(2026, 1, 31), "done"), (date(2026, 4, 30), "not_due")]
    visit.refresh_from_db()
    assert (visit.timing, visit.policy_compliant, visit.performed_on) == ("on_time", True, date(2026, 1, 20))


def test_an_attempt_taken_back_opens_the_visit_again(pump, system, maria):
    run(system, START)
    visit = Visit.objects.get()
    made = attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=at(date(2026, 1, 20)))
    attempts.take_back(actor=maria, attempt_uid=made.uid, reason="Wrong pump", now=at(date(2026, 1, 21)))
    assert visits() == [
        (date(2026, 1, 31), "due" if date(2026, 1, 21) >= date(2026, 1, 31) else "in_window"),
        (date(2026, 4, 30), "removed"),
    ]
    assert Attempt.objects.count() == 2


def test_not_located_keeps_the_visit_open_and_asks_for_a_search(pump, system, maria):
    run(system, START)
    visit = Visit.objects.get()
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="not_located", now=at(date(2026, 1, 20)))
    visit.refresh_from_db()
    assert (visit.state, visit.attempts_count, visit.outcome) == ("in_window", 1, "not_located")
    assert sorted(visit.escalations.values_list("step", flat=True)) == ["notify", "search"]
    assert run(system, date(2026, 1, 20)) == Counts()


def test_a_try_on_time_that_was_followed_up_counts_by_policy_though_nobody_performed_it(pump, system, maria):
    run(system, START)
    visit = Visit.objects.get()
    for day in (date(2026, 1, 20), date(2026, 1, 23)):
        attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="in_use", now=at(day))
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=at(date(2026, 2, 2)), attempted_at=at(date(2026, 2, 2)))
    visit.refresh_from_db()
    assert (visit.state, visit.timing) == ("done", "late")
    assert visit.policy_compliant is False  # the second try was not followed up within five days


def test_a_larger_visit_done_in_the_window_does_the_smaller_one(north, policies, system, maria):
    device = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31))
    yearly, quarterly = ProcedureFactory(code="yearly"), ProcedureFactory(code="quarterly")
    yearly.covers.add(quarterly)
    for procedure, n in ((yearly, 12), (quarterly, 3)):
        PlanLineFactory(device_model=device.device_model, procedure=procedure, every_n=n, effective_from=START)
    run(system, START)
    assert WorkOrder.objects.count() == 1  # one order for both
    major = Visit.objects.get(schedule__procedure=yearly)
    attempts.record_attempt(actor=maria, visit_id=major.pk, outcome="pass", now=at(date(2026, 1, 20)))
    minor = Visit.objects.get(schedule__procedure=quarterly, due_on=date(2026, 1, 31))
    assert (minor.state, minor.performed_on, minor.covered_by_id) == ("covered", date(2026, 1, 20), major.pk)


def test_a_device_in_repair_owes_nothing_for_the_visits_that_pass(pump, system):
    run(system, START)
    change_status(actor=system, control_number="BME-1", after="in_repair", now=at(date(2026, 1, 15)))
    run(system, date(2026, 1, 16))
    assert visits() == [(date(2026, 1, 31), "held")]
    run(system, date(2026, 5, 2))
    assert visits() == [(date(2026, 1, 31), "passed_held"), (date(2026, 4, 30), "held")]


def test_a_retired_device_owes_nothing_and_its_untouched_order_is_given_up(pump, system):
    run(system, START)
    change_status(actor=system, control_number="BME-1", after="retired", reason="Old", now=at(date(2026, 1, 15)))
    counts = run(system, date(2026, 1, 16))
    assert visits() == [(date(2026, 1, 31), "removed")]
    assert counts.cancelled == 1
    assert WorkOrder.objects.get().status == "cancelled"
    assert not Schedule.objects.get().live


def test_a_changed_interval_keeps_what_passed_and_what_is_owed(pump, system):
    run(system, START)
    line = Schedule.objects.get().plan_line
    line.every_n, line.changed_at = 6, at(date(2026, 2, 3))
    line.save()
    run(system, date(2026, 2, 3))
    assert visits() == [(date(2026, 1, 31), "late")]
    assert Schedule.objects.get().changes.filter(kind="interval").count() == 1
    run(system, date(2026, 7, 1))
    assert visits() == [(date(2026, 1, 31), "missed"), (date(2026, 7, 31), "in_window")]


def test_an_excluded_visit_needs_two_people_and_counts_nowhere(pump, system, omar):
    run(system, START)
    visit = Visit.objects.get()
    VisitExclusion.objects.create(
        visit=visit, code="other", reason="Duplicate", proposed_by_id=omar.user_id, proposed_by_name="Omar", decided_at=at(date(2026, 1, 12)),
        confirmed=True, decided_by_name="Ada",
    )  # fmt: skip
    run(system, date(2026, 1, 12))
    visit.refresh_from_db()
    assert (visit.state, visit.policy_compliant) == ("excluded", None)
    assert visits()[1] == (date(2026, 4, 30), "not_due")


def test_a_run_for_a_day_before_the_last_is_refused(pump, system):
    run(system, date(2026, 3, 1))
    with pytest.raises(DayInThePast):
        run(system, date(2026, 2, 1))


def test_a_device_that_was_added_has_its_visit_after_the_next_run(pump, system):
    run(system, START)
    device = DeviceFactory(facility=pump.facility, device_model=pump.device_model, accepted_on=date(2026, 1, 12))
    Device.objects.filter(pk=device.pk).update(updated_at=at(date(2026, 1, 12)))
    run(system, date(2026, 1, 13))
    assert Visit.objects.get(device=device).due_on == date(2026, 4, 12)
