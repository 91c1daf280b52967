"""What is done on an order with a form: each is one page with one question, and goes back to the order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.editing import add_refusal
from openhtm.ui.redirects import SeeOther
from openhtm.workorders import forms
from openhtm.workorders.asking import actor_of
from openhtm.workorders.models import OtherCost, VendorReport, WorkAttachment, WorkOrder
from openhtm.workorders.queries import detail, order_page
from openhtm.workorders.rules.kinds import Status
from openhtm.workorders.services import assigning, editing, labour, merging, moving, spending, talking
from openhtm.workorders.views import shown

Data = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One form about one order. ``make`` builds the form, ``act`` does what it says and returns the sentence for the toast."""

    title: str
    button: str
    make: Callable[..., django_forms.Form]
    act: Callable[[Actor, WorkOrder, Data], str]
    permission: Permission | None = Permission.DO_WORK
    lead: str = ""
    tab: str = "work"
    danger: bool = False
    files: bool = False


def page_of(action: Action) -> Callable[..., HttpResponse]:
    """Make the view of an action: the form, refused with 422 in place, or done and back to the order."""

    @require_http_methods(["GET", "POST"])
    def view(request: HttpRequest, number: int, **keys: Any) -> HttpResponse:
        actor = actor_of(request)
        found = detail.order_by_number(actor=actor, number=number)
        _require(actor, found, action.permission)
        form = action.make(request, found, actor)
        status = 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    said = action.act(actor, found, form.cleaned_data | {"form": form} | keys)
                except NotAllowed:
                    raise
                except DomainError as refusal:
                    add_refusal(form, refusal)
                    status = refusal.status if refusal.status in (409, 413) else 422
                else:
                    messages.success(request, said)
                    return SeeOther(f"{shown.order_url(number)}{'' if action.tab == 'work' else f'?tab={action.tab}'}")
        return render(request, "workorders/action.html", {"action": action, "order": found, "form": form}, status=status)

    return view


def _require(actor: Actor, order: WorkOrder, permission: Permission | None) -> None:
    """None: whoever may write on an order: those who work on it, add notes, or report faults."""
    if permission is not None:
        require(actor, permission, at=order.facility_id, place=order.facility.name)
    elif not shown.rights_at(actor, order.facility_id)["write"]:
        raise NotAllowed(permission=Permission.ADD_NOTES.value, place=order.facility.name)


