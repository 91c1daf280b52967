"""Pages of coverage: all units, one unit, the people behind a number, and roll-outs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.catalog.models import DeviceType
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department, Facility
from openhtm.training.forms import PlacesForm
from openhtm.training.models import TrainingPolicy, UnitPlace
from openhtm.training.queries import coverage as queries
from openhtm.training.queries import sessions
from openhtm.training.queries.coverage import Cell, UnitCoverage
from openhtm.training.rules.coverage import STATE_TONES, STATE_WORDS, State
from openhtm.training.rules.shipped import limits
from openhtm.training.services.clinicians import set_unit_places
from openhtm.training.services.reminders import ROLL_OUTS_SINCE
from openhtm.training.views.common import tabs, who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

ROWS = 200
Number = tuple[int, str, str]
"""An amount, its tone and the address of its rows."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Units of a facility: how many people should be trained, and how many are."""
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    facilities = list(Facility.objects.visible_to(actor).filter(active=True).order_by("name"))
    chosen = lists.text_of(request, "facility", max_length=20).upper()
    facility = next((one for one in facilities if one.code.upper() == chosen), facilities[0] if facilities else None)
    day = _day(request)
    units = queries.coverage(queries.units(actor, facility=facility.code), on=day) if facility else []
    listed = [unit for unit in units if unit.people or unit.cells]
    about = {"facility": facility.code} if facility else {}
    rows = [(unit, _numbers(unit, day), _bar(unit)) for unit in sorted(listed, key=_worst_first)]
    context = {
        "rows": rows,
        "facilities": facilities,
        "facility": facility,
        "day": day,
        "today": timezone.localdate(),
        "totals": [
            (sum(unit.count(state) for unit in listed), STATE_WORDS[state], STATE_TONES[state], _behind(day, state=state, **about))
            for state in State
        ],
        "people_url": f"{reverse('training:person-list')}?{urlencode(about)}",
        "without_people": [unit.department for unit in units if unit.cells and not unit.people],
        "tabs": tabs(request, "training:home"),
        "may_manage": actor.may(Permission.MANAGE_TRAINING),
    }
    return render(request, "training/home.html", context)


@require_safe
def unit(request: HttpRequest, department_id: int) -> HttpResponse:
    """One unit: each device type it uses, with its numbers and why it is asked for."""
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    department = _unit(actor, department_id)
    day = _day(request)
    [found] = queries.coverage([department], on=day)
    policies = TrainingPolicy.objects.in_bulk({line for cell in found.cells for line in cell.lines})
    recent = queries.roll_outs([department], on=day, since=day - ROLL_OUTS_SINCE)
    held = sessions.sessions(actor).filter(department=department)[:6]
    context = {
        "unit": department,
        "unit_key": str(department.pk),
        "found": found,
        "rows": [(cell, _cell_numbers(cell, day), _parts(cell.counts), [policies[line] for line in cell.lines]) for cell in found.cells],
        "totals": [
            (found.count(state), STATE_WORDS[state], STATE_TONES[state], _behind(day, unit=department.pk, state=state)) for state in State
        ],
        "roll_outs": recent,
        "sessions": held,
        "places": [place.location for place in UnitPlace.objects.filter(department=department).select_related("location")],
        "day": day,
        "today": timezone.localdate(),
        "soon": limits().due_soon_days,
        "trail": [
            ("Training", reverse("training:home")),
            (department.facility.name, f"{reverse('training:home')}?facility={department.facility.code}"),
        ],
        "may_manage": actor.may(Permission.MANAGE_TRAINING, at=department.facility_id),
    }
    return render(request, "training/unit.html", context)


@require_safe
def behind(request: HttpRequest) -> HttpResponse:
    """The people behind a number of coverage: by unit or facility, type and state."""
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    day = _day(request)
    unit_key, code = lists.text_of(request, "unit", max_length=18), lists.text_of(request, "facility", max_length=20)
    wanted = State(request.GET["state"]) if request.GET.get("state") in set(State) else None
    kind = DeviceType.objects.filter(code=lists.text_of(request, "type", max_length=80)).first() if request.GET.get("type") else None
    one = _unit(actor, int(unit_key)) if unit_key.isascii() and unit_key.isdecimal() else None
    units = [one] if one else queries.units(actor, facility=code)
    found = queries.people_behind(units, on=day, type_id=kind.pk if kind else None, wanted=wanted)
    start = _start(request, len(found))
    shown = found[start : start + ROWS]
    names = DeviceType.objects.in_bulk({row.type_id for row in shown})
    by_key = {department.pk: department for department in units}
    context = {
        "rows": [(row, by_key[row.person.department_id], names[row.type_id], STATE_TONES[row.state], STATE_WORDS[row.state]) for row in shown],
        "total": len(found),
        "chips": lists.chips(
            request,
            [
                ("unit", "of", one.name if one else ""), ("facility", "at", code if not one else ""), ("type", "on", kind.name if kind else ""),
                ("state", "who are", STATE_WORDS[wanted].lower() if wanted else ""), ("on", "on", f"{day:%d %b %Y}" if request.GET.get("on") else ""),
            ],
        ),
        "previous_url": lists.with_query(request, start=str(start - ROWS) if start > ROWS else None) if start else "",
        "next_url": lists.with_query(request, start=str(start + ROWS)) if start + ROWS < len(found) else "",
        "shown": f"{start + 1 if shown else 0:,} to {start + len(shown):,} of {len(found):,}",
        "trail": [("Training", reverse("training:home"))],
    }  # fmt: skip
    return render(request, "training/behind.html", context)


