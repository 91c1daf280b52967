"""Who may do what with people, their records, teams and hours."""

from __future__ import annotations

import datetime as dt
from typing import Any

from openhtm.documents.models import StoredFile
from openhtm.documents.services import store_file
from openhtm.documents.tests.samples import PDF
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.workforce.models import Absence, CeuEntry, Credential, EmploymentFact, HolidayCalendar, StaffMember, Team
from openhtm.workforce.tests.factories import staff_of
from tests.permissions.rows import Row
from tests.permissions.world import World


def team(world: World) -> dict[str, Any]:
    return {"team_id": Team.objects.get_or_create(name="Imaging", facility=world.north)[0].pk}


def new_team(world: World) -> dict[str, Any]:
    return {"name": "Laboratory", "facility": world.north.code}


def hours(world: World) -> dict[str, Any]:
    return {"staff_id": staff_of(world.chen).pk, "weekly_min": 1800, "effective_from": "2026-01-05", "facility": world.north.code}


def person(world: World) -> dict[str, Any]:
    """Somebody of North without an account, so that nobody in the matrix reads their own record."""
    return {"staff_id": StaffMember.objects.get_or_create(full_name="Sam Lee", facility=world.north)[0].pk}


def held(world: World) -> dict[str, Any]:
    one = Credential.objects.get_or_create(
        staff_id=person(world)["staff_id"], programme="CBET", defaults={"issued_on": dt.date(2020, 1, 1), "evidence": _file()}
    )[0]
    return person(world) | {"credential_id": one.pk}


def entry(world: World) -> dict[str, Any]:
    facts = {"category": "courses", "units": 2, "done_on": dt.date(2021, 1, 1), "title": "School"}
    made = CeuEntry.objects.create(credential_id=held(world)["credential_id"], **facts)
    return person(world) | {"entry_id": made.pk}


def job(world: World) -> dict[str, Any]:
    facts = {"role": "bmet", "employer": "North", "started_on": dt.date(2020, 1, 1)}
    return person(world) | {"fact_id": EmploymentFact.objects.create(staff_id=person(world)["staff_id"], **facts).pk}


def job_kind(world: World) -> dict[str, Any]:
    return job(world) | {"kind": "employment"}


def proof(world: World) -> dict[str, Any]:
    one = held(world)
    return {"staff_id": one["staff_id"], "fact_id": one["credential_id"], "kind": "certificate"}


def programme(world: World) -> dict[str, Any]:
    return person(world) | {"programme": "CBET"}


def _file() -> StoredFile:
    return store_file(content=PDF, file_name="cbet.pdf", actor=Actor.system("test"))


def new_person(world: World) -> dict[str, Any]:
    return {"full_name": "Lee Sam", "facility": world.north.code}


def new_credential(world: World) -> dict[str, Any]:
    return {"programme": "CRES", "issued_on": "2021-01-01", "expires_on": "2029-12-31"}


def new_entry(world: World) -> dict[str, Any]:
    return {"category": "courses", "units": "2", "done_on": "2021-01-01", "title": "School"}


def new_job(world: World) -> dict[str, Any]:
    return {"role": "bmet", "employer": "North", "started_on": "2020-01-01"}


