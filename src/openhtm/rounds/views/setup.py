"""Setting up readiness checks, PINs and unit codes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, NotAllowed
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.rounds.forms import CheckForm, PinForm, QuestionFormSet, UnitCodeForm, questions_from
from openhtm.rounds.models import ReadinessCheck, StaffPin
from openhtm.rounds.queries import readiness as queries
from openhtm.rounds.rules.starters import Starter, starters
from openhtm.rounds.services import checks as services
from openhtm.rounds.services.checks import CheckValues
from openhtm.rounds.services.pins import remove_unit_code, set_own_pin, set_unit_code
from openhtm.rounds.views.common import who
from openhtm.rounds.views.readiness import tabs
from openhtm.rounds.views.rounds import place_choice
from openhtm.sites.models import Department, Location
from openhtm.ui import lists
from openhtm.ui.editing import add_refusal, edit_page


@require_http_methods(["GET", "HEAD", "POST"])
def check_add(request: HttpRequest) -> HttpResponse:
    """Choose the place, begin from a starter, say when and what."""
    actor = who(request)
    require(actor, Permission.MANAGE_READINESS)
    code = lists.text_of(request, "place", max_length=12).upper()
    place = get_object_or_404(Location.objects.visible_to(actor).select_related("facility"), public_code=code) if code else None
    if place is None or "choose" in request.GET:
        facts = place_choice(request, place) | {"trail": [("Readiness", reverse("rounds:readiness"))]}
        return render(request, "rounds/check_place.html", facts)
    begin = next((one for one in starters().starters if one.code == request.GET.get("starter")), None)
    initial: dict[str, Any] = (
        {"name": begin.name, "frequency": begin.frequency.value, "escalate_after": begin.escalate_after} if begin else {}
    )
    device = _device_here(place, begin) if begin else None
    if device is not None:
        initial |= {"device": device.control_number, "department": device.department_id}
    asked = [one.as_json() for one in begin.questions] if begin else []
    context = {"place": place, "begin": begin, "starters": starters(), "title": "Add readiness check"}
    return _edit(request, place, initial, asked, None, context)


def _device_here(place: Location, begin: Starter) -> Device | None:
    """The only device of the starter's types at the place, if there is just one."""
    here = Device.objects.current().in_inventory().filter(location__in=Location.objects.within(place).values("pk"))
    found = list(here.filter(device_type__code__in=begin.device_types)[:2])
    return found[0] if len(found) == 1 else None


@require_http_methods(["GET", "HEAD", "POST"])
def check_edit(request: HttpRequest, code: str) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_READINESS)
    check = get_object_or_404(queries.checks(actor, active=None), code=code.upper())
    require(actor, Permission.MANAGE_READINESS, at=check.facility_id, place=check.facility.name)
    initial: dict[str, Any] = {
        name: getattr(check, name) for name in ("name", "department", "frequency", "week_days", "starts_on", "ends_on", "escalate_after")
    }
    initial |= {
        "device": check.device.control_number if check.device else "",
        "shift_starts": ", ".join(f"{time:%H:%M}" for time in check.shift_starts),
    }
    context = {"place": check.location, "check": check, "title": check.name}
    return _edit(request, check.location, initial, check.questions, check, context)


def _edit(
    request: HttpRequest,
    place: Location,
    initial: dict[str, Any],
    asked: list[dict[str, Any]],
    check: ReadinessCheck | None,
    context: dict[str, Any],
) -> HttpResponse:
    departments = Department.objects.filter(facility_id=place.facility_id, active=True)
    form = CheckForm(request.POST or None, initial=initial, departments=departments)
    rows = QuestionFormSet(request.POST or None, initial=asked, prefix="question")
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and rows.is_valid():
            try:
                saved = _save(request, place, form.cleaned_data, questions_from([one.cleaned_data for one in rows]), check)
            except NotAllowed:
                raise
            except DomainError as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(request, f"{saved.name} was saved.")
                return redirect("rounds:readiness-check", saved.code)
    trail = [("Readiness", reverse("rounds:readiness"))]
    back = reverse("rounds:readiness-check", args=[check.code]) if check else trail[0][1]
    return render(request, "rounds/check_form.html", {**context, "form": form, "rows": rows, "trail": trail, "back": back}, status=status)


