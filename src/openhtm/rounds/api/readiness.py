"""Readiness checks over the API: definitions, periods with their states, entries, PINs and unit codes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import AwareDatetime, Field, FiniteFloat

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, ClockTime, Code, Cursor, Key, Limit, Line, Name, PageOut, Short, Text
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry
from openhtm.rounds.queries import readiness as queries
from openhtm.rounds.rules.questions import Question
from openhtm.rounds.rules.slots import Slot, SlotState, slots_between, states
from openhtm.rounds.services import checks as services
from openhtm.rounds.services import pins
from openhtm.rounds.services.checks import CheckValues
from openhtm.rounds.services.entries import proof_of, record_entry

router = Router(tags=["readiness"])
LONGEST_SPAN = dt.timedelta(days=400)
EARLIEST, LATEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
Day = Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), le=dt.date(2100, 1, 1))]
Answer = bool | FiniteFloat | Annotated[Text, Field(max_length=40)]


class QuestionIn(Body):
    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    text: Name
    kind: Literal["yes_no", "number", "date"] = "yes_no"
    unit: Annotated[Line, Field(max_length=20)] = ""
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    expires: bool = Field(default=False, description="A day on which something runs out, such as pads.")


class QuestionOut(Schema):
    key: str
    text: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    expires: bool


class CheckIn(Body):
    name: Annotated[Name, Field(max_length=120)]
    location: Code = Field(description="Public code of the place where it is done.")
    frequency: Literal["shift", "daily", "weekly", "monthly"]
    questions: Annotated[list[QuestionIn], Field(min_length=1, max_length=20)]
    device: Annotated[Line, Field(max_length=60)] = Field(default="", description="Control number, if it is of one device.")
    department_id: Key | None = Field(default=None, description="Who must do it.")
    shift_starts: Annotated[list[ClockTime], Field(max_length=6)] = Field(default=[], description="Times of day at the facility.")
    week_days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = Field(
        default=[], description="1 Monday to 7; empty: all."
    )
    starts_on: Day | None = None
    ends_on: Day | None = None
    escalate_after: Annotated[int, Field(ge=1, le=100)] = 1


class CheckOut(Schema):
    """A recurring look at one thing in one place."""

    code: str = Field(description="In the address on its label.")
    name: str
    facility: str
    location: str
    device: str | None
    department_id: int | None
    frequency: str
    shift_starts: list[str]
    week_days: list[int]
    questions: list[QuestionOut]
    starts_on: dt.date
    ends_on: dt.date | None
    escalate_after: int
    active: bool


class CheckPage(PageOut):
    items: list[CheckOut]


class SlotOut(Schema):
    """One period, from start until before end."""

    start: dt.datetime
    end: dt.datetime
    state: Literal["done", "problem", "missed", "open", "not_yet"]


class EntryIn(Body):
    answers: Annotated[dict[Annotated[Text, Field(max_length=40)], Answer], Field(max_length=20)]
    problem_text: Annotated[Line, Field(max_length=400)] = ""
    uid: UUID | None = Field(default=None, description="Made by the client (version 7): sent again, nothing is added.")
    done_at: AwareDatetime | None = Field(default=None, description="When it was done, if it is sent later; up to 31 days.")


class EntryOut(Schema):
    uid: UUID
    done_at: dt.datetime
    answers: dict[str, Any]
    problem: bool
    problem_text: str
    person: str
    proof: str = Field(description="login, pin or unit_code.")
    work_order: str | None = Field(description="The order of the problem.", examples=["WO-1042"])


class EntryPage(PageOut):
    items: list[EntryOut]


class CodeIn(Body):
    code: Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]


class CodeOut(Schema):
    department_id: int
    has_code: bool


@router.get("/readiness-checks", response={200: CheckPage, **REFUSALS}, operation_id="list_readiness_checks", summary="Readiness checks")
def list_readiness_checks(
    request: HttpRequest,
    q: Short = "",
    facility: Short = "",
    department_id: Key | None = None,
    active: bool | None = True,
    cursor: Cursor | None = None,
    limit: Limit = 50,
    count: bool = False,
) -> dict[str, Any]:
    found = queries.checks(_may(request, Permission.DO_READINESS), q=q, facility=facility, department_id=department_id, active=active)
    page = keyset_page(found, order=("name", "pk"), cursor=cursor, limit=limit)
    return {"items": [_check(one) for one in page.rows], **_ends(page, found, count=count)}


@router.post(
    "/readiness-checks", response={201: CheckOut, **REFUSALS}, operation_id="add_readiness_check", summary="Set up a readiness check"
)
def add_readiness_check(request: HttpRequest, body: CheckIn) -> Any:
    actor = _may(request, Permission.MANAGE_READINESS)
    return Status(201, _check(services.add_check(actor=actor, values=_values(body), now=timezone.now())))


@router.get(
    "/readiness-checks/{code}", response={200: CheckOut, **REFUSALS}, operation_id="get_readiness_check", summary="One readiness check"
)
def get_readiness_check(request: HttpRequest, code: Code) -> dict[str, Any]:
    return _check(_found(request, code))


@router.put(
    "/readiness-checks/{code}",
    response={200: CheckOut, **REFUSALS},
    operation_id="change_readiness_check",
    summary="Change a readiness check",
)
def change_readiness_check(request: HttpRequest, code: Code, body: CheckIn) -> dict[str, Any]:
    actor = _may(request, Permission.MANAGE_READINESS)
    return _check(services.change_check(actor=actor, code=code, values=_values(body), now=timezone.now()))


@router.post(
    "/readiness-checks/{code}/end", response={200: CheckOut, **REFUSALS}, operation_id="end_readiness_check", summary="Stop a check"
)
def end_readiness_check(request: HttpRequest, code: Code) -> dict[str, Any]:
    return _check(services.end_check(actor=_may(request, Permission.MANAGE_READINESS), code=code, now=timezone.now()))


@router.post(
    "/readiness-checks/{code}/resume",
    response={200: CheckOut, **REFUSALS},
    operation_id="resume_readiness_check",
    summary="Owe a check again",
)
def resume_readiness_check(request: HttpRequest, code: Code) -> dict[str, Any]:
    return _check(services.resume_check(actor=_may(request, Permission.MANAGE_READINESS), code=code, now=timezone.now()))


@router.get(
    "/readiness-checks/{code}/periods",
    response={200: list[SlotOut], **REFUSALS},
    operation_id="list_readiness_periods",
    summary="The periods of a check and how each stands",
)
def list_readiness_periods(
    request: HttpRequest, code: Code, since: AwareDatetime | None = None, until: AwareDatetime | None = None
) -> list[dict[str, Any]]:
    check, now = _found(request, code), timezone.now()
    end = min(until or now + dt.timedelta(microseconds=1), LATEST)
    begin = max(since, EARLIEST) if since else max(end, EARLIEST) - dt.timedelta(days=28)
    if begin > end or end - begin > LONGEST_SPAN:
        raise Invalid({"since": [f"Ask for at most {LONGEST_SPAN.days} days, from an earlier to a later moment."]})
    slots = slots_between(queries.rhythm_of(check), since=begin, until=end)
    done = queries.done_since({check.pk: slots[0].start})[check.pk] if slots else []
    return [_slot(slot, state) for slot, state in states(slots, done, now=now)]


@router.get(
    "/readiness-checks/{code}/entries", response={200: EntryPage, **REFUSALS}, operation_id="list_readiness_entries", summary="Checks done"
)
def list_readiness_entries(
    request: HttpRequest, code: Code, cursor: Cursor | None = None, limit: Limit = 50, count: bool = False
) -> dict[str, Any]:
    found = ReadinessEntry.objects.filter(check_done=_found(request, code)).select_related("work_order")
    page = keyset_page(found, order=("-done_at", "-pk"), cursor=cursor, limit=limit)
    return {"items": [_entry(one) for one in page.rows], **_ends(page, found, count=count)}


@router.post(
    "/readiness-checks/{code}/entries",
    response={201: EntryOut, **REFUSALS},
    operation_id="record_readiness_entry",
    summary="Record a check done",
)
def record_readiness_entry(request: HttpRequest, code: Code, body: EntryIn) -> Any:
    check = _found(request, code)
    proof = proof_of(request.actor, check)  # type: ignore[attr-defined]
    done = record_entry(check=check, proof=proof, now=timezone.now(), **body.model_dump())
    return Status(201, _entry(done.entry))


@router.put(
    "/departments/{int:department_id}/unit-code",
    response={200: CodeOut, **REFUSALS},
    operation_id="set_unit_code",
    summary="Set the code of a unit",
)
def set_unit_code(request: HttpRequest, department_id: Key, body: CodeIn) -> dict[str, Any]:
    pins.set_unit_code(actor=_who(request), department_id=department_id, code=body.code, now=timezone.now())
    return {"department_id": department_id, "has_code": True}


@router.delete(
    "/departments/{int:department_id}/unit-code",
    response={200: CodeOut, **REFUSALS},
    operation_id="remove_unit_code",
    summary="Take the code of a unit away",
)
def remove_unit_code(request: HttpRequest, department_id: Key) -> dict[str, Any]:
    pins.remove_unit_code(actor=_who(request), department_id=department_id)
    return {"department_id": department_id, "has_code": False}


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _may(request: HttpRequest, permission: Permission) -> Actor:
    require(_who(request), permission)
    return _who(request)


def _found(request: HttpRequest, code: str) -> ReadinessCheck:
    return queries.checks(_may(request, Permission.DO_READINESS), active=None).get(code=code.upper()[:12])


def _values(body: CheckIn) -> CheckValues:
    values = body.model_dump(exclude={"questions", "shift_starts"})
    questions = [Question(**one.model_dump()).as_json() for one in body.questions]
    return CheckValues(**values, questions=questions, shift_starts=[time.replace(tzinfo=None) for time in body.shift_starts])


def _ends(page: Any, found: Any, *, count: bool) -> dict[str, Any]:
    ends = {"next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}
    if not count:
        return ends
    counted = count_up_to(found)
    return ends | {"count": counted.value, "count_is_exact": counted.exact}


def _check(check: ReadinessCheck) -> dict[str, Any]:
    return {
        "code": check.code,
        "name": check.name,
        "facility": check.facility.code,
        "location": check.location.public_code,
        "device": check.device.control_number if check.device else None,
        "department_id": check.department_id,
        "frequency": check.frequency,
        "shift_starts": [f"{time:%H:%M}" for time in check.shift_starts],
        "week_days": check.week_days,
        "questions": [_question(one) for one in queries.questions_of(check)],
        "starts_on": check.starts_on,
        "ends_on": check.ends_on,
        "escalate_after": check.escalate_after,
        "active": check.active,
    }


def _question(one: Question) -> dict[str, Any]:
    names = ("key", "text", "kind", "unit", "low", "high", "expires")
    return {name: getattr(one, name) for name in names}


def _slot(slot: Slot, state: SlotState) -> dict[str, Any]:
    return {"start": slot.start, "end": slot.end, "state": state.value}


def _entry(entry: ReadinessEntry) -> dict[str, Any]:
    return {
        "uid": entry.uid,
        "done_at": entry.done_at,
        "answers": entry.answers,
        "problem": entry.problem,
        "problem_text": entry.problem_text,
        "person": entry.person_name,
        "proof": entry.proof,
        "work_order": str(entry.work_order) if entry.work_order else None,
    }
