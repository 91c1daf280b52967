"""The staffing forecast, what it assumes, projects and scenarios."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.rules.calendar import add_months, month_start
from openhtm.staffing import queries, services, shown
from openhtm.staffing.forms import ChangeForm, ChooseForm, OverruleForm, ProjectForm, ScenarioForm
from openhtm.staffing.models import Scenario, StaffingProject
from openhtm.staffing.rules.assumptions import shipped
from openhtm.staffing.rules.forecast import Person, bookable
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page
from openhtm.workforce.models import StaffMember
from openhtm.workforce.queries.availability import people_by_month
from openhtm.workforce.rules.availability import month_of

FORM = "staffing/form.html"
GATE = Permission.VIEW_STAFFING
TABS = (
    ("Forecast", "staffing:forecast"), ("Assumptions", "staffing:assumptions"), ("Projects", "staffing:project-list"),
    ("What if", "staffing:scenario-list"),
)  # fmt: skip


def _who(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, GATE)
    return actor


def _tabs(current: str) -> list[parts.Tab]:
    return [parts.Tab(label=label, url=reverse(route), current=route == current) for label, route in TABS]


def _facility_id(request: HttpRequest, actor: Actor) -> int | None:
    """The facility asked for; who may see all and names none sees all. Raises Http404 for one out of reach."""
    found, asked = queries.facilities_of(actor), request.GET.get("facility", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 19:
        if not found.filter(pk=int(asked)).exists():
            raise Http404
        return int(asked)
    return None if actor.may_everywhere(GATE) else found.values_list("pk", flat=True).first()


def _scenarios(actor: Actor) -> Any:
    return Scenario.objects.visible_to(actor).filter(active=True).select_related("facility").order_by("name", "pk")


def _placed(actor: Actor) -> dict[str, Any]:
    return {"facilities": queries.facilities_of(actor), "everywhere": actor.may_everywhere(GATE)}


@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    """Months as stacked bars against the hours people have, and skills with the rows behind each number."""
    actor, today = _who(request), timezone.localdate()
    facility_id = _facility_id(request, actor)
    form = ChooseForm({"months": "12", **request.GET.dict(), "facility": facility_id or ""}, scenarios=_scenarios(actor), **_placed(actor))
    form.is_valid()
    asked = queries.Asked(facility_id, add_months(month_start(today), 1), int(form.cleaned_data.get("months") or 12))
    facts = queries.facts_of(actor=actor, asked=asked, today=today)
    scenario = form.cleaned_data.get("scenario")
    base = queries.forecast_of(facts)
    found = queries.forecast_of(facts, queries.changes_of(scenario)) if scenario else base
    lines = shown.month_lines(found, base if scenario else None, facility_id=facility_id)
    context = {
        "form": form, "tabs": _tabs("staffing:forecast"), "scenario": scenario, "found": found, "base": base, "lines": lines,
        "skills": shown.skill_rows(found, queries.skill_names(), facility_id=facility_id),
        "short_months": sum(line.short > 0 for line in lines),
        "owed_min": facts.owed_min, "owed_url": f"{reverse('maintenance:planning-visits')}?facility={facility_id or ''}&month=owed",
        "assumed": queries.assumptions_on(facility_id=facility_id, on=today), "benchmarks": shipped().benchmarks,
        "estimated": max((one.estimated_people for one in found.months), default=0),
        "people": max((one.people for one in found.months), default=0),
        "looked_back": queries.looked_back(today=today, months=round(facts.assumed.corrective_months)),
    }  # fmt: skip
    return render(request, "staffing/forecast.html", context)


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Who stands behind the hours of a month: each person's time, what is off, and what can be booked."""
    actor, today = _who(request), timezone.localdate()
    facility_id, month = _facility_id(request, actor), _month(request.GET.get("month", ""), today)
    assumed, skill = queries.assumed_on(facility_id=facility_id, on=today), lists.text_of(request, "skill", max_length=40)
    [found] = people_by_month(months=[month_of(month)], facility_id=facility_id)
    rows = [
        (one, bookable(Person(one.staff_id, one.skills, one.bookable_min, one.paid_min, one.off_min), assumed))
        for one in found
        if not skill or skill in one.skills
    ]
    context = {
        "title": f"Hours in {month:%B %Y}", "rows": rows, "total": sum(minutes for _, minutes in rows), "names": queries.skill_names(),
        "skill": queries.skill_names().get(skill, skill), "trail": _trail((f"{month:%B %Y}", "")),
    }  # fmt: skip
    return render(request, "staffing/people.html", context)


