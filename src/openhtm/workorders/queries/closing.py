"""The facts by which an order may be closed."""

from __future__ import annotations

from django.db.models import Q

from openhtm.workorders.models import Checklist, LabourEntry, ReportVerdict, VendorReport, WorkOrder
from openhtm.workorders.models.evidence import Purpose
from openhtm.workorders.rules.checklists import PASSED
from openhtm.workorders.rules.closing import Facts
from openhtm.workorders.rules.kinds import UNDER_WAY, Kind, number_text


def facts_of(order: WorkOrder) -> Facts:
    """Gather what ``rules.closing`` asks for. Five statements."""
    code = order.failure
    reports = list(VendorReport.objects.filter(work_order=order).values_list("verdict", "labour_min"))
    labour = LabourEntry.objects.filter(work_order=order, removed_at__isnull=True).values_list("minutes", "ended_at", "user_name")
    booked = list(labour)
    unfinished, passed = _evidence(order)
    children = order.children.filter(status__in=sorted(UNDER_WAY)).order_by("number").values_list("number", flat=True)
    return Facts(
        kind=Kind(order.kind),
        failure_code=code.code if code else "",
        code_for_corrective=bool(code and code.for_corrective),
        code_for_scheduled=bool(code and code.for_scheduled),
        labour_min=sum(minutes for minutes, _, _ in booked),
        reported_labour=any(verdict == ReportVerdict.ACCEPTED for verdict, _ in reports),
        running_timers=tuple(sorted(name for _, ended, name in booked if ended is None)),
        open_children=tuple(number_text(number) for number in children[:20]),
        unreviewed_reports=sum(verdict == ReportVerdict.RECEIVED for verdict, _ in reports),
        unfinished=unfinished,
        return_test_required=order.return_test_required,
        return_test_passed=passed,
    )


def _evidence(order: WorkOrder) -> tuple[tuple[str, ...], bool]:
    """Return the unfinished checklists by name, and whether a return-to-service test was passed. One statement."""
    rows = list(Checklist.objects.filter(work_order=order).values_list("purpose", "finished_at", "outcome", "version__procedure__name"))
    unfinished = tuple(name for _, finished, _, name in rows if finished is None)
    passed = any(purpose == Purpose.RETURN_TO_SERVICE and finished and outcome in PASSED for purpose, finished, outcome, _ in rows)
    return unfinished, passed


def open_corrective(device_id: int) -> Q:
    """Orders under way that repair this device."""
    return Q(device_id=device_id, kind__in=[Kind.CORRECTIVE.value, Kind.INCIDENT.value], under_way=True)
