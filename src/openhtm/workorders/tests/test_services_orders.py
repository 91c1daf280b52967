"""Opening orders, moving them, and what closing asks for."""

import datetime as dt

import pytest
import time_machine

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.core.events import subscribe
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.procedures.models import Procedure, ProcedureVersion
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory, ServiceProviderFactory
from openhtm.workorders.models import WorkEvent, WorkOrder, WorkTemplate
from openhtm.workorders.rules.events import OrderMoved, OrderOpened
from openhtm.workorders.rules.kinds import Kind, Status
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services import assigning, labour, moving, opening, targets
from openhtm.workorders.services.shared import OrderChanged, OrderSettled, TooManyOrders
from openhtm.workorders.tests.factories import WorkOrderFactory, shipped_codes

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 14, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def codes(db):
    shipped_codes()


@pytest.fixture
def pump(north):
    return DeviceFactory(
        facility=north, control_number="BME-1", department=DepartmentFactory(facility=north), location=LocationFactory(facility=north)
    )


@pytest.fixture
def told():
    """Events of this room, as a higher room hears them."""
    heard = []
    for kind in (OrderMoved, OrderOpened):
        subscribe(kind, "test", heard.append)
    yield heard
    for kind in (OrderMoved, OrderOpened):
        subscribe(kind, "test", lambda event: None)


def released(code: str) -> ProcedureVersion:
    procedure = Procedure.objects.create(code=code, name=code)
    return ProcedureVersion.objects.create(
        procedure=procedure, number=1, status="released", content={}, content_hash="0" * 64, released_at=NOW
    )


def done(order: WorkOrder, actor: Actor, **more) -> WorkOrder:
    labour.book_labour(actor=actor, number=order.number, minutes=30)
    return moving.complete_order(actor=actor, number=order.number, failure_code="upf", **more)


def test_an_order_takes_its_place_from_the_device_and_its_targets_from_the_priority(maria, pump, told):
    order = opening.open_order(actor=maria, title=" Does not start ", device="bme-1", priority=2, now=NOW)
    assert (order.device_id, order.facility_id, order.department_id, order.location_id) == (
        pump.pk,
        pump.facility_id,
        pump.department_id,
        pump.location_id,
    )
    assert (order.title, order.status, order.kind) == ("Does not start", "open", "corrective")
    assert order.response_due_at == NOW + dt.timedelta(minutes=120)
    assert order.completion_due_at == NOW + dt.timedelta(minutes=1440)
    assert [(event.kind, event.after) for event in order.happenings.all()] == [("opened", "open")]
    assert [event.order_ids for event in told] == [(order.pk,)]


def test_a_facility_may_have_its_own_targets(omar, ada, pump, north):
    targets.set_target(actor=omar, priority=1, response_min=10, completion_min=None, facility_id=north.pk)
    order = opening.open_order(actor=omar, title="Stops", device="BME-1", priority=1, now=NOW)
    assert (order.response_due_at, order.completion_due_at) == (NOW + dt.timedelta(minutes=10), None)


@pytest.fixture
def ada(db):
    return actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada"))


def test_a_window_counts_instead_of_targets_and_is_filled_around_the_due_day(maria, pump):
    due = dt.date(2026, 4, 1)
    order = opening.open_order(actor=maria, title="PM", kind=Kind.SCHEDULED, device="BME-1", due_on=due, now=NOW)
    assert (order.opens_on, order.on_time_until, order.grace_until, order.completion_due_at) == (due, due, due, None)
    with pytest.raises(Invalid) as refusal:
        opening.open_order(actor=maria, title="PM", device="BME-1", due_on=due, opens_on=dt.date(2026, 5, 1))
    assert set(refusal.value.errors) == {"due_on"}


def test_a_template_fills_what_is_left_out(maria, pump):
    version = released("battery")
    template = WorkTemplate.objects.get(name="Battery replacement")
    template.procedures.add(version.procedure)
    order = opening.open_order(actor=maria, title="", device="BME-1", template_id=template.pk, est_min=5)
    assert (order.title, order.est_min, order.return_test_required) == ("Replace battery", 5, True)
    assert [checklist.version_id for checklist in order.checklists.all()] == [version.pk]
    with pytest.raises(opening.NoReleasedVersion):
        opening.open_order(actor=maria, title="X", device="BME-1", procedure_codes=["unwritten"])


def test_a_requester_asks_and_a_patient_raises_the_flag(north, pump):
    rita = actor_of(UserFactory.with_role(Role.REQUESTER, north, department=pump.department))
    order = opening.open_order(actor=rita, title="Stopped", device="BME-1", patient_involved=True)
    assert (order.status, order.incident, order.reporter_id) == ("requested", True, rita.user_id)
    with pytest.raises(NotAllowed):
        opening.open_order(actor=rita, title="Please", device="BME-1", kind=Kind.PROJECT)
    with pytest.raises(NotAllowed):
        opening.open_order(actor=rita, title="Please", device="BME-1", assigned_user_id=rita.user_id)