def _plain(form: type[django_forms.Form]) -> Callable[..., django_forms.Form]:
    return lambda request, _order, _actor: form(*_sent(request))


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    """What a form is bound to: fields and files of a POST, else nothing."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _upload(data: Data) -> tuple[BinaryIO | None, str]:
    upload = data.get("file")
    return (cast(BinaryIO, upload.file), upload.name or "") if upload else (None, "")


def _hold(actor: Actor, order: WorkOrder, data: Data) -> str:
    moving.hold_order(actor=actor, number=order.number, reason_code=data["reason_code"], until=data["until"], note=data["note"])
    return "On hold."


@transaction.atomic
def _complete(actor: Actor, order: WorkOrder, data: Data) -> str:
    if data["minutes"]:
        labour.book_labour(actor=actor, number=order.number, minutes=data["minutes"])
    if Status(order.status) is Status.REQUESTED:
        moving.accept_order(actor=actor, number=order.number)
    coded = {name: data[name] for name in ("failure_code", "problem_code", "cause_code", "resolution_code", "work_done")}
    moving.complete_order(actor=actor, number=order.number, **coded)
    return "Completed. It waits for review."


def _assign(actor: Actor, order: WorkOrder, data: Data) -> str:
    if wanted := data["form"].values():
        assigning.assign_orders(actor=actor, numbers=[order.number], **wanted)
    return "Saved."


def _cancel(actor: Actor, order: WorkOrder, data: Data) -> str:
    moving.cancel_order(actor=actor, number=order.number, reason_code=data["reason_code"], reason=data["reason"])
    return "Given up."


def _reopen(actor: Actor, order: WorkOrder, data: Data) -> str:
    moving.reopen_order(actor=actor, number=order.number, reason=data["reason"])
    return "Reopened. Its signatures show as broken."


def _merge(actor: Actor, order: WorkOrder, data: Data) -> str:
    merging.merge_orders(actor=actor, into=order.number, numbers=data["numbers"], reason=data["reason"])
    return "Merged. Everything the others carried is here now."


def _merge_form(request: HttpRequest, order: WorkOrder, actor: Actor) -> django_forms.Form:
    initial = {"numbers": request.GET.get("numbers", "")[:200]}
    alike = order_page.alike(order, actor=actor)
    return forms.MergeForm(_sent(request)[0], initial=initial, alike=alike)


def _complete_form(request: HttpRequest, order: WorkOrder, actor: Actor) -> django_forms.Form:
    return forms.CompleteForm(_sent(request)[0], order=order)


def _report_form(request: HttpRequest, order: WorkOrder, actor: Actor) -> django_forms.Form:
    return forms.VendorReportForm(*_sent(request), order=order)


def _edit_form(request: HttpRequest, order: WorkOrder, actor: Actor) -> django_forms.Form:
    initial = {
        "title": order.title, "kind": order.kind, "priority": order.priority, "device": order.device.control_number if order.device else "",
        "location": order.location_id or "", "department": order.department_id or "", "description": order.description, "est_min": order.est_min,
        "due_on": order.due_on, "planned_on": order.planned_on,
    }  # fmt: skip
    return forms.OrderForm(_sent(request)[0], initial=initial, actor=actor, facility=order.facility)


def _edit(actor: Actor, order: WorkOrder, data: Data) -> str:
    values = data["form"].values()
    changed = {key: value for key, value in values.items() if key.removesuffix("_id") in data["form"].changed_data}
    if changed:
        editing.edit_order(actor=actor, number=order.number, values=changed, seen_at=order.updated_at)
    return "Saved."


def _labour(actor: Actor, order: WorkOrder, data: Data) -> str:
    user = int(data["user"]) if data.get("user") else None
    labour.book_labour(
        actor=actor, number=order.number, minutes=data["minutes"], category=data["category"], user_id=user, note=data["note"]
    )
    return f"{data['minutes']} min booked."


def _part(actor: Actor, order: WorkOrder, data: Data) -> str:
    given = {key: data[key] for key in ("description", "part_number", "quantity", "serial_or_lot", "expires_on")}
    spending.add_part(actor=actor, number=order.number, unit_cost_cents=forms.cents(data["unit_cost_cents"]), **given)
    return f"{data['description']} was added."


def _cost(actor: Actor, order: WorkOrder, data: Data) -> str:
    spending.add_cost(actor=actor, number=order.number, description=data["description"], cost_cents=forms.cents(data["cost_cents"]) or 0)
    return "The cost was added."


def _receive(actor: Actor, order: WorkOrder, data: Data) -> str:
    content, name = _upload(data)
    given = {key: data[key] for key in ("performed_on", "report_number", "performed_by", "summary", "labour_min")}
    spending.receive_report(
        actor=actor, number=order.number, provider_id=int(data["provider"]), cost_cents=forms.cents(data["cost_cents"]), content=content, file_name=name,
        **given,
    )  # fmt: skip
    return "The service report was received. Its cost counts once somebody accepted it."


def _settle(actor: Actor, order: WorkOrder, data: Data) -> str:
    report = VendorReport.objects.get(uid=data["uid"], work_order=order)
    spending.settle_report(actor=actor, uid=report.uid, accept=data["verdict"] == "accept", note=data["note"])
    return "Accepted." if data["verdict"] == "accept" else "Sent back."


@transaction.atomic
def _comment(actor: Actor, order: WorkOrder, data: Data) -> str:
    comment = talking.add_comment(actor=actor, number=order.number, text=data["text"], public=data["public"])
    content, name = _upload(data)
    if content is not None:
        talking.attach_file(actor=actor, number=order.number, content=content, file_name=name, comment=comment, public=data["public"])
    return "Your remark was added."


def _attach(actor: Actor, order: WorkOrder, data: Data) -> str:
    content, name = _upload(data)
    if content is None:
        raise Invalid({"file": ["Choose a file first."]})
    made = talking.attach_file(actor=actor, number=order.number, content=content, file_name=name, public=data["public"])
    return f"{made.file_name} was attached."


def _remove_labour(actor: Actor, order: WorkOrder, data: Data) -> str:
    labour.remove_labour(actor=actor, uid=order.labour.get(uid=data["uid"]).uid, reason=data["reason"])
    return "The entry was taken off."


def _remove_part(actor: Actor, order: WorkOrder, data: Data) -> str:
    spending.remove_part(actor=actor, uid=order.parts.get(uid=data["uid"]).uid, reason=data["reason"])
    return "The part was taken off."


def _remove_cost(actor: Actor, order: WorkOrder, data: Data) -> str:
    spending.remove_cost(actor=actor, cost_id=OtherCost.objects.get(pk=data["cost_id"], work_order=order).pk, reason=data["reason"])
    return "The cost was taken off."


def _remove_file(actor: Actor, order: WorkOrder, data: Data) -> str:
    talking.remove_file(actor=actor, uid=_file_of(order, data["uid"]).uid, reason=data["reason"])
    return "The file was taken away. Its history stays."


def _file_of(order: WorkOrder, uid: uuid.UUID) -> WorkAttachment:
    """A file of the order or of one merged into it. Raises WorkAttachment.DoesNotExist."""
    return detail.files_of(order).get(uid=uid)


@require_safe
def order_file(request: HttpRequest, number: int, uid: uuid.UUID) -> HttpResponseBase:
    """Hand out one file; ``?show=1`` shows PDFs and pictures in the browser."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    found = detail.order_by_number(actor=actor, number=number)
    attachment = _file_of(found, uid)
    if not attachment.public and not detail.sees_everything(actor, found):
        raise WorkAttachment.DoesNotExist
    return inert_response(attachment.file, attachment.file_name, inline=request.GET.get("show") == "1")


