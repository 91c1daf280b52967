"""Telling people in time that a certification ends: themselves, and the managers where they work."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.urls import reverse

from openhtm.identity.rules.permissions import Role
from openhtm.notices.services import Message, tell_many
from openhtm.sites.models import Facility
from openhtm.ui.rules import formats
from openhtm.workforce.models import Credential, CredentialStatus
from openhtm.workforce.queries.credentials import IN_PRACTICE, Journal, journals
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.rules.renewal import Pace, reminder_due

LAPSED_DAYS = 30
"""A lapse is told of for so many days, so that a server that was off for a while still tells it."""


def remind(*, today: dt.date) -> int:
    """Tell of certifications that end soon or have lapsed, each occasion once. Returns how many messages were new. Five statements."""
    days = reference().remind_days_before
    found = Credential.objects.filter(
        Q(staff__leaves_on__isnull=True) | Q(staff__leaves_on__gt=today),
        status=CredentialStatus.ACTIVE,
        tier__in=IN_PRACTICE,
        expires_on__range=(today - dt.timedelta(days=LAPSED_DAYS), today + dt.timedelta(days=days[0])),
    ).select_related("staff")
    first = Facility.objects.filter(active=True).order_by("pk").first()
    messages: list[Message] = []
    for one in journals(list(found), on=today):
        messages += _messages(one, days, today, first.pk if first else None)
    return tell_many(messages)


def _messages(one: Journal, days: tuple[int, ...], today: dt.date, first: int | None) -> list[Message]:
    """The messages of one certification: to the person if they have an account, and to the managers."""
    held, staff = one.credential, one.credential.staff
    if held.expires_on is None or (occasion := _occasion(held.expires_on, days, today)) is None:
        return []
    lapsed = held.expires_on < today
    ends = formats.day(held.expires_on)
    what = f"{held.programme} of {staff.full_name} {'lapsed' if lapsed else 'ends'} on {ends}"
    own = f"Your {held.programme} {'lapsed' if lapsed else 'ends'} on {ends}"
    text, key = _advice(one, lapsed), f"credential:{held.uid}:{held.expires_on}:{occasion}"
    url = f"{reverse('workforce:person', args=[staff.pk])}?tab=certifications"
    urgent = lapsed or occasion == str(days[-1])
    found = []
    if staff.user_id is not None:
        mine = f"{reverse('workforce:me')}?tab=certifications"
        found.append(
            Message(key=f"{key}:own", kind="credential-ends", subject=own, text=text, url=mine, user_id=staff.user_id, urgent=urgent)
        )
    if place := staff.facility_id or first:
        found.append(
            Message(
                key=f"{key}:manager", kind="credential-ends", subject=what, text=text, url=url, role=Role.MANAGER, facility_id=place,
                urgent=urgent,
            )
        )  # fmt: skip
    return found


def _occasion(expires_on: dt.date, days: tuple[int, ...], today: dt.date) -> str | None:
    if expires_on < today:
        return "lapsed"
    due = reminder_due(days, ends_on=expires_on, on=today)
    return None if due is None else str(due)


def _advice(one: Journal, lapsed: bool) -> str:
    if lapsed:
        return "It no longer counts as a qualification. Renew it and enter the new last day, or withdraw it."
    if one.progress and one.progress.pace in (Pace.BEHIND, Pace.OVER):
        return f"{one.progress.sentence()} Enter what is missing in the journal, then send the application packet."
    return "Send the application packet and enter the new last day."