def test_nobody_opens_orders_on_what_they_cannot_see(chen, maria, south, pump):
    with pytest.raises(Device.DoesNotExist):
        opening.open_order(actor=chen, title="Broken", device="BME-1")
    with pytest.raises(Invalid) as refusal:
        opening.open_order(actor=maria, title="Broken", facility_id=pump.facility_id, location_id=LocationFactory(facility=south).pk)
    assert set(refusal.value.errors) == {"location"}


@pytest.mark.parametrize("count", [3, 130])
def test_many_orders_are_opened_with_the_same_defaults(maria, pump, count, told):
    version = released("pump")
    wanted = [
        NewOrder(
            title=f"PM {n}",
            facility_id=pump.facility_id,
            device_id=pump.pk,
            kind=Kind.SCHEDULED,
            version_ids=(version.pk,),
            due_on=NOW.date(),
        )
        for n in range(count)
    ]
    orders = opening.open_many(actor=maria, wanted=wanted, now=NOW)
    stored = list(WorkOrder.objects.order_by("number"))
    assert [order.title for order in stored] == [f"PM {n}" for n in range(count)]
    assert [order.number for order in stored] == [order.number for order in orders]
    assert {order.department_id for order in stored} == {pump.department_id}
    assert WorkEvent.objects.filter(kind="opened", actor_name="Maria Reyes").count() == count
    assert version.checklists.count() == count
    assert len(told[0].order_ids) == count
    events = WorkOrder._meta.get_field("events").related_model.objects
    assert events.filter(pgh_label="insert").count() == count


def test_many_orders_cost_the_same_statements(maria, pump, django_assert_num_queries):
    def wanted(count):
        return [NewOrder(title="PM", facility_id=pump.facility_id, device_id=pump.pk) for _ in range(count)]

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as some:
        opening.open_many(actor=maria, wanted=wanted(150), now=NOW)
    with django_assert_num_queries(len(some)):
        opening.open_many(actor=maria, wanted=wanted(600), now=NOW)


def test_all_wrong_items_are_named_and_nothing_is_opened(maria, pump):
    good = NewOrder(title="PM", facility_id=pump.facility_id, device_id=pump.pk)
    bad = NewOrder(title="", facility_id=pump.facility_id, device_id=pump.pk, priority=9)
    with pytest.raises(Invalid) as refusal:
        opening.open_many(actor=maria, wanted=[good, bad, good], now=NOW)
    assert set(refusal.value.errors) == {"items.1.title", "items.1.priority"}
    assert not WorkOrder.objects.exists()
    with pytest.raises(TooManyOrders):
        opening.open_many(actor=maria, wanted=[good] * 5001)


def test_work_is_started_held_resumed_completed_and_closed(maria, omar, pump, told):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1", now=NOW)
    due = order.completion_due_at
    moving.start_work(actor=maria, number=order.number, now=NOW + dt.timedelta(hours=1))
    held = moving.hold_order(actor=maria, number=order.number, reason_code="parts", note="PO 77", now=NOW + dt.timedelta(hours=2))
    assert (held.status, str(held.hold_reason)) == ("on_hold", "Waiting for parts")
    resumed = moving.resume_work(actor=maria, number=order.number, now=NOW + dt.timedelta(hours=5))
    assert (resumed.status, resumed.held_s, resumed.completion_due_at) == ("in_progress", 3 * 3600, due + dt.timedelta(hours=3))
    with pytest.raises(moving.NotReadyToClose) as refusal:
        moving.complete_order(actor=maria, number=order.number)
    assert refusal.value.sentence == f"WO-{order.number} still needs a failure code."
    completed = done(order, maria, work_done="New fuse", outcome="performed")
    assert (completed.completed_by_id, completed.work_done) == (maria.user_id, "New fuse")
    with pytest.raises(NotAllowed):
        moving.close_order(actor=maria, number=order.number)
    closed = moving.close_order(actor=omar, number=order.number)
    assert (closed.status, closed.closed_by_id, closed.assigned_user_id) == ("closed", omar.user_id, maria.user_id)
    steps = [(event.before, event.after, event.outcome) for event in told if isinstance(event, OrderMoved)]
    assert steps[-2:] == [("in_progress", "completed", "performed"), ("completed", "closed", "")]


def test_a_hold_of_our_own_making_does_not_stop_the_clock(maria, pump):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1", now=NOW)
    moving.hold_order(actor=maria, number=order.number, reason_code="staff", now=NOW)
    resumed = moving.resume_work(actor=maria, number=order.number, now=NOW + dt.timedelta(hours=5))
    assert (resumed.status, resumed.held_s, resumed.completion_due_at) == ("open", 0, order.completion_due_at)


@pytest.mark.parametrize("code", ["ef", "hf", "pf"])
def test_codes_for_scheduled_work_do_not_complete_a_repair(maria, pump, code):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1")
    with pytest.raises(moving.NotReadyToClose, match="its own list"):
        moving.complete_order(actor=maria, number=order.number, failure_code=code)
    order.refresh_from_db()
    assert (order.status, order.failure_id) == ("open", None)


