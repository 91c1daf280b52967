"""Who may do what with work orders."""

from __future__ import annotations

from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.workorders.models import Downtime, OtherCost, VendorReport, WorkAttachment, WorkOrder, WorkTemplate
from openhtm.workorders.tests.factories import LabourFactory, PartFactory, WorkOrderFactory
from tests.permissions.rows import LOGGED_IN, Row
from tests.permissions.world import World


def made(world: World) -> WorkOrder:
    """An order of North that its service provider has."""
    return WorkOrderFactory(device=world.device, assigned_provider=world.provider)


def order(world: World) -> dict[str, Any]:
    return {"number": made(world).number}


def tag(world: World) -> dict[str, Any]:
    return {"control_number": world.device.control_number}


def stored_file(world: World) -> dict[str, Any]:
    from openhtm.documents.models import StoredFile
    from openhtm.documents.tests import samples

    kept, _ = StoredFile.objects.get_or_create(sha256="0" * 64, defaults={"size_bytes": len(samples.PDF), "media_type": "application/pdf"})
    attachment = WorkAttachment.objects.create(work_order=made(world), file=kept, file_name="report.pdf", public=True)
    return {"uid": attachment.uid}


def labour(world: World) -> dict[str, Any]:
    return {"uid": LabourFactory(work_order=made(world), user=world.people[Role.TECHNICIAN]).uid}


def running(world: World) -> dict[str, Any]:
    LabourFactory(work_order=made(world), user=world.people[Role.TECHNICIAN], ended_at=None, minutes=0)
    return {}


def part(world: World) -> dict[str, Any]:
    return {"uid": PartFactory(work_order=made(world)).uid}


def cost(world: World) -> dict[str, Any]:
    return {"cost_id": OtherCost.objects.create(work_order=made(world), description="Freight", cost_cents=900).pk}


def report(world: World) -> dict[str, Any]:
    return {"uid": VendorReport.objects.create(work_order=made(world), provider=world.provider, performed_on="2026-03-02").uid}


def downtime(world: World) -> dict[str, Any]:
    return {"uid": Downtime.objects.create(device=world.device, started_at="2026-03-02T08:00Z", ended_at="2026-03-02T09:00Z").uid}


def template(world: World) -> dict[str, Any]:
    return {"template_id": WorkTemplate.objects.create(name="Ours", kind="project", title="Ours").pk}


def sent(**values: Any) -> Any:
    return lambda world: values


def new(world: World) -> dict[str, Any]:
    return {"title": "Does not start", "device": world.device.control_number}


def move(name: str, needs: P, **values: Any) -> Row:
    return Row(f"api:{name}", "POST", needs=needs, kwargs=order, scoped=True, data=sent(**values))


