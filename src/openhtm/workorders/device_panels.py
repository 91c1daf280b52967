"""What work orders show on the page of a device."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import panels
from openhtm.ui.panels import Panel
from openhtm.ui.parts import Notice
from openhtm.workorders.queries import of_device
from openhtm.workorders.rules.kinds import KIND_LABELS, STATUS_LABELS, STATUS_TONES, Kind, Status, number_text

SHOWN = 20
NOTED = 3
TAB = "work"


def order_address(number: int) -> str:
    """Where an order's page is; printed and sent, so it never changes."""
    return f"/work/{number}"


def device_work(request: HttpRequest, device: Any) -> Panel | None:
    """The newest orders of the device. One statement; closed, none."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_WORK, at=device.facility_id):
        return None
    if request.GET.get("tab") != TAB:
        return Panel(template="workorders/panel_device_work.html", title="Work", key=TAB)
    orders = list(of_device.orders_of_device(actor=actor, device_id=device.pk)[: SHOWN + 1])
    rows = [
        {
            "number": number_text(order.number),
            "url": order_address(order.number),
            "title": order.title,
            "kind": KIND_LABELS[Kind(order.kind)],
            "status": STATUS_LABELS[Status(order.status)],
            "tone": STATUS_TONES[Status(order.status)],
            "who": order.assigned_user or order.assigned_team or "",
            "when": order.closed_at or order.opened_at,
        }
        for order in orders[:SHOWN]
    ]
    context = {"rows": rows, "more_url": f"/work?device={device.control_number}" if len(orders) > SHOWN else ""}
    return Panel(template="workorders/panel_device_work.html", context=context, title="Work", key=TAB)


def device_attention(request: HttpRequest, device: Any) -> Panel | None:
    """Repairs under way and return-to-service tests that are owed. One statement where there are any."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_WORK, at=device.facility_id):
        return None
    answer = panels.answer(request, "device", "pressing work", pk=device.pk)
    pressing = of_device.pressing(answer, actor=actor, device_id=device.pk)
    repairs = [order for order in pressing if order.repairs][:NOTED]
    blockers = [order for order in pressing if order.blocks_release][:1]
    notices = [*map(_repair, repairs), *map(_blocker, blockers)]
    return Panel(template="workorders/panel_device_attention.html", context={"notices": notices}) if notices else None


def _repair(order: of_device.Pressing) -> Notice:
    return Notice(
        title=f"{number_text(order.number)}: {order.title}",
        detail=f"{KIND_LABELS[Kind(order.kind)]}, {STATUS_LABELS[Status(order.status)].lower()}.",
        tone="late" if order.priority == 1 or order.incident else "due",
        icon="wrench",
        action_label="Open",
        action_url=order_address(order.number),
    )


def _blocker(order: of_device.Pressing) -> Notice:
    return Notice(
        title="Not to be used before its return-to-service test",
        detail=f"{number_text(order.number)} asks for it.",
        tone="late",
        icon="shield-alert",
        action_label="Open",
        action_url=order_address(order.number),
    )


def offer() -> None:
    """Register the panels with the page of a device."""
    panels.question("device", "pressing work", of_device.PRESSING)
    panels.register("device.attention", device_attention)
    panels.register("device.tabs", device_work, order=20)