PEOPLE: list[Row] = [
    Row("workforce:staff-list", needs=P.VIEW_STAFF),
    Row("workforce:staff-export", needs=P.VIEW_STAFF),
    Row("workforce:staff-add", needs=P.MANAGE_STAFF),
    Row("workforce:staff-add", "POST", needs=P.MANAGE_STAFF),
    Row("workforce:person", needs=P.VIEW_STAFF, kwargs=person, scoped=True),
    Row("workforce:staff-edit", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:staff-edit", "POST", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:me"),
    Row("workforce:me", "POST", needs=P.DO_WORK),
    Row("workforce:credential-list", needs=P.VIEW_STAFF),
    Row("workforce:programme-list", needs=P.VIEW_STAFF),
    Row("workforce:eligibility", needs=P.VIEW_STAFF_RECORDS, kwargs=lambda world: person(world) | {"code": "CBET"}, scoped=True),
    Row("workforce:credential-add", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:credential-add", "POST", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:credential-edit", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:credential-edit", "POST", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:credential-verify", "POST", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:credential-status", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:credential-status", "POST", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:credential-packet", needs=P.VIEW_STAFF_RECORDS, kwargs=held, scoped=True),
    Row("workforce:ceu-add", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:ceu-add", "POST", needs=P.MANAGE_STAFF, kwargs=held, scoped=True),
    Row("workforce:ceu-approve", "POST", needs=P.MANAGE_STAFF, kwargs=entry, scoped=True),
    Row("workforce:ceu-withdraw", needs=P.MANAGE_STAFF, kwargs=entry, scoped=True),
    Row("workforce:ceu-withdraw", "POST", needs=P.MANAGE_STAFF, kwargs=entry, scoped=True),
    Row("workforce:education-add", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:education-add", "POST", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:employment-add", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:employment-add", "POST", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("workforce:employment-end", needs=P.MANAGE_STAFF, kwargs=job, scoped=True),
    Row("workforce:employment-end", "POST", needs=P.MANAGE_STAFF, kwargs=job, scoped=True),
    Row("workforce:fact-remove", needs=P.MANAGE_STAFF, kwargs=job_kind, scoped=True),
    Row("workforce:fact-remove", "POST", needs=P.MANAGE_STAFF, kwargs=job_kind, scoped=True),
    Row("workforce:staff-evidence", needs=P.VIEW_STAFF_RECORDS, kwargs=proof, scoped=True),
    Row("api:list_staff", needs=P.VIEW_STAFF),
    Row("api:add_staff", "POST", needs=P.MANAGE_STAFF, data=new_person, ok=(201, 404)),
    Row("api:get_staff", needs=P.VIEW_STAFF, kwargs=person, scoped=True),
    Row("api:update_staff", "PATCH", needs=P.MANAGE_STAFF, kwargs=person, scoped=True),
    Row("api:list_staff_credentials", needs=P.VIEW_STAFF_RECORDS, kwargs=person, scoped=True),
    Row("api:add_staff_credential", "POST", needs=P.MANAGE_STAFF, kwargs=person, data=new_credential, scoped=True),
    Row("api:list_ceu", needs=P.VIEW_STAFF_RECORDS, kwargs=held, scoped=True),
    Row("api:add_ceu", "POST", needs=P.MANAGE_STAFF, kwargs=held, data=new_entry, scoped=True),
    Row("api:get_staff_history", needs=P.VIEW_STAFF_RECORDS, kwargs=person, scoped=True),
    Row("api:add_staff_education", "POST", needs=P.MANAGE_STAFF, kwargs=person, data=lambda world: {"degree": "associate"}, scoped=True),
    Row("api:add_staff_employment", "POST", needs=P.MANAGE_STAFF, kwargs=person, data=new_job, scoped=True),
    Row("api:get_eligibility", needs=P.VIEW_STAFF_RECORDS, kwargs=programme, scoped=True),
    Row("api:get_career_map", needs=P.VIEW_STAFF_RECORDS, kwargs=person, scoped=True),
    Row("api:list_programmes", needs=P.VIEW_STAFF),
]


def absence(world: World) -> dict[str, Any]:
    staff = staff_of(world.people[Role.TECHNICIAN])
    found, _ = Absence.objects.get_or_create(staff=staff, from_on=dt.date(2030, 1, 7), until_on=dt.date(2030, 1, 9))
    return {"absence_id": found.pk}


def new_absence(world: World) -> dict[str, Any]:
    return {"staff_id": staff_of(world.people[Role.MANAGER]).pk, "from_on": "2031-02-03", "until_on": "2031-02-05"}


def calendar(world: World) -> dict[str, Any]:
    return {"calendar_id": HolidayCalendar.objects.get_or_create(name="North holidays", facility=world.north)[0].pk}


def new_shift(world: World) -> dict[str, Any]:
    return {"name": "Early", "weekdays": [1, 2], "starts_at": "07:00", "ends_at": "15:00", "facility": world.north.code}


def new_calendar(world: World) -> dict[str, Any]:
    return {"name": "North days", "facility": world.north.code, "days": [{"on": "2026-12-25", "name": "Christmas"}]}


ROWS: list[Row] = [
    *PEOPLE,
    Row("workforce:absence-list", needs=P.VIEW_STAFF),
    Row("workforce:absence-add", needs=P.VIEW_STAFF),
    Row("workforce:absence-add", "POST", needs=P.VIEW_STAFF),
    Row("workforce:absence-cancel", "POST", needs=P.MANAGE_STAFF, kwargs=absence, scoped=True),
    Row("workforce:shift-list", needs=P.VIEW_STAFF),
    Row("workforce:shift-add", needs=P.MANAGE_STAFF),
    Row("workforce:shift-add", "POST", needs=P.MANAGE_STAFF),
    Row("workforce:calendar-list", needs=P.VIEW_STAFF),
    Row("workforce:calendar-add", needs=P.MANAGE_STAFF),
    Row("workforce:calendar-add", "POST", needs=P.MANAGE_STAFF),
    Row("workforce:calendar-edit", needs=P.MANAGE_STAFF, kwargs=calendar, scoped=True),
    Row("workforce:calendar-edit", "POST", needs=P.MANAGE_STAFF, kwargs=calendar, scoped=True),
    Row("api:list_absences", needs=P.VIEW_STAFF, query={"on_or_after": "2026-01-05"}),
    Row("api:add_absence", "POST", needs=P.MANAGE_STAFF, data=new_absence),
    Row("api:cancel_absence", "DELETE", needs=P.MANAGE_STAFF, kwargs=absence, scoped=True),
    Row("api:list_shifts", needs=P.VIEW_STAFF),
    Row("api:add_shift", "POST", needs=P.MANAGE_STAFF, data=new_shift, ok=(201, 404)),
    Row("api:list_holiday_calendars", needs=P.VIEW_STAFF),
    Row("api:add_holiday_calendar", "POST", needs=P.MANAGE_STAFF, data=new_calendar, ok=(201, 404)),
    Row("api:set_holiday_calendar", "PUT", needs=P.MANAGE_STAFF, kwargs=calendar, data=new_calendar, scoped=True),
    Row("workforce:team-list", needs=P.VIEW_SCHEDULES),
    Row("workforce:team-add", needs=P.MANAGE_TEAMS),
    Row("workforce:team-add", "POST", needs=P.MANAGE_TEAMS),
    Row("workforce:team", needs=P.VIEW_SCHEDULES, kwargs=team, scoped=True),
    Row("workforce:team", "POST", needs=P.MANAGE_TEAMS, kwargs=team, scoped=True),
    Row("workforce:hours-list", needs=P.VIEW_SCHEDULES),
    Row("workforce:hours-set", needs=P.MANAGE_TEAMS),
    Row("workforce:hours-set", "POST", needs=P.MANAGE_TEAMS),
    Row("api:list_teams", needs=P.VIEW_SCHEDULES),
    Row("api:add_team", "POST", needs=P.MANAGE_TEAMS, data=new_team, ok=(201, 404)),
    Row("api:update_team", "PATCH", needs=P.MANAGE_TEAMS, kwargs=team, scoped=True),
    Row("api:set_team_members", "PUT", needs=P.MANAGE_TEAMS, kwargs=team, data=lambda world: {"staff_ids": []}, scoped=True),
    Row("api:list_skills", needs=P.VIEW_SCHEDULES),
    Row("api:list_staff_hours", needs=P.VIEW_SCHEDULES, query={"on": "2026-01-05"}),
    Row("api:set_staff_hours", "POST", needs=P.MANAGE_TEAMS, data=hours, ok=(200, 404, 422)),
]
