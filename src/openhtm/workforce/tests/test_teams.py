import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services import people
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce import queries
from openhtm.workforce.models import Skill, StaffMember, Team
from openhtm.workforce.queries.availability import people_by_month
from openhtm.workforce.rules.availability import month_of
from openhtm.workforce.services import skills, teams
from openhtm.workforce.tests.factories import staff_of

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
    assert queries.teams_of(maria.pk) == [team.pk]
    assert queries.teams_of(omar.pk) == []


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
