"""Pages of departments."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.sites import queries
from openhtm.sites.forms import ACTIVE_CHOICES, DepartmentForm, NewDepartmentForm
from openhtm.sites.models import Department, Facility
from openhtm.sites.scope import Right, require
from openhtm.sites.services import departments as services
from openhtm.sites.views.common import chosen_active, switch, trail, who
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page

FORM = "sites/form.html"
LIST = "Departments"


@require_safe
def department_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Right.VIEW_SITES)
    q, facility, active = (lists.text_of(request, name) for name in ("q", "facility", "active"))
    found = queries.departments(actor, q=q, facility=facility, active=chosen_active(active))
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "page": page,
        "pager": lists.pager(request, page, count=count_up_to(found), noun="departments"),
        "trail": trail((LIST, "")),
        "chips": lists.chips(request, [("q", "named", q), ("facility", "at", facility), ("active", "active", active)]),
        "facility_choices": Facility.objects.visible_to(actor),
        "chosen": {"q": q, "facility": facility, "active": active},
        "active_choices": ACTIVE_CHOICES,
        "may_edit": actor.may(Right.EDIT_SITES),
    }
    return render(request, "sites/department_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def department_add(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Right.EDIT_SITES)
    facilities = Facility.objects.visible_to(actor).filter(active=True)
    initial = {"facility": facilities.filter(code__iexact=lists.text_of(request, "facility")).first()}

    def save(values: dict) -> str:
        facility = values.pop("facility")
        return _address(services.add_department(actor=actor, facility_id=facility.pk, **values))

    form = NewDepartmentForm(request.POST or None, initial=initial, facilities=facilities)
    context = {"title": "Add department", "trail": _trail(("Add department", "")), "back": reverse("sites:department-list")}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def department(request: HttpRequest, department_id: int) -> HttpResponse:
    actor = who(request)
    require(actor, Right.VIEW_SITES)
    record = _found(request, department_id)
    facts = {
        "department": record,
        "trail": _trail((record.name, "")),
        "facts": _facts(record),
        "may_edit": actor.may(Right.EDIT_SITES, at=record.facility_id),
    }
    return render(request, "sites/department.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def department_edit(request: HttpRequest, department_id: int) -> HttpResponse:
    actor, record = who(request), _found(request, department_id)
    require(actor, Right.EDIT_SITES, at=record.facility_id)
    initial = {name: getattr(record, name) for name in DepartmentForm.base_fields}

    def save(values: dict) -> str:
        return _address(services.update_department(actor=actor, department_id=record.pk, **values))

    context = {"title": f"Change {record.name}", "trail": _trail((record.name, _address(record)), ("Change", "")), "back": _address(record)}
    return edit_page(request, form=DepartmentForm(request.POST or None, initial=initial), save=save, template=FORM, context=context)


@require_POST
def department_active(request: HttpRequest, department_id: int) -> HttpResponse:
    actor, record = who(request), _found(request, department_id)
    return switch(
        request,
        change=lambda active: services.set_department_active(actor=actor, department_id=record.pk, active=active),
        back=_address(record),
    )


def _found(request: HttpRequest, department_id: int) -> Department:
    return get_object_or_404(Department.objects.visible_to(who(request)).select_related("facility"), pk=department_id)


def _address(record: Department) -> str:
    return reverse("sites:department", args=[record.pk])


def _trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return trail((LIST, reverse("sites:department-list")), *steps)


def _facts(record: Department) -> list[parts.Fact]:
    facility_url = reverse("sites:facility", args=[record.facility.code])
    return [
        parts.Fact(label="Facility", value=record.facility.name, url=facility_url),
        parts.Fact(label="Code", value=record.code, mono=True, absent="none"),
        parts.Fact(label="Cost centre", value=record.cost_centre, mono=True),
        parts.Fact(label="Contact", value=record.contact_name),
        parts.Fact(label="Phone", value=record.contact_phone),
        parts.Fact(label="E-mail", value=record.contact_email, url=f"mailto:{record.contact_email}"),
    ]
