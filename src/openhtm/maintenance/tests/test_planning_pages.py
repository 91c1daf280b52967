"""The pages of planning: calendar, batches, re-plan and base months, as a manager uses them."""

import re
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.core.errors import Invalid
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import DepartmentMonth, LevellingProposal, Replan, Schedule, ScheduleChange, Visit
from openhtm.maintenance.queries.planning_scope import Scope
from openhtm.maintenance.queries.visit_calendar import calendar_of, visits_on
from openhtm.maintenance.services import levelling
from openhtm.maintenance.services.base_months import propose_base_month
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.tests.factories import PlanLineFactory
from openhtm.maintenance.tests.test_pages import logged_in
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory
from openhtm.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
TODAY = date(2026, 1, 20)
DUE = date(2026, 2, 15)


@pytest.fixture
def ward(clock, north, policies, system):
    """Three pumps in one room of one department, due on 15 February."""
    room, icu = LocationFactory(facility=north), DepartmentFactory(facility=north, name="ICU")
    first = DeviceFactory(facility=north, accepted_on=date(2025, 11, 15), control_number="BME-1", location=room, department=icu)
    PlanLineFactory(device_model=first.device_model, every_n=3, est_min=60, join_base_month=True, effective_from=date(2025, 11, 1))
    for number in (2, 3):
        DeviceFactory(
            facility=north, device_model=first.device_model, accepted_on=date(2025, 11, 15), location=room, department=icu,
            control_number=f"BME-{number}",
        )  # fmt: skip
    reconcile(actor=system, now=NOW)
    return north


def batch_url(page):
    return re.search(r'href="([^"]*batches/one[^"]*)"', page).group(1).replace("&amp;", "&")


def test_every_day_of_the_calendar_opens_as_many_visits_as_it_shows(ward, omar):
    scope = Scope(facility_id=ward.pk)
    for month in (date(2026, 2, 1), date(2026, 5, 1), date(2027, 2, 1)):
        days = calendar_of(actor=omar, scope=scope, month=month, today=TODAY)
        assert sum(day.visits for day in days) == 3
        for day in days:
            rows, _ = visits_on(actor=omar, scope=scope, day=day.on, today=TODAY)
            assert (len(rows), sum(row.minutes for row in rows)) == (day.visits, day.minutes)


def test_a_planned_visit_stands_on_its_planned_day_only(ward, omar, maria, client):
    page = logged_in(client, omar)
    found = page.get(reverse("maintenance:batches"), {"month": "2026-02"}).content.decode()
    url = batch_url(found)
    ids = list(Visit.objects.filter(is_open=True).values_list("pk", flat=True))
    answer = page.post(url, {"planned_on": "2026-02-04", "person": maria.user_id, "selected": ids[:2]})
    assert answer.status_code == 302
    days = {
        day.on: (day.planned, day.due)
        for day in calendar_of(actor=omar, scope=Scope(facility_id=ward.pk), month=DUE, today=TODAY)
        if day.visits
    }
    assert days == {date(2026, 2, 4): (2, 0), DUE: (0, 1)}
    mine = calendar_of(actor=omar, scope=Scope(facility_id=ward.pk), month=DUE, today=TODAY, user_id=maria.user_id)
    assert {day.on: day.visits for day in mine if day.visits} == {date(2026, 2, 4): 2}
    assert "2 planned" in page.get(reverse("maintenance:calendar"), {"month": "2026-02"}).content.decode()
    assert "BME-" in page.get(reverse("maintenance:calendar-day"), {"day": "2026-02-04", "person": maria.user_id}).content.decode()


def test_chen_has_no_day_of_north(ward, chen):
    assert sum(day.visits for day in calendar_of(actor=chen, scope=Scope(), month=DUE, today=TODAY)) == 0


