"""Courses and sessions: planned, changed, cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.ids import uuid7
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department, Facility
from openhtm.training.models import Course, SessionKind, TrainingSession
from openhtm.training.services.shared import line, require_training

FURTHEST_BACK, FURTHEST_AHEAD = timedelta(days=3660), timedelta(days=731)


class SessionCancelled(DomainError):
    """The session was cancelled: nobody was trained there (409)."""

    code = "session-cancelled"
    status = 409
    message = "This session was cancelled. Record people at the one that was held."


@transaction.atomic
def save_course(
    *,
    actor: Actor,
    title: str,
    uid: UUID | None = None,
    device_type_code: str = "",
    device_model_id: int | None = None,
    minutes: int = 30,
    content: str = "",
    active: bool = True,
    now: datetime | None = None,
) -> Course:
    """Add a course about a type or a model, or change one (``uid``); what it is about stays.

    Sessions that have not begun follow; those that have say for good what was taught. Raises Course.DoesNotExist, NotAllowed, Invalid.
    """
    require(actor, Permission.MANAGE_TRAINING)
    values: dict[str, Any] = {
        "title": line(title, field="title", limit=160, needed=True), "minutes": _minutes(minutes), "content": content.replace("\0", "")[:4000],
        "active": active,
    }  # fmt: skip
    with refuse_readably():
        if uid is None:
            kind, model = _about(device_type_code, device_model_id)
            return Course.objects.create(device_type=kind, device_model=model, **values)
        course = Course.objects.select_for_update().get(uid=uid)
        for name, value in values.items():
            setattr(course, name, value)
        course.save(update_fields=list(values))
        TrainingSession.objects.filter(course=course, held_at__gt=now or timezone.now()).update(title=course.title, content=course.content)
    return course


@transaction.atomic
def plan_session(
    *,
    actor: Actor,
    course_uid: UUID,
    facility_id: int,
    held_at: datetime,
    kind: str,
    trainer_name: str,
    now: datetime,
    department_id: int | None = None,
    minutes: int | None = None,
    place: str = "",
    note: str = "",
    uid: UUID | None = None,
) -> TrainingSession:
    """Plan a session, or write down one that was held. The same ``uid`` again returns what is stored.

    Raises Facility.DoesNotExist, Course.DoesNotExist, NotAllowed, Invalid, Conflict.
    """
    facility = Facility.objects.visible_to(actor).get(pk=facility_id)
    require_training(actor, facility)
    course = Course.objects.get(uid=course_uid)
    if uid is not None and (known := TrainingSession.objects.filter(uid=uid).first()):
        if known.facility_id != facility.pk or known.course_id != course.pk:
            raise Conflict(what="The session with this id")
        return known
    _check(facility, department_id, held_at, kind, now)
    trainer = line(trainer_name, field="trainer_name", limit=120, needed=True)
    with refuse_readably():
        return TrainingSession.objects.create(
            uid=uid or uuid7(), course=course, title=course.title, content=course.content, facility=facility, department_id=department_id, held_at=held_at, kind=kind,
            minutes=_minutes(course.minutes if minutes is None else minutes), trainer_name=trainer,
            trainer_user_id=actor.user_id if trainer == actor.name else None,
            place=line(place, field="place", limit=120), note=line(note, field="note", limit=400),
        )  # fmt: skip


@transaction.atomic
def cancel_session(*, actor: Actor, uid: UUID, reason: str, now: datetime) -> TrainingSession:
    """Cancel a session; whoever signed in no longer counts as trained. Raises TrainingSession.DoesNotExist, NotAllowed, Invalid."""
    session = managed_session(actor, uid)
    session.cancelled_at, session.cancelled_reason = now, line(reason, field="reason", limit=200, needed=True)
    session.save(update_fields=["cancelled_at", "cancelled_reason"])
    return session


def managed_session(actor: Actor, uid: UUID) -> TrainingSession:
    """A session the actor may manage, locked. Raises TrainingSession.DoesNotExist, NotAllowed, SessionCancelled."""
    found = TrainingSession.objects.visible_to(actor).select_related("facility", "course", "department")
    session = found.select_for_update(of=("self",)).get(uid=uid)
    require_training(actor, session.facility)
    if session.cancelled_at is not None:
        raise SessionCancelled
    return session


def _check(facility: Facility, department_id: int | None, held_at: datetime, kind: str, now: datetime) -> None:
    errors: dict[str, list[str]] = {}
    if department_id is not None and not Department.objects.filter(pk=department_id, facility=facility).exists():
        errors["department"] = [f"There is no such unit at {facility}."]
    if not now - FURTHEST_BACK <= held_at <= now + FURTHEST_AHEAD:
        errors["held_at"] = ["Give a time within the last ten years or the next two."]
    if kind not in SessionKind.values:
        errors["kind"] = [f"Choose one of: {', '.join(SessionKind.values)}."]
    if errors:
        raise Invalid(errors)


def _minutes(minutes: int) -> int:
    if not 1 <= minutes <= 1440:
        raise Invalid({"minutes": ["Give 1 to 1,440 minutes."]})
    return minutes


def _about(type_code: str, model_id: int | None) -> tuple[DeviceType, DeviceModel | None]:
    if model_id is not None:
        model = DeviceModel.objects.select_related("device_type").filter(pk=model_id).first()
        if model is None or model.device_type is None:
            raise Invalid({"device_model": ["There is no such model, or its device type is not known yet."]})
        return model.device_type, model
    kind = DeviceType.objects.filter(code=type_code).first()
    if kind is None:
        raise Invalid({"device_type": ["Choose a device type or a model."]})
    return kind, None
