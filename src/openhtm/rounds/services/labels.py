"""Labels of readiness checks: the code that opens the check on any phone."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.services.labels import MAX_LABELS, Label
from openhtm.rounds.models import ReadinessCheck
from openhtm.rounds.queries.readiness import RELATED


def check_labels(*, actor: Actor, codes: Sequence[str], base_url: str) -> list[Label]:
    """Return the labels of these checks in the order of their names. One statement.

    Raises ReadinessCheck.DoesNotExist if one is out of sight, NotAllowed, Invalid if there are none or too many.
    """
    wanted = {code.strip().upper()[:12] for code in codes if code.strip()}
    if not 1 <= len(wanted) <= MAX_LABELS:
        raise Invalid({"code": [f"Choose 1 to {MAX_LABELS:,} checks."]})
    found = list(ReadinessCheck.objects.visible_to(actor).filter(code__in=wanted).select_related(*RELATED).order_by("name", "pk"))
    if len(found) < len(wanted):
        raise ReadinessCheck.DoesNotExist("one of these checks is not there")
    for facility in {check.facility for check in found}:
        require(actor, Permission.PRINT_LABELS, at=facility.pk, place=facility.name)
    return [_label(check, base_url) for check in found]


def _label(check: ReadinessCheck, base_url: str) -> Label:
    """Its name stands where a device's number does; the DataMatrix holds the address without the host."""
    address = reverse("rounds:ready", args=[check.code])
    texts = {
        "control_number": check.name,
        "device_type": check.get_frequency_display(),
        "description": f"Scan to check, or enter {check.code}",
        "location": check.location.full_name,
        "department": check.department.name if check.department else "",
        "facility": check.facility.name,
    }
    return Label(qr=base_url + address, datamatrix=address, texts=texts)
