"""The forecast from stored facts, what a hospital says of its own, and the pages."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.staffing import queries, services
from openhtm.staffing.models import AssumptionOverride, Scenario
from openhtm.workforce.models import Absence, StaffHours
from openhtm.workforce.services.availability import add_absence, add_shift, cancel_absence, set_calendar
from openhtm.workforce.services.skills import load_skills
from openhtm.workforce.tests.factories import StaffFactory, staff_of
from openhtm.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 12, 1)
JANUARY = dt.date(2027, 1, 1)


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def omar(north):
    load_skills()
    return actor_of(UserFactory.with_role(Role.MANAGER, north, full_name="Omar"))


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria"))


def hours_of(actor, north, **more):
    values = {"weekly_min": 1_800, "paid_weekly_min": 2_400, "skills": ["biomedical"], "effective_from": dt.date(2026, 1, 1)}
    return StaffHours.objects.create(staff=staff_of(actor), facility=north, **values | more)


def repair(north, number, **more):
    at = dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
    values = {"kind": "corrective", "status": "closed", "title": "Repair", "opened_at": at, "closed_at": at, "labour_min": 90}
    return WorkOrder.objects.create(number=number, facility=north, **values | more)


def facts(actor, north, months=3):
    return queries.facts_of(actor=actor, asked=queries.Asked(north.pk, JANUARY, months), today=TODAY)


def test_repairs_of_the_months_before_become_a_rate(omar, north):
    for number in (1, 2):
        repair(north, number, skill="biomedical")
    repair(north, 3, kind="scheduled")
    repair(north, 4, closed_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))  # this month is not over
    repair(FacilityFactory(), 5)
    found = queries.forecast_of(facts(omar, north))
    assert [(one.skill, one.orders, one.minutes) for one in facts(omar, north).repairs] == [("biomedical", 2, 180)]
    assert found.by_skill()["biomedical"].corrective == pytest.approx(3 * 180 / 24)


def test_leave_more_than_usual_lowers_the_hours_of_its_month_only(omar, maria, north):
    hours_of(maria, north)
    before = [month.available for month in queries.forecast_of(facts(omar, north)).months]
    add_absence(actor=maria, staff_id=staff_of(maria).pk, kind="leave", from_on=dt.date(2027, 2, 1), until_on=dt.date(2027, 3, 1))
    after = [month.available for month in queries.forecast_of(facts(omar, north)).months]
    assert (after[0], after[1], after[2]) == (before[0], 0, before[2])


def test_who_leaves_is_gone_from_the_forecast(omar, maria, north):
    hours_of(maria, north)
    staff = staff_of(maria)
    staff.leaves_on = dt.date(2027, 2, 1)
    staff.save(update_fields=["leaves_on"])
    assert [month.people for month in queries.forecast_of(facts(omar, north)).months] == [1, 0, 0]


def test_holidays_of_the_facility_and_of_all_count_once_each(omar, maria, north):
    hours_of(maria, north)
    set_calendar(actor=omar, name="North", days=[(dt.date(2027, 1, 4), "Founders")], facility_id=north.pk)
    [[january], *_] = facts(omar, north).people
    assert january.off_min == 480


def test_an_assumption_of_ones_own_stands_beside_the_shipped_one(omar, north):
    for value in (0.5, 0.6, None):
        services.overrule_assumption(
            actor=omar, key="productive_fraction", value=value, reason="Long ways", effective_from=TODAY, facility_id=north.pk
        )
        held = {one.shipped.key: one.value for one in queries.assumptions_on(facility_id=north.pk, on=TODAY)}
        assert held["productive_fraction"] == (0.72 if value is None else value)
    assert AssumptionOverride.objects.count() == 3
    assert queries.assumed_on(facility_id=None, on=TODAY).productive_fraction == 0.72


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"key": "magic"}, "key"),
        ({"value": 2.0}, "value"),
        ({"value": float("nan")}, "value"),
        ({"key": "corrective_months", "value": 12.5}, "value"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_wrong_assumption_is_refused_with_its_field(omar, north, values, field):
    given = {"key": "productive_fraction", "value": 0.7, "reason": "Long ways", "effective_from": TODAY, "facility_id": north.pk}
    with pytest.raises(Invalid) as refusal:
        services.overrule_assumption(actor=omar, **given | values)
    assert list(refusal.value.errors) == [field]


def test_an_assumption_for_all_needs_the_right_everywhere(omar, maria, north):
    with pytest.raises(NotAllowed):
        services.overrule_assumption(actor=omar, key="productive_fraction", value=0.7, reason="x", effective_from=TODAY)
    with pytest.raises(NotAllowed):
        services.add_scenario(actor=maria, name="Mine", facility_id=north.pk)


def test_a_scenario_changes_the_forecast_and_not_the_facts(omar, maria, north):
    hours_of(maria, north)
    scenario = services.add_scenario(actor=omar, name="Maria retires", facility_id=north.pk)
    services.add_change(actor=omar, uid=scenario.uid, kind="leave", from_on=dt.date(2027, 2, 1), staff_id=staff_of(maria).pk)
    services.add_change(actor=omar, uid=scenario.uid, kind="hire", from_on=dt.date(2027, 3, 1), amount=40, skill="biomedical")
    read = facts(omar, north)
    changed = queries.forecast_of(read, queries.changes_of(scenario))
    assert [month.available > 0 for month in changed.months] == [True, False, True]
    assert all(month.available > 0 for month in queries.forecast_of(read).months)


@pytest.mark.parametrize("wrong", [{"kind": "leave"}, {"kind": "hire", "amount": 0}, {"kind": "fleet", "amount": -101}, {"kind": "magic"}])
def test_a_change_that_makes_no_sense_is_refused(omar, north, wrong):
    scenario = services.add_scenario(actor=omar, name="What if", facility_id=north.pk)
    with pytest.raises((Invalid, Conflict)):
        services.add_change(actor=omar, uid=scenario.uid, **{"from_on": JANUARY, "amount": 10} | wrong)
    assert scenario.changes.count() == 0


def test_absences_may_not_overlap_and_stay_in_the_history_when_cancelled(maria):
    own = staff_of(maria).pk
    first = add_absence(actor=maria, staff_id=own, kind="leave", from_on=dt.date(2027, 2, 1), until_on=dt.date(2027, 2, 8))
    with pytest.raises((Invalid, Conflict), match="already away"):
        add_absence(actor=maria, staff_id=own, kind="sick", from_on=dt.date(2027, 2, 7), until_on=dt.date(2027, 2, 9))
    cancel_absence(actor=maria, absence_id=first.pk)
    add_absence(actor=maria, staff_id=own, kind="sick", from_on=dt.date(2027, 2, 7), until_on=dt.date(2027, 2, 9))
    assert Absence.objects.count() == 2


def test_one_says_when_one_is_away_oneself_and_nobody_for_a_colleague(omar, maria, north):
    colleague = StaffFactory(facility=north)
    with pytest.raises(NotAllowed):
        add_absence(actor=maria, staff_id=colleague.pk, kind="leave", from_on=TODAY, until_on=JANUARY)
    assert add_absence(actor=omar, staff_id=colleague.pk, kind="leave", from_on=TODAY, until_on=JANUARY).staff == colleague


def test_why_somebody_is_away_is_not_for_colleagues(omar, maria, north):
    peer = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Peer")
    add_absence(actor=maria, staff_id=staff_of(maria).pk, kind="sick", from_on=dt.date(2030, 1, 7), until_on=dt.date(2030, 1, 9))
    for user_id, seen in ((omar.user_id, True), (maria.user_id, True), (peer.pk, False)):
        browser = Client()
        browser.force_login(type(peer).objects.get(pk=user_id))
        assert (b'<td data-label="Why">Sick' in browser.get(reverse("workforce:absence-list")).content) is seen
        answer = browser.get("/api/v1/absences?on_or_after=2030-01-01").json()
        assert (answer["items"][0]["kind"] == "sick") is seen


def test_a_shift_without_days_is_refused(omar, north):
    with pytest.raises(Invalid, match="at least one day"):
        add_shift(actor=omar, name="Never", weekdays=[], starts_at=dt.time(7), ends_at=dt.time(15), facility_id=north.pk)


@pytest.fixture
def browser(omar):
    found = Client()
    found.force_login(UserFactory._meta.model.objects.get(pk=omar.user_id))
    return found


def test_the_pages_show_the_forecast_and_the_rows_behind_its_numbers(browser, omar, maria, north):
    hours_of(maria, north)
    repair(north, 1, skill="biomedical", title="Pump does not start")
    page = browser.get(reverse("staffing:forecast")).content.decode()
    assert "General biomedical equipment" in page
    assert "Share of paid hours that can be booked on work" in page
    assert "Pump does not start" in browser.get(reverse("staffing:repairs"), {"skill": "biomedical"}).content.decode()
    assert "Maria" in browser.get(reverse("staffing:people"), {"skill": "biomedical"}).content.decode()
    assert "Maria" not in browser.get(reverse("staffing:people"), {"skill": "imaging"}).content.decode()


def test_a_manager_plans_a_project_and_compares_a_scenario(browser, north):
    project = {"name": "New pumps", "hours": 100, "from_on": "2027-01-01", "until_on": "2027-04-01", "facility": north.pk, "active": "on"}
    assert browser.post(reverse("staffing:project-add"), project).status_code == 302
    assert b"New pumps" in browser.get(reverse("staffing:project-list")).content
    assert browser.post(reverse("staffing:project-add"), project | {"until_on": "2026-01-01"}).status_code == 422
    browser.post(reverse("staffing:scenario-add"), {"name": "Growth", "facility": north.pk})
    scenario = Scenario.objects.get()
    address = reverse("staffing:scenario", args=[scenario.uid])
    assert browser.post(address, {"kind": "fleet", "from_on": "2027-01-01", "amount": "10"}).status_code == 302
    assert browser.post(address, {"kind": "leave", "from_on": "2027-01-01"}).status_code == 422
    assert b"Without the change" in browser.get(reverse("staffing:forecast"), {"scenario": scenario.uid}).content
    browser.post(reverse("staffing:scenario-end", args=[scenario.uid]))
    assert browser.get(address).status_code == 404


def test_the_forecast_costs_the_same_for_one_person_and_for_thirty(
    browser, omar, north, django_assert_num_queries, django_assert_max_num_queries
):
    hours_of(omar, north)
    address = reverse("staffing:forecast")
    browser.get(address)
    with django_assert_max_num_queries(25) as alone:
        browser.get(address)
    people = StaffFactory.create_batch(29, facility=north)
    StaffHours.objects.bulk_create(
        [
            StaffHours(staff=one, facility=north, weekly_min=1_800, paid_weekly_min=2_400, skills=["imaging"], effective_from=TODAY)
            for one in people
        ]
    )
    with django_assert_num_queries(len(alone)):
        browser.get(address)


@pytest.mark.parametrize("route", ["absence-list", "shift-list", "calendar-list"])
def test_lists_of_availability_cost_the_same_for_few_and_for_many(
    browser, omar, north, route, django_assert_num_queries, django_assert_max_num_queries
):
    address = reverse(f"workforce:{route}")
    for number in range(2):
        _fill(omar, north, number)
    browser.get(address)
    with django_assert_max_num_queries(12) as few:
        browser.get(address)
    for number in range(2, 12):
        _fill(omar, north, number)
    with django_assert_num_queries(len(few)):
        browser.get(address)


def _fill(omar, north, number):
    staff = StaffFactory(facility=north)
    add_absence(actor=omar, staff_id=staff.pk, kind="leave", from_on=dt.date(2030, 1, 7), until_on=dt.date(2030, 1, 9))
    add_shift(actor=omar, name=f"Shift {number}", weekdays=[1], starts_at=dt.time(7), ends_at=dt.time(15), facility_id=north.pk)
    set_calendar(actor=omar, name=f"Days {number}", days=[(dt.date(2030, 1, 1), "New Year")], facility_id=north.pk)


@pytest.mark.parametrize("text", ["25.12.2026 Christmas", "2026-13-01 x", "hello"])
def test_a_holiday_that_is_no_day_names_its_line(browser, north, text):
    answer = browser.post(
        reverse("workforce:calendar-add"), {"name": "North", "facility": north.pk, "days": f"2026-12-25 Christmas\n{text}"}
    )
    assert answer.status_code == 422
    assert b"Line 2" in answer.content


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "2026-13", "soon"])
def test_a_month_that_cannot_be_looked_at_is_not_there(browser, month):
    assert browser.get(reverse("staffing:people"), {"month": month}).status_code == 404
