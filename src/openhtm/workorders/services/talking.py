"""Remarks, files and watchers of an order."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import NotAllowed
from openhtm.core.events import publish
from openhtm.documents.rules.file_names import clean_file_name, extension
from openhtm.documents.rules.media import BY_TYPE
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import WorkAttachment, WorkComment, WorkOrder, WorkWatcher
from openhtm.workorders.rules.events import CommentAdded
from openhtm.workorders.services.shared import clean_words, lock_order


@transaction.atomic
def add_comment(*, actor: Actor, number: int, text: str, public: bool = False, now: datetime | None = None) -> WorkComment:
    """Add a remark; ``public``: whoever reported the fault reads it too. What a requester writes is always public.

    Also on settled orders: a remark changes nothing. Raises WorkOrder.DoesNotExist, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    order = _readable(actor, number)
    words = clean_words(text, field="text", limit=10_000, required=True)
    shown = public or not actor.may(Permission.DO_WORK, at=order.facility_id)
    comment = WorkComment.objects.create(
        work_order=order, text=words, public=shown, author_id=actor.user_id, author_name=actor.name[:120], recorded_at=now
    )
    publish(CommentAdded(order_id=order.pk, comment_id=comment.pk, public=shown, actor=actor, at=now))
    return comment


@transaction.atomic
def attach_file(
    *, actor: Actor, number: int, content: BinaryIO | bytes, file_name: str, comment: WorkComment | None = None, public: bool = False,
    allowed: set[str] | None = None, now: datetime | None = None,
) -> WorkAttachment:  # fmt: skip
    """Keep a file with the order. A name without an extension gets that of its content. ``allowed`` narrows the media types.

    Raises WorkOrder.DoesNotExist, NotAllowed, FileTooLarge, FileRefused.
    """
    order = _readable(actor, number)
    stored = store_file(content=content, file_name=file_name, actor=actor, allowed=allowed)
    name = clean_file_name(file_name)
    if not extension(name):
        name = f"{name}.{BY_TYPE[stored.media_type].extensions[0]}"
    return WorkAttachment.objects.create(
        work_order=order, comment=comment, file=stored, file_name=name[:200], public=public or not actor.may(Permission.DO_WORK, at=order.facility_id),
        added_by_id=actor.user_id, added_by_name=actor.name[:120], added_at=now or timezone.now(),
    )  # fmt: skip


@transaction.atomic
def remove_file(*, actor: Actor, uid: uuid.UUID, reason: str, now: datetime | None = None) -> WorkAttachment:
    """Take a file away from its order's page; its content, who removed it and why stay.

    Raises WorkAttachment.DoesNotExist, NotAllowed, Invalid.
    """
    found = visible_files(actor).select_for_update(of=("self",)).get(uid=uid)
    require(actor, Permission.DO_WORK, at=found.work_order.facility_id, place=found.work_order.facility.name)
    found.removed_reason = clean_words(reason, field="reason", limit=200, required=True)
    found.removed_at = now or timezone.now()
    with acting(actor, reason=found.removed_reason):
        found.save(update_fields=["removed_at", "removed_reason"])
    return found


def visible_files(actor: Actor) -> QuerySet[WorkAttachment]:
    """Files that were not removed, of orders that ``actor`` sees."""
    shown = WorkAttachment.objects.filter(removed_at__isnull=True, work_order__in=WorkOrder.objects.visible_to(actor))
    return shown.select_related("file", "work_order__facility")


@transaction.atomic
def watch(*, actor: Actor, number: int) -> None:
    """Let the actor hear about the order. Repeating it changes nothing. Raises WorkOrder.DoesNotExist, NotAllowed."""
    order = _seen(actor, number)
    if actor.user_id is None:
        raise NotAllowed(permission="watch orders as a person", place=order.facility.name)
    WorkWatcher.objects.get_or_create(work_order=order, user_id=actor.user_id)


@transaction.atomic
def unwatch(*, actor: Actor, number: int) -> None:
    """Let the actor hear no more of the order. Raises WorkOrder.DoesNotExist."""
    WorkWatcher.objects.filter(work_order=_seen(actor, number), user_id=actor.user_id or 0).delete()


def _seen(actor: Actor, number: int) -> WorkOrder:
    order = WorkOrder.objects.visible_to(actor).select_related("facility").get(number=number)
    require(actor, Permission.VIEW_WORK, at=order.facility_id, place=order.facility.name)
    return order


def _readable(actor: Actor, number: int) -> WorkOrder:
    order = lock_order(actor=actor, number=number, permission=Permission.VIEW_WORK)
    refuse_silent(actor, order)
    return order


def refuse_silent(actor: Actor, order: WorkOrder) -> None:
    """Raise NotAllowed unless the actor works on orders, adds notes or reports faults there: a surveyor only reads."""
    if not any(actor.may(right, at=order.facility_id) for right in (Permission.ADD_NOTES, Permission.REPORT_FAULTS, Permission.DO_WORK)):
        raise NotAllowed(permission=Permission.ADD_NOTES.value, place=order.facility.name)
