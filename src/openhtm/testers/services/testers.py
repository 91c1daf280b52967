"""Testers and their calibrations: the only writers of both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from openhtm.audit.context import acting
from openhtm.core.errors import Conflict, Invalid
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.testers.models import Calibration, CalibrationVerdict, Tester, TesterQuantity
from openhtm.testers.rules.calibration import Calibrated, doubt
from openhtm.testers.rules.events import FoundOutOfTolerance

FURTHEST = dt.timedelta(days=3660)  # ten years: a due day beyond that is a typing mistake


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a tester measures, as printed on its certificate."""

    quantity: str
    unit: str
    low: float | None = None
    high: float | None = None
    accuracy: str = ""


@transaction.atomic
def register_tester(
    *, actor: Actor, control_number: str, kinds: Sequence[str], interval_months: int = 12, quantities: Sequence[Quantity] = ()
) -> Tester:
    """Say that a device is a tester. Raises Device.DoesNotExist, NotAllowed, Conflict, Invalid."""
    device = Device.objects.visible_to(actor).current().select_related("facility").get(control_number=control_number.strip().upper())
    require(actor, Permission.MANAGE_TESTERS, at=device.facility_id, place=device.facility.name)
    _check(kinds, interval_months)
    if Tester.objects.filter(device=device).exists():
        raise Conflict(what=f"{device} is a tester already. It")
    with refuse_readably():
        tester = Tester.objects.create(device=device, kinds=sorted(set(kinds)), calibration_interval_months=interval_months)
        _set_quantities(tester, quantities)
    return tester


@transaction.atomic
def update_tester(
    *,
    actor: Actor,
    tester_id: int,
    kinds: Sequence[str],
    interval_months: int,
    quantities: Sequence[Quantity] | None = None,
    usable: bool = True,
    reason: str = "",
) -> Tester:
    """Change what a tester serves as, or set it aside with a reason. Raises Tester.DoesNotExist, NotAllowed, Invalid."""
    tester = _locked(actor, tester_id)
    _check(kinds, interval_months)
    if not usable and not reason.strip():
        raise Invalid({"reason": ["Say why this tester may not be used."]})
    tester.kinds, tester.calibration_interval_months = sorted(set(kinds)), interval_months
    tester.usable, tester.not_usable_reason = usable, "" if usable else reason.strip()[:200]
    with refuse_readably(), acting(actor, reason=reason):
        tester.save(update_fields=["kinds", "calibration_interval_months", "usable", "not_usable_reason"])
        if quantities is not None:
            _set_quantities(tester, quantities)
    return tester


@transaction.atomic
def record_calibration(
    *,
    actor: Actor,
    tester_id: int,
    performed_on: dt.date,
    due_on: dt.date,
    verdict: str,
    laboratory: str,
    certificate_number: str,
    certificate: tuple[str, BinaryIO | bytes] | None = None,
    as_found: str = "",
    out_of_tolerance: Sequence[str] = (),
    error_percent: float | None = None,
    supersedes: UUID | None = None,
    uid: UUID | None = None,
    now: dt.datetime | None = None,
) -> Calibration:
    """Append a calibration with its certificate (file name and content); the tester's due day follows the newest one.

    A finding out of tolerance is told to the rooms above, which list what the tester measured in the period in doubt.
    The same ``uid`` again returns what is stored. Raises Tester.DoesNotExist, Calibration.DoesNotExist, NotAllowed, Invalid, FileRefused.
    """
    now = now or timezone.now()
    tester = _locked(actor, tester_id)
    if uid and (stored := Calibration.objects.filter(uid=uid, tester=tester).first()):
        return stored
    _check_calibration(tester, performed_on, due_on, verdict, laboratory, certificate_number, now)
    corrected = Calibration.objects.get(uid=supersedes, tester=tester) if supersedes else None
    file = store_file(content=certificate[1], file_name=certificate[0], actor=actor) if certificate else None
    with refuse_readably():
        made = Calibration.objects.create(
            **({"uid": uid} if uid else {}), tester=tester, performed_on=performed_on, due_on=due_on, verdict=verdict, laboratory=laboratory.strip(),
            certificate_number=certificate_number.strip(), certificate=file, as_found=as_found.strip(), quantities=sorted(set(out_of_tolerance)), error_percent=error_percent,
            supersedes=corrected, actor_id=actor.user_id, actor_name=actor.name[:120], recorded_at=now,
        )  # fmt: skip
    refresh_tester(tester)
    if verdict != CalibrationVerdict.IN_TOLERANCE:
        period = doubt(calibrations=_calibrated(tester), found_on=performed_on)
        publish(FoundOutOfTolerance(tester_id=tester.pk, calibration_id=made.pk, since=period.since, until=period.until, actor=actor))
    return made


