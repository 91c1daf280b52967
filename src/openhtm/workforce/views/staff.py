"""Pages of staff: who works here, one person, and keeping their data."""

from __future__ import annotations

import io
import tempfile
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.documents.rules.media import XLSX
from openhtm.exchange.rules.export import write_csv, write_xlsx
from openhtm.identity.actor import Actor, require
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility, ServiceProvider
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page
from openhtm.workforce.forms.people import StaffForm
from openhtm.workforce.models import CareerRole, StaffKind, StaffMember, Team
from openhtm.workforce.queries import people as queries
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.services import people as accounts
from openhtm.workforce.services import staff as services
from openhtm.workforce.services.access import may_read_record, require_at_staff
from openhtm.workforce.views import shown
from openhtm.workforce.views.common import address, person_of, trail, who

COLUMNS = ("name", "kind", "provider", "facility", "job_title", "works_as", "teams", "certifications", "started_on", "leaves_on", "account")


def _filters(request: HttpRequest) -> queries.StaffFilters:
    names = ("q", "kind", "role", "facility", "team", "programme")
    return queries.StaffFilters(**{name: lists.text_of(request, name) for name in names}, state=lists.text_of(request, "state") or "here")


@require_safe
def staff_list(request: HttpRequest) -> HttpResponse:
    """Everybody the actor may see, with teams and certifications. Flat in the number of people."""
    actor, today = who(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    filters = _filters(request)
    found = queries.staff_list(actor, filters, on=today)
    page = keyset_page(found, order=("full_name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "rows": [(row, shown.badges(row.credentials, today)) for row in queries.rows_of(page.rows, on=today)],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="people"),
        "tabs": [
            parts.Tab(label=words, url=lists.with_query(request, state=code), current=filters.state == code)
            for code, words in queries.STATES.items()
        ],
        "chosen": filters,
        "kinds": StaffKind.choices,
        "roles": CareerRole.choices,
        "facilities": Facility.objects.visible_to(actor).filter(active=True).values_list("code", "name"),
        "teams": Team.objects.visible_to(actor).filter(active=True).values_list("pk", "name")[:300],
        "programmes": reference().programmes,
        "may_add": actor.may(Permission.MANAGE_STAFF),
        "query": request.GET.urlencode(),
        "today": today,
    }
    return render(request, "workforce/staff_list.html", facts)


@require_safe
def staff_export(request: HttpRequest) -> HttpResponseBase:
    """Exactly the filtered list, as CSV or XLSX. Raises Invalid."""
    actor, now = who(request), timezone.now()
    require(actor, Permission.VIEW_STAFF)
    kind = request.GET.get("format", "csv")
    if kind not in ("csv", "xlsx"):
        raise Invalid({"format": ["Choose csv or xlsx."]})
    found = list(queries.staff_list(actor, _filters(request), on=timezone.localdate()).select_related("user").order_by("full_name", "pk"))
    rows = [_line(row, actor) for row in queries.rows_of(found, on=timezone.localdate())]
    name = f"staff-{now:%Y-%m-%d}.{kind}"
    if kind == "xlsx":
        target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        about = [("Written", now.strftime("%Y-%m-%d %H:%M %Z")), ("By", actor.name)]
        write_xlsx(target, columns=COLUMNS, rows=rows, sheet="Staff", about=about)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=name, content_type=XLSX.media_type)
    stream = io.StringIO(newline="")
    write_csv(stream, columns=COLUMNS, rows=rows, bom=True)
    answer = HttpResponse(stream.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _line(row: queries.StaffRow, actor: Actor) -> list[Any]:
    """A row of the export. The log-in name is for the person and who may read personal records where they work."""
    staff = row.staff
    held = "; ".join(f"{one.programme} {one.tier}" + (f" until {one.expires_on}" if one.expires_on else "") for one in row.credentials)
    return [
        staff.full_name, staff.get_kind_display(), staff.provider.name if staff.provider else None, staff.facility.code if staff.facility else None,
        staff.job_title, staff.career_role, "; ".join(row.teams), held, staff.started_on, staff.leaves_on,
        staff.user.username if staff.user and may_read_record(actor, staff) else None,
    ]  # fmt: skip


@require_safe
def person(request: HttpRequest, staff_id: int) -> HttpResponse:
    """One person. What is personal is shown to them and to who keeps personal records."""
    record = person_of(request, staff_id)
    return render(request, "workforce/person.html", shown.person_context(request, record, own=False))


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """One's own record; posting starts it where there is none."""
    actor = who(request)
    record = StaffMember.objects.select_related("facility", "provider", "user").filter(user_id=actor.user_id or 0).first()
    if request.method == "POST":
        require(actor, Permission.DO_WORK)
        if record is None and actor.user_id is not None:
            accounts.staff_of_accounts([actor.user_id])
        return redirect("workforce:me")
    if record is None:
        return render(request, "workforce/me_empty.html", {"may_start": actor.may(Permission.DO_WORK)})
    return render(request, "workforce/person.html", shown.person_context(request, record, own=True))


@require_http_methods(["GET", "HEAD", "POST"])
def staff_add(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_STAFF)

    def save(values: dict[str, Any]) -> str:
        return address(services.add_staff(actor=actor, **_values(values)))

    context = {
        "title": "Add person",
        "trail": [("Staff", reverse("workforce:staff-list")), ("Add person", "")],
        "back": reverse("workforce:staff-list"),
    }
    return edit_page(request, form=_form(request), save=save, template="workforce/form.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def staff_edit(request: HttpRequest, staff_id: int) -> HttpResponse:
    actor, record = who(request), person_of(request, staff_id)
    require_at_staff(actor, Permission.MANAGE_STAFF, record)

    def save(values: dict[str, Any]) -> str:
        return address(services.update_staff(actor=actor, staff_id=record.pk, **_values(values)))

    initial = {name.removesuffix("_id"): getattr(record, name) for name in services.FIELDS}
    context = {"title": f"Change {record.full_name}", "trail": trail(request, record, ("Change", "")), "back": address(record)}
    form = _form(request, initial=initial, record=record)
    return edit_page(request, form=form, save=save, template="workforce/form.html", context=context)


def _form(request: HttpRequest, *, initial: dict[str, Any] | None = None, record: StaffMember | None = None) -> StaffForm:
    actor = who(request)
    free = User.objects.visible_to(actor).filter(is_active=True, is_service_account=False, staff__isnull=True)
    own = User.objects.filter(staff=record) if record else User.objects.none()
    known = User.objects.filter(pk__in=free.values("pk")) | User.objects.filter(pk__in=own.values("pk"))
    return StaffForm(
        request.POST or None,
        initial=initial,
        facilities=Facility.objects.visible_to(actor).filter(active=True),
        providers=ServiceProvider.objects.filter(active=True).order_by("name"),
        accounts=known.order_by("full_name"),
    )


def _values(values: dict[str, Any]) -> dict[str, Any]:
    keys = {"provider": "provider_id", "facility": "facility_id", "user": "user_id"}
    return {keys.get(name, name): (value.pk if value else None) if name in keys else value for name, value in values.items()}


urlpatterns = [
    path("staff", staff_list, name="staff-list"),
    path("staff/export", staff_export, name="staff-export"),
    path("staff/add", staff_add, name="staff-add"),
    path("staff/<int:staff_id>", person, name="person"),
    path("staff/<int:staff_id>/edit", staff_edit, name="staff-edit"),
    path("me/qualifications", me, name="me"),
]