@require_safe
def repairs(request: HttpRequest) -> HttpResponse:
    """The repairs from which rates are taken."""
    actor, today = _who(request), timezone.localdate()
    facility_id = _facility_id(request, actor)
    assumed = queries.assumed_on(facility_id=facility_id, on=today)
    period = queries.looked_back(today=today, months=round(assumed.corrective_months))
    skill = lists.text_of(request, "skill", max_length=40) if "skill" in request.GET else None
    found = queries.counted_repairs(actor=actor, facility_id=facility_id, period=period, skill=skill).select_related("device", "facility")
    page = keyset_page(found, order=("-closed_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "page": page, "pager": lists.pager(request, page, count=count_of_page(page, found), noun="repairs"), "period": period,
        "skill": queries.skill_names().get(skill or "", skill or "any skill"), "trail": _trail(("Repairs counted", "")),
    }  # fmt: skip
    return render(request, "staffing/repairs.html", context)


@require_safe
def assumptions(request: HttpRequest) -> HttpResponse:
    """Every assumption with its source, and what this hospital says instead."""
    actor, today = _who(request), timezone.localdate()
    facility_id = _facility_id(request, actor)
    context = {
        "held": queries.assumptions_on(facility_id=facility_id, on=today), "tabs": _tabs("staffing:assumptions"), "shipped": shipped(),
        "facility": queries.facilities_of(actor).filter(pk=facility_id).first() if facility_id else None,
    }  # fmt: skip
    return render(request, "staffing/assumptions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def overrule(request: HttpRequest, key: str) -> HttpResponse:
    actor = _who(request)
    known = next((one for one in shipped().assumptions if one.key == key), None)
    if known is None:
        raise Http404

    def save(values: dict[str, Any]) -> str:
        facility = values.pop("facility")
        services.overrule_assumption(actor=actor, key=key, facility_id=facility.pk if facility else None, **values)
        return reverse("staffing:assumptions") + (f"?facility={facility.pk}" if facility else "")

    form = OverruleForm(request.POST or None, initial={"effective_from": timezone.localdate(), "value": known.value}, **_placed(actor))
    context = {
        "title": known.label, "trail": [("Staffing", reverse("staffing:forecast")), ("Assumptions", reverse("staffing:assumptions")), (known.label, "")],
        "back": reverse("staffing:assumptions"), "lead": f"Shipped: {known.value:g} {known.unit} ({known.source}, {known.confidence}). From {known.low:g} to {known.high:g}.",
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    found = StaffingProject.objects.visible_to(actor).select_related("facility")
    page = keyset_page(found, order=("from_on", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "page": page, "pager": lists.pager(request, page, count=count_of_page(page, found), noun="projects"), "names": queries.skill_names(),
        "tabs": _tabs("staffing:project-list"),
    }  # fmt: skip
    return render(request, "staffing/project_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def project_edit(request: HttpRequest, project_id: int | None = None) -> HttpResponse:
    actor = _who(request)
    record: Any = get_object_or_404(StaffingProject.objects.visible_to(actor), pk=project_id) if project_id else None

    def save(values: dict[str, Any]) -> str:
        facility, skill = values.pop("facility"), values.pop("skill")
        services.save_project(
            actor=actor, project_id=project_id, facility_id=facility.pk if facility else None, skill=skill.code if skill else "", **values
        )
        return reverse("staffing:project-list")

    names = ("name", "hours", "from_on", "until_on", "note", "active", "skill")
    initial = {name: getattr(record, name) for name in names} | {"facility": record.facility_id} if record else None
    title = record.name if record else "Add project"
    form = ProjectForm(request.POST or None, initial=initial, **_placed(actor))
    context = {
        "title": title, "back": reverse("staffing:project-list"),
        "trail": [("Staffing", reverse("staffing:forecast")), ("Projects", reverse("staffing:project-list")), (title, "")],
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def scenario_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    found = _scenarios(actor)
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "page": page, "pager": lists.pager(request, page, count=count_of_page(page, found), noun="scenarios"),
        "tabs": _tabs("staffing:scenario-list"),
    }  # fmt: skip
    return render(request, "staffing/scenario_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def scenario_add(request: HttpRequest) -> HttpResponse:
    actor = _who(request)

    def save(values: dict[str, Any]) -> str:
        facility = values["facility"]
        made = services.add_scenario(actor=actor, name=values["name"], facility_id=facility.pk if facility else None)
        return reverse("staffing:scenario", args=[made.uid])

    form = ScenarioForm(request.POST or None, **_placed(actor))
    context = {
        "title": "Add scenario", "back": reverse("staffing:scenario-list"),
        "trail": [("Staffing", reverse("staffing:forecast")), ("What if", reverse("staffing:scenario-list")), ("Add", "")],
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def scenario(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """A scenario's changes, and one more to add."""
    actor = _who(request)
    record: Any = get_object_or_404(Scenario.objects.visible_to(actor).filter(active=True).select_related("facility"), uid=uid)

    def save(values: dict[str, Any]) -> str:
        skill, staff = values.pop("skill"), values.pop("staff")
        services.add_change(
            actor=actor, uid=uid, kind=values["kind"], from_on=values["from_on"], amount=values["amount"] or 0,
            skill=skill.code if skill else "", staff_id=staff.pk if staff else None,
        )  # fmt: skip
        return reverse("staffing:scenario", args=[uid])

    here = StaffMember.objects.visible_to(actor).here_on(timezone.localdate()).order_by("full_name", "pk")
    form = ChangeForm(request.POST or None, initial={"from_on": add_months(month_start(timezone.localdate()), 1)}, people=here)
    place = f"&facility={record.facility_id}" if record.facility_id else ""
    context = {
        "scenario": record, "changes": record.changes.select_related("staff").order_by("from_on", "pk"), "names": queries.skill_names(),
        "trail": [("Staffing", reverse("staffing:forecast")), ("What if", reverse("staffing:scenario-list")), (record.name, "")],
        "compare_url": f"{reverse('staffing:forecast')}?scenario={record.uid}{place}",
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template="staffing/scenario.html", context=context)


@require_POST
def change_remove(request: HttpRequest, uid: uuid.UUID, change_id: int) -> HttpResponse:
    services.remove_change(actor=_who(request), uid=uid, change_id=change_id)
    return HttpResponseRedirect(reverse("staffing:scenario", args=[uid]))


@require_POST
def scenario_end(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    services.end_scenario(actor=_who(request), uid=uid)
    return HttpResponseRedirect(reverse("staffing:scenario-list"))


def _month(text: str, today: date) -> date:
    """The month asked for, within the months that can be looked ahead or back; else Http404."""
    try:
        month = date.fromisoformat(f"{text}-01") if text else month_start(today)
    except ValueError:
        raise Http404 from None
    if abs((month - today).days) > queries.LONGEST * 31:
        raise Http404
    return month


def _trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Staffing", reverse("staffing:forecast")), *steps]


urlpatterns = [
    path("staffing", forecast, name="forecast"),
    path("staffing/people", people, name="people"),
    path("staffing/repairs", repairs, name="repairs"),
    path("staffing/assumptions", assumptions, name="assumptions"),
    path("staffing/assumptions/<slug:key>", overrule, name="overrule"),
    path("staffing/projects", project_list, name="project-list"),
    path("staffing/projects/add", project_edit, name="project-add"),
    path("staffing/projects/<int:project_id>", project_edit, name="project-edit"),
    path("staffing/scenarios", scenario_list, name="scenario-list"),
    path("staffing/scenarios/add", scenario_add, name="scenario-add"),
    path("staffing/scenarios/<uuid:uid>", scenario, name="scenario"),
    path("staffing/scenarios/<uuid:uid>/end", scenario_end, name="scenario-end"),
    path("staffing/scenarios/<uuid:uid>/changes/<int:change_id>/remove", change_remove, name="change-remove"),
]
