"""The sticker after maintenance: what was done when, and when it is due next. Printed on the sizes of all labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from openhtm.identity.actor import Actor
from openhtm.inventory.services.labels import Label, device_labels
from openhtm.maintenance.models import Visit
from openhtm.ui.rules import formats


def sticker_of(*, actor: Actor, visit_id: int, base_url: str) -> Label:
    """Return the sticker for a visit: tag, procedure, day done and next due day; the code leads to the device. Three statements.

    Raises Visit.DoesNotExist, NotAllowed.
    """
    visit = Visit.objects.visible_to(actor).select_related("device", "schedule__procedure").get(pk=visit_id)
    label = device_labels(control_numbers=[visit.device.control_number], actor=actor, base_url=base_url)[0]
    done_on = visit.performed_on or _last_done(visit)
    next_on = visit.due_on if visit.is_open else _next_due(visit)
    texts = label.texts | {
        "device_type": visit.schedule.procedure.name,
        "model": f"Next due {formats.day(next_on)}" if next_on else "No further visit due",
        "serial_number": f"Done {formats.day(done_on)}" if done_on else "Not done yet",
        "description": "",
    }
    return replace(label, texts=texts)


def _last_done(visit: Visit) -> dt.date | None:
    done = Visit.objects.filter(schedule_id=visit.schedule_id, performed_on__isnull=False).order_by("-due_on")
    return done.values_list("performed_on", flat=True).first()


def _next_due(visit: Visit) -> dt.date | None:
    return Visit.objects.filter(schedule_id=visit.schedule_id, is_open=True).values_list("due_on", flat=True).first()