def _save(
    request: HttpRequest, place: Location, data: dict[str, Any], questions: list[dict[str, Any]], check: ReadinessCheck | None
) -> ReadinessCheck:
    department = data.pop("department")
    values = CheckValues(**data, questions=questions, location=place.public_code, department_id=department.pk if department else None)
    if check is None:
        return services.add_check(actor=who(request), values=values, now=timezone.now())
    return services.change_check(actor=who(request), code=check.code, values=values, now=timezone.now())


@require_POST
def check_end(request: HttpRequest, code: str) -> HttpResponse:
    done = services.end_check(actor=who(request), code=code, now=timezone.now())
    messages.success(request, f"{done.name} is no longer owed. Take its label away.")
    return redirect("rounds:readiness-check", done.code)


@require_POST
def check_resume(request: HttpRequest, code: str) -> HttpResponse:
    done = services.resume_check(actor=who(request), code=code, now=timezone.now())
    messages.success(request, f"{done.name} is owed again from today on.")
    return redirect("rounds:readiness-check", done.code)


@require_http_methods(["GET", "HEAD", "POST"])
def own_pin(request: HttpRequest) -> HttpResponse:
    """Set the PIN with which one does checks without log-in."""
    actor = who(request)
    require(actor, Permission.DO_READINESS)

    def save(values: dict) -> str:
        set_own_pin(actor=actor, now=timezone.now(), **values)
        messages.success(request, "Your PIN was set. Use it with your user name.")
        return reverse("rounds:readiness")

    context = {
        "tabs": tabs("rounds:readiness-pin", may_manage=actor.may(Permission.MANAGE_READINESS)),
        "stored": StaffPin.objects.filter(user_id=actor.user_id or 0).first(),
    }
    return edit_page(request, form=PinForm(request.POST or None), save=save, template="rounds/pin.html", context=context)


@require_safe
def unit_codes(request: HttpRequest) -> HttpResponse:
    """Which departments have a code."""
    actor = who(request)
    require(actor, Permission.MANAGE_READINESS)
    found = Department.objects.visible_to(actor).filter(active=True).select_related("facility")
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    stored = {pin.department_id: pin for pin in StaffPin.objects.filter(department__in=[one.pk for one in page.rows])}
    facts = {
        "rows": [(one, stored.get(one.pk)) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="departments"),
        "tabs": tabs("rounds:unit-codes", may_manage=True),
        "now": timezone.now(),
    }
    return render(request, "rounds/unit_codes.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_code(request: HttpRequest, department_id: int) -> HttpResponse:
    """Set the code of one department."""
    actor = who(request)
    unit = get_object_or_404(Department.objects.visible_to(actor).select_related("facility"), pk=department_id)
    require(actor, Permission.MANAGE_READINESS, at=unit.facility_id, place=unit.facility.name)

    def save(values: dict) -> str:
        set_unit_code(actor=actor, department_id=unit.pk, now=timezone.now(), **values)
        messages.success(request, f"The code of {unit.name} was set. The old one no longer works.")
        return reverse("rounds:unit-codes")

    context = {
        "unit": unit,
        "stored": StaffPin.objects.filter(department=unit).first(),
        "trail": [("Readiness", reverse("rounds:readiness")), ("Unit codes", reverse("rounds:unit-codes"))],
    }
    return edit_page(request, form=UnitCodeForm(request.POST or None), save=save, template="rounds/unit_code.html", context=context)


@require_POST
def unit_code_remove(request: HttpRequest, department_id: int) -> HttpResponse:
    remove_unit_code(actor=who(request), department_id=department_id)
    messages.success(request, "The code was taken away. Only personal PINs work there now.")
    return redirect("rounds:unit-codes")


urlpatterns = [
    path("readiness/add", check_add, name="readiness-add"),
    path("readiness/pin", own_pin, name="readiness-pin"),
    path("readiness/unit-codes", unit_codes, name="unit-codes"),
    path("readiness/unit-codes/<key:department_id>", unit_code, name="unit-code"),
    path("readiness/unit-codes/<key:department_id>/remove", unit_code_remove, name="unit-code-remove"),
    path("readiness/c/<place:code>/edit", check_edit, name="readiness-edit"),
    path("readiness/c/<place:code>/end", check_end, name="readiness-end"),
    path("readiness/c/<place:code>/resume", check_resume, name="readiness-resume"),
]