@pytest.mark.parametrize(
    ("name", "query", "status"),
    [
        ("calendar", {"month": "2026-13"}, 404),
        ("calendar", {"month": "2025-12"}, 422),
        ("calendar", {"month": "2029-01"}, 422),
        ("calendar", {"facility": "999999"}, 404),
        ("calendar-day", {"day": "x"}, 404),
        ("calendar-day", {"day": "2020-01-01"}, 422),
        ("calendar-day", {"day": "2026-02-15", "cursor": "x"}, 400),
        ("batch", {"batch": "x"}, 404),
        ("batch", {"batch": "1.0."}, 302),
        ("batches", {"month": "2026-02", "near": "house"}, 200),
        ("replan-new", {"due_from": "soon"}, 200),
        ("planning", {"by": "moon"}, 200),
        ("planning-visits", {"by": "place", "part": "x", "month": "2026-02"}, 404),
        ("planning-visits", {"by": "place", "part": "9" * 5000, "month": "2026-02"}, 404),
        ("planning-visits", {"by": "skill", "part": "ima\0ging", "month": "2026-02"}, 200),
        ("planning-orders", {"by": "skill", "part": "1"}, 404),
        ("planning-orders", {"part": "9" * 5000}, 404),
        ("planning-orders", {"cursor": "50"}, 400),
        ("planning", {"skill": "a\0b"}, 200),
        ("calendar", {"procedure": "a\0b", "place": "9" * 5000}, 200),
    ],
)
def test_an_address_that_cannot_be_is_answered_clearly(client, ward, omar, name, query, status):
    assert logged_in(client, omar).get(reverse(f"maintenance:{name}"), query).status_code == status


def test_ticks_that_cannot_be_keys_choose_nothing(client, ward, omar):
    page = logged_in(client, omar)
    wanted = {"mode": "spread", "first_on": "2026-02-02", "last_on": "2026-02-06", "selected": ["9" * 5000, "9" * 19, "x"]}
    refused = page.post(reverse("maintenance:replan-new"), wanted)
    assert refused.status_code == 422
    assert "No visit matches" in refused.content.decode()
    url = batch_url(page.get(reverse("maintenance:batches"), {"month": "2026-02"}).content.decode())
    refused = page.post(url, {"planned_on": "2026-02-04", "selected": ["9" * 5000]})
    assert refused.status_code == 422
    assert "Choose at least one visit." in refused.content.decode()
    assert not Replan.objects.exists()


def test_choose_preview_carry_out_and_undo(client, ward, omar, maria):
    page = logged_in(client, omar)
    url = reverse("maintenance:replan-new")
    refused = page.post(url, {"mode": "spread"})
    assert refused.status_code == 422
    assert "Give the first day." in refused.content.decode()
    answer = page.post(
        url,
        {
            "mode": "spread",
            "first_on": "2026-02-02",
            "last_on": "2026-02-06",
            "change_people": "on",
            "person": maria.user_id,
            "title": "Week 6",
        },
    )
    preview = page.get(answer["Location"]).content.decode()
    assert "Nothing has been changed yet." in preview
    assert "Maria Reyes" in preview
    assert not WorkOrder.objects.exists()
    made = Replan.objects.get()
    assert page.post(reverse("maintenance:replan-apply", args=[made.uid]), {"reason": ""}).status_code == 422
    assert page.post(reverse("maintenance:replan-apply", args=[made.uid]), {"reason": "Ann is away"}).status_code == 302
    assert WorkOrder.objects.filter(planned_on__isnull=False, assigned_user_id=maria.user_id).count() == 3
    assert page.post(reverse("maintenance:replan-undo", args=[made.uid])).status_code == 302
    assert WorkOrder.objects.exclude(status="cancelled").count() == 0
    assert "Week 6" in page.get(reverse("maintenance:replan-list")).content.decode()


@pytest.mark.parametrize("by", ["skill", "place", "department", "procedure", "person", "team"])
def test_the_planning_page_is_taken_apart_and_opens_its_rows(client, ward, omar, by):
    page = logged_in(client, omar)
    found = page.get(reverse("maintenance:planning"), {"by": by}).content.decode()
    links = re.findall(r'href="(/planning/(?:visits|orders)\?[^"]*part=[^"]*)"', found)
    assert links or by in ("person", "team")  # no order has a day yet
    for link in links:
        assert page.get(link.replace("&amp;", "&")).status_code == 200


