"""Who may do what with the training of clinical staff."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from openhtm.catalog.models import DeviceType
from openhtm.identity.rules.permissions import Permission as P
from openhtm.training.models import Attendance, Clinician, Course, TrainingPolicy, TrainingSession
from tests.permissions.rows import LOGGED_IN, PUBLIC, Row
from tests.permissions.world import World


def unit(world: World) -> dict[str, Any]:
    return {"department_id": world.department.pk}


def kind() -> DeviceType:
    return DeviceType.objects.get_or_create(code="pump", defaults={"name": "Pump"})[0]


def course(world: World) -> dict[str, Any]:
    return {"uid": Course.objects.get_or_create(title="Pumps", device_type=kind())[0].uid}


def the_session(world: World) -> TrainingSession:
    values = {
        "course": Course.objects.get(**course(world)), "facility": world.north, "held_at": timezone.now() - dt.timedelta(minutes=5),
        "title": "Pumps", "minutes": 30, "kind": "yearly", "trainer_name": "Edith",
    }  # fmt: skip
    return TrainingSession.objects.get_or_create(department=world.department, defaults=values)[0]


def session(world: World) -> dict[str, Any]:
    return {"uid": the_session(world).uid}


def code(world: World) -> dict[str, Any]:
    return {"code": the_session(world).code}


def the_person(world: World) -> Clinician:
    values = {"full_name": "Rosa", "name_key": "rosa"}
    return Clinician.objects.get_or_create(department=world.department, employee_number="10482", defaults=values)[0]


def person(world: World) -> dict[str, Any]:
    return {"uid": the_person(world).uid}


def known(world: World) -> dict[str, Any]:
    values = {"name": "Rosa", "name_key": "rosa", "by": "list", "method": "name"}
    return {"uid": Attendance.objects.get_or_create(session=the_session(world), clinician=the_person(world), defaults=values)[0].uid}


def unknown(world: World) -> dict[str, Any]:
    values = {"name": "Ana", "by": "qr", "method": "nobody"}
    return {"uid": Attendance.objects.get_or_create(session=the_session(world), clinician=None, name_key="ana", defaults=values)[0].uid}


def line(world: World) -> dict[str, Any]:
    values = {"name": "Pumps", "device_type": kind(), "repeat_months": 12, "source": "Policy", "effective_from": dt.date(2025, 1, 1)}
    return {"uid": TrainingPolicy.objects.get_or_create(code="pumps", facility=world.north, defaults=values)[0].uid}


def new_session(world: World) -> dict[str, Any]:
    held = timezone.now().isoformat()
    return {"course": str(course(world)["uid"]), "facility": world.north.code, "held_at": held, "kind": "yearly", "trainer_name": "Edith"}


def new_line(world: World) -> dict[str, Any]:
    return {
        "code": "x", "name": "X", "source": "Policy", "effective_from": "2026-01-01", "facility": world.north.code,
        "device_type": kind().code, "repeat_months": 12,
    }  # fmt: skip


def new_person(world: World) -> dict[str, Any]:
    return {"department_id": world.department.pk, "full_name": "Jo Park"}


def reason(world: World) -> dict[str, Any]:
    return {"reason": "Trainer ill"}


def ended(world: World) -> dict[str, Any]:
    return {"effective_to": "2030-01-01", "reason": "Replaced"}


def not_ours(world: World) -> dict[str, Any]:
    return {"decision": "not_ours"}


PAGES = [
    Row("training:home", needs=P.VIEW_TRAINING),
    Row("training:unit", needs=P.VIEW_TRAINING, kwargs=unit, scoped=True),
    Row("training:unit-places", needs=P.MANAGE_TRAINING, kwargs=unit, scoped=True),
    Row("training:unit-places", "POST", needs=P.MANAGE_TRAINING, kwargs=unit, scoped=True),
    Row("training:behind", needs=P.VIEW_TRAINING),
    Row("training:roll-outs", needs=P.VIEW_TRAINING),
    Row("training:session-list", needs=P.VIEW_TRAINING),
    Row("training:session-new", needs=P.MANAGE_TRAINING),
    Row("training:session-new", "POST", needs=P.MANAGE_TRAINING),
    Row("training:session", needs=P.VIEW_TRAINING, kwargs=session, scoped=True),
    Row("training:session-people", "POST", needs=P.MANAGE_TRAINING, kwargs=session, data=lambda w: {"people": "Rosa, 10482"}, scoped=True),
    Row("training:session-import", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row("training:session-import", "POST", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row("training:session-show", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row("training:session-sheet", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row("training:session-code", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row("training:session-cancel", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row("training:session-cancel", "POST", needs=P.MANAGE_TRAINING, kwargs=session, data=reason, scoped=True),
    Row("training:person-list", needs=P.VIEW_TRAINING),
    Row("training:person-new", needs=P.MANAGE_TRAINING),
    Row("training:person-new", "POST", needs=P.MANAGE_TRAINING),
    Row("training:person", needs=P.VIEW_TRAINING, kwargs=person, scoped=True),
    Row("training:person-edit", needs=P.MANAGE_TRAINING, kwargs=person, scoped=True),
    Row("training:person-edit", "POST", needs=P.MANAGE_TRAINING, kwargs=person, scoped=True),
    Row("training:person-record", needs=P.MANAGE_TRAINING, kwargs=person, scoped=True),
    Row("training:certificate", needs=P.MANAGE_TRAINING, kwargs=known, scoped=True),
    Row("training:mine", needs=LOGGED_IN),
    Row("training:unsettled", needs=P.MANAGE_TRAINING),
    Row("training:settle", needs=P.MANAGE_TRAINING, kwargs=unknown, scoped=True),
    Row("training:settle", "POST", needs=P.MANAGE_TRAINING, kwargs=unknown, data=not_ours, scoped=True),
    Row("training:policy-list", needs=P.VIEW_TRAINING),
    Row("training:policy-new", needs=P.MANAGE_TRAINING),
    Row("training:policy-new", "POST", needs=P.MANAGE_TRAINING),
    Row("training:policy-end", needs=P.MANAGE_TRAINING, kwargs=line, scoped=True),
    Row("training:policy-end", "POST", needs=P.MANAGE_TRAINING, kwargs=line, data=ended, scoped=True),
    Row("training:course-list", needs=P.VIEW_TRAINING),
    Row("training:course-new", needs=P.MANAGE_TRAINING),
    Row("training:course-new", "POST", needs=P.MANAGE_TRAINING),
    Row("training:course-edit", needs=P.MANAGE_TRAINING, kwargs=course),
    Row("training:course-edit", "POST", needs=P.MANAGE_TRAINING, kwargs=course),
    Row("training:attend", needs=PUBLIC, kwargs=code),
    Row("training:attend", "POST", needs=PUBLIC, kwargs=code, data=lambda w: {"name": "Rosa", "employee_number": "10482"}),
]
API = [
    Row("api:get_training_coverage", needs=P.VIEW_TRAINING),
    Row("api:list_training_people", needs=P.VIEW_TRAINING, kwargs=unit, scoped=True),
    Row("api:list_roll_outs", needs=P.VIEW_TRAINING),
    Row("api:list_training_policies", needs=P.VIEW_TRAINING),
    Row("api:add_training_policy", "POST", needs=P.MANAGE_TRAINING, data=new_line, scoped=True),
    Row("api:end_training_policy", "POST", needs=P.MANAGE_TRAINING, kwargs=line, data=ended, scoped=True),
    Row("api:list_training_courses", needs=P.VIEW_TRAINING),
    Row("api:add_training_course", "POST", needs=P.MANAGE_TRAINING, data=lambda w: {"title": "Pumps", "device_type": kind().code}),
    Row("api:list_training_sessions", needs=P.VIEW_TRAINING),
    Row("api:plan_training_session", "POST", needs=P.MANAGE_TRAINING, data=new_session, scoped=True),
    Row("api:get_training_session", needs=P.VIEW_TRAINING, kwargs=session, scoped=True),
    Row("api:cancel_training_session", "POST", needs=P.MANAGE_TRAINING, kwargs=session, data=reason, scoped=True),
    Row("api:list_attendance", needs=P.MANAGE_TRAINING, kwargs=session, scoped=True),
    Row(
        "api:record_attendance", "POST", needs=P.MANAGE_TRAINING, kwargs=session, data=lambda w: {"people": [{"name": "Rosa"}]}, scoped=True
    ),
    Row("api:list_unsettled", needs=P.MANAGE_TRAINING),
    Row("api:settle_attendance", "POST", needs=P.MANAGE_TRAINING, kwargs=unknown, data=not_ours, scoped=True),
    Row("api:list_clinicians", needs=P.VIEW_TRAINING),
    Row("api:add_clinician", "POST", needs=P.MANAGE_TRAINING, data=new_person, scoped=True),
    Row("api:update_clinician", "PATCH", needs=P.MANAGE_TRAINING, kwargs=person, scoped=True),
    Row("api:get_training_record", needs=P.VIEW_TRAINING, kwargs=person, scoped=True),
]
ROWS: list[Row] = [*PAGES, *API]
