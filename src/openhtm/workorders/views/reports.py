"""Reporting a fault without log-in: the form behind a printed code, the status page, and what leads there from the log-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from openhtm.core.errors import DomainError, NotAllowed
from openhtm.identity.actor import Actor
from openhtm.identity.addresses import client_address
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.editing import add_refusal
from openhtm.ui.redirects import SeeOther
from openhtm.workorders import forms
from openhtm.workorders.models import WorkComment, WorkEvent, WorkOrder
from openhtm.workorders.queries.cards import SHORT_STATUS
from openhtm.workorders.rules.kinds import STATUS_TONES, UNDER_WAY, Status
from openhtm.workorders.rules.reports import PUBLIC_WORDS, instructions, steps
from openhtm.workorders.services import requests, throttling
from openhtm.workorders.services.requests import Report, ReportCodeUnknown, Target

FindTarget = Callable[[str], Target]


@dataclass(frozen=True)
class Door:
    """One kind of printed code: how its target is found, and the names of its addresses."""

    find: FindTarget
    report: str
    join: str


DEVICE = Door(requests.target_of_device, "workorders:report-device", "workorders:report-device-join")
PLACE = Door(requests.target_of_place, "workorders:report-place", "workorders:report-place-join")


def reporter(request: HttpRequest, target: Target) -> Actor | None:
    """Whoever is logged in and may report here; anybody else reports as a visitor."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    return actor if actor is not None and actor.user_id is not None and actor.may(Permission.REPORT_FAULTS, at=target.facility.pk) else None


def report_page(door: Door) -> Callable[..., HttpResponse]:
    """Make the view of the report form of a printed code."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, code: str) -> HttpResponse:
        target = _found(request, lambda: door.find(code))
        actor = reporter(request, target)
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = forms.FaultForm(*sent, problems=requests.problems(), with_device=target.device is not None, known=actor is not None)
        status = 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    order = _send(request, target, form, actor)
                except NotAllowed:
                    raise
                except DomainError as refusal:
                    add_refusal(form, refusal)
                    status = refusal.status if refusal.status in (413, 429) else 422
                else:
                    return SeeOther(reverse("workorders:report-status", args=[order.status_code]) + "?sent=1")
        now = timezone.now()
        context = {
            "form": form,
            "target": target,
            "known": actor,
            "duplicates": [_duplicate(one) for one in requests.possible_duplicates(target=target, now=now)] if not form.is_bound else [],
            "join_url": reverse(door.join, args=[code]),
            "join_form": forms.JoinForm(auto_id="join_%s"),
            "now": now,
        }
        with timezone.override(ZoneInfo(target.facility.time_zone)):
            return render(request, "workorders/report.html", context, status=status)

    return view


def join_page(door: Door) -> Callable[..., HttpResponse]:
    """Make the view that adds to a report that is open already."""

    @never_cache
    @require_POST
    def view(request: HttpRequest, code: str) -> HttpResponse:
        target = _found(request, lambda: door.find(code))
        actor = reporter(request, target)
        form = forms.JoinForm(request.POST)
        number = request.POST.get("order", "")
        if not form.is_valid() or not (number.isascii() and number.isdecimal() and len(number) < 16):
            return redirect(door.report, code)
        throttling.note_try(target=target.key, address=client_address(request), now=timezone.now())
        report = Report(words=form.cleaned_data["words"], name=form.cleaned_data["name"])
        order = requests.add_to_report(target=target, number=int(number), report=report, actor=actor, now=timezone.now())
        return SeeOther(reverse("workorders:report-status", args=[order.status_code]) + "?added=1")

    return view


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report_status(request: HttpRequest, code: str) -> HttpResponse:
    """Where a report stands, for whoever has its address; and a remark that they add."""
    order = _found(request, lambda: requests.by_status_code(code))
    form, status = forms.RemarkForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                throttling.note_try(target=f"order:{order.pk}", address=client_address(request), now=timezone.now())
                requests.add_remark(status_code=code, words=form.cleaned_data["words"], name=form.cleaned_data["name"], now=timezone.now())
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = 429 if refusal.status == 429 else 422
            else:
                return SeeOther(reverse("workorders:report-status", args=[code]) + "?added=1")
    with timezone.override(ZoneInfo(order.facility.time_zone)):
        return render(request, "workorders/report_status.html", _status_context(request, order, form), status=status)


def _status_context(request: HttpRequest, order: WorkOrder, form: forms.RemarkForm) -> dict[str, Any]:
    status = Status(order.status)
    remarks = WorkComment.objects.filter(work_order=order, public=True).order_by("recorded_at", "pk")[:100]
    happened = WorkEvent.objects.filter(work_order=order, public=True, kind__in=("opened", "status")).order_by("recorded_at", "pk")[:100]
    place = order.location or (order.device.location if order.device else None)
    return {
        "order": order,
        "form": form,
        "tone": STATUS_TONES[status],
        "label": SHORT_STATUS[status],
        "words": PUBLIC_WORDS[status],
        "steps": steps(status),
        "instructions": instructions(patient_involved=order.incident, set_aside=order.set_aside) if status in UNDER_WAY else (),
        "sent": request.GET.get("sent") == "1",
        "added": request.GET.get("added") == "1",
        "remarks": list(remarks),
        "lines": [_line(one) for one in happened],
        "open": status in UNDER_WAY,
        "place": place.full_name if place else "",
        "address": request.build_absolute_uri(reverse("workorders:report-status", args=[order.status_code])),
    }


def _line(happened: WorkEvent) -> tuple[Any, str]:
    """A public step without the words that colleagues write to each other."""
    if happened.kind == "opened":
        return happened.recorded_at, "Reported"
    return happened.recorded_at, PUBLIC_WORDS[Status(happened.after)] if happened.after in set(Status) else "Changed"


@never_cache
@require_POST
def report_start(request: HttpRequest) -> HttpResponse:
    """Lead somebody who scanned a device's label, and is not logged in, to its report form. Counted, so that tags are not guessed."""
    throttling.note_try(target="", address=client_address(request), now=timezone.now())
    return redirect("workorders:report-device", requests.target_of_tag(request.POST.get("tag", "")[:60].replace("\0", "")))


