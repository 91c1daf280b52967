"""The kept sums: in step with every fact, equal to the facts, and able to be rebuilt."""

from datetime import UTC, date, datetime

import pytest

from openhtm.inventory.models import Device
from openhtm.inventory.rules.status import Status
from openhtm.inventory.services.life import change_status
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import ComingWork, Visit, WorkloadSum
from openhtm.maintenance.queries.planning import BY, Scope, visits_of_month, workload, workload_by
from openhtm.maintenance.queries.planning_people import holders, orders_of
from openhtm.maintenance.rules.calendar import add_months
from openhtm.maintenance.services import checks
from openhtm.maintenance.services import workload as kept
from openhtm.maintenance.services.attempts import record_attempt
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.tests.factories import PlanLineFactory
from openhtm.sites.models import Location
from openhtm.sites.services.locations import move_location
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory
from openhtm.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
TODAY, FIRST = date(2026, 1, 20), date(2026, 1, 1)
CHECKS = {one.code: one.check for one in checks.INVARIANTS}


@pytest.fixture
def fleet(clock, north, policies, system):
    """Four devices: by months, by weeks, with forbidden months, and from the last time done."""
    building = LocationFactory(facility=north, kind="building")
    floor = LocationFactory(facility=north, parent=building, kind="floor")
    room = LocationFactory(facility=north, parent=floor, kind="room")
    icu, ward = DepartmentFactory(facility=north), DepartmentFactory(facility=north)
    rhythms = [
        {"every_n": 3, "every_unit": "month", "skill": "imaging"}, {"every_n": 2, "every_unit": "week"},
        {"every_n": 6, "every_unit": "month", "blackout_months": [7, 8], "skill": "dialysis"},
        {"every_n": 1, "every_unit": "year", "cycle": "floating"},
    ]  # fmt: skip
    for number, rhythm in enumerate(rhythms):
        device = DeviceFactory(
            facility=north, accepted_on=date(2025, 1, 31), department=icu if number % 2 else ward, location=room if number else None,
            control_number=f"BME-{number}",
        )  # fmt: skip
        PlanLineFactory(device_model=device.device_model, est_min=45, effective_from=date(2026, 1, 1), **rhythm)
    reconcile(actor=system, now=NOW)
    return north


def wrong():
    return [code for code in ("workload-as-facts", "workload-sums") if CHECKS[code]() != (0, [])]


def sums():
    names = ("facility_id", "department_id", "place_id", "line_id", "first_on", "anchor_on", "step_days", "step_months")
    found = {}
    for *key, visits in WorkloadSum.objects.values_list(*names, "visits"):
        found[tuple(key)] = found.get(tuple(key), 0) + visits
    return {key: visits for key, visits in found.items() if visits}


def test_sums_hold_after_each_fact_and_are_those_of_a_rebuild(fleet, system, omar):
    assert ComingWork.objects.count() == 4
    assert wrong() == []
    visit = Visit.objects.filter(is_open=True, device__control_number="BME-1").get()
    record_attempt(actor=system, visit_id=visit.pk, outcome="pass", now=NOW)
    assert wrong() == []
    change_status(actor=system, control_number="BME-3", after=Status.RETIRED, reason="Sold", now=NOW)
    reconcile(actor=system, now=NOW)
    assert ComingWork.objects.count() == 3
    assert wrong() == []
    kept_sums = sums()
    kept.rebuild()
    assert sums() == kept_sums
    assert not WorkloadSum.objects.filter(loose=True).exists()


def test_the_nightly_run_puts_loose_sums_together_and_follows_a_device_that_moved(fleet, system):
    other = DepartmentFactory(facility=fleet)
    Device.objects.filter(control_number="BME-0").update(department=other)
    reconcile(actor=system, now=NOW, whole=True)
    assert ComingWork.objects.filter(department_id=other.pk).count() == 1
    assert not WorkloadSum.objects.filter(loose=True).exists()
    assert wrong() == []


def test_a_sum_that_is_wrong_is_found(fleet):
    WorkloadSum.objects.filter(pk=WorkloadSum.objects.first().pk).update(visits=7)
    assert wrong() == ["workload-sums"]
    ComingWork.objects.update(first_on=date(2026, 6, 1))
    assert "workload-sums" in wrong()