@require_safe
def report_file(request: HttpRequest, number: int, uid: uuid.UUID) -> HttpResponseBase:
    """Hand out the file of a service report."""
    actor = actor_of(request)
    found = detail.order_by_number(actor=actor, number=number)
    require(actor, Permission.DO_WORK, at=found.facility_id, place=found.facility.name)
    report = VendorReport.objects.select_related("file").get(uid=uid, work_order=found, file__isnull=False)
    assert report.file is not None
    return inert_response(report.file, report.file_name, inline=request.GET.get("show") == "1")


P = Permission
ACTIONS: Mapping[str, tuple[str, Action]] = {
    "order-hold": ("hold", Action(title="Put on hold", button="Put on hold", make=_plain(forms.HoldForm), act=_hold)),
    "order-complete": ("complete", Action(
        title="Complete", button="Complete", act=_complete, make=_complete_form,
        lead="If your timer runs on this order, it stops and its time is booked.")),
    "order-assign": ("assign", Action(
        title="Assign and plan", button="Save", permission=P.ASSIGN_WORK, act=_assign,
        make=lambda request, order, actor: forms.AssignForm(_sent(request)[0], actor=actor, order=order))),
    "order-edit": ("edit", Action(title="Correct", button="Save", make=_edit_form, act=_edit)),
    "order-cancel": ("cancel", Action(
        title="Give up", button="Give up", permission=P.CANCEL_WORK, danger=True, make=_plain(forms.CancelForm), act=_cancel)),
    "order-reopen": ("reopen", Action(
        title="Reopen", button="Reopen", permission=P.CANCEL_WORK, make=_plain(forms.ReasonForm), act=_reopen,
        lead="What counted as done no longer does, and signatures show as broken.")),
    "order-merge": ("merge", Action(
        title="Merge reports of the same fault", button="Merge", permission=P.CANCEL_WORK, make=_merge_form, act=_merge,
        lead="Everything the other reports carry stays with this order. This cannot be taken back.")),
    "order-labour": ("labour", Action(
        title="Book labour", button="Book", tab="costs", act=_labour,
        make=lambda request, order, actor: forms.LabourForm(_sent(request)[0], order=order, actor=actor))),
    "order-part": ("part", Action(title="Add a part", button="Add part", tab="costs", make=_plain(forms.PartForm), act=_part)),
    "order-cost": ("cost", Action(title="Add another cost", button="Add cost", tab="costs", make=_plain(forms.CostForm), act=_cost)),
    "order-report": ("report", Action(
        title="Service report of a company", button="Save", tab="costs", act=_receive, files=True, make=_report_form)),
    "order-comment": ("remark", Action(
        title="Add a remark", button="Add remark", permission=None, tab="remarks", files=True, make=_plain(forms.CommentForm), act=_comment)),
    "order-attach": ("attach", Action(
        title="Attach a file", button="Attach", permission=None, tab="remarks", files=True, make=_plain(forms.FileForm), act=_attach)),
}  # fmt: skip
RECORDS: Mapping[str, tuple[str, Action]] = {
    "report-settle": ("report/<uuid:uid>/settle", Action(
        title="Review the service report", button="Save", permission=P.REVIEW_WORK, tab="costs", make=_plain(forms.SettleForm), act=_settle)),
    "labour-remove": ("labour/<uuid:uid>/remove", Action(
        title="Take labour off", button="Take off", tab="costs", danger=True, make=_plain(forms.RemoveForm), act=_remove_labour)),
    "part-remove": ("part/<uuid:uid>/remove", Action(
        title="Take a part off", button="Take off", tab="costs", danger=True, make=_plain(forms.RemoveForm), act=_remove_part)),
    "cost-remove": ("cost/<int:cost_id>/remove", Action(
        title="Take a cost off", button="Take off", tab="costs", danger=True, make=_plain(forms.RemoveForm), act=_remove_cost)),
    "file-remove": ("file/<uuid:uid>/remove", Action(
        title="Take a file away", button="Take away", tab="remarks", danger=True, make=_plain(forms.RemoveForm), act=_remove_file)),
}  # fmt: skip
urlpatterns: list[URLPattern] = [
    *(path(f"work/<int:number>/{tail}", page_of(action), name=name) for name, (tail, action) in (ACTIONS | RECORDS).items()),  # type: ignore[operator]
    path("work/<int:number>/file/<uuid:uid>", order_file, name="order-file"),
    path("work/<int:number>/report/<uuid:uid>/file", report_file, name="report-file"),
]
