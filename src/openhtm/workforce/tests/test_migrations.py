"""The records of people come out of teams and hours that were kept by account, their history included."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.models import Credential, StaffHours

BEFORE = [("workforce", "0001_initial")]


BESIDE = [("workforce", "0008_staff_of_working_accounts")]


@pytest.mark.django_db(transaction=True)
def test_hours_that_ran_on_beside_later_ones_end_there_and_an_impossible_period_is_taken_out():
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    state = MigrationExecutor(connection).migrate(BESIDE)
    person = state.apps.get_model("workforce", "StaffMember").objects.create(full_name="Sam")
    lines = state.apps.get_model("workforce", "StaffHours").objects
    first, last = dt.date(2026, 1, 5), dt.date(2026, 6, 1)
    for day in (last, first):
        lines.create(staff=person, weekly_min=600, effective_from=day)
    held = state.apps.get_model("workforce", "Credential").objects
    held.create(staff=person, programme="CBET", issued_on=first, cycle_started_on=dt.date(9999, 1, 1))
    MigrationExecutor(connection).migrate(newest)
    assert list(StaffHours.objects.order_by("effective_from").values_list("effective_from", "effective_to")) == [
        (first, last),
        (last, None),
    ]
    assert list(Credential.objects.values_list("cycle_started_on", flat=True)) == [None]


@pytest.mark.django_db(transaction=True)
def test_teams_and_hours_of_accounts_become_those_of_people():
    north = FacilityFactory(code="NORTH")
    maria = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria")
    omar = UserFactory.with_role(Role.MANAGER, None, full_name="Omar")
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    old = MigrationExecutor(connection)
    state = old.migrate(BEFORE)
    team = state.apps.get_model("workforce", "Team").objects.create(name="Imaging")
    state.apps.get_model("workforce", "TeamMember").objects.create(team=team, user_id=maria.pk)
    state.apps.get_model("workforce", "StaffHours").objects.create(
        user_id=omar.pk, weekly_min=600, loaded_rate_cents=9000, skills=["imaging"], effective_from=dt.date(2026, 1, 5)
    )
    MigrationExecutor(connection).migrate(newest)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT full_name, kind, career_role, facility_id FROM workforce_staffmember s WHERE EXISTS"
            " (SELECT FROM workforce_teammember m WHERE m.staff_id = s.id) OR EXISTS"
            " (SELECT FROM workforce_staffhours h WHERE h.staff_id = s.id AND h.weekly_min = 600) ORDER BY full_name"
        )
        assert cursor.fetchall() == [("Maria", "in_house", "bmet", north.pk), ("Omar", "in_house", "manager", None)]
        cursor.execute("SELECT count(*) FROM workforce_teammemberevent WHERE staff_id IS NULL")
        assert cursor.fetchall() == [(0,)]
