"""Clinical staff in the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Code, Cursor, Key, Limit, Line, Name, PageOut, given
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.training.api.common import may
from openhtm.training.models import Clinician
from openhtm.training.queries import people as queries
from openhtm.training.services import clinicians

router = Router(tags=["training"])


class ClinicianOut(Schema):
    uid: UUID
    full_name: str
    employee_number: str = Field(description="Empty unless you run training at the facility.")
    job_title: str
    facility: str
    department_id: int
    department: str
    started_on: dt.date | None
    left_on: dt.date | None


class ClinicianPage(PageOut):
    items: list[ClinicianOut]


class ClinicianIn(Body):
    department_id: Key
    full_name: Annotated[Name, Field(max_length=120)]
    employee_number: Annotated[Line, Field(max_length=40)] = ""
    job_title: Annotated[Line, Field(max_length=80)] = ""
    started_on: dt.date | None = None


class ClinicianPatch(Body):
    department_id: Key | None = None
    full_name: Annotated[Name, Field(max_length=120)] | None = None
    employee_number: Annotated[Line, Field(max_length=40)] | None = None
    job_title: Annotated[Line, Field(max_length=80)] | None = None
    started_on: dt.date | None = None
    left_on: dt.date | None = None


class RecordStandingOut(Schema):
    device_type_id: int
    state: str
    trained_on: dt.date | None
    due_on: dt.date | None


class RecordSessionOut(Schema):
    session: UUID
    title: str
    held_at: dt.datetime
    trainer_name: str


class TrainingRecordOut(Schema):
    person: ClinicianOut
    standing: list[RecordStandingOut]
    sessions: list[RecordSessionOut]


@router.get("/training/people", response={200: ClinicianPage, **REFUSALS}, operation_id="list_clinicians", summary="Clinical staff")
def list_clinicians(
    request: HttpRequest, facility: Code | None = None, department_id: Key | None = None, cursor: Cursor | None = None, limit: Limit = 50
) -> dict[str, Any]:
    actor = may(request)
    found = queries.clinicians(actor, facility=facility or "", department_id=department_id, gone=True)
    page = keyset_page(found, order=("full_name", "pk"), cursor=cursor, limit=limit)
    items = [_clinician(one, actor) for one in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


@router.post("/training/people", response={201: ClinicianOut, **REFUSALS}, operation_id="add_clinician", summary="Add somebody")
def add_clinician(request: HttpRequest, body: ClinicianIn) -> Any:
    actor = may(request, Permission.MANAGE_TRAINING)
    return Status(201, _clinician(clinicians.add_clinician(actor=actor, **body.model_dump()), actor))


@router.patch("/training/people/{uuid:uid}", response={200: ClinicianOut, **REFUSALS}, operation_id="update_clinician", summary="Change")
def update_clinician(request: HttpRequest, uid: UUID, body: ClinicianPatch) -> dict[str, Any]:
    actor, empty = may(request), ("started_on", "left_on")
    changes = {name: value for name, value in given(body).items() if value is not None or name in empty}
    return _clinician(clinicians.update_clinician(actor=actor, uid=uid, **changes), actor)


@router.get(
    "/training/people/{uuid:uid}/record",
    response={200: TrainingRecordOut, **REFUSALS},
    operation_id="get_training_record",
    summary="Record",
)
def get_training_record(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    actor = may(request)
    person = Clinician.objects.visible_to(actor).select_related("department__facility").get(uid=uid)
    found = queries.record(person, on=timezone.localdate())
    return {
        "person": _clinician(person, actor),
        "standing": [
            {"device_type_id": one.type_id, "state": one.state, "trained_on": one.trained_on, "due_on": one.due_on}
            for one in found.standing
        ],
        "sessions": [
            {"session": one.uid, "title": one.title, "held_at": one.held_at, "trainer_name": one.trainer_name} for one in found.sessions
        ],
    }


def _clinician(one: Clinician, actor: Actor) -> dict[str, Any]:
    unit = one.department
    shown = ("uid", "full_name", "job_title", "department_id", "started_on", "left_on")
    sees = actor.may(Permission.MANAGE_TRAINING, at=unit.facility_id) or (one.user_id is not None and one.user_id == actor.user_id)
    facts = {name: getattr(one, name) for name in shown}
    return facts | {"employee_number": one.employee_number if sees else "", "facility": unit.facility.code, "department": unit.name}