def refresh_tester(tester: Tester) -> None:
    """Recompute the cached days from the calibrations that stand. Two statements.

    A tester whose newest calibration left it out of tolerance has no due day: its readings do not count.
    """
    newest = standing(tester).order_by("-performed_on", "-pk").first()
    out = newest is not None and newest.verdict == CalibrationVerdict.OUT_OF_TOLERANCE
    tester.calibrated_on = newest.performed_on if newest else None
    tester.calibration_due_on = None if newest is None or out else newest.due_on
    tester.save(update_fields=["calibrated_on", "calibration_due_on"])


def standing(tester: Tester):  # type: ignore[no-untyped-def]  # a related manager's queryset
    """The calibrations of a tester that no correction replaced."""
    return tester.calibrations.filter(superseded_by__isnull=True)


def _calibrated(tester: Tester) -> list[Calibrated]:
    found = standing(tester).values_list("performed_on", "verdict")
    return [Calibrated(day, verdict == CalibrationVerdict.IN_TOLERANCE) for day, verdict in found]


def _locked(actor: Actor, tester_id: int) -> Tester:
    found = Tester.objects.visible_to(actor).select_related("device__facility")
    tester = found.select_for_update(of=("self",)).get(pk=tester_id)
    require(actor, Permission.MANAGE_TESTERS, at=tester.device.facility_id, place=tester.device.facility.name)
    return tester


def _check(kinds: Sequence[str], interval_months: int) -> None:
    errors: dict[str, list[str]] = {}
    if not kinds or any(not kind or len(kind) > 40 for kind in kinds):
        errors["kinds"] = ["Choose at least one thing it serves as."]
    if not 1 <= interval_months <= 120:
        errors["interval_months"] = ["Give 1 to 120 months."]
    if errors:
        raise Invalid(errors)


def _check_calibration(
    tester: Tester, performed_on: dt.date, due_on: dt.date, verdict: str, laboratory: str, certificate_number: str, now: dt.datetime
) -> None:
    errors: dict[str, list[str]] = {}
    if performed_on > now.date() + dt.timedelta(days=1):
        errors["performed_on"] = ["This day lies in the future."]
    if due_on <= performed_on or due_on - performed_on > FURTHEST:
        errors["due_on"] = ["The due day comes after the day of calibration, by ten years at most."]
    if verdict not in CalibrationVerdict.values:
        errors["verdict"] = [f"Choose one of: {', '.join(CalibrationVerdict.values)}."]
    if not laboratory.strip():
        errors["laboratory"] = ["Name who calibrated it."]
    if not certificate_number.strip():
        errors["certificate_number"] = ["Give the number of the certificate."]
    if errors:
        raise Invalid(errors)


def _set_quantities(tester: Tester, quantities: Sequence[Quantity]) -> None:
    TesterQuantity.objects.filter(tester=tester).delete()
    TesterQuantity.objects.bulk_create(
        [TesterQuantity(tester=tester, quantity=q.quantity, unit=q.unit, low=q.low, high=q.high, accuracy=q.accuracy) for q in quantities]
    )
