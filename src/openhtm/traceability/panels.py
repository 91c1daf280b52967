"""What this room shows on pages of lower rooms."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.traceability.models import DoubtOrder
from openhtm.traceability.queries.doubts import doubt_counts, findings_of
from openhtm.ui import panels
from openhtm.ui.panels import Panel
from openhtm.workorders.models import TesterFile


def tester_findings(request: HttpRequest, tester: Any) -> Panel | None:
    """The findings out of tolerance of a tester, each leading to what it puts in doubt. Two statements."""
    findings = findings_of(tester)
    if not findings:
        return None
    counts = doubt_counts(findings)
    rows = [(one, reverse("traceability:doubt", args=[one.calibration.uid]), counts.get(one.calibration.pk, 0)) for one in findings]
    return Panel(template="traceability/_findings.html", context={"rows": rows}, title="Findings", key="findings")


def tester_files(request: HttpRequest, tester: Any) -> Panel | None:
    """Importing a file of this tester, for those who may. No statement."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.DO_WORK, at=tester.device.facility_id):
        return None
    url = f"{reverse('traceability:file-add')}?tester={tester.device.control_number}"
    return Panel(template="traceability/_import.html", context={"url": url}, title="Files", key="files")


def list_actions(request: HttpRequest, subject: Any) -> Panel | None:
    """The way to files and mappings beside the list of testers. No statement."""
    return Panel(template="traceability/_files_button.html", context={"url": reverse("traceability:file-list")})


def order_links(request: HttpRequest, order: Any) -> Panel | None:
    """On an order: the finding that made it or puts it in doubt, and the testers' files its results came from. Two statements."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(Permission.VIEW_TESTERS):
        return None
    doubts = DoubtOrder.objects.filter(Q(order=order.pk) | Q(in_doubt=order.pk)).select_related(
        "calibration__tester__device", "order", "in_doubt"
    )
    files = TesterFile.objects.visible_to(actor).filter(results__work_order=order.pk).distinct()
    context = {
        "again": [(one, reverse("traceability:doubt", args=[one.calibration.uid]), one.order_id == order.pk) for one in doubts[:20]],
        "files": [(one, reverse("traceability:file", args=[one.uid])) for one in files[:20]],
    }
    return Panel(template="traceability/_order.html", context=context) if any(context.values()) else None


def offer() -> None:
    """Register the panels with the pages of lower rooms."""
    panels.register("tester.trace", tester_findings)
    panels.register("tester.trace", tester_files, order=110)
    panels.register("testers.actions", list_actions)
    panels.register("workorders.order.aside", order_links, order=150)