WHY = {"reason": "Wrong order"}
API = [
    Row("api:list_work_orders", needs=P.VIEW_WORK),
    Row("api:open_work_order", "POST", needs=P.REPORT_FAULTS, data=new, scoped=True),
    Row("api:get_work_order", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:change_work_order", "PATCH", needs=P.DO_WORK, kwargs=order, scoped=True, data=sent(title="Stops")),
    Row("api:bulk_open_work_orders", "POST", needs=P.ADD_WORK, data=lambda w: {"items": [new(w)]}),  # a stranger: 422, device unknown
    Row("api:assign_work_order", "POST", needs=P.ASSIGN_WORK, kwargs=order, scoped=True, data=sent(planned_on="2026-12-01")),
    Row(
        "api:bulk_assign_work_orders",
        "POST",
        needs=P.ASSIGN_WORK,
        scoped=True,
        data=lambda w: {"numbers": [made(w).number], "team_id": None},
    ),
    move("start_work", P.DO_WORK),
    Row("api:accept_work_order", "POST", needs=P.DO_WORK, kwargs=order, scoped=True, ok=(200, 409)),
    move("hold_work_order", P.DO_WORK, reason_code="parts"),
    move("resume_work", P.DO_WORK),
    move("complete_work_order", P.DO_WORK),
    move("close_work_order", P.REVIEW_WORK),
    move("reopen_work_order", P.CANCEL_WORK, reason="Failed again"),
    move("cancel_work_order", P.CANCEL_WORK, reason_code="mistake"),
    Row("api:merge_work_orders", "POST", needs=P.CANCEL_WORK, kwargs=order, scoped=True, data=lambda w: {"numbers": [made(w).number]}),
    Row("api:work_order_events", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:list_work_comments", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:add_work_comment", "POST", needs=P.VIEW_WORK, kwargs=order, scoped=True, data=sent(text="Seen")),
    Row("api:list_work_files", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:add_work_file", "POST", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:work_file_content", needs=P.VIEW_WORK, kwargs=stored_file, scoped=True, ok=(200, 404)),  # its content is not on disk here
    Row("api:remove_work_file", "DELETE", needs=P.DO_WORK, kwargs=stored_file, scoped=True, query=WHY),
    Row("api:watch_work_order", "POST", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:unwatch_work_order", "DELETE", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:list_labour", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:book_labour", "POST", needs=P.DO_WORK, kwargs=order, scoped=True, data=sent(minutes=30)),
    Row("api:start_timer", "POST", needs=P.DO_WORK, kwargs=order, scoped=True),
    Row("api:running_timer", needs=LOGGED_IN, kwargs=running),
    Row("api:stop_timer", "POST", needs=LOGGED_IN, kwargs=running),
    Row("api:remove_labour", "DELETE", needs=P.DO_WORK, kwargs=labour, scoped=True, query=WHY),
    Row("api:list_parts_used", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row("api:add_part_used", "POST", needs=P.DO_WORK, kwargs=order, scoped=True, data=sent(description="Seal")),
    Row("api:remove_part_used", "DELETE", needs=P.DO_WORK, kwargs=part, scoped=True, query=WHY),
    Row("api:list_other_costs", needs=P.VIEW_COSTS, kwargs=order, scoped=True),
    Row("api:add_other_cost", "POST", needs=P.DO_WORK, kwargs=order, scoped=True, data=sent(description="Freight", cost_cents=900)),
    Row("api:remove_other_cost", "DELETE", needs=P.DO_WORK, kwargs=cost, scoped=True, query=WHY),
    Row("api:list_vendor_reports", needs=P.VIEW_WORK, kwargs=order, scoped=True),
    Row(
        "api:receive_vendor_report",
        "POST",
        needs=P.DO_WORK,
        kwargs=order,
        scoped=True,
        data=lambda w: {"provider_id": w.provider.pk, "performed_on": "2026-03-02"},
    ),
    Row("api:settle_vendor_report", "POST", needs=P.REVIEW_WORK, kwargs=report, scoped=True, data=sent(accept=True)),
    Row("api:list_downtimes", needs=P.VIEW_WORK, kwargs=tag, scoped=True),
    Row("api:begin_downtime", "POST", needs=P.DO_WORK, kwargs=tag, scoped=True),
    Row("api:end_downtime", "POST", needs=P.DO_WORK, kwargs=tag, scoped=True, ok=(200, 409)),
    Row("api:correct_downtime", "PATCH", needs=P.DO_WORK, kwargs=downtime, scoped=True, data=sent(started_at="2026-03-02T08:30:00Z")),
    Row("api:list_work_codes", needs=P.VIEW_WORK),
    Row(
        "api:save_work_code",
        "PUT",
        needs=P.MANAGE_WORK_LISTS,
        everywhere=True,
        kwargs=sent(list="hold", code="weather"),
        data=sent(label="Weather"),
    ),
    Row("api:list_work_targets", needs=P.VIEW_WORK),
    Row("api:set_work_target", "PUT", needs=P.MANAGE_WORK_LISTS, everywhere=True, kwargs=sent(priority=1), data=sent(response_min=15)),
    Row("api:list_work_templates", needs=P.VIEW_WORK),
    Row("api:add_work_template", "POST", needs=P.MANAGE_WORK_LISTS, everywhere=True, data=sent(name="Mine", kind="project", title="Mine")),
    Row("api:change_work_template", "PATCH", needs=P.MANAGE_WORK_LISTS, everywhere=True, kwargs=template, data=sent(est_min=20)),
]
ROWS: list[Row] = [*API]
