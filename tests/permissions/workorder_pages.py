"""Who may open which page of work, and what anybody may report without log-in."""

from __future__ import annotations

from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.workorders.models import CodeList, LabourEntry, OtherCost, PartUsed, VendorReport, WorkCode, WorkOrder
from openhtm.workorders.services.requests import report_codes
from openhtm.workorders.tests.factories import WorkOrderFactory
from tests.permissions.rows import PUBLIC, Row
from tests.permissions.world import World

NO_FILE = (404,)


def order(world: World) -> dict[str, Any]:
    """An order at North that is with the company of the vendor, so that each role there sees it."""
    return {"number": _order(world).number}


def _order(world: World) -> WorkOrder:
    found = WorkOrder.objects.filter(device=world.device).first()
    return found or WorkOrderFactory(
        device=world.device, location=world.location, department=world.department, assigned_provider=world.provider
    )


def free_order(world: World) -> dict[str, Any]:
    """An order that nobody has yet."""
    found = WorkOrder.objects.filter(device__isnull=True, facility=world.north).first()
    return {"number": (found or WorkOrderFactory(device=None, facility=world.north)).number}


def labour(world: World) -> dict[str, Any]:
    category = WorkCode.objects.get_or_create(list=CodeList.LABOUR, code="repair", defaults={"label": "Repair"})[0]
    started = world.device.updated_at
    technician = world.people[Role.TECHNICIAN]
    entry, _ = LabourEntry.objects.get_or_create(
        work_order=_order(world), user=technician, category=category, defaults={"started_at": started, "ended_at": started, "minutes": 5}
    )
    return order(world) | {"uid": entry.uid}


def part(world: World) -> dict[str, Any]:
    return order(world) | {"uid": PartUsed.objects.get_or_create(work_order=_order(world), description="Battery")[0].uid}


def cost(world: World) -> dict[str, Any]:
    return order(world) | {
        "cost_id": OtherCost.objects.get_or_create(work_order=_order(world), description="Freight", cost_cents=900)[0].pk
    }


def report(world: World) -> dict[str, Any]:
    day = world.device.updated_at.date()
    found, _ = VendorReport.objects.get_or_create(work_order=_order(world), provider=world.provider, defaults={"performed_on": day})
    return order(world) | {"uid": found.uid}


def any_file(world: World) -> dict[str, Any]:
    """No file of that id: whoever may look for it learns that it is not there."""
    return order(world) | {"uid": "0198f3a0-0000-7000-8000-000000000000"}


def device(world: World) -> dict[str, Any]:
    return {"control_number": world.device.control_number}


def device_code(world: World) -> dict[str, Any]:
    return {"code": report_codes([world.device.pk])[world.device.pk]}


def place_code(world: World) -> dict[str, Any]:
    return {"code": world.location.public_code}


def status_code(world: World) -> dict[str, Any]:
    return {"code": _order(world).status_code}


def ticked(world: World) -> dict[str, Any]:
    return {"selected": [_order(world).number]}


ANSWERS = (200, 303, 409, 422)
FORMS = {
    "order-hold": P.DO_WORK, "order-complete": P.DO_WORK, "order-assign": P.ASSIGN_WORK, "order-edit": P.DO_WORK, "order-cancel": P.CANCEL_WORK,
    "order-reopen": P.CANCEL_WORK, "order-merge": P.CANCEL_WORK, "order-labour": P.DO_WORK, "order-part": P.DO_WORK, "order-cost": P.DO_WORK,
    "order-report": P.DO_WORK,
}  # fmt: skip
TAPS = {
    "order-start": P.DO_WORK, "order-resume": P.DO_WORK, "order-accept": P.DO_WORK, "order-put-back": P.DO_WORK, "order-close": P.REVIEW_WORK,
    "timer-start": P.DO_WORK, "timer-stop": P.DO_WORK, "order-watch": P.VIEW_WORK, "order-unwatch": P.VIEW_WORK,
    "order-down": P.DO_WORK, "order-up": P.DO_WORK,
}  # fmt: skip
WRITERS = {  # whoever works, adds notes or reports faults; the matrix asks a technician
    "order-comment": P.VIEW_WORK, "order-attach": P.VIEW_WORK,
}  # fmt: skip
RECORDS = {
    "labour-remove": (P.DO_WORK, labour), "part-remove": (P.DO_WORK, part), "cost-remove": (P.DO_WORK, cost), "report-settle": (P.REVIEW_WORK, report),
}  # fmt: skip

