"""Shifts, holiday calendars and absences: the only writers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workforce.models import Absence, AbsenceKind, Holiday, HolidayCalendar, ShiftPattern
from openhtm.workforce.services.access import found_staff, require_keeping
from openhtm.workforce.services.days import refuse_wrong_days

MOST_HOLIDAYS = 2000
LONGEST_ABSENCE_DAYS = 1100


@transaction.atomic
def add_shift(
    *, actor: Actor, name: str, weekdays: Sequence[int], starts_at: time, ends_at: time, break_min: int = 0, facility_id: int | None = None
) -> ShiftPattern:
    """Add a shift at a facility (None: everywhere). Raises NotAllowed, Facility.DoesNotExist, Invalid, Conflict."""
    _require(actor, facility_id)
    if not weekdays or not set(weekdays) <= set(range(1, 8)):
        raise Invalid({"weekdays": ["Choose at least one day of the week; Monday is 1."]})
    if break_min > 480:
        raise Invalid({"break_min": ["A break has at most 480 minutes."]})
    with refuse_readably():
        return ShiftPattern.objects.create(
            name=_name(name), facility_id=facility_id, weekdays=sorted(set(weekdays)), starts_at=starts_at, ends_at=ends_at,
            break_min=break_min,
        )  # fmt: skip


@transaction.atomic
def set_calendar(
    *, actor: Actor, name: str, days: Iterable[tuple[date, str]], facility_id: int | None = None, calendar_id: int | None = None
) -> HolidayCalendar:
    """Make a calendar consist of exactly these days; without ``calendar_id`` a new one. Five statements.

    Raises NotAllowed, HolidayCalendar.DoesNotExist, Invalid, Conflict.
    """
    _require(actor, facility_id)
    wanted = dict(days)
    if len(wanted) > MOST_HOLIDAYS:
        raise Invalid({"days": [f"A calendar holds at most {MOST_HOLIDAYS:,} days."]})
    refuse_wrong_days(today=timezone.localdate(), days=min(wanted, default=None))
    refuse_wrong_days(today=timezone.localdate(), days=max(wanted, default=None))
    with refuse_readably():
        if calendar_id is None:
            calendar = HolidayCalendar.objects.create(name=_name(name), facility_id=facility_id)
        else:
            calendar = HolidayCalendar.objects.select_for_update().get(pk=calendar_id)
            _require(actor, calendar.facility_id)
            calendar.name, calendar.facility_id = _name(name), facility_id
            calendar.save(update_fields=["name", "facility"])
    Holiday.objects.filter(calendar=calendar).exclude(on__in=wanted).delete()
    Holiday.objects.bulk_create(
        [Holiday(calendar=calendar, on=day, name=_name(title)) for day, title in sorted(wanted.items())],
        update_conflicts=True,
        unique_fields=["calendar", "on"],
        update_fields=["name"],
    )
    return calendar


@transaction.atomic
def add_absence(*, actor: Actor, staff_id: int, kind: str, from_on: date, until_on: date, now: datetime | None = None) -> Absence:
    """Record that somebody is away from ``from_on`` to before ``until_on``: one's own, or anybody's with the right to manage staff.

    Raises StaffMember.DoesNotExist, NotAllowed, Invalid, Conflict.
    """
    staff = found_staff(actor, staff_id)
    require_keeping(actor, staff)
    if kind not in AbsenceKind.values:
        raise Invalid({"kind": [f"Choose one of: {', '.join(AbsenceKind.values)}."]})
    refuse_wrong_days(today=timezone.localdate(), from_on=from_on, until_on=until_on)
    if not 0 < (until_on - from_on).days <= LONGEST_ABSENCE_DAYS:
        raise Invalid({"until_on": [f"The day back must come after the first day away, within {LONGEST_ABSENCE_DAYS:,} days."]})
    with refuse_readably():
        return Absence.objects.create(
            staff=staff, kind=kind, from_on=from_on, until_on=until_on, recorded_by_id=actor.user_id, recorded_at=now or timezone.now()
        )


@transaction.atomic
def cancel_absence(*, actor: Actor, absence_id: int, now: datetime | None = None) -> Absence:
    """Take an absence back; it stays in the history. Raises Absence.DoesNotExist, NotAllowed."""
    absence = Absence.objects.visible_to(actor).select_for_update(of=("self",)).select_related("staff__facility").get(pk=absence_id)
    require_keeping(actor, absence.staff)
    if absence.cancelled_at is None:
        absence.cancelled_at = now or timezone.now()
        absence.save(update_fields=["cancelled_at"])
    return absence


def _require(actor: Actor, facility_id: int | None) -> None:
    if facility_id is None:
        require_everywhere(actor, Permission.MANAGE_STAFF)
        return
    Facility.objects.visible_to(actor).get(pk=facility_id)
    require(actor, Permission.MANAGE_STAFF, at=facility_id)


def _name(text: Any) -> str:
    name = str(text).strip()
    if not name or len(name) > 80:
        raise Invalid({"name": ["Give a name of 1 to 80 characters."]})
    return name
