"""Pages of teams and of the hours people have."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.sites.queries import organisation
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page
from openhtm.workforce import queries
from openhtm.workforce.forms import HoursForm, MembersForm, TeamForm
from openhtm.workforce.models import StaffMember, Team
from openhtm.workforce.services import teams as services
from openhtm.workforce.services.access import may_see_pay

FORM = "workforce/form.html"
TABS = (
    ("Teams", "workforce:team-list"), ("Hours", "workforce:hours-list"), ("Absences", "workforce:absence-list"),
    ("Shifts", "workforce:shift-list"), ("Holidays", "workforce:calendar-list"),
)  # fmt: skip


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def tabs(current: str) -> list[parts.Tab]:
    return [parts.Tab(label=label, url=reverse(route), current=route == current) for label, route in TABS]


@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    found = queries.teams(actor)
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "page": page,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="teams"),
        "tabs": tabs("workforce:team-list"),
        "may_edit": actor.may(Permission.MANAGE_TEAMS),
    }
    return render(request, "workforce/team_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def team_add(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    require(actor, Permission.MANAGE_TEAMS)

    def save(values: dict) -> str:
        return _address(_added(actor, values))

    form = TeamForm(request.POST or None, facilities=Facility.objects.visible_to(actor).filter(active=True))
    context = {"title": "Add team", "trail": _trail(("Add team", "")), "back": reverse("workforce:team-list")}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, team_id: int) -> HttpResponse:
    """A team and its people; who may not change it sees it all the same."""
    actor = _who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    record = get_object_or_404(Team.objects.visible_to(actor).select_related("facility"), pk=team_id)
    if request.method == "POST" or actor.may(Permission.MANAGE_TEAMS, at=record.facility_id):
        require(actor, Permission.MANAGE_TEAMS, at=record.facility_id)
        return _change(request, actor, record)
    people = StaffMember.objects.filter(team_memberships__team=record).order_by("full_name")
    return render(request, "workforce/team.html", {"team": record, "people": people, "trail": _trail((record.name, ""))})


def _change(request: HttpRequest, actor: Actor, record: Team) -> HttpResponse:
    people = _people(actor)
    initial = {"name": record.name, "specialty": record.specialty, "members": list(record.members.values_list("staff_id", flat=True))}

    def save(values: dict) -> str:
        services.update_team(actor=actor, team_id=record.pk, name=values["name"], specialty=values["specialty"])
        services.set_members(actor=actor, team_id=record.pk, staff_ids=[one.pk for one in values["members"]])
        return reverse("workforce:team-list")

    context = {"title": record.name, "trail": _trail((record.name, "")), "back": reverse("workforce:team-list")}
    form = MembersForm(request.POST or None, initial=initial, people=people)
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_safe
def hours_list(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    found = queries.hours_in_force(on=timezone.localdate(), actor=actor)
    page = keyset_page(found, order=("staff_id", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    lines = [(line, f"{line.weekly_min / 60:g} h", may_see_pay(actor, line.staff)) for line in page.rows]
    facts = {
        "lines": lines,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="people"),
        "tabs": tabs("workforce:hours-list"),
        "may_edit": actor.may(Permission.MANAGE_TEAMS),
        "see_pay": any(pay for _line, _hours, pay in lines),
        "currency": ours.currency if (ours := organisation()) else "USD",
    }
    return render(request, "workforce/hours_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def hours_set(request: HttpRequest) -> HttpResponse:
    actor = _who(request)
    require(actor, Permission.MANAGE_TEAMS)

    def save(values: dict) -> str:
        rate, facility, paid = values["loaded_rate"], values["facility"], values["paid_weekly_hours"]
        services.set_hours(
            actor=actor,
            staff_id=values["staff"].pk,
            weekly_min=round(values["weekly_hours"] * 60),
            effective_from=values["effective_from"],
            facility_id=facility.pk if facility else None,
            paid_weekly_min=None if paid is None else round(paid * 60),
            shift_id=values["shift"].pk if values["shift"] else None,
            loaded_rate_cents=None if rate is None else round(rate * 100),
            skills=[skill.code for skill in values["skills"]],
        )
        return reverse("workforce:hours-list")

    people = _people(actor)
    form = HoursForm(
        request.POST or None,
        initial={"effective_from": timezone.localdate(), "staff": request.GET.get("staff")},
        people=people,
        facilities=Facility.objects.visible_to(actor).filter(active=True),
    )
    context = {"title": "Set hours", "trail": _trail(("Set hours", "")), "back": reverse("workforce:hours-list")}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


def _added(actor: Actor, values: dict) -> Team:
    facility = values["facility"]
    return services.add_team(actor=actor, name=values["name"], facility_id=facility.pk if facility else None, specialty=values["specialty"])


def _people(actor: Actor) -> QuerySet[StaffMember]:
    return StaffMember.objects.visible_to(actor).here_on(timezone.localdate()).order_by("full_name", "pk")


def _address(record: Team) -> str:
    return reverse("workforce:team", args=[record.pk])


def _trail(*steps: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Teams", reverse("workforce:team-list")), *steps]


urlpatterns = [
    path("teams", team_list, name="team-list"),
    path("teams/add", team_add, name="team-add"),
    path("teams/hours", hours_list, name="hours-list"),
    path("teams/hours/set", hours_set, name="hours-set"),
    path("teams/<int:team_id>", team, name="team"),
]
