"""Testers for lists, for choosing one at a step, and what is due."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q

from openhtm.identity.actor import Actor
from openhtm.testers.models import Tester, TesterQuerySet
from openhtm.testers.rules.calibration import SOON_DAYS, State


def testers(actor: Actor, *, q: str = "", kind: str = "", state: str = "", today: date) -> TesterQuerySet:
    """Active testers the actor may see, with device and model; ``state`` is a code of ``rules.calibration.State``."""
    found = Tester.objects.visible_to(actor).filter(active=True)
    found = found.select_related("device__device_model__manufacturer", "device__facility", "device__location")
    if q:
        found = found.filter(Q(device__search_text__contains=q.upper()) | Q(device__device_model__name__icontains=q))
    if kind:
        found = found.filter(kinds__contains=[kind])
    return found.filter(_in_state(state, today)) if state in set(State) else found


def usable_for(actor: Actor, *, kinds: list[str], facility_id: int) -> TesterQuerySet:
    """Testers at a facility that serve as one of ``kinds`` (all of them when empty), in the order of their tags."""
    found = Tester.objects.visible_to(actor).filter(active=True, device__facility_id=facility_id)
    found = found.select_related("device__device_model__manufacturer")
    return (found.filter(kinds__overlap=kinds) if kinds else found).order_by("device__control_number")


def _in_state(state: str, today: date) -> Q:
    soon = today + timedelta(days=SOON_DAYS)
    return {
        State.SET_ASIDE: Q(usable=False),
        State.NEVER: Q(usable=True, calibration_due_on__isnull=True),
        State.EXPIRED: Q(usable=True, calibration_due_on__lt=today),
        State.DUE_SOON: Q(usable=True, calibration_due_on__gte=today, calibration_due_on__lte=soon),
        State.VALID: Q(usable=True, calibration_due_on__gt=soon),
    }[State(state)]