def test_pages_cost_the_same_for_three_visits_and_for_thirty(client, ward, omar, system):
    addresses = [
        f"{reverse('maintenance:planning')}?by=place", f"{reverse('maintenance:calendar')}?month=2026-02",
        f"{reverse('maintenance:calendar-day')}?day=2026-02-15", f"{reverse('maintenance:batches')}?month=2026-02",
        reverse("maintenance:replan-new"), reverse("maintenance:base-months"),
    ]  # fmt: skip
    logged_in(client, omar).get(addresses[0])

    def statements():
        with CaptureQueriesContext(connection) as made:
            for address in addresses:
                assert client.get(address).status_code == 200
        return len(made)

    alone = statements()
    first = Visit.objects.select_related("device").first().device
    DeviceFactory.create_batch(
        27,
        facility=ward,
        device_model=first.device_model,
        accepted_on=date(2025, 11, 15),
        location=first.location,
        department=first.department,
    )
    reconcile(actor=system, now=NOW, whole=True)
    assert statements() == alone


def test_a_base_month_is_looked_at_carried_out_and_taken_back(client, ward, omar):
    icu = ward.departments.get(name="ICU")
    before = list(Schedule.objects.order_by("pk").values_list("pk", "anchor_on", "starts_on"))
    page = logged_in(client, omar)
    assert "ICU" in page.get(reverse("maintenance:base-months")).content.decode()
    answer = page.post(reverse("maintenance:base-month", args=[icu.pk]), {"month": "4"})
    assert answer.status_code == 302
    made = LevellingProposal.objects.get()
    assert not DepartmentMonth.objects.exists()
    assert set(made.items.values_list("to_starts_on", flat=True)) == {
        date(2026, 1, 31)
    }  # April, July, October, January; not later than three months
    levelling.accept(actor=omar, uid=made.uid, reason="Rounds of the ICU in April", now=NOW)
    assert DepartmentMonth.objects.get().month == 4
    assert set(Visit.objects.filter(is_open=True).values_list("due_on", flat=True)) == {date(2026, 1, 31)}
    assert set(ScheduleChange.objects.filter(kind="levelled").values_list("reason", flat=True)) == {"Rounds of the ICU in April"}
    levelling.undo(actor=omar, uid=made.uid, now=NOW)
    assert not DepartmentMonth.objects.exists()
    assert list(Schedule.objects.order_by("pk").values_list("pk", "anchor_on", "starts_on")) == before


def test_a_base_month_chosen_since_is_not_taken_back(client, ward, omar):
    icu = ward.departments.get(name="ICU")
    earlier, later = (propose_base_month(actor=omar, department_id=icu.pk, month=month, now=NOW) for month in (4, 5))
    levelling.accept(actor=omar, uid=earlier.uid, reason="April", now=NOW)
    levelling.accept(actor=omar, uid=later.uid, reason="May", now=NOW)
    answer = logged_in(client, omar).post(reverse("maintenance:levelling-undo", args=[earlier.uid]), follow=True)
    assert "The base month was changed since, and stays May." in answer.content.decode()
    assert DepartmentMonth.objects.get().month == 5
    assert levelling.undo(actor=omar, uid=later.uid, now=NOW).month_kept is None
    assert DepartmentMonth.objects.get().month == 4


def test_no_visit_waits_longer_than_its_interval_for_a_base_month(ward, omar):
    icu = ward.departments.get(name="ICU")
    for month in range(1, 13):
        for item in propose_base_month(actor=omar, department_id=icu.pk, month=month, now=NOW).items.all():
            assert TODAY < item.to_starts_on <= DUE


def test_a_base_month_that_is_there_or_cannot_be_is_refused(ward, omar, chen):
    icu = ward.departments.get(name="ICU")
    DepartmentMonth.objects.create(department=icu, month=5)
    for month in (5, 0, 13):
        with pytest.raises(Invalid):
            propose_base_month(actor=omar, department_id=icu.pk, month=month, now=NOW)
    with pytest.raises(type(icu).DoesNotExist):
        propose_base_month(actor=chen, department_id=icu.pk, month=6, now=NOW)
