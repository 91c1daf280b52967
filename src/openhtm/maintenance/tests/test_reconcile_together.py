"""Runs beside runs, and beside people who record something: real transactions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Attempt, Visit
from openhtm.maintenance.services import attempts, checks, orders, reconcile, replanning
from openhtm.maintenance.services.inherit import refresh_schedules
from openhtm.maintenance.services.reconcile import Counts
from openhtm.maintenance.services.settling import days_at_facilities, settle
from openhtm.maintenance.tests.factories import PlanLineFactory
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
DEVICES = 12


@pytest.fixture
def fleet(policies, monkeypatch):
    """Twelve devices of one model, and chunks so small that two are computed at a time."""
    monkeypatch.setattr(reconcile, "CHUNK", 4)
    monkeypatch.setattr(reconcile, "TOGETHER_FROM", 2)
    north = FacilityFactory(code="NORTH", time_zone="America/New_York")
    first = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31))
    more = DeviceFactory.create_batch(DEVICES - 1, facility=north, device_model=first.device_model, accepted_on=date(2025, 1, 31))
    PlanLineFactory(device_model=first.device_model, every_n=3, effective_from=date(2026, 1, 1))
    return [first, *more]


def apart(work):
    """Call ``work`` on a connection of its own, which is closed at the end."""

    def call(*arguments):
        try:
            return work(*arguments)
        finally:
            connection.close()

    return call


def test_chunks_computed_together_end_as_one_after_the_other(fleet, system):
    first = reconcile.reconcile(actor=system, now=NOW, whole=True)
    assert first == Counts(created=2 * DEVICES)
    assert Visit.objects.filter(is_open=True).count() == WorkOrder.objects.count() == DEVICES
    assert reconcile.reconcile(actor=system, now=NOW, whole=True) == Counts()


def test_two_runs_at_once_make_nothing_twice(fleet, system):
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = [pool.submit(apart(lambda: reconcile.reconcile(actor=system, now=NOW, whole=True))) for _ in range(2)]
        assert sorted(run.result().created for run in runs) == [0, 2 * DEVICES]
    assert Visit.objects.count() == WorkOrder.objects.count() == DEVICES


def test_attempts_recorded_during_a_run_are_all_there_once(fleet, system):
    reconcile.reconcile(actor=system, now=NOW, whole=True)
    visits = list(Visit.objects.values_list("pk", flat=True))

    def record(visit_id):
        attempts.record_attempt(actor=system, visit_id=visit_id, outcome="pass", now=NOW)

    with ThreadPoolExecutor(max_workers=4) as pool:
        runs = [pool.submit(apart(lambda: reconcile.reconcile(actor=system, now=NOW, whole=True))) for _ in range(2)]
        recorded = [pool.submit(apart(record), visit_id) for visit_id in visits]
        for task in (*runs, *recorded):
            task.result()
    assert Attempt.objects.count() == DEVICES
    assert Visit.objects.filter(state="done").count() == Visit.objects.filter(is_open=True).count() == DEVICES
    assert [law.check()[0] for law in checks.INVARIANTS] == [0] * len(checks.INVARIANTS)


@pytest.fixture
def planned(fleet, system):
    """A change of the days of visits that are due and have no order yet, proposed and not carried out."""
    refresh_schedules(actor=system, now=NOW)
    settle(device_ids=[one.pk for one in fleet], now=NOW)
    wish = replanning.Wish("spread", date(2026, 1, 21), date(2026, 1, 30))
    visits = list(Visit.objects.filter(is_open=True).values_list("pk", flat=True))
    return replanning.propose(actor=system, facility_id=fleet[0].facility_id, visit_ids=visits, wish=wish, now=NOW)


def holds_up(task):
    """Wait until ``task`` waits for a lock of this connection; False if it came to its end without."""
    while not task.done():
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
            if cursor.fetchone()[0]:
                return True
    return False


def open_orders(fleet, system):
    with transaction.atomic():
        orders.bring_orders_in_line(actor=system, device_ids=[one.pk for one in fleet], today=days_at_facilities(now=NOW), now=NOW)


def assert_one_order_each(fleet):
    assert WorkOrder.objects.count() == Visit.objects.exclude(work_order=None).values("work_order").distinct().count() == len(fleet)
    assert WorkOrder.objects.filter(planned_on__isnull=False).count() == len(fleet)


def test_a_change_carried_out_during_a_run_plans_the_orders_of_the_run(fleet, planned, system):
    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            open_orders(fleet, system)
            task = pool.submit(apart(lambda: replanning.apply(actor=system, uid=planned.uid, reason="Week 4", now=NOW)))
            assert holds_up(task)
        assert task.result() == replanning.Carried(DEVICES, ())
    assert_one_order_each(fleet)


def test_a_run_during_a_change_finds_the_orders_of_the_change(fleet, planned, system):
    with ThreadPoolExecutor(max_workers=1) as pool:
        with transaction.atomic():
            replanning.apply(actor=system, uid=planned.uid, reason="Week 4", now=NOW)
            task = pool.submit(apart(lambda: open_orders(fleet, system)))
            assert holds_up(task)
        task.result()
    assert_one_order_each(fleet)
