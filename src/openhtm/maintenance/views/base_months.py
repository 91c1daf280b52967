"""Base months of departments: shown, and changed by a proposal that says what moves."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms_planning import BaseMonthForm
from openhtm.maintenance.queries.base_months import departments_with_months
from openhtm.maintenance.services.base_months import propose_base_month
from openhtm.maintenance.views.planning import facility_of, places_to_plan, planning_tabs
from openhtm.maintenance.views.visits import who
from openhtm.sites.models import Department
from openhtm.ui.editing import edit_page


@require_safe
def base_months(request: HttpRequest) -> HttpResponse:
    """Every department of a facility with its base month and how much joins it."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    facilities = places_to_plan(actor)
    facility_id = facility_of(facilities, request.GET.get("facility"), everywhere=False)
    context = {
        "tabs": planning_tabs("base-months"),
        "facilities": facilities,
        "facility_id": facility_id,
        "rows": departments_with_months(actor=actor, facility_id=facility_id or 0),
    }
    return render(request, "maintenance/base_months.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def base_month(request: HttpRequest, department_id: int) -> HttpResponse:
    """Choose a month; the proposal shows what moves before anything is changed."""
    actor = who(request)
    require(actor, Permission.PLAN_MAINTENANCE)
    department = get_object_or_404(Department.objects.visible_to(actor).select_related("facility"), pk=department_id)
    require(actor, Permission.PLAN_MAINTENANCE, at=department.facility_id, place=department.facility.name)
    back = f"{reverse('maintenance:base-months')}?facility={department.facility_id}"

    def save(values: dict[str, Any]) -> str:
        made = propose_base_month(actor=actor, department_id=department.pk, month=values["month"])
        return reverse("maintenance:levelling", args=[made.uid])

    stored = getattr(department, "base_month", None)
    context = {
        "title": f"Base month of {department.name}",
        "detail": "The month in which the yearly round of this department falls; other intervals count from it.",
        "lead": "New devices of the department start in step with it. What is scheduled already moves by at most one interval after it was last "
        "done: the next page shows what moves, and nothing is changed before you accept it.",
        "button": "Preview",
        "back": back,
        "trail": [("Base months", back), (department.name, "")],
    }
    form = BaseMonthForm(request.POST or None, initial={"month": stored.month} if stored else None)
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


urlpatterns = [
    path("planning/base-months", base_months, name="base-months"),
    path("planning/base-months/<int:department_id>", base_month, name="base-month"),
]
