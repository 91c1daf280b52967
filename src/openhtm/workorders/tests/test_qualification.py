"""The guard of work: who gets it, who closes it, overrides by two people, and the proof on the closed order."""

import datetime as dt
from dataclasses import replace

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from openhtm.competence.models import QualificationPolicy
from openhtm.competence.tests.factories import CompetencyFactory, policy
from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.identity.actor import Grant
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.workforce.models import StaffMember
from openhtm.workforce.tests.factories import StaffFactory, staff_of
from openhtm.workorders.models import ClosingQualification, QualificationOverride, WorkEvent, WorkOrder
from openhtm.workorders.queries.qualification import who_may
from openhtm.workorders.queries.roles import roles_held
from openhtm.workorders.queries.suggestions import suggestions
from openhtm.workorders.rules.kinds import Status
from openhtm.workorders.rules.wanted import NewOrder
from openhtm.workorders.services import assigning, labour, moving, opening, qualification
from openhtm.workorders.services.paper import order_data
from openhtm.workorders.services.planning import OrderPlan, plan_orders
from openhtm.workorders.services.qualification import NotASecondPerson, NotQualified
from openhtm.workorders.tests.factories import WorkOrderFactory, shipped_codes

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def codes(omar, maria):
    """Everybody has been here for years, with a staff record."""
    shipped_codes()
    settled_in(omar, maria)


