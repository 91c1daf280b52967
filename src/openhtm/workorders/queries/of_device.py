"""The work on one device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from openhtm.identity.actor import Actor
from openhtm.workorders.models import Downtime, WorkOrder
from openhtm.workorders.queries.closing import open_corrective
from openhtm.workorders.rules.downtime import Down


def orders_of_device(*, actor: Actor, device_id: int) -> QuerySet[WorkOrder]:
    """Orders of a device that the actor may see, newest first."""
    return (
        WorkOrder.objects.visible_to(actor).filter(device_id=device_id).select_related("assigned_user", "assigned_team").order_by("-number")
    )


@dataclass(frozen=True, slots=True)
class Pressing:
    """An order under way that whoever stands before the device must know of."""

    number: int
    title: str
    kind: str
    status: str
    priority: int
    incident: bool
    blocks_release: bool
    """It lets the device go back into service only after a passed return-to-service test."""
    repairs: bool
    """It repairs the device, and the actor may see it."""


PRESSING = """
SELECT jsonb_agg(jsonb_build_array(number, title, kind, status, priority, incident, return_test_required) ORDER BY priority, number)
FROM workorders_workorder WHERE device_id = %(pk)s AND under_way AND (kind IN ('corrective', 'incident') OR return_test_required)
"""
"""A question about a device, for ``ui.panels``: what ``pressing`` reads."""


def pressing(answer: list[list[Any]] | None, *, actor: Actor, device_id: int) -> list[Pressing]:
    """Read the answer to ``PRESSING``: orders that repair a device or keep it out of service, the most urgent first.

    No statement if there are none, else one.
    """
    if not answer:
        return []
    repairs = WorkOrder.objects.visible_to(actor).filter(open_corrective(device_id))
    seen = set(repairs.values_list("number", flat=True))
    return [Pressing(*(*row, row[0] in seen)) for row in answer]


def downtimes(*, device_id: int, start: datetime, end: datetime) -> list[Down]:
    """Times a device was down that touch ``[start, end)``, for ``rules.downtime``. One statement."""
    touching = Downtime.objects.filter(device_id=device_id, started_at__lt=end).exclude(ended_at__lte=start)
    return [Down(since, until, planned) for since, until, planned in touching.values_list("started_at", "ended_at", "planned")]
