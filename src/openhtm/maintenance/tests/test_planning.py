"""The work to come: equal to the rules, against the hours people have, and its pages."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Schedule, Visit
from openhtm.maintenance.queries.facts import FACTS, cycle_of
from openhtm.maintenance.queries.planning import Scope, visits_of_month, workload
from openhtm.maintenance.rules import grid
from openhtm.maintenance.rules.calendar import add_months, month_end
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.services.settling import settle
from openhtm.maintenance.tests.factories import PlanLineFactory, ScheduleFactory
from openhtm.maintenance.tests.test_pages import logged_in
from openhtm.workforce.models import StaffHours
from openhtm.workforce.tests.factories import staff_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
TODAY = date(2026, 1, 20)
FIRST = date(2026, 1, 1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def pump(clock, north, policies, system):
    device = DeviceFactory(facility=north, accepted_on=date(2025, 1, 31), control_number="BME-1")
    PlanLineFactory(device_model=device.device_model, every_n=3, est_min=90, skill="imaging", effective_from=date(2026, 1, 1))
    reconcile(actor=system, now=NOW)
    return device


def test_a_visit_every_three_months_stands_in_four_months_of_the_year(pump, omar):
    found = workload(actor=omar, scope=Scope(facility_id=pump.facility_id), first_on=FIRST, months=12, today=TODAY)
    assert [(one.month.month, one.visits, one.minutes) for one in found.months if one.visits] == [(m, 1, 90) for m in (1, 4, 7, 10)]
    assert (found.owed_visits, found.owed_min) == (0, 0)


def test_hours_of_the_facility_are_set_against_it_by_skill(pump, omar):
    StaffHours.objects.create(staff=staff_of(omar), facility_id=pump.facility_id, weekly_min=700, skills=["imaging"], effective_from=FIRST)
    scopes = (Scope(facility_id=pump.facility_id), Scope(facility_id=pump.facility_id, skill="imaging"),
              Scope(facility_id=pump.facility_id, skill="dialysis"), Scope(facility_id=pump.facility_id, department_id=1))  # fmt: skip
    hours = [workload(actor=omar, scope=one, first_on=FIRST, months=1, today=TODAY).months[0].available_min for one in scopes]
    assert hours == [3100, 3100, 0, None]


def test_chen_foresees_nothing_of_north(pump, chen):
    found = workload(actor=chen, scope=Scope(), first_on=FIRST, months=12, today=TODAY)
    assert sum(one.visits for one in found.months) == 0


def test_every_bar_opens_as_many_visits_as_it_shows(pump, omar):
    scope = Scope(facility_id=pump.facility_id)
    for load in workload(actor=omar, scope=scope, first_on=FIRST, months=24, today=TODAY).months:
        rows, following = visits_of_month(actor=omar, scope=scope, month=load.month, first_on=FIRST)
        assert (len(rows), sum(row.minutes for row in rows), following) == (load.visits, load.minutes, None)


def test_pages_of_a_month_follow_each_other_without_gap(pump, omar, system):
    DeviceFactory.create_batch(4, facility=pump.facility, device_model=pump.device_model, accepted_on=date(2025, 1, 31))
    reconcile(actor=system, now=NOW, whole=True)
    seen, cursor = [], ""
    while cursor is not None:
        rows, cursor = visits_of_month(actor=omar, scope=Scope(), month=date(2026, 4, 1), first_on=FIRST, cursor=cursor, limit=2)
        seen += [row.schedule_id for row in rows]
    assert sorted(seen) == sorted(Schedule.objects.values_list("pk", flat=True))


@given(
    anchor_on=st.dates(date(2024, 1, 1), date(2026, 6, 30)),
    wait=st.integers(0, 400),
    every=st.one_of(st.tuples(st.integers(5, 400), st.just("day")), st.tuples(st.integers(1, 30), st.sampled_from(["week", "month"])), st.tuples(st.integers(1, 2), st.just("year"))),
    blackout=st.sets(st.integers(1, 12), max_size=11),
    life=st.none() | st.integers(0, 900),
)  # fmt: skip
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_foreseen_days_are_those_of_the_rules(anchor_on, wait, every, blackout, life, clock, north, system):
    starts_on = anchor_on + timedelta(days=wait)
    made = ScheduleFactory(
        device=DeviceFactory(facility=north, accepted_on=date(2024, 1, 1)), every_n=every[0], every_unit=every[1], anchor_on=anchor_on,
        starts_on=starts_on, ends_on=None if life is None else starts_on + timedelta(days=life), blackout_months=sorted(blackout),
    )  # fmt: skip
    settle(device_ids=[made.device_id], now=NOW)
    schedule = Schedule.objects.select_related(*FACTS).get(pk=made.pk)
    last_on = month_end(add_months(FIRST, 23))
    opened = Visit.objects.filter(schedule=made, is_open=True).values_list("due_on", flat=True).first()
    slots = takewhile(lambda slot: slot.due_on <= last_on, grid.slots(cycle_of(schedule), after=None))
    wanted = [slot.due_on for slot in slots if opened and slot.due_on >= opened and slot.due_on >= FIRST]
    found = []
    for k in range(24):
        rows, _ = visits_of_month(actor=system, scope=Scope(), month=add_months(FIRST, k), first_on=FIRST, limit=1000)
        found += [row.due_on for row in rows if row.schedule_id == made.pk]
    assert found == wanted


def test_the_page_shows_every_month_and_opens_the_visits(client, pump, omar):
    page = logged_in(client, omar).get(reverse("maintenance:planning")).content.decode()
    assert page.count("loadbar") == 12
    rows = client.get(reverse("maintenance:planning-visits"), {"month": "2026-04"}).content.decode()
    assert "BME-1" in rows
    assert "Foreseen" in rows


@pytest.mark.parametrize("month", ["2026-13", "x", "0000-01", "2026-04-02"])
def test_a_month_that_is_none_is_not_found(client, pump, omar, month):
    assert logged_in(client, omar).get(reverse("maintenance:planning-visits"), {"month": month}).status_code == 404


@pytest.mark.parametrize("month", ["2025-12", "2028-01", "9999-12"])
def test_a_month_too_far_away_is_refused(client, pump, omar, month):
    assert logged_in(client, omar).get(reverse("maintenance:planning-visits"), {"month": month}).status_code == 422


def test_a_cursor_of_another_list_is_refused(client, pump, omar):
    answer = logged_in(client, omar).get(reverse("maintenance:planning-visits"), {"month": "2026-04", "cursor": "x.y"})
    assert answer.status_code == 400


def test_planning_costs_the_same_for_one_schedule_and_for_thirty(client, pump, omar, system):
    addresses = (reverse("maintenance:planning"), reverse("maintenance:planning-visits") + "?month=2026-04")
    logged_in(client, omar).get(addresses[0])

    def statements():
        with CaptureQueriesContext(connection) as made:
            for address in addresses:
                client.get(address)
        return len(made)

    alone = statements()
    DeviceFactory.create_batch(29, facility=pump.facility, device_model=pump.device_model, accepted_on=date(2025, 1, 31))
    reconcile(actor=system, now=NOW, whole=True)
    assert statements() == alone
