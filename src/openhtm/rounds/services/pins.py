"""PINs of people and codes of units: who somebody is who does a readiness check without log-in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F, Q

from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.identity import queries as identity
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.rounds.models import ReadinessCheck, StaffPin
from openhtm.rounds.rules.pins import LOCKED_FOR, locks_at, refuse_pin
from openhtm.rounds.services.throttling import note_try
from openhtm.sites.models import Department

LONGEST_NAME = 120


class WrongPin(DomainError):
    """Neither the person's PIN nor the code of the unit, or it is locked after too many wrong tries; the answer does not tell which."""

    code = "wrong-pin"
    message = "This name and PIN or unit code do not belong together. After several wrong tries, wait 10 min or log in."


@dataclass(frozen=True, slots=True)
class Proof:
    """Who does a check, and how that is known: ``login``, ``pin`` or ``unit_code``. ``actor`` is None for a unit code."""

    name: str
    kind: str
    actor: Actor | None = None


def prove(*, check: ReadinessCheck, name: str, pin: str, address: str | None, now: datetime) -> Proof:
    """Find out who stands before the check: a user name with the person's PIN, or any name with the code of the check's unit.

    Wrong tries are counted before the PIN is looked at, and by address, so that many at once get no more than one by one.
    About eight statements and one or two slow hashes. Raises WrongPin, TooManyWrongPins, Invalid.
    """
    name, pin = " ".join(name.split())[:LONGEST_NAME], pin.strip()
    if not name or not name.isprintable():
        raise Invalid({"name": ["Give your user name, or your name or initials with the unit code."]})
    this = note_try(address=address, check_id=check.pk, now=now)
    proof = _personal(check, name, pin, now) or _of_unit(check, name, pin, now)
    if proof is None:
        raise WrongPin
    this.delete()
    return proof


def _personal(check: ReadinessCheck, name: str, pin: str, now: datetime) -> Proof | None:
    person = User.objects.filter(username__iexact=name[:60], is_active=True, is_service_account=False).first()
    if person is None or not _fits(Q(user=person), pin, of_unit=False, now=now):
        return None
    known = identity.person_with_roles(user_id=person.pk)
    if known is None or not known.actor.may(Permission.DO_READINESS, at=check.facility_id):
        return None
    return Proof(person.full_name[:LONGEST_NAME] or person.username, "pin", known.actor)


def _of_unit(check: ReadinessCheck, name: str, pin: str, now: datetime) -> Proof | None:
    fits = _fits(Q(department_id=check.department_id or 0), pin, of_unit=True, now=now)
    return Proof(name, "unit_code") if fits else None


def _fits(owner: Q, pin: str, *, of_unit: bool, now: datetime) -> bool:
    """Check a PIN; the try is counted first. As slow where there is none. Three or four statements."""
    free = Q(locked_until__isnull=True) | Q(locked_until__lte=now)
    StaffPin.objects.filter(owner, locked_until__lte=now).update(failures=0, locked_until=None)
    stored = StaffPin.objects.filter(owner & free).first()
    if stored is None:
        check_password(pin, _nobody())
        return False
    StaffPin.objects.filter(pk=stored.pk).update(failures=F("failures") + 1)
    if check_password(pin, stored.pin_hash):
        StaffPin.objects.filter(pk=stored.pk).update(failures=0, locked_until=None)
        return True
    full = StaffPin.objects.filter(pk=stored.pk, failures__gte=locks_at(of_unit=of_unit))
    full.update(locked_until=now + LOCKED_FOR)
    return False


@transaction.atomic
def set_own_pin(*, actor: Actor, pin: str, password: str, now: datetime) -> StaffPin:
    """Set the actor's PIN; the password proves that it is they. Raises NotAllowed, Invalid."""
    if actor.user_id is None or actor.token_id is not None:
        raise NotAllowed(permission="set a PIN through a token", place="this instance")
    require(actor, Permission.DO_READINESS)
    if not User.objects.get(pk=actor.user_id).check_password(password):
        raise Invalid({"password": ["This is not your password."]})
    return _store(pin, now, field="pin", user_id=actor.user_id)


@transaction.atomic
def set_unit_code(*, actor: Actor, department_id: int, code: str, now: datetime) -> StaffPin:
    """Set the code of a unit, known to all who work there. Raises Department.DoesNotExist, NotAllowed, Invalid."""
    unit = Department.objects.visible_to(actor).select_related("facility").get(pk=department_id)
    require(actor, Permission.MANAGE_READINESS, at=unit.facility_id, place=unit.facility.name)
    return _store(code, now, field="code", department_id=unit.pk)


@transaction.atomic
def remove_unit_code(*, actor: Actor, department_id: int) -> bool:
    """Take the code of a unit away. True if there was one. Raises Department.DoesNotExist, NotAllowed."""
    unit = Department.objects.visible_to(actor).select_related("facility").get(pk=department_id)
    require(actor, Permission.MANAGE_READINESS, at=unit.facility_id, place=unit.facility.name)
    return StaffPin.objects.filter(department=unit).delete()[0] > 0


def _store(pin: str, now: datetime, *, field: str, **owner: int) -> StaffPin:
    pin = pin.strip()
    if refusal := refuse_pin(pin):
        raise Invalid({field: [refusal]})
    values: dict[str, Any] = {"pin_hash": make_password(pin), "set_at": now, "failures": 0, "locked_until": None}
    return StaffPin.objects.update_or_create(defaults=values, create_defaults=None, **owner)[0]


@cache
def _nobody() -> str:
    """A hash that no PIN fits, made with the same work as real ones."""
    return make_password(secrets.token_urlsafe(32))
