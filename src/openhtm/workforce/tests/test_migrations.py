"""The records of people come out of teams and hours that were kept by account, their history included."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites.tests.factories import FacilityFactory

BEFORE = [("workforce", "0001_initial")]


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
