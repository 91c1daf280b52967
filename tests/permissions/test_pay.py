"""What an hour of somebody costs is for them and for who holds VIEW_PAY where they work, on pages and over the API."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Facility, Organisation
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.models import StaffHours, StaffMember
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.tests.factories import LabourFactory, WorkOrderFactory
from tests.permissions.client import ApiClient, logged_in

pytestmark = pytest.mark.django_db
SINCE = dt.date(2026, 1, 5)


@pytest.fixture
def north() -> Facility:
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def south() -> Facility:
    return FacilityFactory(code="SOUTH", name="South Clinic")


@pytest.fixture
def maria(north: Facility) -> User:
    """A technician whose hour costs 91.37."""
    user = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria Reyes")
    StaffHours.objects.create(staff=staff_of(user), facility=north, weekly_min=1800, loaded_rate_cents=9137, effective_from=SINCE)
    return user


@pytest.fixture
def order(north: Facility, maria: User) -> WorkOrder:
    made: WorkOrder = WorkOrderFactory(device=DeviceFactory(facility=north))
    LabourFactory(work_order=made, user=maria, minutes=60, rate_cents=9137)
    WorkOrder.objects.filter(pk=made.pk).update(labour_min=60, labour_cents=9137)
    return made


def who(kind: str, north: Facility, south: Facility) -> User:
    if kind == "surveyor":
        return UserFactory.with_role(Role.SURVEYOR, north)
    user = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Lee Park")
    if kind == "manager of another facility":
        RoleAssignment.objects.create(user=user, role=Role.MANAGER, facility=south)
    return user


KINDS = ("technician", "surveyor", "manager of another facility")


@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_of_one_entry_of_labour_is_hidden(kind: str, north: Facility, south: Facility, order: WorkOrder) -> None:
    user = who(kind, north, south)
    (entry,) = ApiClient(user).get(f"/work-orders/{order.number}/labour").json()
    assert (entry["person"], entry["minutes"], entry["cost_cents"]) == ("Maria Reyes", 60, None)
    page = logged_in(user).get(reverse("workorders:order", args=[order.number]), {"tab": "costs"}).content.decode()
    booked = page[page.index('aria-label="Labour"') : page.index('aria-label="Parts used"')]
    assert "Maria Reyes" in booked
    assert "91.37" not in booked


def test_the_cost_of_one_entry_is_for_the_person_and_for_who_may_see_pay(north: Facility, maria: User, order: WorkOrder) -> None:
    for user in (maria, UserFactory.with_role(Role.MANAGER, north)):
        assert [one["cost_cents"] for one in ApiClient(user).get(f"/work-orders/{order.number}/labour").json()] == [9137]


def test_the_sum_of_an_order_is_for_who_sees_costs(north: Facility, south: Facility, order: WorkOrder) -> None:
    sums = {kind: ApiClient(who(kind, north, south)).get(f"/work-orders/{order.number}").json()["labour_cents"] for kind in KINDS}
    assert sums == {"technician": 9137, "surveyor": None, "manager of another facility": 9137}


@pytest.mark.parametrize("role", [role for role in Role if GRANTS[role] >= {Permission.VIEW_SCHEDULES, Permission.VIEW_PEOPLE}])
def test_the_page_of_hours_shows_a_rate_to_roles_with_the_right_to_see_pay(role: Role, north: Facility, maria: User) -> None:
    page = logged_in(UserFactory.with_role(role, north)).get(reverse("workforce:hours-list")).content.decode()
    assert "Maria Reyes" in page
    assert ("91.37" in page) == (Permission.VIEW_PAY in GRANTS[role])


@pytest.mark.parametrize("role", [role for role in Role if GRANTS[role] >= {Permission.VIEW_WORK, Permission.VIEW_COSTS}])
def test_the_api_gives_the_cost_of_an_entry_to_roles_with_the_right_to_see_pay(role: Role, north: Facility, order: WorkOrder) -> None:
    (entry,) = ApiClient(UserFactory.with_role(role, north)).get(f"/work-orders/{order.number}/labour").json()
    assert (entry["cost_cents"] == 9137) == (Permission.VIEW_PAY in GRANTS[role])


def test_the_entries_of_an_order_cost_the_same_for_one_and_for_ten(
    north: Facility, order: WorkOrder, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = ApiClient(UserFactory.with_role(Role.MANAGER, north))
    client.get(f"/work-orders/{order.number}/labour")  # the first one notes that the token was used
    with CaptureQueriesContext(connection) as alone:
        client.get(f"/work-orders/{order.number}/labour")
    for _ in range(9):
        LabourFactory(work_order=order, user=UserFactory.with_role(Role.TECHNICIAN, north), minutes=60, rate_cents=7000)
    with django_assert_num_queries(len(alone)):
        assert len(client.get(f"/work-orders/{order.number}/labour").json()) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_of_a_colleague_is_hidden(kind: str, north: Facility, south: Facility, maria: User) -> None:
    user = who(kind, north, south)
    page = logged_in(user).get(reverse("workforce:hours-list")).content.decode()
    assert "Maria Reyes" in page
    assert "91.37" not in page
    answer = ApiClient(user).get(f"/staff-hours?on={timezone.localdate()}")
    assert "Maria Reyes" in answer.content.decode()
    assert "9137" not in answer.content.decode()


def test_the_rate_shows_to_a_manager_in_the_currency_of_the_organisation(north: Facility, maria: User) -> None:
    Organisation.objects.update(currency="EUR")
    omar = UserFactory.with_role(Role.MANAGER, north)
    assert "€91.37" in logged_in(omar).get(reverse("workforce:hours-list")).content.decode()


def test_the_rate_of_somebody_who_works_everywhere_needs_the_right_everywhere(north: Facility, maria: User) -> None:
    StaffMember.objects.filter(user=maria).update(facility=None)
    pages = {
        name: logged_in(user).get(reverse("workforce:hours-list")).content.decode()
        for name, user in {
            "one facility": _manager_too(UserFactory.with_role(Role.TECHNICIAN, north), north),
            "everywhere": UserFactory.with_role(Role.MANAGER, None),
        }.items()
    }
    assert {name: "91.37" in page for name, page in pages.items()} == {"one facility": False, "everywhere": True}


def _manager_too(user: User, facility: Facility) -> User:
    RoleAssignment.objects.create(user=user, role=Role.MANAGER, facility=facility)
    return user
