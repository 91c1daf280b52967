"""Orders of visits, and what happens when lower rooms tell of a change."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from openhtm.inventory.services.life import change_status
from openhtm.inventory.services.sightings import record_sighting
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Attempt, Escalation, Visit
from openhtm.maintenance.queries.counts import counts_by_state, share_on_time
from openhtm.maintenance.services import attempts, checks, exclusions, programme
from openhtm.maintenance.services.orders import DueVisit, grouped
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.services.reference import load_maintenance_policies
from openhtm.maintenance.tests.factories import PlanLineFactory, ProcedureFactory
from openhtm.notices.models import Notice
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.services.moving import cancel_order, complete_order, reopen_order, start_work
from openhtm.workorders.tests.factories import shipped_codes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def pump(north, policies, system):
    device = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31), control_number="BME-1")
    PlanLineFactory(device_model=device.device_model, every_n=3, effective_from=date(2026, 1, 1))
    reconcile(actor=system, now=NOW)
    return device


def test_completing_an_order_is_the_attempt_and_reopening_takes_it_back(pump, maria, omar):
    shipped_codes()
    number = WorkOrder.objects.get().number
    start_work(actor=maria, number=number, now=NOW)
    complete_order(actor=maria, number=number, outcome="pass", failure_code="npf", now=NOW)
    assert Visit.objects.get(due_on=date(2026, 1, 31)).state == "done"
    assert Attempt.objects.get().performer_name == "Maria Reyes"
    reopen_order(actor=omar, number=number, reason="Wrong device", now=NOW)
    assert Visit.objects.get(due_on=date(2026, 1, 31)).state == "in_window"
    assert list(Attempt.objects.order_by("pk").values_list("outcome", flat=True)) == ["pass", "void"]


def test_an_order_cancelled_by_a_person_is_not_opened_again(pump, omar, system):
    shipped_codes()
    cancel_order(actor=omar, number=WorkOrder.objects.get().number, reason_code="not_needed", now=NOW)
    reconcile(actor=system, now=NOW, whole=True)
    assert WorkOrder.objects.count() == 1
    assert Visit.objects.get().state == "in_window"


def test_a_missing_device_that_is_seen_is_set_aside_with_an_order(pump, maria, omar):
    change_status(actor=omar, control_number="BME-1", after="missing", reason="Not found", now=NOW)
    record_sighting(control_number="BME-1", actor=maria, now=NOW)
    pump.refresh_from_db()
    assert pump.status == "out_of_service"
    found = WorkOrder.objects.get(origin="found")
    assert found.return_test_required
    assert Escalation.objects.filter(device=pump, step="flag").exists()
    assert Notice.objects.filter(kind="device-found").count() == 1


def test_not_located_tells_the_manager_and_a_sighting_ends_the_search(pump, maria):
    attempts.record_attempt(actor=maria, visit_id=Visit.objects.get().pk, outcome="not_located", now=NOW)
    assert Notice.objects.filter(kind="visit-notify").count() == 1
    record_sighting(control_number="BME-1", actor=maria, now=NOW)
    assert not Escalation.objects.filter(step="search", done_at__isnull=True).exists()


def test_missing_alone_holds_nothing(pump, omar):
    change_status(actor=omar, control_number="BME-1", after="missing", reason="Not found", now=NOW)
    assert Visit.objects.get().state == "in_window"


def test_an_exclusion_confirmed_by_the_proposer_is_refused(pump, omar):
    proposal = exclusions.propose(actor=omar, visit_id=Visit.objects.get().pk, code="other", reason="Twice", now=NOW)
    with pytest.raises(exclusions.SamePerson):
        exclusions.decide(actor=omar, exclusion_uid=str(proposal.uid), confirmed=True, now=NOW)


def test_an_attempt_at_a_visit_that_is_done_is_refused(pump, maria):
    visit = Visit.objects.get()
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=NOW)
    with pytest.raises(attempts.VisitSettled):
        attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=NOW)


def test_counts_look_back_and_ahead(pump, system, maria):
    attempts.record_attempt(actor=maria, visit_id=Visit.objects.get().pk, outcome="pass", now=NOW)
    now = counts_by_state(actor=system, now=NOW)
    assert (now.states["done"], now.states["not_due"], now.attempts["pass"]) == (1, 1, 1)
    back = counts_by_state(actor=system, as_of=date(2026, 1, 19), now=NOW)
    assert (back.states["in_window"], back.states["done"]) == (1, 0)
    ahead = counts_by_state(actor=system, as_of=date(2026, 7, 1), now=NOW)
    assert (ahead.states["done"], ahead.states["missed"], ahead.states["in_window"]) == (1, 1, 1)
    assert set(now.as_json()) >= {"not_due", "due", "in_window", "grace", "late", "missed", "held", "done", "not_located"}
    assert Visit.objects.filter(is_open=True).count() == 1


def test_the_two_percentages_are_of_the_visits_owed(pump, system, maria):
    attempts.record_attempt(actor=maria, visit_id=Visit.objects.get().pk, outcome="pass", now=NOW)
    share = share_on_time(actor=system, first_on=date(2026, 1, 1), last_on=date(2026, 1, 31))
    assert (share.owed, share.by_policy_percent, share.performed_percent) == (1, 100.0, 100.0)


def test_every_law_holds_after_a_run(pump):
    assert [law.check()[0] for law in checks.INVARIANTS] == [0] * len(checks.INVARIANTS)


def test_a_stored_state_that_nobody_computed_is_found(pump):
    Visit.objects.update(state="late")
    assert checks.stored_as_computed() == (1, ["BME-1"])


def test_a_line_for_one_device_wins_and_ending_it_gives_way_again(pump, system):
    schedule = pump.schedules.get()
    change = programme.set_line(
        actor=system, procedure_id=schedule.procedure_id, device_id=pump.pk, values={"every_n": 1, "reason": "Used every day"}, now=NOW
    )
    schedule.refresh_from_db()
    assert (schedule.every_n, schedule.inherited, change.devices) == (1, "device", 1)
    programme.end_line(actor=system, line_id=change.line.pk, reason="No longer", now=NOW)
    schedule.refresh_from_db()
    assert (schedule.every_n, schedule.inherited) == (3, "model")


def test_a_decision_that_none_is_needed_ends_the_schedules(pump, system):
    programme.decide_none_needed(actor=system, device_model_id=pump.device_model_id, reason="Not medical", now=NOW)
    assert not pump.schedules.get().live
    assert Visit.objects.get().state == "removed"


def test_loading_the_policies_twice_changes_nothing(policies, system):
    again = load_maintenance_policies(actor=system)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)


def visit_on(opens_on, on_time_until, device_id=1):
    return DueVisit(
        1, device_id, 1, None, ProcedureFactory.build().pk or 1, "PM", "maintenance", opens_on, opens_on, on_time_until, on_time_until, 3, "", None, None
    )  # fmt: skip


def test_visits_whose_windows_meet_share_an_order():
    january, quarter, march = (
        visit_on(date(2026, 1, 1), date(2026, 1, 31)),
        visit_on(date(2026, 1, 20), date(2026, 2, 10)),
        visit_on(date(2026, 3, 1), date(2026, 3, 31)),
    )
    other = visit_on(date(2026, 1, 1), date(2026, 1, 31), device_id=2)
    assert [len(group.visits) for group in grouped([january, quarter, march, other])] == [2, 1, 1]
