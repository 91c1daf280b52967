"""Other days and people for many visits: proposed, carried out, and taken back to exactly what was."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.competence.tests.factories import policy
from openhtm.core.errors import Invalid, NotAllowed
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Replan, Visit
from openhtm.maintenance.queries.batching import batches_of
from openhtm.maintenance.queries.planning_scope import Scope
from openhtm.maintenance.queries.replanning import Chosen, days_of, plannable, verdicts_of
from openhtm.maintenance.services import replanning
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.services.replanning import Wish
from openhtm.maintenance.tests.factories import PlanLineFactory
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import LocationFactory
from openhtm.workforce.models import StaffHours
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.models import WorkEvent, WorkOrder
from openhtm.workorders.services.assigning import assign_orders
from openhtm.workorders.services.moving import start_work
from openhtm.workorders.services.qualification import NotQualified

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)
TODAY = date(2026, 1, 20)
MONDAY, FRIDAY = date(2026, 2, 2), date(2026, 2, 6)


@pytest.fixture
def ward(clock, north, policies, system):
    """Six pumps in one room, an hour each, due in February; their windows open on 1 February, so none has an order yet."""
    room = LocationFactory(facility=north)
    first = DeviceFactory(facility=north, accepted_on=date(2025, 11, 15), control_number="BME-1", location=room)
    PlanLineFactory(device_model=first.device_model, every_n=3, est_min=60, effective_from=date(2025, 11, 1))
    for number in range(2, 7):
        DeviceFactory(
            facility=north, device_model=first.device_model, accepted_on=date(2025, 11, 15), location=room, control_number=f"BME-{number}"
        )
    reconcile(actor=system, now=NOW)
    assert set(Visit.objects.filter(is_open=True).values_list("due_on", "opens_on")) == {(date(2026, 2, 15), date(2026, 2, 1))}
    return north


def visit_ids():
    return list(Visit.objects.filter(is_open=True).order_by("pk").values_list("pk", flat=True))


def stored():
    return (
        list(
            WorkOrder.objects.order_by("pk")
            .exclude(status="cancelled")
            .values_list("pk", "planned_on", "assigned_user_id", "assigned_team_id")
        ),
        list(Visit.objects.order_by("pk").values_list("pk", "due_on", "state", "work_order_id")),
    )


def spread_over_the_week(omar, ward, **more):
    wish = Wish("spread", MONDAY, FRIDAY, **more)
    return replanning.propose(actor=omar, facility_id=ward.pk, visit_ids=visit_ids(), wish=wish, now=NOW)


def test_a_proposal_changes_nothing_and_names_every_visit(ward, omar):
    before = stored()
    made = spread_over_the_week(omar, ward)
    assert stored() == before
    assert made.items.count() == 6
    assert verdicts_of(made) == {"fits": 6}
    assert {pair.on for pair in days_of(made)} == {None, *(date(2026, 2, day) for day in range(2, 7))}


def test_carried_out_every_visit_has_an_order_on_its_day_with_its_person(ward, omar, maria):
    made = spread_over_the_week(omar, ward, keep_person=False, user_id=maria.user_id)
    carried = replanning.apply(actor=omar, uid=made.uid, reason="Week 6", now=NOW)
    assert carried == replanning.Carried(6, ())
    orders = WorkOrder.objects.filter(visits__in=visit_ids())
    assert orders.count() == 6
    assert set(orders.values_list("assigned_user_id", "origin")) == {(maria.user_id, "visit")}
    assert set(orders.values_list("planned_on", flat=True)) == {date(2026, 2, day) for day in range(2, 7)}
    assert WorkEvent.objects.filter(kind="planned", actor_name=omar.name).count() == 6
    assert reconcile(actor=omar, now=NOW, whole=True).created == 0


def test_undo_gives_back_exactly_what_was(ward, omar, maria):
    reconcile(actor=omar, now=NOW, whole=True)
    before = stored()
    made = spread_over_the_week(omar, ward, keep_person=False, user_id=maria.user_id)
    replanning.apply(actor=omar, uid=made.uid, reason="Week 6", now=NOW)
    assert replanning.undo(actor=omar, uid=made.uid, now=NOW) == replanning.Carried(6, ())
    assert stored() == before
    assert Replan.objects.get().status == "undone"


def test_orders_that_were_there_keep_their_earlier_day_and_person_for_the_undo(ward, omar, maria):
    first = replanning.propose(actor=omar, facility_id=ward.pk, visit_ids=visit_ids(), wish=Wish("spread", MONDAY), now=NOW)
    replanning.apply(actor=omar, uid=first.uid, reason="Monday", now=NOW)
    before = stored()
    second = replanning.propose(
        actor=omar,
        facility_id=ward.pk,
        visit_ids=visit_ids(),
        wish=Wish("shift", shift_days=1, keep_person=False, user_id=maria.user_id),
        now=NOW,
    )
    replanning.apply(actor=omar, uid=second.uid, reason="Maria takes over", now=NOW)
    assert set(WorkOrder.objects.values_list("planned_on", "assigned_user_id")) == {(date(2026, 2, 3), maria.user_id)}
    replanning.undo(actor=omar, uid=second.uid, now=NOW)
    assert stored() == before


def test_people_are_judged_when_visits_get_them_and_not_when_the_undo_gives_them_back(ward, omar, maria):
    reconcile(actor=omar, now=NOW, whole=True)
    first = spread_over_the_week(omar, ward, keep_person=False, user_id=maria.user_id)
    replanning.apply(actor=omar, uid=first.uid, reason="Week 6", now=NOW)
    before = stored()
    second = spread_over_the_week(omar, ward, keep_person=False, user_id=omar.user_id)
    replanning.apply(actor=omar, uid=second.uid, reason="Omar takes over", now=NOW)
    policy("assign", "other", "block")
    third = spread_over_the_week(omar, ward, keep_person=False, user_id=maria.user_id)
    with pytest.raises(NotQualified, match=r"Maria Reyes is not qualified for WO-.* and 5 more"):
        replanning.apply(actor=omar, uid=third.uid, reason="Back to Maria", now=NOW)
    replanning.undo(actor=omar, uid=second.uid, now=NOW)
    assert stored() == before


def test_what_somebody_changed_or_began_meanwhile_stays_and_is_named(ward, omar, maria):
    made = spread_over_the_week(omar, ward)
    replanning.apply(actor=omar, uid=made.uid, reason="Week 6", now=NOW)
    changed, begun = WorkOrder.objects.order_by("device__control_number")[:2]
    assign_orders(actor=omar, numbers=[changed.number], planned_on=date(2026, 2, 20), now=NOW)
    start_work(actor=maria, number=begun.number)
    undone = replanning.undo(actor=omar, uid=made.uid, now=NOW)
    assert undone == replanning.Carried(4, ("BME-1", "BME-2"))
    assert WorkOrder.objects.get(pk=changed.pk).planned_on == date(2026, 2, 20)


def test_a_day_holds_no_more_than_the_hours_people_have(ward, omar, maria):
    StaffHours.objects.create(staff=staff_of(maria), facility=ward, weekly_min=600, effective_from=date(2026, 1, 1))  # two hours a day
    made = replanning.propose(
        actor=omar, facility_id=ward.pk, visit_ids=visit_ids(),
        wish=Wish("spread", MONDAY, date(2026, 2, 3), keep_person=False, user_id=maria.user_id), now=NOW,
    )  # fmt: skip
    assert verdicts_of(made) == {"fits": 4, "full": 2}
    beyond = spread_over_the_week(omar, ward, keep_person=False, user_id=maria.user_id, beyond_hours=True)
    assert verdicts_of(beyond) == {"fits": 6}


@pytest.mark.parametrize(
    ("wish", "verdict"),
    [
        (Wish("spread", date(2026, 1, 26), date(2026, 1, 30)), "early"),
        (Wish("spread", date(2026, 3, 2), date(2026, 3, 6)), "late"),
        (Wish("shift", shift_days=30), "late"),
        (Wish("shift", shift_days=-30), "past"),
        (Wish("spread", date(2026, 1, 31), date(2026, 2, 1)), "no_day"),
    ],
)
def test_a_visit_that_would_leave_its_window_stays(ward, omar, wish, verdict):
    made = replanning.propose(actor=omar, facility_id=ward.pk, visit_ids=visit_ids(), wish=wish, now=NOW)
    assert verdicts_of(made) == {verdict: 6}
    assert replanning.apply(actor=omar, uid=made.uid, reason="Try", now=NOW) == replanning.Carried(0, ())
    assert not WorkOrder.objects.exists()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("spread"), "first_on"),
        (Wish("spread", date(2026, 1, 1)), "first_on"),
        (Wish("spread", MONDAY, TODAY), "last_on"),
        (Wish("shift"), "shift_days"),
        (Wish("keep"), "mode"),
        (Wish("dance"), "mode"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(ward, omar, wish, field):
    with pytest.raises(Invalid) as refused:
        replanning.propose(actor=omar, facility_id=ward.pk, visit_ids=visit_ids(), wish=wish, now=NOW)
    assert field in refused.value.errors


def test_a_change_is_carried_out_once_with_a_reason_by_those_who_may(ward, omar, maria, chen):
    made = spread_over_the_week(omar, ward)
    with pytest.raises(Invalid):
        replanning.apply(actor=omar, uid=made.uid, reason=" ", now=NOW)
    with pytest.raises(Replan.DoesNotExist):
        replanning.apply(actor=chen, uid=made.uid, reason="Mine", now=NOW)
    replanning.apply(actor=omar, uid=made.uid, reason="Week 6", now=NOW)
    with pytest.raises(replanning.ReplanDecided):
        replanning.apply(actor=omar, uid=made.uid, reason="Again", now=NOW)
    with pytest.raises(NotAllowed):
        replanning.propose(actor=maria, facility_id=ward.pk, visit_ids=visit_ids(), wish=Wish("spread", MONDAY), now=NOW)
    with pytest.raises(Facility.DoesNotExist):
        replanning.propose(actor=chen, facility_id=ward.pk, visit_ids=visit_ids(), wish=Wish("spread", MONDAY), now=NOW)


def test_visits_of_one_room_are_one_batch_and_get_one_day(ward, omar, maria):
    found = batches_of(actor=omar, scope=Scope(facility_id=ward.pk), month=date(2026, 2, 1), level="room", today=TODAY)
    assert [(len(one.batch.keys), one.batch.minutes) for one in found.found] == [(6, 360)]
    done = replanning.accept_batch(
        actor=omar, facility_id=ward.pk, visit_ids=found.found[0].batch.keys, planned_on=MONDAY, user_id=maria.user_id, now=NOW
    )
    assert done.carried.moved == 6
    assert set(WorkOrder.objects.values_list("planned_on", "assigned_user_id")) == {(MONDAY, maria.user_id)}
    assert batches_of(actor=omar, scope=Scope(facility_id=ward.pk), month=date(2026, 2, 1), level="room", today=TODAY).found == []
    replanning.undo(actor=omar, uid=done.uid, now=NOW)
    assert len(batches_of(actor=omar, scope=Scope(facility_id=ward.pk), month=date(2026, 2, 1), level="room", today=TODAY).found) == 1


def test_a_batch_on_a_day_outside_its_windows_is_refused_and_leaves_nothing(ward, omar):
    with pytest.raises(Invalid) as refused:
        replanning.accept_batch(actor=omar, facility_id=ward.pk, visit_ids=visit_ids(), planned_on=date(2026, 3, 2), now=NOW)
    assert "planned_on" in refused.value.errors
    assert not Replan.objects.exists()


def test_chosen_visits_are_those_of_the_filter(ward, omar, chen):
    def count(actor=omar, **more):
        return len(plannable(actor=actor, chosen=Chosen(Scope(facility_id=ward.pk), **more)))

    assert (count(), count(due_to=date(2026, 2, 14)), count(due_from=date(2026, 2, 15)), count(chen)) == (6, 0, 6, 0)
    made = spread_over_the_week(omar, ward)
    replanning.apply(actor=omar, uid=made.uid, reason="Week 6", now=NOW)
    assert (count(unplanned=True), count(planned_from=MONDAY, planned_to=MONDAY)) == (0, 2)


def test_a_change_costs_the_same_for_two_visits_and_for_six(ward, omar, maria):
    def statements(ids, day):
        with CaptureQueriesContext(connection) as made:
            wish = Wish("spread", day, keep_person=False, user_id=maria.user_id)
            one = replanning.propose(actor=omar, facility_id=ward.pk, visit_ids=ids, wish=wish, now=NOW)
            replanning.apply(actor=omar, uid=one.uid, reason="Together", now=NOW)
            replanning.undo(actor=omar, uid=one.uid, now=NOW)
        return len(made)

    ids = visit_ids()
    statements(ids[:2], MONDAY)
    assert statements(ids[:2], FRIDAY) == statements(ids, FRIDAY)


@pytest.fixture
def pair(clock, north, policies, system):
    """A pump with two procedures whose windows open on different days and meet: they share one order."""
    pump = DeviceFactory(facility=north, accepted_on=date(2025, 11, 15), control_number="BME-1", location=LocationFactory(facility=north))
    PlanLineFactory(device_model=pump.device_model, every_n=3, est_min=60, effective_from=date(2025, 11, 1))
    PlanLineFactory(device_model=pump.device_model, every_n=3, est_min=30, effective_from=date(2025, 11, 1))
    reconcile(actor=system, now=NOW)
    later = Visit.objects.order_by("pk").last()
    Visit.objects.filter(pk=later.pk).update(opens_on=date(2026, 2, 10), due_on=date(2026, 2, 24))
    return north


def test_visits_whose_windows_meet_are_one_piece_of_work_on_one_day(pair, omar):
    made = replanning.propose(
        actor=omar, facility_id=pair.pk, visit_ids=visit_ids(), wish=Wish("spread", MONDAY, date(2026, 2, 20)), now=NOW
    )
    days = set(made.items.values_list("to_planned_on", flat=True))
    assert len(days) == 1
    assert min(days) >= date(2026, 2, 10)
    assert replanning.apply(actor=omar, uid=made.uid, reason="Together", now=NOW) == replanning.Carried(2, ())
    assert set(WorkOrder.objects.values_list("planned_on", flat=True)) == days
    assert WorkOrder.objects.count() == 1
    replanning.undo(actor=omar, uid=made.uid, now=NOW)
    assert set(Visit.objects.filter(is_open=True).values_list("work_order", flat=True)) == {None}
