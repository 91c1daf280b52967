"""Absences, shifts and holiday calendars."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.editing import edit_page
from openhtm.workforce.forms import WEEKDAYS, AbsenceForm, CalendarForm, ShiftForm
from openhtm.workforce.models import StaffMember
from openhtm.workforce.queries import availability as queries
from openhtm.workforce.rules.availability import shift_min
from openhtm.workforce.services import availability as services
from openhtm.workforce.services.access import may_keep_record, may_read_record
from openhtm.workforce.views.teams import FORM, tabs


def _who(request: HttpRequest, permission: Permission) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, permission)
    return actor


@require_safe
def absence_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request, Permission.VIEW_STAFF)
    found = queries.absences(actor, on_or_after=timezone.localdate())
    page = keyset_page(found, order=("from_on", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    lines = [
        (one, one.get_kind_display() if may_read_record(actor, one.staff) else "", may_keep_record(actor, one.staff)) for one in page.rows
    ]
    facts = {
        "lines": lines, "pager": lists.pager(request, page, count=count_of_page(page, found), noun="absences"),
        "tabs": tabs("workforce:absence-list"),
    }  # fmt: skip
    return render(request, "workforce/absence_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def absence_add(request: HttpRequest) -> HttpResponse:
    """One's own absence, or with the right to manage staff anybody's."""
    actor = _who(request, Permission.VIEW_STAFF)
    people: QuerySet[StaffMember] = StaffMember.objects.visible_to(actor).here_on(timezone.localdate()).order_by("full_name", "pk")
    if not actor.may(Permission.MANAGE_STAFF):
        people = people.filter(user_id=actor.user_id or 0)

    def save(values: dict[str, Any]) -> str:
        services.add_absence(
            actor=actor, staff_id=values["staff"].pk, kind=values["kind"], from_on=values["from_on"], until_on=values["until_on"]
        )
        return reverse("workforce:absence-list")

    own = people.filter(user_id=actor.user_id or 0).values_list("pk", flat=True).first()
    form = AbsenceForm(request.POST or None, initial={"staff": request.GET.get("staff") or own}, people=people)
    return edit_page(request, form=form, save=save, template=FORM, context=_frame("Add absence", "workforce:absence-list", "Absences"))


@require_POST
def absence_cancel(request: HttpRequest, absence_id: int) -> HttpResponse:
    services.cancel_absence(actor=_who(request, Permission.VIEW_STAFF), absence_id=absence_id)
    return HttpResponseRedirect(reverse("workforce:absence-list"))


@require_safe
def shift_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request, Permission.VIEW_STAFF)
    found, names = queries.shifts(actor), dict(WEEKDAYS)
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    lines = [(one, ", ".join(names[day][:2] for day in one.weekdays), _hours(one)) for one in page.rows]
    facts = {
        "lines": lines, "pager": lists.pager(request, page, count=count_of_page(page, found), noun="shifts"), "tabs": tabs("workforce:shift-list"),
        "may_edit": actor.may(Permission.MANAGE_STAFF),
    }  # fmt: skip
    return render(request, "workforce/shift_list.html", facts)


def _hours(one: Any) -> int:
    starts, ends = (60 * at.hour + at.minute for at in (one.starts_at, one.ends_at))
    return len(one.weekdays) * shift_min(starts_minute=starts, ends_minute=ends, break_min=one.break_min)


@require_http_methods(["GET", "HEAD", "POST"])
def shift_add(request: HttpRequest) -> HttpResponse:
    actor = _who(request, Permission.MANAGE_STAFF)

    def save(values: dict[str, Any]) -> str:
        facility = values.pop("facility")
        services.add_shift(actor=actor, facility_id=facility.pk if facility else None, **values)
        return reverse("workforce:shift-list")

    form = ShiftForm(request.POST or None, facilities=Facility.objects.visible_to(actor).filter(active=True))
    return edit_page(request, form=form, save=save, template=FORM, context=_frame("Add shift", "workforce:shift-list", "Shifts"))


@require_safe
def calendar_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request, Permission.VIEW_STAFF)
    found = queries.calendars(actor)
    page = keyset_page(
        found.prefetch_related("days"), order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request)
    )
    today = timezone.localdate()
    lines = [(one, sorted((day.on, day.name) for day in one.days.all() if day.on >= today)) for one in page.rows]
    facts = {
        "lines": [(one, days[:3], len(days)) for one, days in lines], "tabs": tabs("workforce:calendar-list"),
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="calendars"), "may_edit": actor.may(Permission.MANAGE_STAFF),
    }  # fmt: skip
    return render(request, "workforce/calendar_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def calendar_edit(request: HttpRequest, calendar_id: int | None = None) -> HttpResponse:
    actor = _who(request, Permission.MANAGE_STAFF)
    record = get_object_or_404(queries.calendars(actor), pk=calendar_id) if calendar_id else None

    def save(values: dict[str, Any]) -> str:
        facility = values["facility"]
        services.set_calendar(
            actor=actor, calendar_id=calendar_id, name=values["name"], days=values["days"], facility_id=facility.pk if facility else None
        )
        return reverse("workforce:calendar-list")

    initial = None
    if record:
        lines = "\n".join(f"{day.on.isoformat()} {day.name}" for day in record.days.all())
        initial = {"name": record.name, "facility": record.facility_id, "days": lines}
    form = CalendarForm(request.POST or None, initial=initial, facilities=Facility.objects.visible_to(actor).filter(active=True))
    title = record.name if record else "Add calendar"
    return edit_page(request, form=form, save=save, template=FORM, context=_frame(title, "workforce:calendar-list", "Holidays"))


def _frame(title: str, back: str, label: str) -> dict[str, Any]:
    return {
        "title": title,
        "back": reverse(back),
        "trail": [("Teams", reverse("workforce:team-list")), (label, reverse(back)), (title, "")],
    }


urlpatterns = [
    path("teams/absences", absence_list, name="absence-list"),
    path("teams/absences/add", absence_add, name="absence-add"),
    path("teams/absences/<int:absence_id>/cancel", absence_cancel, name="absence-cancel"),
    path("teams/shifts", shift_list, name="shift-list"),
    path("teams/shifts/add", shift_add, name="shift-add"),
    path("teams/holidays", calendar_list, name="calendar-list"),
    path("teams/holidays/add", calendar_edit, name="calendar-add"),
    path("teams/holidays/<int:calendar_id>", calendar_edit, name="calendar-edit"),
]