@require_safe
def roll_outs(request: HttpRequest) -> HttpResponse:
    """New models in a unit, and who is not trained on them yet."""
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    day, everything = _day(request), request.GET.get("show") == "all"
    found = queries.roll_outs(queries.units(actor), on=day, since=day - ROLL_OUTS_SINCE, everything=everything)
    context = {
        "rows": [
            (row, _state_of(row, day), _behind(day, unit=row.department.pk, type=row.model.device_type.code))
            for row in found[:ROWS]
            if row.model.device_type
        ],
        "total": len(found),
        "shown_all": everything,
        "tabs": tabs(request, "training:roll-outs"),
        "may_manage": actor.may(Permission.MANAGE_TRAINING),
    }
    return render(request, "training/roll_outs.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_places(request: HttpRequest, department_id: int) -> HttpResponse:
    """Say in which places a unit works."""
    actor = who(request)
    department = _unit(actor, department_id)
    require(actor, Permission.MANAGE_TRAINING, at=department.facility_id, place=department.facility.name)
    there = UnitPlace.objects.filter(department=department).select_related("location").order_by("location__full_name")
    back = reverse("training:unit", args=[department.pk])

    def save(values: dict[str, Any]) -> str:
        count = set_unit_places(actor=actor, department_id=department.pk, public_codes=values["places"].split())
        messages.success(request, f"{department.name} works in {count} place{'' if count == 1 else 's'}.")
        return back

    initial = {"places": "\n".join(place.location.public_code for place in there)}
    context = {
        "title": "Places of the unit", "trail": [("Training", reverse("training:home")), (department.name, back)], "back": back,
        "lead": "Devices that stand there are used by the people of the unit, whoever owns them.",
        "listed": [f"{place.location.public_code} {place.location.full_name}" for place in there],
    }  # fmt: skip
    return edit_page(
        request, form=PlacesForm(request.POST or None, initial=initial), save=save, template="training/form.html", context=context
    )


def _unit(actor: Actor, department_id: int) -> Department:
    """A unit whose training the actor sees: whole facilities, or their own department."""
    reach = actor.reach()
    found = Department.objects.select_related("facility")
    if not reach.everywhere:
        found = found.filter(facility_id__in=reach.facility_ids) | found.filter(pk__in=reach.department_ids)
    return get_object_or_404(found, pk=department_id)


def _day(request: HttpRequest) -> date:
    """The day asked for, up to a year ahead; today if none or a wrong one is given."""
    today = timezone.localdate()
    try:
        day = parse_date(request.GET.get("on", "")[:10])
    except ValueError:
        return today
    return day if day and date(2000, 1, 1) <= day <= today + timedelta(days=366) else today


def _start(request: HttpRequest, total: int) -> int:
    text = request.GET.get("start", "")
    start = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    return min(start, max(total - 1, 0)) // ROWS * ROWS


def _worst_first(unit: UnitCoverage) -> tuple[float, str]:
    return (unit.share if unit.share is not None else 2.0, unit.department.name)


def _behind(day: date, **about: object) -> str:
    asked = {name: str(value) for name, value in about.items()} | ({"on": day.isoformat()} if day != timezone.localdate() else {})
    return f"{reverse('training:behind')}?{urlencode(asked)}"


def _numbers(unit: UnitCoverage, day: date) -> list[Number]:
    key = unit.department.pk
    return [(unit.should, "", _behind(day, unit=key))] + [
        (unit.count(state), STATE_TONES[state], _behind(day, unit=key, state=state.value)) for state in State
    ]


def _cell_numbers(cell: Cell, day: date) -> list[Number]:
    about = {"unit": cell.department.pk, "type": cell.type_code}
    return [(cell.should, "", _behind(day, **about))] + [
        (amount, STATE_TONES[state], _behind(day, **about, state=state.value)) for state, amount in cell.counts
    ]


def _bar(unit: UnitCoverage) -> list[tuple[str, int, str]]:
    return _parts([(state, unit.count(state)) for state in State])


def _parts(counts: Sequence[tuple[State, int]]) -> list[tuple[str, int, str]]:
    return [(STATE_TONES[state], amount, STATE_WORDS[state].lower()) for state, amount in counts]


def _state_of(row: queries.RollOut, day: date) -> tuple[str, str]:
    if not row.missing:
        return "ok", "Trained"
    if row.late:
        return "late", "Late" if row.due_by is None else f"Late {(day - row.due_by).days} days"
    return "due", f"{(row.due_by - day).days} days left" if row.due_by else "Due"


urlpatterns = [
    path("training", home, name="home"),
    path("training/units/<key:department_id>", unit, name="unit"),
    path("training/units/<key:department_id>/places", unit_places, name="unit-places"),
    path("training/behind", behind, name="behind"),
    path("training/roll-outs", roll_outs, name="roll-outs"),
]
