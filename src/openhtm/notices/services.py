"""Telling people: each occasion once, to a person, to everybody in a role at a facility, or to a department."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Invalid, NotFound
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.notices.models import Notice, NoticeRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What to tell and whom. ``key`` names the occasion: the same key is told once."""

    key: str
    kind: str
    subject: str
    text: str = ""
    url: str = ""
    user_id: int | None = None
    role: Role | None = None
    facility_id: int | None = None
    department_id: int | None = None
    urgent: bool = False


def tell(
    *,
    key: str,
    kind: str,
    subject: str,
    text: str = "",
    url: str = "",
    user_id: int | None = None,
    role: Role | None = None,
    facility_id: int | None = None,
    department_id: int | None = None,
    urgent: bool = False,
    now: datetime | None = None,
) -> bool:
    """Tell one thing once. True if it was new. One statement. Raises IntegrityError for a message without an address."""
    message = Message(
        key=key, kind=kind, subject=subject, text=text, url=url, user_id=user_id, role=role, facility_id=facility_id,
        department_id=department_id, urgent=urgent,
    )  # fmt: skip
    return tell_many([message], now=now) == 1


def tell_many(messages: Sequence[Message], *, now: datetime | None = None) -> int:
    """Tell many things, each once. Returns how many were new. Two statements for any number."""
    at = now or timezone.now()
    known = set(Notice.objects.filter(key__in=[m.key for m in messages]).values_list("key", flat=True))
    fresh = {m.key: m for m in messages if m.key not in known}
    Notice.objects.bulk_create([_notice(message, at) for message in fresh.values()], ignore_conflicts=True, batch_size=2000)
    return len(fresh)


def withdraw(*, keys: Sequence[str], now: datetime | None = None) -> int:
    """Take back what is no longer true: kept, not shown. Returns how many. One statement."""
    return Notice.objects.filter(key__in=list(keys), withdrawn_at__isnull=True).update(withdrawn_at=now or timezone.now())


@transaction.atomic
def mark_read(*, actor: Actor, uids: Sequence[str] | None, now: datetime | None = None) -> int:
    """Mark messages read for the actor; ``uids`` None: all of theirs. Returns how many were unread. Raises NotFound, Invalid."""
    if actor.user_id is None:
        raise Invalid({"": ["Only a person can read messages."]})
    mine = Notice.objects.addressed_to(actor).filter(withdrawn_at__isnull=True)
    if uids is not None:
        mine = mine.filter(uid__in=list(uids))
        if mine.count() != len(set(uids)):
            raise NotFound(kind="message", name=str(uids[0])[:40])
    unread = mine.exclude(reads__user_id=actor.user_id)
    marks = [NoticeRead(notice=notice, user_id=actor.user_id, read_at=now or timezone.now()) for notice in unread]
    NoticeRead.objects.bulk_create(marks, ignore_conflicts=True)
    return len(marks)


def _notice(message: Message, at: datetime) -> Notice:
    return Notice(
        key=message.key[:200],
        kind=message.kind,
        subject=message.subject[:200],
        text=message.text[:4000],
        url=message.url,
        user_id=message.user_id,
        role=message.role.value if message.role else "",
        facility_id=message.facility_id,
        department_id=message.department_id,
        urgent=message.urgent,
        created_at=at,
    )