def _duplicate(order: WorkOrder) -> dict[str, Any]:
    """What a stranger may know of an open report: what kind of problem, when, and where it stands."""
    status = Status(order.status)
    problem = order.problem.label if order.problem else "A fault"
    return {
        "number": order.number,
        "problem": problem,
        "opened_at": order.opened_at,
        "tone": STATUS_TONES[status],
        "words": PUBLIC_WORDS[status],
    }


def _found(request: HttpRequest, find: Callable[[], Any]) -> Any:
    """What a code stands for. A code nobody knows is counted as a try, so that codes are not guessed. Raises TooManyReports."""
    try:
        return find()
    except ReportCodeUnknown:
        throttling.note_try(target="", address=client_address(request), now=timezone.now())
        raise


def _send(request: HttpRequest, target: Target, form: forms.FaultForm, actor: Actor | None) -> WorkOrder:
    now, data = timezone.now(), form.cleaned_data
    throttling.note_try(target=target.key, address=client_address(request), now=now)
    photo = data.get("photo")
    report = Report(
        **{name: data.get(name) for name in ("problem_code", "words", "contact", "call_back", "patient_involved", "set_aside")},  # type: ignore[arg-type]
        name=data.get("name", ""),
        photo=cast(BinaryIO, photo.file) if photo else None,
        photo_name=photo.name or "photo" if photo else "",
    )
    return requests.report_fault(target=target, report=report, actor=actor, now=now)


urlpatterns: list[URLPattern] = [
    path("report/start", report_start, name="report-start"),
    path("report/d/<slug:code>", report_page(DEVICE), name="report-device"),
    path("report/d/<slug:code>/add", join_page(DEVICE), name="report-device-join"),
    path("report/p/<slug:code>", report_page(PLACE), name="report-place"),
    path("report/p/<slug:code>/add", join_page(PLACE), name="report-place-join"),
    path("report/s/<slug:code>", report_status, name="report-status"),
]
