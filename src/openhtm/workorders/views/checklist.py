"""The checklist runner: one step at a time on a phone, the whole list at a desk; plain forms first, autosave with JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid
from openhtm.documents.models import StoredFile
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import require
from openhtm.identity.addresses import client_address
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import actor_of
from openhtm.procedures.models import ProcedureFile
from openhtm.ui.redirects import SeeOther
from openhtm.workorders.forms_evidence import AddChecklistForm, FinishForm, SignForm
from openhtm.workorders.models import Checklist, Result, WorkOrder
from openhtm.workorders.queries.checklists import current_results, visible_checklists
from openhtm.workorders.rules.checklists import OUTCOME_LABELS
from openhtm.workorders.rules.results import State
from openhtm.workorders.services import checklists, reviewing, signing
from openhtm.workorders.services.results import store_results
from openhtm.workorders.views import runner

LOOKS = (("pass", "Pass"), ("fail", "Fail"), ("minor", "Minor remark"), ("not_applicable", "Does not apply"))


def _checklist(request: HttpRequest, number: int, uid: uuid.UUID) -> Checklist:
    return visible_checklists(actor_of(request)).get(uid=uid, work_order__number=number)


@require_safe
def checklist(request: HttpRequest, number: int, uid: uuid.UUID) -> HttpResponse:
    """The steps of a checklist with what is answered, what stood before, and where it stands."""
    require(actor_of(request), Permission.VIEW_WORK)
    return _page(request, _checklist(request, number, uid), wanted=request.GET.get("step", ""))


def _page(
    request: HttpRequest, one: Checklist, *, wanted: str = "", problems: Mapping[str, str] | None = None, sent: QueryDict | None = None,
    finish: FinishForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor = actor_of(request)
    with timezone.override(ZoneInfo(one.work_order.facility.time_zone)):
        shown = runner.runner(one, actor=actor, wanted=wanted, problems=problems, sent=sent)
        context = {
            "checklist": one,
            "order": one.work_order,
            "runner": shown,
            "looks": LOOKS,
            "missing": shown.titles(shown.standing.missing),
            "failed": shown.titles(shown.standing.failed),
            "finish": finish or FinishForm(outcomes=shown.outcomes),
            "may_work": actor.may(Permission.DO_WORK, at=one.work_order.facility_id),
            "order_url": order_url(one.work_order),
            "signatures": signing.signature_state(one.work_order) if one.finished_at else [],
        }
        return render(request, "workorders/checklist.html", context, status=status)


def order_url(order: WorkOrder) -> str:
    """Return the address of the order's page; of the place to sign while there is none."""
    try:
        return reverse("workorders:order", args=[order.number])
    except NoReverseMatch:
        return reverse("workorders:sign", args=[order.number])


@require_POST
def answer(request: HttpRequest, number: int, uid: uuid.UUID) -> HttpResponse:
    """Store the answer of one step and go on to the next; 422 with the step again if it was refused."""
    actor, one = actor_of(request), _checklist(request, number, uid)
    require(actor, Permission.DO_WORK, at=one.work_order.facility_id, place=one.work_order.facility.name)
    step = checklists.steps_of(one).get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    stands = {r.phase: str(r.uid) for r in current_results([one.pk]).get(one.pk, []) if r.step_key == step.key}
    try:
        photos = _photos(request, number)
    except DomainError as refusal:
        return _page(request, one, wanted=step.key, problems={f"{step.key}:": refusal.sentence}, sent=request.POST, status=422)
    form = runner.posted(request, checklist=one, step=step, photos=photos, standing_uids=stands)
    outcome = store_results(actor=actor, items=form.items)
    problems = {
        f"{step.key}:{item.phase}": told.sentence
        for item, told in zip(form.items, outcome.items, strict=True)
        if told.state == State.REFUSED
    }
    if problems:
        return _page(request, one, wanted=step.key, problems=problems, sent=request.POST, status=422)
    for told in outcome.items:
        if told.state in (State.HELD, State.CONFLICT):
            messages.warning(request, told.sentence)
    if outcome.corrective:
        repairs = ", ".join(f"WO-{repair}" for repair in outcome.corrective)
        messages.warning(request, f"The device is out of service. {repairs} was opened for the repair.")
    return SeeOther(_after(one, step.key))


def _after(one: Checklist, key: str) -> str:
    """Return the address of the step that follows, or of the end."""
    keys = [name for name, step in checklists.steps_of(one).items() if step.kind != "heading"]
    base = reverse("workorders:checklist", args=[one.work_order.number, one.uid])
    following = keys.index(key) + 1
    return f"{base}?step={keys[following]}#step-{keys[following]}" if following < len(keys) else f"{base}#finish"


def _photos(request: HttpRequest, number: int) -> list[str]:
    """Keep the photos of the form and return their hashes. Raises FileRefused, FileTooLarge."""
    return [
        checklists.store_photo(
            actor=actor_of(request), number=number, content=cast(BinaryIO, one.file), file_name=one.name or "photo"
        ).sha256
        for one in request.FILES.getlist("photo")[:20]
    ]


