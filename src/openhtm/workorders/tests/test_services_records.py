"""Labour, money, remarks, merging, correcting, and the downtime clock."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.audit import invariants
from openhtm.core.errors import Invalid, NotAllowed
from openhtm.documents.tests import samples
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.services.life import change_status
from openhtm.sites.tests.factories import ServiceProviderFactory
from openhtm.workforce.models import StaffHours
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.models import Downtime, LabourEntry, OtherCost, PartUsed, WorkCode, WorkComment, WorkOrder
from openhtm.workorders.queries import detail, of_device
from openhtm.workorders.rules import costs as rules
from openhtm.workorders.services import codes, downtime, editing, labour, merging, moving, opening, spending, talking
from openhtm.workorders.services.checks import INVARIANTS
from openhtm.workorders.services.costs import refresh_costs
from openhtm.workorders.services.shared import OrderSettled
from openhtm.workorders.tests.factories import LabourFactory, PartFactory, WorkOrderFactory, shipped_codes

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 14, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def shipped(db):
    shipped_codes()


@pytest.fixture
def order(north):
    return WorkOrderFactory(device__facility=north, device__control_number="BME-1")


def total(order: WorkOrder) -> tuple[int, int, int, int, int]:
    order.refresh_from_db()
    return order.labour_min, order.labour_cents, order.parts_cents, order.vendor_cents, order.other_cents


def broken() -> list[str]:
    return [law.code for law in INVARIANTS if law.check()[0]]


def test_the_timer_books_minutes_at_the_rate_of_the_day(maria, order):
    StaffHours.objects.create(staff=staff_of(maria), weekly_min=1800, loaded_rate_cents=9_000, effective_from=dt.date(2026, 1, 1))
    entry = labour.start_timer(actor=maria, number=order.number, now=NOW)
    assert labour.start_timer(actor=maria, number=order.number, now=NOW) == entry
    other = WorkOrderFactory(device=order.device)
    with pytest.raises(labour.TimerElsewhere, match=f"already runs on WO-{order.number}"):
        labour.start_timer(actor=maria, number=other.number, now=NOW)
    labour.start_timer(actor=maria, number=other.number, switch=True, now=NOW + dt.timedelta(minutes=20))
    assert total(order) == (20, 3_000, 0, 0, 0)
    stopped = labour.stop_timer(actor=maria, minutes=5, note="Forgot it", now=NOW + dt.timedelta(days=1))
    assert (stopped.work_order, stopped.minutes) == (other, 5)
    with pytest.raises(LabourEntry.DoesNotExist):
        labour.stop_timer(actor=maria)
    assert broken() == []


def test_a_timer_of_more_than_a_week_asks_how_long_it_was(maria, order):
    labour.start_timer(actor=maria, number=order.number, now=NOW)
    with pytest.raises(Invalid, match="more than a week"):
        labour.stop_timer(actor=maria, now=NOW + dt.timedelta(days=9))
    assert labour.stop_timer(actor=maria, minutes=45, now=NOW + dt.timedelta(days=9)).minutes == 45


def test_completing_stops_ones_own_timer_and_closing_waits_for_a_colleagues(maria, omar, order):
    labour.start_timer(actor=maria, number=order.number)
    labour.start_timer(actor=omar, number=order.number)
    moving.complete_order(actor=maria, number=order.number, failure_code="upf")
    with pytest.raises(moving.NotReadyToClose, match="running timer of Omar Haddad"):
        moving.close_order(actor=omar, number=order.number)
    labour.stop_timer(actor=omar)
    assert moving.close_order(actor=omar, number=order.number).status == "closed"


def test_time_of_a_colleague_needs_the_right_to_assign(maria, omar, order):
    with pytest.raises(NotAllowed):
        labour.book_labour(actor=maria, number=order.number, minutes=30, user_id=omar.user_id)
    entry = labour.book_labour(actor=omar, number=order.number, minutes=30, user_id=maria.user_id, category="travel", now=NOW)
    assert (entry.user_name, entry.category.code, entry.ended_at) == ("Maria Reyes", "travel", NOW)
    mine = labour.book_labour(actor=omar, number=order.number, minutes=10)
    with pytest.raises(NotAllowed):
        labour.remove_labour(actor=maria, uid=mine.uid, reason="Not hers")
    labour.remove_labour(actor=maria, uid=entry.uid, reason="Wrong order")
    assert total(order)[0] == 10


@pytest.mark.parametrize("minutes", [0, -5, 10_081])
def test_impossible_minutes_are_refused(maria, order, minutes):
    with pytest.raises(Invalid):
        labour.book_labour(actor=maria, number=order.number, minutes=minutes)


def test_parts_reports_and_other_costs_add_up_once_accepted(maria, omar, order):
    acme = ServiceProviderFactory()
    part = spending.add_part(actor=maria, number=order.number, description="Seal", quantity=Decimal("2.50"), unit_cost_cents=101)
    cost = spending.add_cost(actor=maria, number=order.number, description="Freight", cost_cents=1_900)
    report = spending.receive_report(
        actor=maria, number=order.number, provider_id=acme.pk, performed_on=NOW.date(), cost_cents=80_000, now=NOW, content=samples.PDF, file_name="r.pdf"
    )  # fmt: skip
    assert total(order) == (0, 0, 253, 0, 1_900)
    with pytest.raises(NotAllowed):
        spending.settle_report(actor=maria, uid=report.uid, accept=True)
    spending.settle_report(actor=omar, uid=report.uid, accept=True)
    assert total(order) == (0, 0, 253, 80_000, 1_900)
    with pytest.raises(spending.ReportAlreadySettled):
        spending.settle_report(actor=omar, uid=report.uid, accept=False, note="No")
    spending.remove_part(actor=maria, uid=part.uid, reason="Not used")
    spending.remove_cost(actor=maria, cost_id=cost.pk, reason="Not charged")
    assert total(order) == (0, 0, 0, 80_000, 0)
    assert broken() == []


def test_a_company_reports_for_itself_only(north, order):
    acme, other = ServiceProviderFactory(), ServiceProviderFactory()
    WorkOrder.objects.filter(pk=order.pk).update(assigned_provider=acme)
    vic = actor_of(UserFactory.with_role(Role.VENDOR_TECHNICIAN, north, provider=acme))
    with pytest.raises(Invalid):
        spending.receive_report(actor=vic, number=order.number, provider_id=other.pk, performed_on=NOW.date())
    assert spending.receive_report(actor=vic, number=order.number, provider_id=acme.pk, performed_on=NOW.date()).verdict == "received"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labours=st.lists(st.tuples(st.integers(0, 600), st.none() | st.integers(0, 20_000)), max_size=4),
    parts=st.lists(st.tuples(st.decimals("0.01", "99", places=2), st.none() | st.integers(0, 99_999)), max_size=4),
    other=st.lists(st.integers(0, 99_999), max_size=3),
)
def test_the_stored_costs_are_those_of_the_rule(order, labours, parts, other):
    for model in (LabourEntry, PartUsed, OtherCost):
        model.objects.all().delete()
    for minutes, rate in labours:
        LabourFactory(work_order=order, minutes=minutes, rate_cents=rate)
    for quantity, price in parts:
        PartFactory(work_order=order, quantity=quantity, unit_cost_cents=price)
    for cents in other:
        OtherCost.objects.create(work_order=order, description="x", cost_cents=cents)
    refresh_costs([order.pk])
    expected = rules.costs_of(
        labour=[rules.Labour(*one) for one in labours], parts=[rules.Part(*one) for one in parts], accepted_reports=[], other=other
    )
    assert total(order) == (expected.labour_min, expected.labour_cents, expected.parts_cents, 0, expected.other_cents)
    assert refresh_costs() == 0


def test_a_wrong_cost_is_found_and_rebuilt(order):
    LabourFactory(work_order=order, minutes=30, rate_cents=6_000)
    assert broken() == ["workorder-costs"]
    assert refresh_costs() == 1
    assert broken() == []


def test_merging_keeps_everything_the_reports_carried(maria, omar, north, order):
    rita = actor_of(UserFactory.with_role(Role.REQUESTER, north, full_name="Rita"))
    twin = opening.open_order(
        actor=rita,
        title="Also broken",
        device="BME-1",
        patient_involved=True,
        reporter_name="Rita",
        reporter_contact="4711",
        call_back=True,
    )
    third = WorkOrderFactory(device=order.device, status="merged", merged_into=twin)
    talking.add_comment(actor=rita, number=twin.number, text="It beeps")
    talking.attach_file(actor=rita, number=twin.number, content=samples.PDF, file_name="photo.pdf")
    talking.watch(actor=rita, number=twin.number)
    labour.book_labour(actor=maria, number=twin.number, minutes=15)
    kept = merging.merge_orders(actor=omar, into=order.number, numbers=[twin.number], reason="Same fault")
    twin.refresh_from_db()
    third.refresh_from_db()
    assert (twin.status, twin.merged_into_id, third.merged_into_id) == ("merged", order.pk, order.pk)
    assert (kept.labour_min, kept.incident, kept.patient_involved) == (15, True, True)
    assert [comment.text for comment in detail.comments_of(kept)] == ["It beeps"]
    assert [file.file_name for file in detail.files_of(kept)] == ["photo.pdf"]
    assert [report.reporter_contact for report in detail.reporters_of(kept)] == ["4711"]
    assert {event.kind for event in detail.events_of(kept)} >= {"merged", "opened", "status"}
    assert kept.watchers.filter(user_id=rita.user_id).exists()
    with pytest.raises(OrderSettled):
        labour.book_labour(actor=maria, number=twin.number, minutes=5)
    assert "workorder-merged-live" not in broken()


def test_orders_of_other_devices_and_settled_ones_are_not_merged(omar, maria, north, order):
    other = WorkOrderFactory(device__facility=north)
    with pytest.raises(merging.CannotMergeOrders, match="another device"):
        merging.merge_orders(actor=omar, into=order.number, numbers=[other.number])
    closed = WorkOrderFactory(device=order.device, status="closed", closed_at=NOW)
    with pytest.raises(merging.CannotMergeOrders, match="it is closed"):
        merging.merge_orders(actor=omar, into=closed.number, numbers=[order.number])
    with pytest.raises(moving.MoveRefused):
        merging.merge_orders(actor=omar, into=order.number, numbers=[closed.number])
    with pytest.raises(Invalid):
        merging.merge_orders(actor=omar, into=order.number, numbers=[order.number])


def test_an_order_is_corrected_and_its_targets_follow_the_priority(maria, north):
    order = opening.open_order(actor=maria, title="Broken", facility_id=north.pk, now=NOW)
    changed = editing.edit_order(
        actor=maria, number=order.number, values={"title": " Stops ", "priority": 1, "problem_code": "stops"}, seen_at=NOW, now=NOW
    )
    assert (changed.title, changed.problem.code, changed.completion_due_at) == ("Stops", "stops", NOW + dt.timedelta(minutes=480))
    assert [event.after for event in order.happenings.filter(kind="priority")] == ["1"]
    for values in (
        {"title": ""},
        {"priority": 7},
        {"kind": "magic"},
        {"problem_code": "nope"},
        {"device": "NO-SUCH"},
        {"parent": order.number},
    ):
        with pytest.raises(Invalid):
            editing.edit_order(actor=maria, number=order.number, values=values)


def test_what_a_requester_writes_is_public_and_a_surveyor_only_reads(north, maria, order):
    rita = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    sam = actor_of(UserFactory.with_role(Role.SURVEYOR, north))
    assert talking.add_comment(actor=rita, number=order.number, text="Any news?").public is True
    assert talking.add_comment(actor=maria, number=order.number, text="Ordered").public is False
    with pytest.raises(NotAllowed):
        talking.add_comment(actor=sam, number=order.number, text="Hm")
    assert WorkComment.objects.count() == 2


def test_the_downtime_clock_follows_the_status(maria, order):
    change_status(actor=maria, control_number="BME-1", after="in_repair")
    time = Downtime.objects.get()
    assert time.ended_at is None
    assert downtime.begin(actor=maria, device="BME-1", number=order.number).pk == time.pk
    change_status(actor=maria, control_number="BME-1", after="out_of_service", reason="Waiting")
    assert Downtime.objects.count() == 1
    change_status(actor=maria, control_number="BME-1", after="in_service")
    time.refresh_from_db()
    assert time.ended_at is not None
    assert time.work_order_id == order.pk
    with pytest.raises(downtime.AlreadyDown):
        downtime.end(actor=maria, device="BME-1")


def test_downtimes_of_a_device_do_not_overlap(maria, order):
    downtime.begin(actor=maria, device="BME-1", started_at=NOW, now=NOW)
    time = downtime.end(actor=maria, device="BME-1", ended_at=NOW + dt.timedelta(hours=2), now=NOW + dt.timedelta(hours=3))
    with pytest.raises(Invalid, match="down at that time"):
        downtime.begin(actor=maria, device="BME-1", started_at=NOW + dt.timedelta(hours=1), now=NOW + dt.timedelta(hours=3))
    fixed = downtime.correct(
        actor=maria, uid=time.uid, started_at=NOW, ended_at=NOW + dt.timedelta(hours=1), planned=True, now=NOW + dt.timedelta(hours=3)
    )
    assert fixed.planned is True
    [down] = of_device.downtimes(device_id=order.device_id, start=NOW, end=NOW + dt.timedelta(days=1))
    assert down.until == NOW + dt.timedelta(hours=1)


def test_loading_the_lists_again_changes_nothing_and_keeps_what_a_site_made_of_them(db):
    system = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None))
    again = codes.load_work_codes(actor=system)
    assert (again.created, again.updated, again.kept) == (0, 0, 0)
    codes.save_code(actor=system, list="hold", code="parts", values={"label": "Spares"})
    codes.save_code(actor=system, list="hold", code="weather", values={"label": "Weather", "stops_clock": True})
    WorkCode.objects.filter(list="labour", code="pm").update(label="Old words")
    third = codes.load_work_codes(actor=system)
    assert (third.created, third.updated, third.kept) == (0, 1, 1)
    assert WorkCode.objects.get(list="hold", code="parts").label == "Spares"
    assert codes.load_work_codes(actor=system, only_if_new=True).read == 0
    with pytest.raises(Invalid):
        codes.save_code(actor=system, list="hold", code="no label", values={})


def test_the_laws_are_registered_and_hold(order):
    assert {law.code for law in INVARIANTS} <= {law.code for law in invariants.registered()}
    assert broken() == []
