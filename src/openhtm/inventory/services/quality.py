"""Devices recorded twice: which pairs are doubtful, and what people decide about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, DuplicateCandidate, DuplicateDecision

NOT_A_SERIAL = ("NA", "NI", "NONE", "UNKNOWN", "NOSERIAL", "NOSN", "NOTAVAILABLE", "NOTVISIBLE", "NULL", "SN", "TBD", "X" * 3, "X" * 4)
"""What people write where no serial number can be read: equal words, not equal devices."""
CROWD = 10
"""In a larger group each record is paired with the oldest only: 200 devices under one wrong serial are 199 pairs, not 19,900."""

WHOLE_FROM = 5000
"""From so many devices on it is quicker to look at all of them: 2 s at 1,000,000, against 4 s for 20,000 by their own keys."""

_MAKERS = """
makers AS (
  SELECT m.id AS start, m.id, COALESCE(m.merged_into_id, (
      SELECT a.manufacturer_id FROM catalog_manufactureralias a WHERE a.alias_key = m.name_key AND a.manufacturer_id <> m.id
  )) AS next, 0 AS depth
  FROM catalog_manufacturer m WHERE NOT m.is_unknown
  UNION ALL
  SELECT k.start, m.id, m.merged_into_id, k.depth + 1 FROM makers k JOIN catalog_manufacturer m ON m.id = k.next WHERE k.depth < 20
),
model_maker AS MATERIALIZED (
  SELECT o.id AS model_id, k.id AS maker_id, n.name
  FROM catalog_devicemodel o JOIN makers k ON k.start = o.manufacturer_id AND k.next IS NULL JOIN catalog_manufacturer n ON n.id = k.id
)
"""

_MEMBERS = """
members AS (
  SELECT 'serial' AS method, d.id, d.status, x.maker_id || ' ' || d.serial_key AS key,
         'Serial number ' || d.serial_number || ' of ' || x.name AS evidence
  FROM inventory_device d JOIN model_maker x ON x.model_id = d.device_model_id
  WHERE d.merged_into_id IS NULL AND d.serial_key <> '' AND {serial}
    AND d.serial_key <> ALL(%(not_a_serial)s) AND d.serial_key !~ '^0+$'
  UNION ALL
  SELECT 'udi', d.id, d.status, d.udi_di || ' ' || d.udi_serial, 'UDI ' || d.udi_di || ' with serial number ' || d.udi_serial
  FROM inventory_device d
  WHERE d.merged_into_id IS NULL AND d.udi_di <> '' AND d.udi_serial <> '' AND {udi}
  UNION ALL
  SELECT DISTINCT 'mac', d.id, d.status, i.mac_address::text, 'MAC address ' || i.mac_address::text
  FROM inventory_networkinterface i JOIN inventory_device d ON d.id = i.device_id
  WHERE d.merged_into_id IS NULL AND i.mac_address IS NOT NULL AND {mac}
)
"""

_WHOLE = {
    "serial": """d.serial_key IN (
        SELECT serial_key FROM inventory_device WHERE serial_key <> '' AND merged_into_id IS NULL GROUP BY 1 HAVING count(*) > 1)""",
    "udi": """(d.udi_di, d.udi_serial) IN (
        SELECT udi_di, udi_serial FROM inventory_device
        WHERE udi_di <> '' AND udi_serial <> '' AND merged_into_id IS NULL GROUP BY 1, 2 HAVING count(*) > 1)""",
    "mac": """i.mac_address IN (
        SELECT mac_address FROM inventory_networkinterface WHERE mac_address IS NOT NULL GROUP BY 1 HAVING count(*) > 1)""",
}
_OF_SOME = {
    "serial": """d.serial_key = ANY(ARRAY(
        SELECT serial_key FROM inventory_device WHERE id = ANY(%(ids)s) AND serial_key <> ALL(%(not_a_serial)s)))""",
    "udi": "d.udi_di = ANY(ARRAY(SELECT udi_di FROM inventory_device WHERE id = ANY(%(ids)s) AND udi_di <> ''))",
    "mac": "i.mac_address = ANY(ARRAY(SELECT mac_address FROM inventory_networkinterface WHERE device_id = ANY(%(ids)s)))",
}

_RECONCILE = """
WITH RECURSIVE {makers}, {members},
groups AS (
  SELECT *, count(*) OVER same AS size, min(id) OVER same AS oldest FROM members
  WINDOW same AS (PARTITION BY method, key)
),
wanted AS MATERIALIZED (
  SELECT DISTINCT ON (a.id, b.id, a.method) a.id AS first_id, b.id AS second_id, a.method, left(a.evidence, 200) AS evidence
  FROM groups a JOIN groups b ON b.method = a.method AND b.key = a.key AND a.id < b.id
  WHERE a.size > 1 AND (a.size <= %(crowd)s OR a.id = a.oldest) AND {touches_wanted}
    AND NOT (a.status IN ('retired', 'disposed') AND b.status IN ('retired', 'disposed'))
    AND NOT EXISTS (SELECT 1 FROM inventory_duplicatedecision s WHERE s.first_id = a.id AND s.second_id = b.id)
  ORDER BY a.id, b.id, a.method, evidence
),
gone AS (
  DELETE FROM inventory_duplicatecandidate c WHERE {touches_stored} AND NOT EXISTS (
    SELECT 1 FROM wanted w
    WHERE w.first_id = c.first_id AND w.second_id = c.second_id AND w.method = c.method AND w.evidence = c.evidence)
  RETURNING c.id
),
added AS (
  INSERT INTO inventory_duplicatecandidate (first_id, second_id, method, evidence, found_at)
  SELECT w.first_id, w.second_id, w.method, w.evidence, %(now)s FROM wanted w
  WHERE NOT EXISTS (
    SELECT 1 FROM inventory_duplicatecandidate c
    WHERE w.first_id = c.first_id AND w.second_id = c.second_id AND w.method = c.method AND c.id NOT IN (SELECT id FROM gone))
  ON CONFLICT DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM gone), (SELECT count(*) FROM wanted)
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh changed: pairs newly doubtful, pairs no longer so, and all that it looked at and found."""

    added: int
    gone: int
    found: int


@transaction.atomic
def refresh_duplicates(device_ids: Collection[int] | None = None, *, now: datetime | None = None) -> Refreshed:
    """Bring the doubtful pairs in line with the records: all of them, or those of the given devices. One statement.

    Two devices are doubtful if they share a serial number and maker (mergers and aliases followed), a UDI with serial
    number, or a MAC address. Pairs already decided, merged records, and pairs of which both are gone are left out.
    """
    if device_ids is not None and not device_ids:
        return Refreshed(0, 0, 0)
    if device_ids is not None and len(device_ids) >= WHOLE_FROM:
        device_ids = None
    which = _WHOLE if device_ids is None else _OF_SOME
    touches = ("TRUE", "TRUE") if device_ids is None else ("(a.id = ANY(%(ids)s) OR b.id = ANY(%(ids)s))", _TOUCHES_STORED)
    sql = _RECONCILE.format(makers=_MAKERS, members=_MEMBERS.format(**which), touches_wanted=touches[0], touches_stored=touches[1])
    values: dict[str, Any] = {
        "ids": list(device_ids or ()),
        "now": now or timezone.now(),
        "not_a_serial": list(NOT_A_SERIAL),
        "crowd": CROWD,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return Refreshed(*cursor.fetchone())


_TOUCHES_STORED = "(c.first_id = ANY(%(ids)s) OR c.second_id = ANY(%(ids)s))"


class AlreadyDecided(DomainError):
    """Somebody already decided about these two records."""

    code = "duplicate-already-decided"
    status = 409
    message = "{first} and {second} were already judged: {verdict}. Load the page again."


class SameRecord(DomainError):
    """The two control numbers lead to the same record."""

    code = "duplicate-same-record"
    message = "{number} was given twice. Choose two different records."


@transaction.atomic
def decide_different(*, actor: Actor, control_numbers: tuple[str, str], reason: str = "", now: datetime | None = None) -> DuplicateDecision:
    """Keep for ever that two records are different devices; the pair is not proposed again.

    Needs the right to settle findings at both facilities. Raises Device.DoesNotExist, NotAllowed, SameRecord,
    AlreadyDecided, Invalid.
    """
    first, second = lock_pair(actor=actor, control_numbers=control_numbers)
    for device in (first, second):
        require(actor, Permission.RESOLVE_QUALITY, at=device.facility_id, place=device.facility.name)
    reason = checked_reason(reason)
    refuse_decided(first, second)
    decision = DuplicateDecision.objects.create(
        first=first, second=second, verdict="different", reason=reason, decided_by_id=actor.user_id, decided_at=now or timezone.now()
    )
    DuplicateCandidate.objects.filter(first=first, second=second).delete()
    return decision


def lock_pair(*, actor: Actor, control_numbers: Sequence[str]) -> tuple[Device, Device]:
    """Return two devices locked, the older record first. Raises Device.DoesNotExist outside the scope, SameRecord."""
    wanted = [control_number_key(number) for number in control_numbers]
    if wanted[0] == wanted[1]:
        raise SameRecord(number=wanted[0])
    visible = Device.objects.visible_to(actor).select_related("facility", "device_model__manufacturer", "device_model__device_type")
    found = list(visible.filter(control_number__in=wanted).select_for_update(of=("self",)).order_by("pk"))
    if len(found) != 2:
        raise Device.DoesNotExist(f"{wanted[0]} or {wanted[1]} is not there")
    return found[0], found[1]


def checked_reason(reason: str, *, required: bool = False) -> str:
    """Return the reason trimmed. Raises Invalid if it is too long, unreadable, or missing where it is required."""
    reason = reason.strip()
    if "\0" in reason or len(reason) > 400:
        raise Invalid({"reason": ["Give a reason of at most 400 characters."]})
    if required and not reason:
        raise Invalid({"reason": ["Give the reason."]})
    return reason


def refuse_decided(first: Device, second: Device) -> None:
    """Raise AlreadyDecided if this pair has a verdict; ``first`` is the older record."""
    decision = DuplicateDecision.objects.filter(first=first, second=second).first()
    if decision is not None:
        raise AlreadyDecided(first=first, second=second, verdict=decision.get_verdict_display().lower())