def settled_in(*actors):
    RoleAssignment.objects.update(valid_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    return [staff_of(actor) for actor in actors]


@pytest.fixture
def nadia(north):
    actor = actor_of(UserFactory.with_role(Role.CLINICAL_ENGINEER, north, username="nadia", full_name="Nadia Berg"))
    settled_in(actor)
    return actor


@pytest.fixture
def ventilator(north):
    device = DeviceFactory(facility=north)
    device.device_type.high_risk, device.device_type.high_risk_source = True, "test"
    device.device_type.save()
    device.high_risk = True
    device.save()
    return device


@pytest.fixture
def order(ventilator):
    return WorkOrderFactory(device=ventilator, opened_at=NOW)


def able(actor, order, **more):
    return CompetencyFactory(staff=staff_of(actor), device_type=order.device.device_type, **{"granted_on": dt.date(2025, 1, 1), **more})


def done(order, actor, now=NOW):
    with time_machine.travel(now, tick=False):
        labour.book_labour(actor=actor, number=order.number, minutes=30)
    return moving.complete_order(actor=actor, number=order.number, failure_code="upf", now=now)


def assign(omar, order, actor, now=NOW):
    return assigning.assign_orders(actor=omar, numbers=[order.number], user_id=actor.user_id, now=now)


def test_without_a_policy_nothing_is_asked(omar, maria, order):
    assert assign(omar, order, maria) == 1
    assert WorkEvent.objects.get(work_order=order, kind="assigned").text == ""


def test_a_warning_lets_pass_and_stands_on_the_timeline(omar, maria, order):
    policy("assign", "high_risk", "warn")
    assert assign(omar, order, maria) == 1
    assert "not signed off for it" in WorkEvent.objects.get(work_order=order, kind="assigned").text


def test_a_block_refuses_with_the_reason_and_changes_nothing(omar, maria, order):
    policy("assign", "high_risk", "block")
    with pytest.raises(NotQualified, match=r"Maria Reyes is not qualified for WO-.*: not signed off for it"):
        assign(omar, order, maria)
    order.refresh_from_db()
    assert order.assigned_user_id is None
    able(maria, order)
    assert assign(omar, order, maria) == 1


def test_many_orders_are_refused_together_and_cost_the_same_statements(omar, maria, north, ventilator, django_assert_max_num_queries):
    policy("assign", "high_risk", "block")
    able(maria, WorkOrderFactory(device=ventilator))
    orders = [WorkOrderFactory(device=ventilator) for _ in range(30)]
    with django_assert_max_num_queries(18):
        assert assigning.assign_orders(actor=omar, numbers=[one.number for one in orders], user_id=maria.user_id, now=NOW) == 30


def plan_for(order, actor):
    return OrderPlan(order.pk, order.planned_on, order.assigned_user_id, order.assigned_team_id, TODAY, actor.user_id, None)


def test_planning_many_orders_judges_whoever_gets_them_and_taking_it_back_does_not(omar, maria, nadia, order):
    policy("assign", "high_risk", "block")
    with pytest.raises(NotQualified, match="Maria Reyes"):
        plan_orders(actor=omar, plans=[plan_for(order, maria)], now=NOW)
    order.refresh_from_db()
    assert order.assigned_user_id is None
    able(nadia, order)
    assert plan_orders(actor=omar, plans=[plan_for(order, nadia)], now=NOW) == {order.pk}
    order.refresh_from_db()
    assert plan_orders(actor=omar, plans=[plan_for(order, maria)], back=True, now=NOW) == {order.pk}


def test_planning_the_day_alone_judges_nobody_and_a_warning_stands_on_the_timeline(omar, maria, order):
    WorkOrder.objects.filter(pk=order.pk).update(assigned_user=maria.user_id)
    order.refresh_from_db()
    policy("assign", "high_risk", "block")
    assert plan_orders(actor=omar, plans=[plan_for(order, maria)], now=NOW) == {order.pk}
    WorkOrder.objects.filter(pk=order.pk).update(assigned_user=None)
    order.refresh_from_db()
    policy("assign", "high_risk", "warn")
    plan_orders(actor=omar, plans=[plan_for(order, maria)], now=NOW)
    assert "not signed off for it" in WorkEvent.objects.get(work_order=order, kind="assigned").text


def test_planning_costs_the_same_for_one_order_and_for_thirty(omar, maria, ventilator, django_assert_max_num_queries):
    policy("assign", "high_risk", "block", roles=["technician"])
    for count in (1, 30):
        plans = [plan_for(WorkOrderFactory(device=ventilator), maria) for _ in range(count)]
        with django_assert_max_num_queries(24):
            assert len(plan_orders(actor=omar, plans=plans, now=NOW)) == count


def test_a_role_suffices_where_it_is_held_and_nowhere_else(omar, maria, north, south, order):
    for act in ("assign", "close"):
        policy(act, "high_risk", "block", roles=["clinical_engineer"])
    given = RoleAssignment.objects.create(
        user_id=maria.user_id, role="clinical_engineer", facility=south, valid_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )
    with pytest.raises(NotQualified):
        assign(omar, order, maria)
    assert "Maria Reyes" in {one.person.name for one in who_may(order, now=NOW).others}
    assert suggestions([order.pk], now=NOW, on=TODAY)[order.pk].may == 0
    RoleAssignment.objects.filter(pk=given.pk).update(facility=north)
    assert [one.person.name for one in who_may(order, now=NOW).may] == ["Maria Reyes"]
    assert [one.name for one in suggestions([order.pk], now=NOW, on=TODAY)[order.pk].people] == ["Maria Reyes"]
    assert assign(omar, order, maria) == 1


def test_closing_counts_the_roles_of_the_day_of_the_work(omar, maria, nadia, order):
    policy("close", "high_risk", "block", roles=["clinical_engineer"])
    done(order, nadia)
    RoleAssignment.objects.filter(user_id=nadia.user_id).update(valid_until=NOW + dt.timedelta(hours=1))
    other = WorkOrderFactory(device=order.device, opened_at=NOW)
    RoleAssignment.objects.create(
        user_id=maria.user_id, role="clinical_engineer", facility=order.facility, valid_from=NOW + dt.timedelta(hours=1)
    )
    done(other, maria)
    later = NOW + dt.timedelta(days=2)
    moving.close_order(actor=omar, number=order.number, now=later)
    assert ClosingQualification.objects.get(work_order=order).facts["roles"] == ["clinical_engineer"]
    with pytest.raises(NotQualified):
        moving.close_order(actor=omar, number=other.number, now=later)


def test_a_role_taken_away_since_still_counts_for_the_days_before(nadia, order):
    RoleAssignment.objects.filter(user_id=nadia.user_id).delete()
    held = roles_held([nadia.user_id])
    assert held.at(nadia.user_id, order.facility_id, dt.datetime(2020, 6, 1, tzinfo=dt.UTC)) == {"clinical_engineer"}
    assert not held.at(nadia.user_id, order.facility_id, dt.datetime(2019, 12, 31, tzinfo=dt.UTC))
    assert not held.at(nadia.user_id, order.facility_id, dt.datetime(2190, 1, 1, tzinfo=dt.UTC))


def test_what_closing_refuses_an_override_can_be_asked_for_whatever_holds_today(omar, nadia, maria, order):
    policy("close", "high_risk", "block")
    done(order, maria)
    later = NOW + dt.timedelta(days=5)
    able(maria, order, granted_on=later.date())
    with pytest.raises(NotQualified):
        moving.close_order(actor=omar, number=order.number, now=later)
    staff_id = staff_of(maria).pk
    asked = qualification.ask_override(
        actor=omar, number=order.number, act="close", staff_id=staff_id, reason="Signed off since", now=later
    )
    qualification.confirm_override(actor=nadia, uid=asked.uid, now=later)
    assert moving.close_order(actor=omar, number=order.number, now=later).status == Status.CLOSED


def test_an_override_can_be_asked_for_whoever_did_the_work_wherever_they_are_at_home(omar, nadia, chen, order):
    policy("close", "high_risk", "block")
    RoleAssignment.objects.create(user_id=chen.user_id, role="technician", facility=order.facility)
    helper = actor_of(User.objects.get(pk=chen.user_id))
    [away] = settled_in(helper)
    StaffMember.objects.filter(pk=away.pk).update(facility=chen.grants[0].facility_id)
    with pytest.raises(StaffMember.DoesNotExist):
        qualification.ask_override(actor=omar, number=order.number, act="close", staff_id=away.pk, reason="Came to help", now=NOW)
    done(order, helper)
    page = browser_of(omar).get(f"{reverse('workorders:order-override', args=[order.number])}?act=close").content.decode()
    assert f'value="{away.pk}" selected' in page
    asked = qualification.ask_override(actor=omar, number=order.number, act="close", staff_id=away.pk, reason="Came to help", now=NOW)
    qualification.confirm_override(actor=nadia, uid=asked.uid, now=NOW)
    assert moving.close_order(actor=omar, number=order.number, now=NOW).status == Status.CLOSED


def test_what_closing_lets_pass_needs_no_override_although_it_lapsed_since(omar, maria, order):
    policy("close", "high_risk", "block")
    able(maria, order, valid_until=TODAY)
    done(order, maria)
    later = NOW + dt.timedelta(days=5)
    with pytest.raises(Invalid, match="nothing is missing"):
        qualification.ask_override(actor=omar, number=order.number, act="close", staff_id=staff_of(maria).pk, reason="Just so", now=later)


def test_an_override_for_somebody_without_an_account_is_refused_with_the_remedy(omar, order):
    policy("assign", "high_risk", "block")
    stranger = StaffFactory(facility=order.facility)
    with pytest.raises(Invalid, match="account"):
        qualification.ask_override(actor=omar, number=order.number, act="assign", staff_id=stranger.pk, reason="He is here", now=NOW)


def test_the_class_of_risk_decides_which_policy_counts(omar, maria, north, order):
    policy("assign", "high_risk", "block")
    other = WorkOrderFactory(device=DeviceFactory(facility=north))
    assert assign(omar, other, maria) == 1
    with pytest.raises(NotQualified):
        assign(omar, order, maria)


def test_starting_work_of_nobody_is_getting_it(maria, order):
    policy("assign", "high_risk", "block")
    with pytest.raises(NotQualified):
        moving.start_work(actor=maria, number=order.number, now=NOW)
    able(maria, order)
    assert moving.start_work(actor=maria, number=order.number, now=NOW).assigned_user_id == maria.user_id


def test_opening_an_order_for_somebody_is_getting_it(omar, maria, north, ventilator):
    policy("assign", "high_risk", "block")
    wanted = NewOrder(title="Check", facility_id=north.pk, device_id=ventilator.pk, assigned_user_id=maria.user_id, priority=3)
    with pytest.raises(NotQualified):
        opening.open_many(actor=omar, wanted=[wanted], now=NOW)
    policy("assign", "high_risk", "warn")
    [made] = opening.open_many(actor=omar, wanted=[wanted], now=NOW)
    assert "not signed off" in WorkEvent.objects.get(work_order=made, kind="qualification").text


@pytest.mark.parametrize(
    ("mode", "last_day", "assign_on", "assigned", "close_on", "closed"),
    [
        ("block", dt.date(2026, 3, 31), dt.date(2026, 3, 2), True, dt.date(2026, 3, 31), True),  # on its last day it still holds
        ("block", dt.date(2026, 3, 31), dt.date(2026, 3, 2), True, dt.date(2026, 4, 1), False),  # lapsed while the order was open
        ("block", dt.date(2026, 3, 1), dt.date(2026, 3, 2), False, None, None),  # lapsed before it was given
        ("warn", dt.date(2026, 3, 31), dt.date(2026, 3, 2), True, dt.date(2026, 4, 1), True),  # warned, not stopped
        ("off", dt.date(2026, 3, 1), dt.date(2026, 3, 2), True, dt.date(2026, 4, 1), True),
    ],
)
def test_what_lapses_during_an_open_order_behaves_as_the_policy_says(
    omar, maria, order, mode, last_day, assign_on, assigned, close_on, closed
):
    for act in ("assign", "close"):
        policy(act, "high_risk", mode)
    able(maria, order, valid_until=last_day)

    def at(day):
        return dt.datetime.combine(day, dt.time(15), tzinfo=dt.UTC)

    if not assigned:
        with pytest.raises(NotQualified, match="sign-off ran out on 1 Mar 2026"):
            assign(omar, order, maria, now=at(assign_on))
        return
    assign(omar, order, maria, now=at(assign_on))
    done(order, maria, now=at(close_on))
    if closed:
        assert moving.close_order(actor=omar, number=order.number, now=at(close_on)).status == Status.CLOSED
        outcome = ClosingQualification.objects.get(work_order=order).outcome
        assert outcome == ("warn" if mode == "warn" else "ok")
    else:
        with pytest.raises(NotQualified, match="sign-off ran out on 31 Mar 2026"):
            moving.close_order(actor=omar, number=order.number, now=at(close_on))


def test_done_in_time_and_closed_later_counts_by_the_day_of_work_unless_the_policy_says_the_day_of_closing(omar, maria, order):
    policy("close", "high_risk", "block", judged_on="act_day")
    able(maria, order, valid_until=TODAY)
    done(order, maria)
    later = NOW + dt.timedelta(days=1)
    with pytest.raises(NotQualified):
        moving.close_order(actor=omar, number=order.number, now=later)
    QualificationPolicy.objects.update(judged_on="work_day")
    moving.close_order(actor=omar, number=order.number, now=later)
    assert ClosingQualification.objects.get(work_order=order).on == TODAY


def test_the_closed_order_carries_the_qualification_of_that_day_and_no_later_change_touches_it(omar, maria, order):
    policy("close", "high_risk", "block")
    held = able(maria, order, valid_until=dt.date(2026, 12, 31), basis="vendor_school", certificate="Service school 2025")
    done(order, maria)
    moving.close_order(actor=omar, number=order.number, now=NOW)
    type(held).objects.filter(pk=held.pk).update(withdrawn_on=TODAY, withdrawn_reason="Mistake")
    stamped = ClosingQualification.objects.get(work_order=order)
    assert (stamped.performer_name, stamped.on, stamped.outcome) == ("Maria Reyes", TODAY, "ok")
    assert stamped.words == "Does it alone, vendor school of 1 Jan 2025, until 31 Dec 2026"
    assert stamped.facts["competencies"][0]["level"] == "independent"
    assert stamped.facts["roles"] == ["technician"]
    order.refresh_from_db()
    data, _ = order_data(order=order, actor=omar, now=NOW, base_url="https://example.test")
    section = next(one for one in data["sections"] if one["title"].startswith("Qualification"))
    assert ("Qualified by", stamped.words) in section["items"]


def test_the_paper_keeps_the_qualification_from_those_who_may_not_see_staff(omar, maria, south, order):
    able(maria, order)
    done(order, maria)
    moving.close_order(actor=omar, number=order.number, now=NOW)
    order.refresh_from_db()
    reporter = actor_of(UserFactory.with_role(Role.REQUESTER, order.facility))
    both = replace(reporter, grants=(*reporter.grants, Grant(Role.MANAGER, south.pk)))
    for actor, shown in ((omar, True), (reporter, False), (both, False)):
        data, _ = order_data(order=order, actor=actor, now=NOW, base_url="https://example.test")
        assert any(one["title"].startswith("Qualification") for one in data["sections"]) is shown


def test_a_competency_for_another_model_does_not_count_and_one_for_this_model_does(omar, maria, order):
    policy("assign", "high_risk", "block")
    other = DeviceFactory(facility=order.facility)
    CompetencyFactory(staff=staff_of(maria), device_type=None, device_model=other.device_model)
    with pytest.raises(NotQualified):
        assign(omar, order, maria)
    CompetencyFactory(staff=staff_of(maria), device_type=None, device_model=order.device.device_model)
    assert assign(omar, order, maria) == 1


def test_an_override_counts_once_a_second_person_confirmed_it(omar, nadia, maria, order):
    policy("assign", "high_risk", "block")
    asked = qualification.ask_override(
        actor=omar, number=order.number, act="assign", staff_id=staff_of(maria).pk, reason="Only one here tonight", now=NOW
    )
    with pytest.raises(NotQualified):
        assign(omar, order, maria)
    with pytest.raises(NotASecondPerson, match="yourself"):
        qualification.confirm_override(actor=omar, uid=asked.uid, now=NOW)
    qualification.confirm_override(actor=nadia, uid=asked.uid, now=NOW)
    assert assign(omar, order, maria) == 1
    assert set(WorkEvent.objects.filter(work_order=order).values_list("kind", flat=True)) >= {"override_asked", "override_confirmed"}


def test_nobody_confirms_an_override_about_themselves(omar, nadia, order):
    policy("assign", "high_risk", "block")
    asked = qualification.ask_override(
        actor=omar, number=order.number, act="assign", staff_id=staff_of(nadia).pk, reason="She knows it", now=NOW
    )
    with pytest.raises(NotASecondPerson, match="about yourself"):
        qualification.confirm_override(actor=nadia, uid=asked.uid, now=NOW)


def test_a_technician_may_ask_but_not_confirm(omar, maria, order):
    policy("close", "high_risk", "block")
    asked = qualification.ask_override(
        actor=maria, number=order.number, act="close", staff_id=staff_of(maria).pk, reason="I did it", now=NOW
    )
    other = actor_of(UserFactory.with_role(Role.TECHNICIAN, order.facility))
    with pytest.raises(NotAllowed):
        qualification.confirm_override(actor=other, uid=asked.uid, now=NOW)
    qualification.confirm_override(actor=omar, uid=asked.uid, now=NOW)
    done(order, maria)
    moving.close_order(actor=omar, number=order.number, now=NOW)
    stamped = ClosingQualification.objects.get(work_order=order)
    assert stamped.override_id == asked.pk
    assert "Overridden: I did it (Maria Reyes, Omar Haddad)" in stamped.words


def test_a_declined_override_does_not_count_and_is_decided_once(omar, nadia, maria, order):
    policy("assign", "high_risk", "block")
    asked = qualification.ask_override(actor=omar, number=order.number, act="assign", staff_id=staff_of(maria).pk, reason="Please", now=NOW)
    qualification.decline_override(actor=nadia, uid=asked.uid, reason="Wait for Monday", now=NOW)
    with pytest.raises(Conflict):
        qualification.confirm_override(actor=nadia, uid=asked.uid, now=NOW)
    with pytest.raises(NotQualified):
        assign(omar, order, maria)


def test_an_override_that_nobody_needs_is_refused(omar, maria, order):
    policy("assign", "high_risk", "block")
    able(maria, order)
    with pytest.raises(Invalid, match="nothing is missing"):
        qualification.ask_override(actor=omar, number=order.number, act="assign", staff_id=staff_of(maria).pk, reason="Just so", now=NOW)


def test_work_closed_by_rule_waits_for_a_person_where_the_policy_refuses(maria, order):
    from openhtm.workorders.services.reviewing import settle_by_rule

    policy("close", "high_risk", "block")
    done(order, maria)
    assert settle_by_rule(actor=maria, number=order.number, now=NOW) is None
    order.refresh_from_db()
    assert order.status == Status.COMPLETED


def test_who_may_do_it_names_everybody_with_the_reason(omar, maria, nadia, order):
    policy("assign", "high_risk", "block")
    able(maria, order)
    able(nadia, order, valid_until=dt.date(2026, 1, 31))
    found = who_may(order, now=NOW)
    assert [one.person.name for one in found.may] == ["Maria Reyes"]
    why = {one.person.name: one.verdict.reasons[0].code.value for one in found.others}
    assert why == {"Nadia Berg": "competency_lapsed", "Omar Haddad": "no_competency"}


def test_suggestions_name_the_least_busy_of_those_who_may(omar, maria, nadia, chen, order, ventilator):
    able(maria, order)
    able(nadia, order)
    able(chen, order)  # works at South only
    settled_in(chen)
    WorkOrderFactory(device=ventilator, assigned_user=User.objects.get(pk=maria.user_id))
    project = WorkOrderFactory(device=ventilator, kind="project")
    found = suggestions([order.pk, project.pk], now=NOW, on=TODAY)
    assert [(one.name, one.under_way) for one in found[order.pk].people] == [("Nadia Berg", 0), ("Maria Reyes", 1)]
    assert (found[order.pk].may, found[order.pk].others) == (2, 1)
    assert not found[project.pk].judged


def test_suggestions_cost_the_same_for_one_order_and_for_thirty(maria, order, ventilator, django_assert_num_queries):
    able(maria, order)
    many = [WorkOrderFactory(device=ventilator).pk for _ in range(30)]
    with django_assert_num_queries(2):
        assert len(suggestions([order.pk], now=NOW, on=TODAY)) == 1
    with django_assert_num_queries(2):
        assert len(suggestions(many, now=NOW, on=TODAY)) == 30
    for risk in ("high_risk", "other"):
        policy("assign", risk, "block", needs="either")
    with django_assert_num_queries(4):
        assert len(suggestions(many, now=NOW, on=TODAY)) == 30


def browser_of(actor):
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def test_the_pages_show_who_may_ask_confirm_and_show_the_stamp(omar, nadia, maria, order):
    for act in ("assign", "close"):
        policy(act, "high_risk", "block")
    able(nadia, order)
    page = browser_of(omar).get(reverse("workorders:order", args=[order.number])).content.decode()
    assert "Who may do it" in page
    assert "Nadia Berg" in page
    assert "not signed off for it" in page
    answer = browser_of(omar).post(reverse("workorders:order-give", args=[order.number]), {"user": maria.user_id}, follow=True)
    assert "is not qualified for" in answer.content.decode()
    data = {"staff": staff_of(maria).pk, "act": "assign", "reason": "Night shift"}
    assert browser_of(omar).post(reverse("workorders:order-override", args=[order.number]), data).status_code == 302
    asked = QualificationOverride.objects.get()
    assert b"Confirm" in browser_of(nadia).get(reverse("workorders:override-list")).content
    browser_of(nadia).post(reverse("workorders:override-confirm", args=[asked.uid]))
    assert assign(omar, order, maria, now=dt.datetime.now(dt.UTC)) == 1
    assert b"not qualified for this today" in browser_of(omar).get(reverse("workorders:order", args=[order.number])).content
    assert b"You are not qualified for 1 of your orders" in browser_of(maria).get(reverse("workorders:today")).content
    assert b"Every open order has somebody" in browser_of(nadia).get(reverse("workorders:suggestion-list")).content


def test_the_suggestion_page_gives_an_order_in_one_tap(omar, nadia, order):
    able(nadia, order)
    page = browser_of(omar).get(reverse("workorders:suggestion-list")).content.decode()
    assert "Nadia Berg" in page
    browser_of(omar).post(reverse("workorders:order-give", args=[order.number]), {"user": nadia.user_id})
    order.refresh_from_db()
    assert order.assigned_user_id == nadia.user_id


def test_the_closed_order_shows_its_stamp(omar, maria, order):
    able(maria, order)
    done(order, maria)
    moving.close_order(actor=omar, number=order.number, now=NOW)
    page = browser_of(omar).get(reverse("workorders:order", args=[order.number])).content.decode()
    assert "Qualification" in page
    assert "Written when it was closed" in page
