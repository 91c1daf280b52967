"""What somebody of a department sees of the faults they reported, and the devices they may report on."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from openhtm.core.pagination import Page, keyset_page
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.inventory.queries.filters import search_condition
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.queries.cards import FIELDS, Card
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES

MAX_DEVICES = 30
SHOWN = 25


def my_reports(*, actor: Actor, cursor: str | None, now: datetime) -> Page[Card]:
    """Repairs of one's own department, and what one reported oneself, newest first. One statement. Raises BadCursor."""
    page = keyset_page(_reports(actor).values(*FIELDS), order=("-number",), cursor=cursor, limit=SHOWN)
    return Page([Card(row, now) for row in page.rows], page.next_cursor, page.previous_cursor)


def _reports(actor: Actor) -> WorkOrderQuerySet:
    """All repairs for people of a department; for everybody else those that they reported."""
    kinds = [kind.value for kind in CORRECTIVE_CODES]
    found = WorkOrder.objects.visible_to(actor).filter(kind__in=kinds)
    return found if actor.reach().department_ids else found.filter(reporter_id=actor.user_id)


def devices_to_report(*, actor: Actor, text: str) -> list[Device]:
    """Devices one may report on, by words or by place. About two statements, a few more for words."""
    found: QuerySet[Device] = Device.objects.visible_to(actor).current().in_inventory()
    if text:
        found = found.filter(search_condition(text, actor=actor) if len(text) > 1 else Q(control_number__startswith=text.upper()))
    found = found.select_related("device_type", "device_model__manufacturer", "location")
    return list(found.order_by("control_number")[: MAX_DEVICES + 1])
