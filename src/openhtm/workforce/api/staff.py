"""The API of people: their data, certifications, journals, history, eligibility."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.errors import NotFound
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Day, Key, Limit, Line, Name, PageOut, given
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workforce.models import CeuEntry, Credential, StaffMember
from openhtm.workforce.queries import people as queries
from openhtm.workforce.queries.credentials import career_of, journals
from openhtm.workforce.rules.career import steps
from openhtm.workforce.rules.eligibility import judge, overlaps_of
from openhtm.workforce.rules.programmes import Programme, reference
from openhtm.workforce.services import credentials, history, journal, staff
from openhtm.workforce.services.access import found_staff, require_record

router = Router(tags=["staff"])


class CredentialBadge(Schema):
    programme: str = Field(examples=["CBET"])
    tier: str
    expires_on: dt.date | None = Field(description="Last valid day; null: it does not end by itself.")


class StaffOut(Schema):
    id: int
    full_name: str
    kind: str
    provider: str | None
    facility: str | None = Field(description="Code of the facility; null: works everywhere.")
    job_title: str
    career_role: str
    teams: list[str]
    credentials: list[CredentialBadge] = Field(description="Certifications that hold today.")
    started_on: dt.date | None
    leaves_on: dt.date | None = Field(description="First day no longer here.")
    has_account: bool


class StaffPage(PageOut):
    items: list[StaffOut]


class StaffIn(Body):
    full_name: Name
    kind: Code = "in_house"
    provider_id: Key | None = None
    facility: Code | None = None
    user_id: Key | None = None
    job_title: Line = ""
    career_role: Code = "bmet"
    email: Line = ""
    phone: Line = ""
    started_on: Day | None = None
    leaves_on: Day | None = None
    leave_reason: Line = ""


class StaffPatch(Body):
    full_name: Name | None = None
    kind: Code | None = None
    provider_id: Key | None = None
    facility: Code | None = None
    user_id: Key | None = None
    job_title: Line | None = None
    career_role: Code | None = None
    email: Line | None = None
    phone: Line | None = None
    started_on: Day | None = None
    leaves_on: Day | None = None
    leave_reason: Line | None = None


class StaffCredentialOut(Schema):
    id: int
    programme: str
    tier: str
    number: str
    issued_on: dt.date
    expires_on: dt.date | None
    status: str
    verified: bool
    counted_units: Decimal | None = Field(description="Units that count in the present cycle; null where none are asked for.")
    needed_units: Decimal | None
    forecast: str | None = Field(description="One sentence, such as: At this pace you miss 6 CEU by 31 Dec 2027.")


class StaffCredentialIn(Body):
    programme: Code
    tier: Code = "full"
    number: Line = ""
    issued_on: Day
    expires_on: Day | None = None
    cycle_started_on: Day | None = None


class CeuIn(Body):
    category: Code
    units: Annotated[Decimal, Field(gt=0, le=200, decimal_places=2)]
    done_on: Day
    title: Name


class CeuOut(Schema):
    id: int
    category: str
    units: Decimal
    done_on: dt.date
    title: str
    approved: bool
    withdrawn: bool


class EducationIn(Body):
    kind: Code = "degree"
    degree: Code = "none"
    field: Code = "other"
    institution: Line = ""
    completed_on: Day | None = None


class EmploymentIn(Body):
    role: Code
    employer: Name
    full_time: bool = True
    started_on: Day
    ended_on: Day | None = Field(default=None, description="First day after the job; null: still held.")


class EducationOut(EducationIn):
    id: int
    completed_on: dt.date | None = None


class EmploymentOut(EmploymentIn):
    id: int
    started_on: dt.date
    ended_on: dt.date | None = Field(default=None, description="First day after the job; null: still held.")


class StaffHistoryOut(Schema):
    education: list[EducationOut]
    employment: list[EmploymentOut]
    flags: list[str] = Field(description="What counts once, such as full-time jobs that overlap.")


class EligibilityPathOut(Schema):
    path: str
    words: str
    confidence: str
    met: bool | None = Field(description="null: not known.")
    evidence: list[str]
    missing: list[str]


class EligibilityOut(Schema):
    programme: str
    eligible: bool | None = Field(description="null: a rule or a date is only weakly known and the answer hangs on it.")
    path: str | None
    missing: list[str]
    paths: list[EligibilityPathOut]
    notes: list[str]


class CareerStepOut(Schema):
    code: str
    name: str
    programme: str | None
    held: bool
    eligible: bool | None
    missing: list[str]


class ProgrammeOut(Schema):
    code: str
    name: str
    body: str
    tiers: list[str]
    takes_new: bool
    renewal_units: int | None
    renewal_years: int | None
    source: str
    paths: list[str]


@router.get("/staff", response={200: StaffPage, **REFUSALS}, operation_id="list_staff", summary="People you can see")
def list_staff(
    request: HttpRequest,
    q: Line = "",
    state: Code = "here",
    role: Code | None = None,
    facility: Code | None = None,
    programme: Code | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    actor, today = _who(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    filters = queries.StaffFilters(q=q, state=state, role=role or "", facility=facility or "", programme=programme or "")
    page = keyset_page(queries.staff_list(actor, filters, on=today), order=("full_name", "pk"), cursor=cursor, limit=limit)
    items = [_person(row) for row in queries.rows_of(page.rows, on=today)]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/staff", response={201: StaffOut, **REFUSALS}, operation_id="add_staff", summary="Add a person")
def add_staff(request: HttpRequest, body: StaffIn) -> Any:
    actor = _who(request)
    require(actor, Permission.MANAGE_STAFF)
    return Status(201, _alone(staff.add_staff(actor=actor, **_placed(actor, body.model_dump()))))


@router.get("/staff/{int:staff_id}", response={200: StaffOut, **REFUSALS}, operation_id="get_staff", summary="One person")
def get_staff(request: HttpRequest, staff_id: int) -> dict[str, Any]:
    return _alone(_seen(request, staff_id))


@router.patch("/staff/{int:staff_id}", response={200: StaffOut, **REFUSALS}, operation_id="update_staff", summary="Change a person")
def update_staff(request: HttpRequest, staff_id: int, body: StaffPatch) -> dict[str, Any]:
    actor = _who(request)
    require(actor, Permission.MANAGE_STAFF)
    return _alone(staff.update_staff(actor=actor, staff_id=staff_id, **_placed(actor, given(body))))


@router.get(
    "/staff/{int:staff_id}/credentials", response={200: list[StaffCredentialOut], **REFUSALS}, operation_id="list_staff_credentials",
    summary="Certifications and how their journals stand",
)  # fmt: skip
def list_staff_credentials(request: HttpRequest, staff_id: int) -> list[dict[str, Any]]:
    person = _read(request, staff_id)
    return [_credential(one) for one in journals(list(person.credentials.all()), on=timezone.localdate())]


@router.post(
    "/staff/{int:staff_id}/credentials",
    response={201: StaffCredentialOut, **REFUSALS},
    operation_id="add_staff_credential",
    summary="Record one",
)
def add_staff_credential(request: HttpRequest, staff_id: int, body: StaffCredentialIn) -> Any:
    _seen(request, staff_id)
    made = credentials.add_credential(actor=_who(request), staff_id=staff_id, **body.model_dump())
    return Status(201, _credential(journals([made], on=timezone.localdate())[0]))


@router.get(
    "/staff/{int:staff_id}/credentials/{int:credential_id}/journal", response={200: list[CeuOut], **REFUSALS}, operation_id="list_ceu",
    summary="The renewal journal of a certification",
)  # fmt: skip
def list_ceu(request: HttpRequest, staff_id: int, credential_id: int) -> list[dict[str, Any]]:
    held = Credential.objects.get(pk=credential_id, staff=_read(request, staff_id))
    return [_entry(one) for one in held.ceus.all()]


@router.post(
    "/staff/{int:staff_id}/credentials/{int:credential_id}/journal", response={201: CeuOut, **REFUSALS}, operation_id="add_ceu",
    summary="Enter units",
)  # fmt: skip
def add_ceu(request: HttpRequest, staff_id: int, credential_id: int, body: CeuIn) -> Any:
    _seen(request, staff_id)
    made = journal.add_ceu(actor=_who(request), staff_id=staff_id, credential_id=credential_id, **body.model_dump())
    return Status(201, _entry(made))


@router.get(
    "/staff/{int:staff_id}/history",
    response={200: StaffHistoryOut, **REFUSALS},
    operation_id="get_staff_history",
    summary="Education, work",
)
def get_staff_history(request: HttpRequest, staff_id: int) -> dict[str, Any]:
    person = _read(request, staff_id)
    flags = list(overlaps_of(career_of(person.pk, as_of=timezone.localdate())))
    return {"education": list(person.education.all()), "employment": list(person.employment.all()), "flags": flags}


@router.post(
    "/staff/{int:staff_id}/education", response={201: EducationOut, **REFUSALS}, operation_id="add_staff_education", summary="Add education"
)
def add_staff_education(request: HttpRequest, staff_id: int, body: EducationIn) -> Any:
    _seen(request, staff_id)
    return Status(201, history.add_education(actor=_who(request), staff_id=staff_id, **body.model_dump()))


@router.post(
    "/staff/{int:staff_id}/employment", response={201: EmploymentOut, **REFUSALS}, operation_id="add_staff_employment", summary="Add a job"
)
def add_staff_employment(request: HttpRequest, staff_id: int, body: EmploymentIn) -> Any:
    _seen(request, staff_id)
    return Status(201, history.add_employment(actor=_who(request), staff_id=staff_id, **body.model_dump()))


@router.get(
    "/staff/{int:staff_id}/eligibility/{programme}", response={200: EligibilityOut, **REFUSALS}, operation_id="get_eligibility",
    summary="May this person apply?",
)  # fmt: skip
def get_eligibility(request: HttpRequest, staff_id: int, programme: Code) -> dict[str, Any]:
    person, known = _read(request, staff_id), reference().programme(programme)
    if known is None:
        raise NotFound(kind="programme", name=programme)
    found = judge(known, career_of(person.pk, as_of=timezone.localdate()))
    paths = [
        {
            "path": one.way.code, "words": one.way.words, "confidence": one.way.confidence, "met": one.met, "evidence": list(one.evidence),
            "missing": list(one.missing),
        }
        for one in found.verdicts
    ]  # fmt: skip
    return {**found.as_json(), "paths": paths, "notes": list(found.notes)}


@router.get(
    "/staff/{int:staff_id}/career-map", response={200: list[CareerStepOut], **REFUSALS}, operation_id="get_career_map",
    summary="What each certification and role still asks of this person",
)  # fmt: skip
def get_career_map(request: HttpRequest, staff_id: int) -> list[dict[str, Any]]:
    person = _read(request, staff_id)
    return [
        {
            "code": one.target.code, "name": one.target.name, "programme": one.target.programme.code if one.target.certified else None,
            "held": one.held, "eligible": one.answer.eligible, "missing": list(one.answer.missing),
        }
        for one in steps(career_of(person.pk, as_of=timezone.localdate()), role=person.career_role)
    ]  # fmt: skip


@router.get(
    "/programmes", response={200: list[ProgrammeOut], **REFUSALS}, operation_id="list_programmes", summary="Certification programmes"
)
def list_programmes(request: HttpRequest) -> list[dict[str, Any]]:
    require(_who(request), Permission.VIEW_STAFF)
    return [_programme(one) for one in reference().programmes.values()]


def _programme(one: Programme) -> dict[str, Any]:
    return {
        "code": one.code, "name": one.name, "body": one.body_name, "tiers": list(one.tiers), "takes_new": one.closed_on is None,
        "renewal_units": one.renewal.units if one.renewal else None, "renewal_years": one.renewal.years if one.renewal else None,
        "source": one.source, "paths": [f"({way.code}) {way.words}" for way in one.paths],
    }  # fmt: skip


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _seen(request: HttpRequest, staff_id: int) -> StaffMember:
    """The person; who may see no staff sees only themselves."""
    actor = _who(request)
    own = actor.user_id is not None and StaffMember.objects.filter(pk=staff_id, user_id=actor.user_id).exists()
    if not own:
        require(actor, Permission.VIEW_STAFF)
    return found_staff(actor, staff_id)


def _read(request: HttpRequest, staff_id: int) -> StaffMember:
    person = _seen(request, staff_id)
    require_record(_who(request), person)
    return person


def _placed(actor: Actor, values: dict[str, Any]) -> dict[str, Any]:
    """The facility by its key. Raises Facility.DoesNotExist."""
    if "facility" in values:
        code = values.pop("facility")
        values["facility_id"] = None if code is None else Facility.objects.visible_to(actor).get(code__iexact=code).pk
    return values


def _alone(person: StaffMember) -> dict[str, Any]:
    return _person(queries.rows_of([person], on=timezone.localdate())[0])


def _person(row: queries.StaffRow) -> dict[str, Any]:
    one = row.staff
    return {
        "id": one.pk, "full_name": one.full_name, "kind": one.kind, "provider": one.provider.name if one.provider else None,
        "facility": one.facility.code if one.facility else None, "job_title": one.job_title, "career_role": one.career_role, "teams": row.teams,
        "credentials": [{"programme": held.programme, "tier": held.tier, "expires_on": held.expires_on} for held in row.credentials],
        "started_on": one.started_on, "leaves_on": one.leaves_on, "has_account": one.user_id is not None,
    }  # fmt: skip


def _credential(one: Any) -> dict[str, Any]:
    held, progress = one.credential, one.progress
    names = ("id", "programme", "tier", "number", "issued_on", "expires_on", "status")
    return {name: getattr(held, name) for name in names} | {
        "verified": held.verified_at is not None,
        "counted_units": Decimal(progress.counted) / 100 if progress else None,
        "needed_units": Decimal(progress.needed) / 100 if progress else None,
        "forecast": progress.sentence() if progress else None,
    }


def _entry(one: CeuEntry) -> dict[str, Any]:
    names = ("id", "category", "units", "done_on", "title")
    return {name: getattr(one, name) for name in names} | {
        "approved": one.approved_at is not None,
        "withdrawn": one.withdrawn_at is not None,
    }