def test_an_order_closes_by_rule_where_nobody_needs_to_read_it(maria, pump):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1")
    done(order, maria)
    WorkOrder.objects.filter(pk=order.pk).update(review_reasons=["failed"])
    with pytest.raises(moving.NotReadyToClose, match="read its exceptions"):
        moving.close_order(actor=maria, number=order.number, by_rule=True)
    WorkOrder.objects.filter(pk=order.pk).update(review_reasons=[])
    assert moving.close_order(actor=maria, number=order.number, by_rule=True).closed_by_rule is True


def test_a_closed_order_is_reopened_for_a_reason_and_takes_nothing_before(maria, omar, pump):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1")
    done(order, maria)
    moving.close_order(actor=omar, number=order.number)
    with pytest.raises(OrderSettled):
        labour.book_labour(actor=maria, number=order.number, minutes=5)
    with pytest.raises(moving.MoveRefused, match="Reopen it and give the reason"):
        moving.start_work(actor=maria, number=order.number)
    with pytest.raises(Invalid):
        moving.reopen_order(actor=omar, number=order.number, reason=" ")
    again = moving.reopen_order(actor=omar, number=order.number, reason="Failed again")
    assert (again.status, again.closed_at, again.completed_at, again.closed_by_id) == ("in_progress", None, None, None)


def test_an_order_is_cancelled_for_a_coded_reason(maria, omar, pump):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1")
    with pytest.raises(NotAllowed):
        moving.cancel_order(actor=maria, number=order.number, reason_code="mistake")
    with pytest.raises(Invalid):
        moving.cancel_order(actor=omar, number=order.number, reason_code="because")
    assert moving.cancel_order(actor=omar, number=order.number, reason_code="mistake").status == "cancelled"
    with pytest.raises(moving.AlreadySo, match="already cancelled by Omar Haddad"):
        moving.cancel_order(actor=omar, number=order.number, reason_code="mistake")
    assert moving.reopen_order(actor=omar, number=order.number, reason="It is real").status == "open"


def test_a_change_since_it_was_read_is_refused(maria, pump):
    order = opening.open_order(actor=maria, title="Broken", device="BME-1", now=NOW)
    with pytest.raises(OrderChanged):
        moving.start_work(actor=maria, number=order.number, seen_at=NOW - dt.timedelta(seconds=1))
    assert moving.start_work(actor=maria, number=order.number, seen_at=NOW).status == "in_progress"


def test_strangers_find_no_order_and_vendors_their_own_only(chen, maria, omar, north, pump):
    acme, other = ServiceProviderFactory(), ServiceProviderFactory()
    vic = actor_of(UserFactory.with_role(Role.VENDOR_TECHNICIAN, north, provider=acme))
    own = opening.open_order(actor=maria, title="Broken", device="BME-1")
    assigning.assign_orders(actor=omar, numbers=[own.number], provider_id=acme.pk)
    foreign = WorkOrderFactory(device=pump, assigned_provider=other)
    assert list(WorkOrder.objects.visible_to(vic)) == [own]
    assert moving.start_work(actor=vic, number=own.number).status == "in_progress"
    for actor, order in ((chen, own), (vic, foreign)):
        with pytest.raises(WorkOrder.DoesNotExist):
            moving.start_work(actor=actor, number=order.number)


def test_work_is_assigned_in_bulk_to_people_who_may_do_it(maria, omar, chen, north, pump, told):
    numbers = [WorkOrderFactory(device=pump).number for _ in range(3)]
    day = dt.date(2026, 3, 9)
    assert assigning.assign_orders(actor=omar, numbers=numbers, user_id=maria.user_id, planned_on=day) == 3
    assert assigning.assign_orders(actor=omar, numbers=numbers, user_id=maria.user_id) == 0
    assert set(WorkOrder.objects.values_list("assigned_user_id", "planned_on")) == {(maria.user_id, day)}
    with pytest.raises(Invalid):
        assigning.assign_orders(actor=omar, numbers=numbers, user_id=chen.user_id)
    with pytest.raises(NotAllowed):
        assigning.assign_orders(actor=maria, numbers=numbers, user_id=omar.user_id)
    assert assigning.assign_orders(actor=maria, numbers=numbers, user_id=None) == 3
    assert assigning.assign_orders(actor=maria, numbers=numbers[:1], user_id=maria.user_id) == 1


def test_the_system_opens_and_completes_without_a_person(pump):
    system = Actor.system("nightly")
    order = opening.open_order(actor=system, title="Move", device="BME-1", kind=Kind.PROJECT, origin="visit")
    assert moving.start_work(actor=system, number=order.number).assigned_user_id is None
    with time_machine.travel(NOW, tick=False):
        assert moving.complete_order(actor=system, number=order.number).status == Status.COMPLETED
