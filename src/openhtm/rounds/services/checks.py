"""Setting up readiness checks: what is looked at, where, how often and by whom; and the starters that are shipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.rounds.models import ReadinessCheck
from openhtm.rounds.queries.readiness import RELATED
from openhtm.rounds.rules.questions import QuestionError, read_questions
from openhtm.rounds.rules.slots import Every
from openhtm.rounds.services.rounds import clean_line
from openhtm.sites.models import Department, Location

MOST_SHIFTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckValues:
    """A definition. ``location`` is a public code, ``device`` a control number (empty: none), ``questions`` as stored."""

    name: str
    location: str
    frequency: str
    questions: Sequence[Mapping[str, Any]]
    device: str = ""
    department_id: int | None = None
    shift_starts: Sequence[dt.time] = ()
    week_days: Sequence[int] = ()
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    escalate_after: int = 1


@transaction.atomic
def add_check(*, actor: Actor, values: CheckValues, now: dt.datetime) -> ReadinessCheck:
    """Set up a check. About eight statements. Raises NotAllowed, Invalid (also for a place or device out of sight)."""
    check = ReadinessCheck()
    _apply(actor, check, values, now)
    with refuse_readably():
        check.save(force_insert=True)
    return check


@transaction.atomic
def change_check(*, actor: Actor, code: str, values: CheckValues, now: dt.datetime) -> ReadinessCheck:
    """Change a check; what was done stays as it was done. Raises ReadinessCheck.DoesNotExist, NotAllowed, Invalid."""
    check = locked_check(actor=actor, code=code)
    _apply(actor, check, values, now)
    with refuse_readably():
        check.save()
    return check


@transaction.atomic
def end_check(*, actor: Actor, code: str, now: dt.datetime) -> ReadinessCheck:
    """Stop a check: from now on nothing is owed, and its entries stay. Raises ReadinessCheck.DoesNotExist, NotAllowed."""
    check = locked_check(actor=actor, code=code)
    check.active, check.ends_on = False, max(_today(check.location, now), check.starts_on)
    check.save(update_fields=["active", "ends_on"])
    return check


@transaction.atomic
def resume_check(*, actor: Actor, code: str, now: dt.datetime) -> ReadinessCheck:
    """Let a stopped check be owed again from today on; the time between counts as not owed. Raises as ``end_check``."""
    check = locked_check(actor=actor, code=code)
    if not check.active:
        check.active, check.ends_on, check.starts_on = True, None, _today(check.location, now)
        check.save(update_fields=["active", "ends_on", "starts_on"])
    return check


def locked_check(*, actor: Actor, code: str) -> ReadinessCheck:
    """Return the check, locked. One statement. Raises ReadinessCheck.DoesNotExist, NotAllowed."""
    visible = ReadinessCheck.objects.visible_to(actor).select_related(*RELATED)
    check = visible.select_for_update(of=("self",)).get(code=code.strip().upper()[:12])
    require(actor, Permission.MANAGE_READINESS, at=check.facility_id, place=check.facility.name)
    return check


def _apply(actor: Actor, check: ReadinessCheck, values: CheckValues, now: dt.datetime) -> None:
    errors: dict[str, list[str]] = {}
    place = Location.objects.visible_to(actor).select_related("facility").filter(public_code=values.location.strip().upper()[:12]).first()
    if place is None:
        raise Invalid({"location": ["Choose the place where it is done."]})
    require(actor, Permission.MANAGE_READINESS, at=place.facility_id, place=place.facility.name)
    check.facility, check.location = place.facility, place
    check.device = _device(actor, values.device, place, errors)
    check.department = _department(values.department_id, place, errors)
    check.name = clean_line(values.name, field="name", limit=120)
    if not check.name:
        errors["name"] = ["Give it a name, such as Crash cart 2, defibrillator."]
    _apply_times(check, values, errors, _today(place, now))
    try:
        check.questions = [one.as_json() for one in read_questions(list(map(dict, values.questions)))]
    except QuestionError as error:
        errors["questions"] = [str(error)]
    if not 1 <= values.escalate_after <= 100:
        errors["escalate_after"] = ["Give 1 to 100."]
    check.escalate_after = values.escalate_after
    if errors:
        raise Invalid(errors)


def _apply_times(check: ReadinessCheck, values: CheckValues, errors: dict[str, list[str]], today: dt.date) -> None:
    if values.frequency not in set(Every):
        errors["frequency"] = [f"Choose one of: {', '.join(Every)}."]
    check.frequency = values.frequency
    check.shift_starts = sorted(set(values.shift_starts)) if values.frequency == Every.SHIFT else []
    if values.frequency == Every.SHIFT and not 1 <= len(check.shift_starts) <= MOST_SHIFTS:
        errors["shift_starts"] = [f"Give the times at which the shifts start, such as 07:00 and 19:00; at most {MOST_SHIFTS}."]
    by_day = values.frequency in (Every.SHIFT, Every.DAILY)
    check.week_days = sorted(set(values.week_days)) if by_day else []
    if not all(1 <= day <= 7 for day in check.week_days):
        errors["week_days"] = ["Week days are numbered from 1, Monday, to 7, Sunday."]
    check.starts_on, check.ends_on = values.starts_on or check.starts_on or today, values.ends_on
    if check.pk is None and values.starts_on is None:
        check.starts_on = today
    if check.ends_on is not None and check.ends_on < check.starts_on:
        errors["ends_on"] = ["It cannot end before it starts."]


def _device(actor: Actor, number: str, place: Location, errors: dict[str, list[str]]) -> Device | None:
    if not number.strip():
        return None
    found = Device.objects.visible_to(actor).current().filter(control_number=control_number_key(number)[:60]).first()
    if found is None or found.facility_id != place.facility_id:
        errors["device"] = [f"There is no device {number.strip()[:60]} at {place.facility.name} that you can see."]
    return found


def _department(pk: int | None, place: Location, errors: dict[str, list[str]]) -> Department | None:
    if pk is None:
        return None
    found = Department.objects.filter(pk=pk, facility=place.facility).first()
    if found is None:
        errors["department"] = [f"Choose a department of {place.facility.name}."]
    return found


def _today(place: Location, now: dt.datetime) -> dt.date:
    return now.astimezone(ZoneInfo(place.facility.time_zone)).date()