ROWS: list[Row] = [
    Row("workorders:today", needs=P.DO_WORK),
    Row("workorders:order-list", needs=P.VIEW_WORK),
    Row("workorders:board", needs=P.VIEW_WORK),
    Row("workorders:order-filter", needs=P.VIEW_WORK),
    Row("workorders:order-export", needs=P.VIEW_WORK),
    Row("workorders:order-bulk", "POST", needs=P.ASSIGN_WORK, data=ticked),
    Row("workorders:order-bulk-apply", "POST", needs=P.ASSIGN_WORK, data=ticked),
    Row("workorders:view-list", needs=P.VIEW_WORK),
    Row("workorders:view-list", "POST", needs=P.VIEW_WORK, ok=(404,)),
    Row("workorders:view-save", "POST", needs=P.VIEW_WORK, data=lambda world: {"name": "Mine"}),
    Row("workorders:order-add", needs=P.ADD_WORK),
    Row("workorders:order-add", "POST", needs=P.ADD_WORK),
    Row("workorders:report-labels", needs=P.PRINT_LABELS),
    Row("workorders:report-labels", "POST", needs=P.PRINT_LABELS),
    Row("workorders:report-labels-pdf", needs=P.PRINT_LABELS),
    Row("workorders:report-labels-pdf", "POST", needs=P.PRINT_LABELS),
    Row("workorders:order", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("workorders:order-pdf", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    *(Row(f"workorders:{name}", "POST", needs=needs, kwargs=order, scoped=True, ok=ANSWERS) for name, needs in TAPS.items()),
    Row("workorders:order-take", "POST", needs=P.DO_WORK, kwargs=free_order, scoped=True, ok=ANSWERS),
    *(Row(f"workorders:{name}", needs=needs, kwargs=order, scoped=True) for name, needs in FORMS.items()),
    *(Row(f"workorders:{name}", "POST", needs=needs, kwargs=order, scoped=True, ok=ANSWERS) for name, needs in FORMS.items()),
    *(
        Row(f"workorders:{name}", method, needs=needs, kwargs=order, scoped=True)
        for name, needs in WRITERS.items()
        for method in ("GET", "POST")
    ),
    *(
        Row(f"workorders:{name}", method, needs=needs, kwargs=keys, scoped=True)
        for name, (needs, keys) in RECORDS.items()
        for method in ("GET", "POST")
    ),
    Row("workorders:file-remove", needs=P.DO_WORK, kwargs=any_file, scoped=True),
    Row("workorders:file-remove", "POST", needs=P.DO_WORK, kwargs=any_file, scoped=True),
    Row("workorders:order-file", needs=P.VIEW_WORK, kwargs=any_file, scoped=True, ok=NO_FILE),
    Row("workorders:report-file", needs=P.DO_WORK, kwargs=any_file, scoped=True, ok=NO_FILE),
    Row("workorders:request-list", needs=P.REPORT_FAULTS),
    Row("workorders:device-report", "POST", needs=P.REPORT_FAULTS, kwargs=device, scoped=True),
    Row("workorders:report-start", "POST", needs=PUBLIC, data=device, ok=(302, 404)),
    Row("workorders:report-device", needs=PUBLIC, kwargs=device_code),
    Row("workorders:report-device", "POST", needs=PUBLIC, kwargs=device_code),
    Row("workorders:report-device-join", "POST", needs=PUBLIC, kwargs=device_code),
    Row("workorders:report-place", needs=PUBLIC, kwargs=place_code),
    Row("workorders:report-place", "POST", needs=PUBLIC, kwargs=place_code),
    Row("workorders:report-place-join", "POST", needs=PUBLIC, kwargs=place_code),
    Row("workorders:report-status", needs=PUBLIC, kwargs=status_code),
    Row("workorders:report-status", "POST", needs=PUBLIC, kwargs=status_code),
    Row("api:get_device_label", needs=PUBLIC, kwargs=device_code),
    Row("api:get_place_label", needs=PUBLIC, kwargs=place_code),
    Row("api:report_device_fault", "POST", needs=PUBLIC, kwargs=device_code, data=lambda world: {"words": "Broken"}),
    Row("api:report_place_fault", "POST", needs=PUBLIC, kwargs=place_code, data=lambda world: {"words": "Broken"}),
    Row("api:get_report", needs=PUBLIC, kwargs=lambda world: {"status_code": _order(world).status_code}),
]
