"""What stands on a label that lets anybody report a fault: the tag as on the device's own label, another code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Q

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.inventory.services.labels import Label, device_labels, place_labels
from openhtm.sites.models import Location
from openhtm.workorders.services.requests import report_codes

INVITATION = "Faulty? Scan to report"


def report_labels(
    *, actor: Actor, control_numbers: Sequence[str] = (), place_code: str = "", whole_subtree: bool = False, base_url: str
) -> list[Label]:
    """Return labels whose QR code opens the report form of these devices, then of this place (or all places in it).

    The sizes are those of all labels; the invitation stands where the device type does. Three to six statements.
    Raises NotFound, NotAllowed, Invalid (nothing chosen, or too many).
    """
    if not control_numbers and not place_code:
        raise Invalid({"devices": ["Give control numbers, one on each line, or choose a place."]})
    labels: list[Label] = []
    if control_numbers:
        plain = device_labels(control_numbers=control_numbers, actor=actor, base_url=base_url)
        keys = dict(Device.objects.filter(control_number__in=[one.datamatrix for one in plain]).values_list("control_number", "pk"))
        codes = report_codes(list(keys.values()))
        labels += [_inviting(one, f"{base_url}/report/d/{codes[keys[one.datamatrix]]}") for one in plain]
    if place_code:
        plain = place_labels(public_code=place_code, actor=actor, base_url=base_url, whole_subtree=whole_subtree)
        labels += [_inviting(one, f"{base_url}/report/p/{one.datamatrix.rpartition('/')[2]}") for one in plain]
    return labels


def places_of(actor: Actor, *, chosen: str = "") -> list[tuple[str, str]]:
    """Buildings, floors and areas to print labels for, and the chosen place, by their public code. One statement."""
    found = Location.objects.visible_to(actor).filter(~Q(kind="room") | Q(public_code=chosen), active=True)
    return list(found.order_by("full_name").values_list("public_code", "full_name")[:500])


def _inviting(label: Label, address: str) -> Label:
    texts = label.texts | {"device_type": INVITATION, "serial_number": "", "model": label.texts.get("device_type", "")}
    return replace(label, qr=address, texts=texts)
