"""Two people sign that a device is missing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.maintenance.forms import MissingForm
from openhtm.maintenance.services import declaring
from openhtm.maintenance.views.visits import who
from openhtm.ui.editing import edit_page

EFFECT = (
    "Signed by two people, the device becomes missing: its visits are held and counted in neither percentage from that day on. "
    "Visits missed before stay missed. Any scan of it sets it aside with an order to inspect it."
)


@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, control_number: str) -> HttpResponse:
    """The first signature asks for the reason; the second shows it and confirms."""
    actor = who(request)
    require(actor, Permission.SIGN_MISSING)
    device = get_object_or_404(Device.objects.visible_to(actor).select_related("facility"), control_number=control_number)
    require(actor, Permission.SIGN_MISSING, at=device.facility_id, place=device.facility.name)
    back = reverse("inventory:device", args=[device.control_number])
    waiting = declaring.proposals(device.pk).filter(outcome=declaring.FIRST_SIGNED).first()

    def save(values: dict[str, Any]) -> str:
        made = declaring.sign_missing(actor=actor, control_number=device.control_number, reason=values.get("reason", ""))
        second = made.outcome == declaring.SIGNED
        messages.success(request, "Declared missing." if second else "Signed. Somebody of its department or another manager must sign too.")
        return back

    form = MissingForm(request.POST or None)
    if waiting:
        del form.fields["reason"]
    context = {
        "title": f"Declare {device.control_number} missing",
        "button": "Sign as the second person" if waiting else "Sign",
        "detail": str(device),
        "lead": f"{waiting.done_by_name} signed: {waiting.note} {EFFECT}" if waiting else EFFECT,
        "back": back,
        "trail": [("Devices", reverse("inventory:device-list")), (device.control_number, back)],
    }
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


urlpatterns = [path("devices/<str:control_number>/missing", sign, name="device-missing")]
