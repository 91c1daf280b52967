"""Who does the work: a team at each facility, imaging everywhere, and the hours, rates and skills of their people."""

from __future__ import annotations

import datetime as dt

from openhtm.demo.parts.demo import Demo, FacilityPlaces, Person
from openhtm.workforce.models import Specialty, StaffHours, Team, TeamMember
from openhtm.workforce.services.people import staff_of_accounts
from openhtm.workforce.services.skills import load_skills

BASIC = ("biomedical", "electrical-safety")
SPECIAL = (
    ("life-support", "networking"),
    ("laboratory", "sterilization"),
    ("dialysis", "endoscopy", "laser"),
    ("monitoring-network", "ultrasound", "imaging"),
)
RAISE = 0.92  # what an hour cost before the last rise, as a share


def build(demo: Demo) -> None:
    """Load the skills and add staff, teams, members and hours. About nine statements."""
    load_skills()
    colleagues = [pk for facility in demo.facilities for pk, _ in facility.staff]
    accounts = [demo.users[name][0] for name in ("manager", "engineer", "technician", "vendor")]
    demo.staff = {user_id: staff.pk for user_id, staff in staff_of_accounts([*accounts, *colleagues]).items()}
    engineer = demo.users["engineer"]
    hours: list[StaffHours] = []
    members: list[TeamMember] = []
    for facility in demo.facilities:
        team = Team.objects.create(
            name=f"{facility.plan.code.capitalize()} clinical engineering", facility_id=facility.pk, specialty=Specialty.BIOMED
        )
        demo.teams[facility.pk] = team.pk
        demo.people[facility.pk] = [_person(demo, facility, number, *who, hours) for number, who in enumerate(facility.staff)]
        members += [
            TeamMember(team=team, staff_id=demo.staff[one.pk], lead=number == 0) for number, one in enumerate(demo.people[facility.pk])
        ]
    imaging = Team.objects.create(name="Imaging", specialty=Specialty.IMAGING)
    leads = [people[-1].pk for people in demo.people.values() if people][:6]
    members += [TeamMember(team=imaging, staff_id=demo.staff[pk], lead=pk == engineer[0]) for pk in dict.fromkeys([engineer[0], *leads])]
    hours.append(
        StaffHours(
            staff_id=demo.staff[engineer[0]],
            weekly_min=600,
            loaded_rate_cents=9200,
            skills=["imaging", "laser"],
            effective_from=demo.horizon,
        )
    )
    TeamMember.objects.bulk_create(members)
    StaffHours.objects.bulk_create(hours)
    demo.counts |= {"staff": len(demo.staff), "teams": len(demo.teams) + 1, "staff hours": len(hours)}


def _person(demo: Demo, facility: FacilityPlaces, number: int, pk: int, name: str, hours: list[StaffHours]) -> Person:
    """Return a technician and note their hours: before and after the last rise."""
    chance = demo.chance("hours", facility.plan.code, number)
    rate, raised = 5800 + 100 * chance.randrange(17), demo.as_of.replace(month=1, day=1) - dt.timedelta(days=366)
    skills, weekly = (*BASIC, *SPECIAL[number % len(SPECIAL)]), 1440 + 30 * chance.randrange(12)
    rates = [(demo.horizon, int(rate * RAISE)), (raised, rate)] if demo.horizon < raised else [(demo.horizon, rate)]
    ends = [*(since for since, _ in rates[1:]), None]
    for (since, cents), until in zip(rates, ends, strict=True):
        hours.append(
            StaffHours(
                staff_id=demo.staff[pk], facility_id=facility.pk, weekly_min=weekly, paid_weekly_min=2400, loaded_rate_cents=cents, skills=list(skills),
                effective_from=since, effective_to=until,
            )
        )  # fmt: skip
    return Person(pk, name, skills, tuple(reversed(rates)))
