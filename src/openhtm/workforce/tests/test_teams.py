import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services import people
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce import queries
from openhtm.workforce.models import Skill, StaffHours, StaffMember, Team
from openhtm.workforce.queries.availability import people_by_month
from openhtm.workforce.rules.availability import month_of
from openhtm.workforce.services import skills, teams
from openhtm.workforce.tests.factories import StaffFactory, staff_of

pytestmark = pytest.mark.django_db
MONDAY = dt.date(2026, 1, 5)


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def omar(north):
    return UserFactory.with_role(Role.MANAGER, north, full_name="Omar")


def test_a_manager_makes_a_team_of_people_at_the_facility(north, omar):
    maria = UserFactory.with_role(Role.TECHNICIAN, north)
    team = teams.add_team(actor=actor_of(omar), name=" Imaging ", facility_id=north.pk)
    assert (team.name, teams.set_members(actor=actor_of(omar), team_id=team.pk, staff_ids=[staff_of(maria).pk, staff_of(omar).pk])) == (
        "Imaging",
        2,
    )
    assert teams.set_members(actor=actor_of(omar), team_id=team.pk, staff_ids=[staff_of(maria).pk]) == 1
    assert list(team.members.values_list("staff__user_id", flat=True)) == [maria.pk]


def test_a_team_that_works_everywhere_needs_the_right_everywhere(omar):
    with pytest.raises(NotAllowed):
        teams.add_team(actor=actor_of(omar), name="Roving", facility_id=None)


def test_two_teams_of_one_name_are_refused(north, omar):
    teams.add_team(actor=actor_of(omar), name="Imaging", facility_id=north.pk)
    with pytest.raises((Conflict, Invalid)):
        teams.add_team(actor=actor_of(omar), name="imaging", facility_id=north.pk)


def test_a_stranger_cannot_be_put_into_a_team(north, omar):
    chen = UserFactory.with_role(Role.TECHNICIAN, FacilityFactory())
    team = teams.add_team(actor=actor_of(omar), name="Imaging", facility_id=north.pk)
    with pytest.raises(Invalid, match="There is no person"):
        teams.set_members(actor=actor_of(omar), team_id=team.pk, staff_ids=[staff_of(chen).pk])


def test_new_hours_end_the_old_ones_and_the_day_decides_which_hold(north, omar):
    skills.load_skills()
    actor, person = actor_of(omar), staff_of(omar).pk
    for day, minutes in ((MONDAY, 1800), (MONDAY + dt.timedelta(days=90), 1200)):
        teams.set_hours(actor=actor, staff_id=person, weekly_min=minutes, effective_from=day, facility_id=north.pk, skills=["imaging"])
    held = [queries.capacity(on=MONDAY + dt.timedelta(days=n), facility_id=north.pk).weekly_min for n in (-1, 0, 89, 90)]
    assert held == [0, 1800, 1800, 1200]
    assert queries.capacity(on=MONDAY, facility_id=north.pk).by_skill == {"imaging": 1800}
    assert (queries.skills_on(user_id=omar.pk, on=MONDAY), queries.skills_on(user_id=omar.pk, on=dt.date(2020, 1, 1))) == (["imaging"], [])


def test_a_line_entered_before_one_that_begins_later_ends_where_that_begins(north, omar):
    actor, person = actor_of(omar), staff_of(omar).pk
    march, june = MONDAY + dt.timedelta(days=60), MONDAY + dt.timedelta(days=150)
    for day, minutes in ((MONDAY, 600), (june, 1200), (march, 1800)):
        teams.set_hours(actor=actor, staff_id=person, weekly_min=minutes, effective_from=day, facility_id=north.pk)
    held = [queries.capacity(on=day, facility_id=north.pk).weekly_min for day in (MONDAY, march, june - dt.timedelta(days=1), june)]
    assert held == [600, 1800, 1800, 1200]
    assert queries.capacity(on=june, facility_id=north.pk).people == 1
    corrected = teams.set_hours(actor=actor, staff_id=person, weekly_min=1500, effective_from=march, facility_id=north.pk)
    assert corrected.effective_to == june


def test_the_database_refuses_two_lines_of_one_person_on_a_day(omar):
    StaffHours.objects.create(staff=staff_of(omar), weekly_min=60, effective_from=MONDAY)
    with pytest.raises(IntegrityError, match="staff_hours_no_overlap"):
        StaffHours.objects.create(staff=staff_of(omar), weekly_min=60, effective_from=MONDAY + dt.timedelta(days=1))


def test_hours_need_the_right_where_the_person_works_too(north, omar):
    south = FacilityFactory(code="SOUTH")
    RoleAssignment.objects.create(user=omar, role=Role.TECHNICIAN, facility=south)  # sees the people of South, manages nobody there
    ana = staff_of(UserFactory.with_role(Role.TECHNICIAN, south))
    everywhere = StaffFactory()
    for person in (ana, everywhere):
        with pytest.raises(NotAllowed):
            teams.set_hours(actor=actor_of(omar), staff_id=person.pk, weekly_min=60, effective_from=MONDAY, facility_id=north.pk)
    assert not StaffHours.objects.exists()


def test_hours_from_a_mistyped_year_are_refused(north, omar):
    for year in (1, 9999):
        with pytest.raises(Invalid, match="Give a day between"):
            teams.set_hours(
                actor=actor_of(omar), staff_id=staff_of(omar).pk, weekly_min=60, effective_from=dt.date(year, 1, 1), facility_id=north.pk
            )


