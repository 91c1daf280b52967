"""Levelling: proposed, carried out, and taken back to exactly what was."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import LevellingProposal, Schedule, ScheduleChange, Visit
from openhtm.maintenance.services import levelling
from openhtm.maintenance.services.attempts import record_attempt
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.tests.factories import PlanLineFactory
from openhtm.maintenance.tests.test_pages import logged_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
TODAY = date(2026, 1, 20)


@pytest.fixture
def ward(clock, north, policies, system):
    """Twelve devices, four hours each, all due at the end of October."""
    first = DeviceFactory(facility=north, accepted_on=date(2025, 10, 31), control_number="BME-1")
    PlanLineFactory(device_model=first.device_model, every_n=12, est_min=240, effective_from=date(2025, 10, 1))
    DeviceFactory.create_batch(11, facility=north, device_model=first.device_model, accepted_on=date(2025, 10, 31))
    reconcile(actor=system, now=NOW)
    return north


def stored():
    return list(Schedule.objects.order_by("pk").values_list("pk", "anchor_on", "starts_on")), list(
        Visit.objects.order_by("schedule_id", "due_on").values_list("schedule_id", "due_on", "opens_on", "on_time_until", "state")
    )


def test_a_proposal_moves_nothing_and_lowers_the_peak(ward, omar):
    before = stored()
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    assert stored() == before
    assert max(made.after) < max(made.before) == 12 * 240
    assert sum(made.after) == sum(made.before)
    assert made.items.count() > 0


def test_accepted_visits_come_sooner_by_at_most_half_an_interval(ward, omar):
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    carried = levelling.accept(actor=omar, uid=made.uid, reason="Even year", now=NOW)
    assert (carried.moved, carried.stayed) == (made.items.count(), ())
    days = list(Visit.objects.filter(is_open=True).values_list("due_on", flat=True))
    assert len(days) == 12
    assert all(date(2026, 4, 1) <= day <= date(2026, 10, 31) for day in days)
    assert set(made.items.values_list("schedule_id", "to_starts_on")) <= set(
        Visit.objects.filter(is_open=True).values_list("schedule_id", "due_on")
    )
    assert set(ScheduleChange.objects.filter(kind="levelled").values_list("reason", "actor_name")) == {("Even year", omar.name)}


def test_undo_gives_back_exactly_what_was(ward, omar, system):
    before = stored()
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    levelling.accept(actor=omar, uid=made.uid, reason="Even year", now=NOW)
    assert stored() != before
    assert levelling.undo(actor=omar, uid=made.uid, now=NOW.replace(hour=18)).stayed == ()
    assert stored() == before


def test_undo_names_what_was_done_meanwhile_and_restores_the_rest(ward, omar):
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    levelling.accept(actor=omar, uid=made.uid, reason="Even year", now=NOW)
    moved = made.items.select_related("schedule__device").first()
    visit = Visit.objects.get(schedule=moved.schedule, is_open=True)
    record_attempt(actor=omar, visit_id=visit.pk, outcome="not_located", now=NOW.replace(hour=18))
    carried = levelling.undo(actor=omar, uid=made.uid, now=NOW.replace(hour=19))
    assert carried.stayed == (moved.schedule.device.control_number,)
    assert carried.moved == made.items.count() - 1


def test_what_changed_before_acceptance_stays(ward, omar):
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    item = made.items.select_related("schedule__device").first()
    Schedule.objects.filter(pk=item.schedule_id).update(starts_on=date(2026, 10, 1))
    carried = levelling.accept(actor=omar, uid=made.uid, reason="Even year", now=NOW)
    assert carried.stayed == (item.schedule.device.control_number,)


def test_a_proposal_is_accepted_once(ward, omar):
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    with pytest.raises(levelling.LevellingDecided):
        levelling.undo(actor=omar, uid=made.uid, now=NOW)
    with pytest.raises(Invalid):
        levelling.accept(actor=omar, uid=made.uid, reason=" ", now=NOW)
    levelling.accept(actor=omar, uid=made.uid, reason="Even year", now=NOW)
    with pytest.raises(levelling.LevellingDecided):
        levelling.accept(actor=omar, uid=made.uid, reason="Even year", now=NOW)


def test_technicians_and_other_facilities_are_refused(ward, omar, maria, chen):
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    with pytest.raises(NotAllowed):
        levelling.propose(actor=maria, facility_id=ward.pk, now=NOW)
    with pytest.raises(LevellingProposal.DoesNotExist):
        levelling.accept(actor=chen, uid=made.uid, reason="Even year", now=NOW)


def test_a_scope_without_visits_is_refused(ward, omar):
    with pytest.raises(Invalid):
        levelling.propose(actor=omar, facility_id=ward.pk, skill="dialysis", now=NOW)
    assert LevellingProposal.objects.count() == 0


def test_the_pages_propose_accept_and_undo(client, ward, omar):
    before = stored()
    answer = logged_in(client, omar).post(reverse("maintenance:levelling-new"), {"facility": ward.pk, "title": "Level 2026"})
    made = LevellingProposal.objects.get()
    page = client.get(answer["Location"]).content.decode()
    assert page.count("loadbar") == 24
    assert "October held 48 h" in page
    assert client.post(reverse("maintenance:levelling-accept", args=[made.uid]), {"reason": ""}).status_code == 422
    assert client.post(reverse("maintenance:levelling-accept", args=[made.uid]), {"reason": "Even year"}).status_code == 302
    assert "changed meanwhile" not in client.get(answer["Location"]).content.decode()
    client.post(reverse("maintenance:levelling-undo", args=[made.uid]))
    assert stored() == before
    assert "Level 2026" in client.get(reverse("maintenance:levelling-list")).content.decode()


def test_a_proposal_page_costs_the_same_for_one_move_and_for_many(client, ward, omar):
    made = levelling.propose(actor=omar, facility_id=ward.pk, now=NOW)
    address = reverse("maintenance:levelling", args=[made.uid])
    logged_in(client, omar).get(address)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    made.items.exclude(pk=made.items.first().pk).delete()
    with CaptureQueriesContext(connection) as alone:
        client.get(address)
    assert len(many) == len(alone)
