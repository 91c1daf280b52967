"""Pages of visits, schedules and the programme, and the tab on the device."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.identity.models import User
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Attempt, PlanLine, Schedule, Visit, VisitExclusion
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.tests.conftest import NOW
from openhtm.maintenance.tests.factories import ProcedureFactory

pytestmark = pytest.mark.django_db


def logged_in(client, actor):
    from openhtm.identity.middleware import begin_session

    client.force_login(User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    begin_session(session)
    session.save()
    return client


def test_the_worklist_shows_what_can_be_done_now(client, pump, maria):
    page = logged_in(client, maria).get(reverse("maintenance:visit-list")).content.decode()
    assert "BME-1" in page
    assert "Policy-compliant and performed" in page


def test_both_percentages_stand_together_and_open_their_rows(client, pump, maria):
    Visit.objects.update(state="done", performed_on=date(2026, 1, 12), timing="on_time", policy_compliant=True)
    page = logged_in(client, maria).get(reverse("maintenance:visit-share")).content.decode()
    assert "policy-compliant 100" in page
    assert "performed 100" in page
    rows = client.get(reverse("maintenance:visit-list") + "?group=all&share=performed&until_from=2026-01-01&until_to=2026-01-31")
    assert "BME-1" in rows.content.decode()
    assert "BME-1" not in client.get(reverse("maintenance:visit-list") + "?group=all&share=not_performed").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("group=now", True), ("group=late", False), ("facility=NORTH", True), ("q=BME-1", True), ("q=BME-2", False), ("high_risk=true", False),
        ("high_risk=false", True), ("assignee=nobody&group=now", True), ("due_to=2020-01-01", False), ("device=bme-1", True), ("state=in_window,due", True),
    ],
)  # fmt: skip
def test_filters_narrow_the_list_and_the_export_alike(client, pump, maria, query, shown):
    address = reverse("maintenance:visit-list")
    assert (f'href="/visits/{Visit.objects.get().pk}"' in logged_in(client, maria).get(f"{address}?{query}").content.decode()) is shown
    exported = b"".join(client.get(reverse("maintenance:visit-export") + f"?{query}").streaming_content).decode()
    assert ("BME-1" in exported) is shown


@pytest.mark.parametrize(
    "query", ["group=x", "state=x", "share=x", "facility=NOWHERE", "department=9", "location=x", "procedure=x", "high_risk=x", "due_from=x"]
)
def test_a_filter_that_cannot_be_says_so(client, pump, maria, query):
    page = logged_in(client, maria).get(reverse("maintenance:visit-list") + f"?{query}")
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


def test_not_located_leads_to_its_tab_and_can_be_taken_back(client, pump, maria):
    visit = Visit.objects.get()
    logged_in(client, maria).post(reverse("maintenance:visit-attempt", args=[visit.pk]), {"outcome": "not_located"})
    assert "BME-1" in client.get(reverse("maintenance:visit-list") + "?group=not_located").content.decode()
    taken = reverse("maintenance:attempt-take-back", args=[Attempt.objects.get().uid])
    assert client.post(taken, {"reason": "Wrong device"}).status_code == 302
    assert "BME-1" not in client.get(reverse("maintenance:visit-list") + "?group=not_located").content.decode()
    assert "Wrong device" in client.get(reverse("maintenance:visit", args=[visit.pk])).content.decode()


def test_the_sticker_names_the_next_due_day(pump, maria):
    from openhtm.maintenance.services.stickers import sticker_of

    visit = Visit.objects.get()
    label = sticker_of(actor=maria, visit_id=visit.pk, base_url="https://htm.example")
    assert label.texts["control_number"] == "BME-1"
    assert label.texts["model"].startswith("Next due ")
    assert label.qr == "https://htm.example/d/BME-1"


def test_the_sticker_is_printed(client, pump, maria):
    answer = logged_in(client, maria).get(reverse("maintenance:visit-sticker", args=[Visit.objects.get().pk]))
    assert answer["Content-Type"] == "application/pdf"


def test_the_schedule_shows_why_and_its_beginning(client, pump, omar):
    page = logged_in(client, omar).get(reverse("maintenance:schedule", args=[Schedule.objects.get().pk])).content.decode()
    assert "Why this date?" in page
    assert "Schedule began" in page
    assert "Set apart" in page


def test_a_procedure_ends_for_one_device_and_holds_again(client, pump, omar):
    schedule = Schedule.objects.get()
    end, again = (reverse(f"maintenance:schedule-{name}", args=[schedule.pk]) for name in ("end", "as-others"))
    assert logged_in(client, omar).post(end, {"reason": ""}).status_code == 422
    assert client.post(end, {"reason": "Used as a spare part"}).status_code == 302
    schedule.refresh_from_db()
    assert not schedule.live
    assert Visit.objects.get().state == "removed"
    assert client.get(again).status_code == 422  # the schedule still shows the type's line


def test_chen_sees_no_visit_of_north(client, pump, chen):
    page = logged_in(client, chen).get(reverse("maintenance:visit-list")).content.decode()
    assert "BME-1" not in page


def test_a_visit_says_why_it_is_due_then(client, pump, maria):
    page = logged_in(client, maria).get(reverse("maintenance:visit", args=[Visit.objects.get().pk])).content.decode()
    assert "Every 3 months, counted from" in page
    assert "Why this date?" in page


def test_two_taps_record_that_it_was_in_use(client, pump, maria):
    visit = Visit.objects.get()
    answer = logged_in(client, maria).post(reverse("maintenance:visit-attempt", args=[visit.pk]), {"outcome": "in_use"})
    assert answer.status_code == 302
    assert Attempt.objects.get().outcome == "in_use"


def test_an_unknown_outcome_is_refused_in_the_form(client, pump, maria):
    answer = logged_in(client, maria).post(reverse("maintenance:visit-attempt", args=[Visit.objects.get().pk]), {"outcome": "lost"})
    assert answer.status_code == 422
    assert not Attempt.objects.exists()


def test_an_exclusion_needs_a_second_person(client, pump, omar, north):
    visit = Visit.objects.get()
    logged_in(client, omar).post(reverse("maintenance:visit-exclude", args=[visit.pk]), {"code": "other", "reason": "Twice"})
    exclusion = VisitExclusion.objects.get()
    answer = client.post(reverse("maintenance:exclusion", args=[exclusion.uid]), {"confirmed": "yes"})
    assert answer.status_code == 422
    assert "second person" in answer.content.decode()


def test_the_device_shows_its_schedules_and_that_a_visit_is_late(client, pump, maria):
    Visit.objects.update(state="late")
    address = reverse("inventory:device", args=["BME-1"])
    assert "is late" in logged_in(client, maria).get(address).content.decode()
    assert "every 3 months" in client.get(f"{address}?tab=maintenance").content.decode()


def test_a_device_is_set_apart_with_a_reason(client, pump, omar):
    schedule = Schedule.objects.get()
    address = reverse("maintenance:schedule-override", args=[schedule.pk])
    wanted = {"needed": "on", "cycle": "fixed", "every_n": 1, "every_unit": "month", "source": "policy", "reason": ""}
    assert logged_in(client, omar).post(address, wanted).status_code == 422
    assert client.post(address, wanted | {"reason": "Used every day"}).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.every_n, schedule.inherited) == (1, "device")


def test_a_line_shows_its_effect_before_it_is_carried_out(client, pump, system):
    from openhtm.catalog.tests.factories import DeviceTypeFactory
    from openhtm.identity.rules.permissions import Role
    from openhtm.identity.tests.factories import UserFactory, actor_of

    kind = DeviceTypeFactory()
    pump.device_type = kind
    pump.save()
    ada = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada"))
    wanted = {
        "procedure": ProcedureFactory().pk, "device_type": kind.pk, "needed": "on", "cycle": "fixed", "every_n": 6, "every_unit": "month",
        "source": "policy",
    }  # fmt: skip
    shown = logged_in(client, ada).post(reverse("maintenance:line-add"), wanted)
    assert "devices it reaches" in shown.content.decode()
    assert PlanLine.objects.filter(device_type=kind).count() == 0
    assert client.post(reverse("maintenance:line-add"), wanted | {"sure": "1"}).status_code == 302
    assert Schedule.objects.filter(device=pump, live=True).count() == 2


def test_the_worklist_costs_the_same_for_one_visit_and_for_thirty(client, pump, maria, system):
    address = reverse("maintenance:visit-list")
    logged_in(client, maria).get(address)
    with CaptureQueriesContext(connection) as alone:
        client.get(address)
    DeviceFactory.create_batch(29, facility=pump.facility, device_model=pump.device_model, accepted_on=date(2025, 1, 31))
    reconcile(actor=system, now=NOW, whole=True)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert Visit.objects.filter(is_open=True).count() == 30
    assert len(many) == len(alone)
