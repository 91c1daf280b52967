"""Messages of whoever asks."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from openhtm.identity.actor import Actor
from openhtm.notices.models import Notice, NoticeQuerySet, NoticeRead


def mine(actor: Actor, *, unread: bool | None = None) -> NoticeQuerySet:
    """Messages that still stand, addressed to the actor, each with ``is_read``. ``unread`` narrows."""
    read = Exists(NoticeRead.objects.filter(notice=OuterRef("pk"), user_id=actor.user_id or 0))
    found = Notice.objects.addressed_to(actor).filter(withdrawn_at__isnull=True).annotate(is_read=read)
    return found if unread is None else found.filter(is_read=not unread)