@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_each_day_has_the_line_that_began_last(north, omar, starts):
    with transaction.atomic():
        for start in starts:
            day = MONDAY + dt.timedelta(days=start)
            teams.set_hours(actor=actor_of(omar), staff_id=staff_of(omar).pk, weekly_min=start, effective_from=day, facility_id=north.pk)
        for day in (0, 100, 200, 401):
            found = StaffHours.objects.in_force(MONDAY + dt.timedelta(days=day)).values_list("weekly_min", flat=True)
            assert list(found) == [max(start for start in starts if start <= day)] if min(starts) <= day else not found
        StaffHours.objects.all().delete()


def test_hours_more_than_a_week_or_an_unknown_skill_are_refused(north, omar):
    with pytest.raises((Conflict, Invalid), match="10,080"):
        teams.set_hours(actor=actor_of(omar), staff_id=staff_of(omar).pk, weekly_min=20_000, effective_from=MONDAY, facility_id=north.pk)
    with pytest.raises(Invalid, match="no skill"):
        teams.set_hours(
            actor=actor_of(omar), staff_id=staff_of(omar).pk, weekly_min=60, effective_from=MONDAY, facility_id=north.pk, skills=["magic"]
        )


def test_the_cost_of_an_hour_is_that_of_the_day(north, omar):
    teams.set_hours(
        actor=actor_of(omar), staff_id=staff_of(omar).pk, weekly_min=60, effective_from=MONDAY, facility_id=north.pk, loaded_rate_cents=7000
    )
    assert (queries.rate_on(user_id=omar.pk, on=MONDAY), queries.rate_on(user_id=omar.pk, on=dt.date(2025, 1, 1))) == (7000, None)


def test_loading_the_skills_again_adds_nothing_and_keeps_a_local_name():
    assert skills.load_skills() > 10
    Skill.objects.filter(code="laser").update(name="Lasers and light")
    assert skills.load_skills() == 0
    assert Skill.objects.get(code="laser").name == "Lasers and light"


def test_the_pages_add_a_team_fill_it_and_set_hours(north, omar):
    browser = Client()
    browser.force_login(omar)
    assert b"No team yet" in browser.get(reverse("workforce:team-list")).content
    browser.post(reverse("workforce:team-add"), {"name": "Imaging", "facility": north.pk, "specialty": "general"})
    team = Team.objects.get()
    browser.post(reverse("workforce:team", args=[team.pk]), {"name": "Imaging", "specialty": "imaging", "members": [staff_of(omar).pk]})
    answer = browser.post(
        reverse("workforce:hours-set"),
        {"staff": staff_of(omar).pk, "facility": north.pk, "weekly_hours": "30", "effective_from": "2026-01-05"},
    )
    assert answer.status_code == 302
    assert b"30 h" in browser.get(reverse("workforce:hours-list")).content


def test_the_list_of_teams_costs_the_same_for_one_and_for_thirty(north, omar, django_assert_num_queries):
    browser = Client()
    browser.force_login(omar)
    Team.objects.bulk_create([Team(name=f"Team {n}", facility=north) for n in range(30)])
    browser.get(reverse("workforce:team-list"))
    with django_assert_num_queries(3):
        browser.get(reverse("workforce:team-list"))


def test_the_list_of_hours_costs_the_same_for_one_and_for_thirty(north, omar, django_assert_num_queries):
    browser = Client()
    browser.force_login(omar)

    def ask() -> None:
        assert b"$70.50" in browser.get(reverse("workforce:hours-list")).content

    def add(count: int) -> None:
        facts = {"facility": north, "weekly_min": 1800, "loaded_rate_cents": 7050, "effective_from": MONDAY}
        StaffHours.objects.bulk_create([StaffHours(staff=one, **facts) for one in StaffFactory.create_batch(count, facility=north)])

    add(1)
    ask()
    with CaptureQueriesContext(connection) as alone:
        ask()
    add(29)
    with django_assert_num_queries(len(alone)):
        ask()


def test_whose_account_is_closed_has_no_hours_and_gets_into_no_team(north, omar):
    maria = UserFactory.with_role(Role.TECHNICIAN, north)
    staff = staff_of(maria)
    teams.set_hours(actor=actor_of(omar), staff_id=staff.pk, weekly_min=1800, effective_from=MONDAY, facility_id=north.pk)
    team = teams.add_team(actor=actor_of(omar), name="Imaging", facility_id=north.pk)
    User.objects.filter(pk=maria.pk).update(is_active=False)
    assert queries.capacity(on=MONDAY, facility_id=north.pk).people == 0
    assert people_by_month(months=[month_of(MONDAY)], facility_id=north.pk) == [[]]
    assert not queries.hours_in_force(on=MONDAY, actor=actor_of(omar)).exists()
    with pytest.raises(Invalid, match="There is no person"):
        teams.set_members(actor=actor_of(omar), team_id=team.pk, staff_ids=[staff.pk])


@pytest.mark.parametrize(("role", "has_record"), [(Role.TECHNICIAN, True), (Role.CLINICAL_ENGINEER, True), (Role.REQUESTER, False)])
def test_who_is_given_work_to_do_has_a_staff_record_at_once(north, role, has_record):
    ada = UserFactory.with_role(Role.ADMINISTRATOR, None)
    gift = people.RoleGift(role=role, facility_id=north.pk)
    user, _ = people.add_person(actor=actor_of(ada), gift=gift, username="sam", full_name="Sam Lee")
    assert [(one.full_name, one.facility) for one in StaffMember.objects.filter(user=user)] == ([("Sam Lee", north)] if has_record else [])


def test_an_account_of_a_machine_is_nobody_of_the_staff(north):
    ada = UserFactory.with_role(Role.ADMINISTRATOR, None)
    gift = people.RoleGift(role=Role.TECHNICIAN, facility_id=north.pk)
    user, _ = people.add_person(actor=actor_of(ada), gift=gift, service=True, username="feed", full_name="Feed")
    assert not StaffMember.objects.filter(user=user).exists()