@require_POST
def finish(request: HttpRequest, number: int, uid: uuid.UUID) -> HttpResponse:
    """Say that the checklist is done, then go on to sign."""
    actor, one = actor_of(request), _checklist(request, number, uid)
    require(actor, Permission.DO_WORK, at=one.work_order.facility_id, place=one.work_order.facility.name)
    outcomes = runner.runner(one, actor=actor).outcomes
    form = FinishForm(_as_it_stands(request.POST, outcomes), outcomes=outcomes)
    if form.is_valid():
        try:
            done = checklists.finish_checklist(
                actor=actor, uid=uid, outcome=form.cleaned_data["outcome"], open_repair=form.cleaned_data["open_repair"]
            )
        except Invalid as refusal:
            for name, texts in refusal.errors.items():
                form.add_error(name if name in form.fields else None, texts)
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            form.add_error(None, refusal.sentence)
        else:
            for repair in done.repairs:
                messages.warning(request, f"{repair} was opened for the repair.")
            messages.success(request, f"{one.version.procedure} is finished: {OUTCOME_LABELS[done.checklist.outcome].lower()}.")
            return SeeOther(order_url(one.work_order))
    return _page(request, one, finish=form, status=422)


def _as_it_stands(sent: QueryDict, outcomes: list[tuple[str, str]]) -> QueryDict:
    """Whoever left the proposed outcome alone agrees with what the results say now: they may have grown since the page was drawn."""
    if not outcomes or sent.get("outcome") != sent.get("proposed"):
        return sent
    changed = sent.copy()
    changed["outcome"] = outcomes[0][0]
    return changed


@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, number: int) -> HttpResponse:
    """Sign an order as performed, with the password once more. What nobody has to read is closed by rule."""
    actor = actor_of(request)
    order = WorkOrder.objects.visible_to(actor).select_related("facility", "device__device_model__manufacturer").get(number=number)
    require(actor, Permission.DO_WORK, at=order.facility_id, place=order.facility.name)
    form = SignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _, closed = reviewing.sign_performed(
                actor=actor, number=number, password=form.cleaned_data["password"], address=client_address(request)
            )
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            form.add_error("password" if isinstance(refusal, signing.WrongPassword) else None, refusal.sentence)
        else:
            messages.success(request, f"{order} was signed{' and closed: everything was in tolerance' if closed else ''}.")
            return SeeOther(order_url(order))
    lists = list(visible_checklists(actor).filter(work_order=order).order_by("position"))
    context: dict[str, Any] = {
        "order": order, "form": form, "checklists": lists, "signatures": signing.signature_state(order), "order_url": order_url(order),
    }  # fmt: skip
    with timezone.override(ZoneInfo(order.facility.time_zone)):
        return render(request, "workorders/sign.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, number: int) -> HttpResponse:
    """Put a procedure on an order."""
    actor = actor_of(request)
    order = WorkOrder.objects.visible_to(actor).select_related("facility", "device").get(number=number)
    require(actor, Permission.DO_WORK, at=order.facility_id, place=order.facility.name)
    form = AddChecklistForm(request.POST or None, device=order.device)
    if request.method == "POST" and form.is_valid():
        try:
            made = checklists.add_checklist(actor=actor, number=number, procedure_code=form.cleaned_data["procedure"], purpose=form.purpose)
        except Invalid as refusal:
            for name, texts in refusal.errors.items():
                form.add_error(name if name in form.fields else None, texts)
        except DomainError as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return SeeOther(reverse("workorders:checklist", args=[number, made.uid]))
    context = {"order": order, "form": form, "order_url": order_url(order)}
    return render(request, "workorders/checklist_add.html", context, status=422 if request.method == "POST" else 200)


@require_safe
def photo(request: HttpRequest, number: int, sha256: str) -> HttpResponseBase:
    """A photo of a result of this order, or a picture of one of its procedures."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    order = WorkOrder.objects.visible_to(actor).get(number=number)
    shown = Result.objects.filter(work_order=order, files__contains=[sha256]).exists()
    if not shown and not ProcedureFile.objects.filter(version__checklists__work_order=order, file__sha256=sha256).exists():
        raise Http404
    stored = StoredFile.objects.filter(sha256=sha256).first()
    if stored is None:
        raise Http404
    return inert_response(stored, f"WO-{number} {sha256[:8]}", inline=True)


urlpatterns: list[URLPattern] = [
    path("work/<int:number>/checklist/add", add, name="checklist-add"),
    path("work/<int:number>/checklist/<uuid:uid>", checklist, name="checklist"),
    path("work/<int:number>/checklist/<uuid:uid>/answer", answer, name="checklist-answer"),
    path("work/<int:number>/checklist/<uuid:uid>/finish", finish, name="checklist-finish"),
    path("work/<int:number>/sign", sign, name="sign"),
    path("work/<int:number>/photo/<str:sha256>", photo, name="photo"),
]
