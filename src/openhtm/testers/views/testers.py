"""Pages of testers: which may be used, until when, and the certificates that say so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.testers import queries
from openhtm.testers.forms import CalibrationForm, NewTesterForm, TesterForm
from openhtm.testers.models import Calibration, CalibrationVerdict, Tester
from openhtm.testers.rules.calibration import STATE_LABELS, STATE_TONES, State, state_on
from openhtm.testers.rules.kinds import kind_name, tester_kinds
from openhtm.testers.services import testers as services
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page

FORM = "testers/form.html"
VERDICT_TONES = {
    CalibrationVerdict.IN_TOLERANCE: "ok",
    CalibrationVerdict.ADJUSTED: "due",
    CalibrationVerdict.OUT_OF_TOLERANCE: "late",
}


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@require_safe
def tester_list(request: HttpRequest) -> HttpResponse:
    actor, today = _who(request), timezone.localdate()
    require(actor, Permission.VIEW_TESTERS)
    q, kind, state = (lists.text_of(request, name) for name in ("q", "kind", "state"))
    found = queries.testers(actor, q=q, kind=kind, state=state, today=today)
    page = keyset_page(found, order=("pk",), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "rows": [row_of(tester, today) for tester in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="testers"),
        "tabs": _tabs(state),
        "kinds": tester_kinds().values(),
        "chosen": {"q": q, "kind": kind, "state": state},
        "may_edit": actor.may(Permission.MANAGE_TESTERS),
    }
    return render(request, "testers/tester_list.html", facts)


def _tabs(current: str) -> list[parts.Tab]:
    here = reverse("testers:tester-list")
    every = [parts.Tab(label="All", url=here, current=not current)]
    return every + [parts.Tab(label=STATE_LABELS[s], url=f"{here}?state={s}", current=s == current) for s in State]


def row_of(tester: Tester, today: Any) -> dict[str, Any]:
    state = state_on(day=today, due_on=tester.calibration_due_on, usable=tester.usable)
    return {
        "number": tester.device.control_number,
        "what": str(tester.device.device_model),
        "url": address(tester),
        "kinds": ", ".join(kind_name(kind) for kind in tester.kinds),
        "due_on": tester.calibration_due_on,
        "place": str(tester.device.location or ""),
        "tone": STATE_TONES[state],
        "state": STATE_LABELS[state],
    }


@require_http_methods(["GET", "HEAD", "POST"])
def tester_add(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    require(actor, Permission.MANAGE_TESTERS)

    def save(values: dict) -> str:
        return address(services.register_tester(actor=actor, **values))

    form = NewTesterForm(request.POST or None, initial={"control_number": lists.text_of(request, "device")})
    context = {"title": "Add tester", "trail": _trail(("Add tester", "")), "back": reverse("testers:tester-list")}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def tester(request: HttpRequest, tester_id: int) -> HttpResponse:
    actor, record = _who(request), _found(request, tester_id)
    require(actor, Permission.VIEW_TESTERS)
    row = row_of(record, timezone.localdate())
    calibrations = [
        (made, VERDICT_TONES[CalibrationVerdict(made.verdict)])
        for made in record.calibrations.select_related("certificate", "supersedes").filter(superseded_by__isnull=True)
    ]
    facts = {
        "tester": record,
        "row": row,
        "trail": _trail((record.device.control_number, "")),
        "facts": [
            parts.Fact(label="Device", value=record.device.control_number, mono=True, url=f"/d/{record.device.control_number}"),
            parts.Fact(label="Serves as", value=row["kinds"]),
            parts.Fact(label="Calibrated on", value=record.calibrated_on),
            parts.Fact(label="Readings count until", value=record.calibration_due_on, absent="not in calibration"),
            parts.Fact(label="Calibrated every", value=f"{record.calibration_interval_months} months"),
            parts.Fact(label="Set aside because", value=record.not_usable_reason, absent="in use"),
        ],
        "quantities": list(record.quantities.all()),
        "calibrations": calibrations,
        "may_edit": actor.may(Permission.MANAGE_TESTERS, at=record.device.facility_id),
    }
    return render(request, "testers/tester.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def tester_edit(request: HttpRequest, tester_id: int) -> HttpResponse:
    actor, record = _who(request), _found(request, tester_id)
    require(actor, Permission.MANAGE_TESTERS, at=record.device.facility_id)

    def save(values: dict) -> str:
        return address(services.update_tester(actor=actor, tester_id=record.pk, **values))

    initial = {
        "kinds": record.kinds, "interval_months": record.calibration_interval_months, "usable": record.usable, "reason": record.not_usable_reason,
    }  # fmt: skip
    number = record.device.control_number
    context = {"title": f"Change tester {number}", "trail": _trail((number, address(record)), ("Change", "")), "back": address(record)}
    return edit_page(request, form=TesterForm(request.POST or None, initial=initial), save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def calibration_add(request: HttpRequest, tester_id: int) -> HttpResponse:
    actor, record = _who(request), _found(request, tester_id)
    require(actor, Permission.MANAGE_TESTERS, at=record.device.facility_id)

    def save(values: dict) -> str:
        services.record_calibration(actor=actor, tester_id=record.pk, **values)
        return address(record)

    number = record.device.control_number
    context = {
        "title": f"Record a calibration of {number}",
        "trail": _trail((number, address(record)), ("Calibration", "")),
        "back": address(record),
        "with_files": True,
    }
    form = CalibrationForm(request.POST or None, request.FILES or None, initial={"performed_on": timezone.localdate()})
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def certificate(request: HttpRequest, tester_id: int, uid: UUID) -> HttpResponseBase:
    record = _found(request, tester_id)
    require(_who(request), Permission.VIEW_TESTERS)
    made = get_object_or_404(Calibration.objects.select_related("certificate"), tester=record, uid=uid)
    if made.certificate is None:
        raise Http404
    return inert_response(made.certificate, f"{made.certificate_number}.pdf", inline=request.GET.get("show") == "1")


def address(record: Tester) -> str:
    return reverse("testers:tester", args=[record.pk])


def _found(request: HttpRequest, tester_id: int) -> Tester:
    known = Tester.objects.visible_to(_who(request)).select_related(
        "device__device_model__manufacturer", "device__facility", "device__location"
    )
    return get_object_or_404(known, pk=tester_id)


def _trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Testers", reverse("testers:tester-list")), *steps]


urlpatterns = [
    path("testers", tester_list, name="tester-list"),
    path("testers/add", tester_add, name="tester-add"),
    path("testers/<int:tester_id>", tester, name="tester"),
    path("testers/<int:tester_id>/edit", tester_edit, name="tester-edit"),
    path("testers/<int:tester_id>/calibrations/add", calibration_add, name="calibration-add"),
    path("testers/<int:tester_id>/calibrations/<uuid:uid>/certificate", certificate, name="certificate"),
]