@pytest.mark.parametrize("by", sorted(BY))
def test_parts_add_up_to_the_whole_and_every_number_opens_as_many_rows(fleet, omar, by):
    scope = Scope(facility_id=fleet.pk)
    whole = workload(actor=omar, scope=scope, first_on=FIRST, months=12, today=TODAY)
    again, parts = workload_by(actor=omar, scope=scope, by=by, first_on=FIRST, months=12, today=TODAY)
    assert again == whole
    for position, month in enumerate(whole.months):
        assert sum(part.load.months[position].visits for part in parts) == month.visits
        assert sum(part.load.months[position].minutes for part in parts) == month.minutes
    column = {"facility": "facility_id", "department": "department_id", "place": "floor_id", "skill": "skill", "procedure": "procedure_id"}[
        by
    ]
    for part in parts:
        narrow = Scope(**{"facility_id": fleet.pk, column: part.key}) if part.key else Scope(facility_id=fleet.pk, without=by)
        for load in part.load.months:
            rows, _ = visits_of_month(actor=omar, scope=narrow, month=load.month, first_on=FIRST, limit=500)
            assert (len(rows), sum(row.minutes for row in rows)) == (load.visits, load.minutes)


def test_a_place_holds_what_stands_below_it(fleet, omar):
    room = ComingWork.objects.exclude(place_id=None).values_list("place_id", flat=True).first()
    device = Device.objects.exclude(location=None).select_related("location__parent__parent").first()
    for place in (device.location_id, device.location.parent_id, device.location.parent.parent_id):
        found = workload(actor=omar, scope=Scope(facility_id=fleet.pk, location_id=place), first_on=FIRST, months=12, today=TODAY)
        rows = 0
        for k in range(12):
            rows += len(
                visits_of_month(actor=omar, scope=Scope(location_id=place), month=add_months(FIRST, k), first_on=FIRST, limit=500)[0]
            )
        assert sum(one.visits for one in found.months) == rows > 0
    assert room == device.location.parent_id


def test_work_to_come_moves_with_the_place_in_which_devices_stand(fleet, system, django_assert_max_num_queries):
    room, floor = Location.objects.get(kind="room"), Location.objects.get(kind="floor")
    upstairs = LocationFactory(facility=fleet, parent=floor.parent, kind="floor")

    def floors():
        return sorted(ComingWork.objects.exclude(place_id=None).values_list("place_id", flat=True))

    assert floors() == [floor.pk] * 3
    with django_assert_max_num_queries(20):
        move_location(actor=system, public_code=room.public_code, parent_code=upstairs.public_code)
    assert floors() == [upstairs.pk] * 3
    move_location(actor=system, public_code=upstairs.public_code, parent_code=None)
    assert floors() == [room.pk] * 3
    assert wrong() == []
    about = {"actor": system, "scope": Scope(facility_id=fleet.pk), "first_on": FIRST, "months": 12, "today": TODAY}
    assert {part.key for part in workload_by(by="place", **about)[1]} == {None, room.pk}


def paged(actor, facility, key, month):
    """The orders of one number, read one page of one row after the other."""
    found, cursor = [], ""
    while cursor is not None:
        about = {"scope": Scope(facility_id=facility.pk), "by": "person", "key": key, "month": month, "first_on": FIRST}
        rows, cursor = orders_of(actor=actor, cursor=cursor, limit=1, **about)
        found += [row.id for row in rows]
    return found


def test_people_and_teams_with_their_share_and_their_orders(fleet, omar, maria):
    orders = list(WorkOrder.objects.filter(under_way=True).order_by("pk"))
    assert orders
    WorkOrder.objects.filter(pk=orders[0].pk).update(assigned_user_id=maria.user_id, planned_on=TODAY)
    found = holders(actor=omar, scope=Scope(facility_id=fleet.pk), by="person", first_on=FIRST, months=3, today=TODAY)
    assert found[0].name == "Maria Reyes"
    assert found[0].months[0].orders == 1
    for one in found:
        for month in one.months:
            rows, _ = orders_of(actor=omar, scope=Scope(facility_id=fleet.pk), by="person", key=one.key, month=month.month, first_on=FIRST)
            assert len(rows) == month.orders
            assert paged(omar, fleet, one.key, month.month) == [row.id for row in rows]
    assert sum(one.months[0].share for one in found) in (0, 99, 100, 101)
