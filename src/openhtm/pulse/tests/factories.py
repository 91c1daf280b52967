"""Staff with accounts, teams and surveys for tests."""

import datetime as dt

import factory

from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.pulse.models import Survey
from openhtm.workforce.models import Team, TeamMember
from openhtm.workforce.services.people import staff_of_accounts


class SurveyFactory(factory.django.DjangoModelFactory):
    """A draft for everybody, to be open for the first half of November 2026."""

    class Meta:
        model = Survey

    title = factory.Sequence(lambda n: f"Survey {n}")
    opens_on = dt.date(2026, 11, 1)
    closes_on = dt.date(2026, 11, 16)
    least_group = 5
    rules_edition = "2026.1"
    question_edition = "2024.1"


def crew(facility, specialty, count):
    """Technicians with accounts in one team of a facility."""
    users = [UserFactory.with_role(Role.TECHNICIAN, facility) for _ in range(count)]
    team = Team.objects.create(name=f"{facility} {specialty}", facility=facility, specialty=specialty)
    staff = staff_of_accounts([user.pk for user in users])
    TeamMember.objects.bulk_create(TeamMember(team=team, staff=staff[user.pk]) for user in users)
    return users
