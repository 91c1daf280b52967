"""What meters of devices show: appended by people, imports and visits."""

from __future__ import annotations

from datetime import date, datetime
from math import isfinite
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.models import MeterReading, Schedule
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.services.settling import settle

LARGEST = 1e15


@transaction.atomic
def record_reading(
    *,
    actor: Actor,
    control_number: str,
    meter: str,
    value: float,
    read_on: date | None = None,
    uid: str | None = None,
    now: datetime | None = None,
) -> tuple[MeterReading, bool]:
    """Append what a meter showed; visits that are due by it follow at once. Returns the reading, and whether it is new.

    The same ``uid`` again answers the stored reading. Raises Device.DoesNotExist, NotAllowed, Invalid.
    """
    now = now or timezone.now()
    device = Device.objects.visible_to(actor).select_related("facility").get(control_number=control_number)
    require(actor, Permission.RECORD_ATTEMPTS, at=device.facility_id, place=device.facility.name)
    if uid and (stored := MeterReading.objects.filter(uid=uid).first()):
        if (stored.device_id, stored.meter, stored.value) != (device.pk, meter, value):
            raise Invalid({"uid": ["Another reading was stored under this id. Make a new one."]})
        return stored, False
    today = local_day(now, ZoneInfo(device.facility.time_zone))
    _refuse(meter, value, read_on or today, today)
    reading = MeterReading(
        device=device,
        meter=meter,
        value=value,
        read_on=read_on or today,
        actor_id=actor.user_id,
        actor_name=actor.name[:120],
        recorded_at=now,
    )
    if uid:
        reading.uid = uid
    with refuse_readably():
        reading.save(force_insert=True)
    if Schedule.objects.filter(device=device, live=True, meter=meter).exists():
        settle(device_ids=[device.pk], now=now)
    return reading, True


def _refuse(meter: str, value: float, read_on: date, today: date) -> None:
    errors: dict[str, list[str]] = {}
    if not meter or len(meter) > 40 or not meter.replace("_", "").replace("-", "").isalnum() or not meter.isascii():
        errors["meter"] = ["Name the meter with letters, digits and _ only, such as operating_hours."]
    if not isfinite(value) or not 0 <= value < LARGEST:
        errors["value"] = ["Give what the meter shows, from 0 on."]
    if read_on > today:
        errors["read_on"] = ["This day lies in the future."]
    if read_on.year < 1950:
        errors["read_on"] = ["Give a day after 1950."]
    if errors:
        raise Invalid(errors)
