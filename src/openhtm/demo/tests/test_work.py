"""Ten years of work in the database: consistent with the lives of the devices and with every law."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Q

from openhtm.audit import invariants
from openhtm.demo.services import Built, build_demo
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.maintenance.models import Attempt, Schedule, Visit, VisitExclusion
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.rounds.models import ReadinessEntry
from openhtm.testers.models import Tester
from openhtm.workorders.models import LabourEntry, Result, WorkOrder
from openhtm.workorders.services.signing import signature_states

TODAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DEVICES = 400
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def hospital(django_db_setup: None, django_db_blocker: Any) -> Iterator[Built]:
    """One hospital for all tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_demo(as_of=TODAY, devices=DEVICES)
        transaction.set_rollback(True)


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_law_holds(hospital: Built) -> None:
    assert {"visit-one-open", "workorder-costs", "workorder-status-events"} <= {one.code for one in invariants.registered()}
    assert [finding for finding in invariants.run_all() if finding.count] == []


def test_bringing_it_in_line_again_changes_nothing(hospital: Built) -> None:
    before = set(Visit.objects.values_list("pk", "due_on", "state", "timing", "on_time_until", "grace_until", "policy_compliant"))
    with transaction.atomic():
        reconcile(actor=Actor.system("test"), as_of=TODAY, whole=True, now=NOON + dt.timedelta(hours=1))
        assert (
            set(Visit.objects.values_list("pk", "due_on", "state", "timing", "on_time_until", "grace_until", "policy_compliant")) == before
        )
        transaction.set_rollback(True)


def test_no_work_before_a_device_came_or_after_it_left(hospital: Built) -> None:
    came = "(SELECT min(s.on) FROM inventory_statuschange s WHERE s.device_id = d.id)"
    early = rows(
        f"SELECT o.number FROM workorders_workorder o JOIN inventory_device d ON d.id = o.device_id WHERE o.opened_at::date < {came}"
    )
    late = WorkOrder.objects.filter(device__retired_on__lt=F("completed_at__date"))
    assert early == []
    assert not late.exists()


def test_times_of_orders_follow_each_other_and_lie_in_the_past(hospital: Built) -> None:
    wrong = Q(started_at__lt=F("opened_at")) | Q(completed_at__lt=F("started_at")) | Q(closed_at__lt=F("completed_at"))
    assert not WorkOrder.objects.filter(wrong).exists()
    assert not WorkOrder.objects.filter(Q(closed_at__gt=NOON) | Q(completed_at__gt=NOON) | Q(opened_at__gt=NOON)).exists()
    assert not Attempt.objects.filter(attempted_at__gt=NOON).exists()


def test_a_device_is_in_repair_while_its_order_is_open_and_down_as_long(hospital: Built) -> None:
    down = Device.objects.filter(status__in=("in_repair", "out_of_service", "sequestered"))
    open_order = Q(work_orders__under_way=True, work_orders__kind__in=("corrective", "incident"))
    assert down.exists()
    assert down.filter(open_order).distinct().count() == down.count()
    assert down.filter(downtimes__ended_at__isnull=True).count() == down.count()
    assert not Device.objects.exclude(pk__in=down).filter(downtimes__isnull=False, downtimes__ended_at__isnull=True).exists()


def test_visits_are_mostly_done_on_time_and_each_has_its_order(hospital: Built) -> None:
    settled = Visit.objects.filter(is_open=False)
    on_time = settled.filter(timing="on_time").count() / settled.count()
    assert 0.9 < on_time < 0.99
    assert not settled.filter(state="done", work_order__isnull=True).exists()
    assert settled.filter(state="missed").exists()
    assert not Visit.objects.annotate(n=Count("attempts")).exclude(n=F("attempts_count")).exists()


def test_a_problem_of_a_readiness_check_has_one_order_until_it_is_repaired(hospital: Built) -> None:
    problems = ReadinessEntry.objects.filter(problem=True)
    orders = WorkOrder.objects.filter(origin="readiness")
    assert orders.count() == hospital.counts["readiness orders"] > 10
    assert not problems.filter(work_order=None).exists()
    assert not ReadinessEntry.objects.filter(problem=False, work_order__isnull=False).exists()
    assert problems.exclude(work_order__kind="corrective", work_order__location=F("check_done__location")).count() == 0
    assert problems.filter(Q(work_order__opened_at__gt=F("done_at")) | Q(work_order__completed_at__lte=F("done_at"))).count() == 0
    assert orders.filter(status="closed", failure__isnull=False, labour_min__gt=0).count() == orders.filter(status="closed").count() > 0
    assert WorkOrder.objects.values("number").distinct().count() == WorkOrder.objects.count()


def test_results_were_judged_and_name_the_instrument(hospital: Built) -> None:
    measured = Result.objects.filter(kind="number")
    assert hospital.counts["results"] == Result.objects.count() > 1000
    assert measured.filter(verdict="pass").count() > 0.8 * measured.count()
    assert measured.exclude(tester=None).exists()
    assert not measured.filter(tester__isnull=False, tester_due_on__lt=F("measured_at__date")).exists()
    assert Result.objects.exclude(review_reasons=[]).exists()


def test_signatures_stand(hospital: Built) -> None:
    orders = list(WorkOrder.objects.filter(signatures__isnull=False)[:20])
    assert orders
    assert all(state.intact for states in signature_states(orders).values() for state in states)


def test_testers_two_expired_and_one_out_of_tolerance(hospital: Built) -> None:
    assert Tester.objects.filter(calibration_due_on__lt=TODAY).count() == 2
    assert Tester.objects.filter(calibrations__verdict="adjusted").count() == 1
    assert WorkOrder.objects.filter(origin="tester").count() == 3  # its own repair, and two devices that it had judged


def test_this_morning_is_there(hospital: Built) -> None:
    assert WorkOrder.objects.filter(status="requested", origin="request").count() == 3
    assert WorkOrder.objects.filter(status="requested", incident=True).count() == 1
    assert LabourEntry.objects.filter(ended_at__isnull=True).count() == 1
    assert VisitExclusion.objects.filter(confirmed__isnull=True).count() == 1
    assert Visit.objects.filter(state="late").exists()
    assert WorkOrder.objects.filter(status="on_hold").exists()
    assert not WorkOrder.objects.filter(origin="visit", status="open", assigned_user=None, assigned_provider=None).exists()
    assert Schedule.objects.filter(live=True).count() > DEVICES / 3
