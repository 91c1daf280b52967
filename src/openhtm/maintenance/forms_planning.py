"""Forms of planning: what is looked at, and what is to be changed. Choices depend on the facility, which is chosen first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from openhtm.identity.models import User
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility, Location
from openhtm.ui.rules.formats import MONTHS
from openhtm.workforce.models import Skill, Team
from openhtm.workorders.services.assignees import WORKING_ROLES

BY = [
    ("", "Month by month"), ("skill", "By skill"), ("place", "By place"), ("department", "By department"), ("procedure", "By procedure"),
    ("person", "By person"), ("team", "By team"),
]  # fmt: skip


def people_at(facility_id: int | None) -> QuerySet[User]:
    """Those who may get work at a facility (None: anywhere), by name."""
    now = timezone.now()
    roles = Q(role_assignments__role__in=WORKING_ROLES, role_assignments__valid_from__lte=now)
    roles &= Q(role_assignments__valid_until=None) | Q(role_assignments__valid_until__gt=now)
    if facility_id:
        roles &= Q(role_assignments__facility_id=facility_id) | Q(role_assignments__facility=None)
    return User.objects.filter(roles, is_active=True).distinct().order_by("full_name", "pk")


def teams_at(facility_id: int | None) -> QuerySet[Team]:
    found = Team.objects.filter(active=True)
    return found.filter(Q(facility_id=facility_id) | Q(facility=None)) if facility_id else found


class WorkloadForm(forms.Form):
    """What part of the work is looked at."""

    facility = forms.ModelChoiceField(Facility.objects.none(), required=False, empty_label="All facilities")
    department = forms.ModelChoiceField(Department.objects.none(), required=False, empty_label="All departments")
    place = forms.ModelChoiceField(Location.objects.none(), required=False, empty_label="All places")
    skill = forms.ModelChoiceField(Skill.objects.filter(active=True), required=False, to_field_name="code", empty_label="All skills")

    def __init__(self, *args: Any, facilities: QuerySet[Facility], everywhere: bool, facility_id: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {name: self.fields[name] for name in ("facility", "department", "place")}
        choices["facility"].queryset = facilities
        if not everywhere:
            choices["facility"].empty_label = None
        choices["department"].queryset = Department.objects.filter(facility_id=facility_id or 0)
        choices["place"].queryset = Location.objects.filter(Q(parent=None) | Q(parent__parent=None), facility_id=facility_id or 0)


class PlanningForm(WorkloadForm):
    """The planning page: also how many months, and by what they are taken apart."""

    months = forms.TypedChoiceField(choices=[(12, "12 months"), (24, "24 months")], coerce=int, required=False)
    by = forms.ChoiceField(choices=BY, required=False, label="Taken apart")


class CalendarForm(WorkloadForm):
    """The calendar: also by procedure, person and team."""

    procedure = forms.ModelChoiceField(
        Procedure.objects.filter(active=True), required=False, to_field_name="code", empty_label="All procedures"
    )
    person = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Everybody")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="All teams")

    def __init__(self, *args: Any, facility_id: int | None, **kwargs: Any) -> None:
        super().__init__(*args, facility_id=facility_id, **kwargs)
        choices: dict[str, Any] = {name: self.fields[name] for name in ("person", "team")}
        choices["person"].queryset, choices["team"].queryset = people_at(facility_id), teams_at(facility_id)


class BatchForm(WorkloadForm):
    """Batches: also how near visits must stand."""

    near = forms.ChoiceField(
        choices=[("room", "In one room"), ("area", "In one area"), ("floor", "On one floor")], required=False, label="How near"
    )


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


class WhoForm(forms.Form):
    """Who gets the work."""

    person = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody in particular")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="No team")

    def __init__(self, *args: Any, facility_id: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {name: self.fields[name] for name in ("person", "team")}
        choices["person"].queryset, choices["team"].queryset = people_at(facility_id), teams_at(facility_id)


class AcceptBatchForm(WhoForm):
    """A batch: its day and who does it."""

    planned_on = day_field("Day")
    field_order = ["planned_on", "person", "team"]


class ReplanForm(WhoForm):
    """What happens to the chosen visits."""

    mode = forms.ChoiceField(
        choices=[("spread", "Spread over the working days"), ("shift", "Move by a number of days"), ("keep", "Leave the days")],
        label="Days",
    )
    first_on = day_field("From", required=False)
    last_on = day_field("To", required=False, help_text="Empty: one day.")
    shift_days = forms.IntegerField(
        required=False,
        min_value=-366,
        max_value=366,
        label="By days",
        help_text="Less than 0: earlier. Counted from the planned or the due day.",
    )
    change_people = forms.BooleanField(required=False, label="Give them to the person and team below")
    beyond_hours = forms.BooleanField(required=False, label="A day may hold more than the hours people have")
    into_grace = forms.BooleanField(required=False, label="Visits may leave their window as long as grace lasts")
    title = forms.CharField(required=False, max_length=120, help_text="Such as: Week 12, while Ann is away.")
    field_order = ["mode", "first_on", "last_on", "shift_days", "change_people", "person", "team", "beyond_hours", "into_grace", "title"]

    def wish(self) -> dict[str, Any]:
        """Return what the service takes."""
        data = self.cleaned_data
        people = {"user_id": data["person"].pk if data["person"] else None, "team_id": data["team"].pk if data["team"] else None}
        return {
            "mode": data["mode"], "first_on": data["first_on"], "last_on": data["last_on"], "shift_days": data["shift_days"] or 0,
            "keep_person": not data["change_people"], "beyond_hours": data["beyond_hours"], "into_grace": data["into_grace"],
            **(people if data["change_people"] else {}),
        }  # fmt: skip


class BaseMonthForm(forms.Form):
    month = forms.TypedChoiceField(choices=list(enumerate(MONTHS, start=1)), coerce=int, label="Base month")


class ChooseForm(CalendarForm):
    """Which visits are planned anew. ``person`` and ``team``: whose they are now."""

    due_from, due_to = day_field("Due from", required=False), day_field("Due to", required=False)
    planned_from, planned_to = day_field("Planned from", required=False), day_field("Planned to", required=False)
    unplanned = forms.BooleanField(required=False, label="Without a planned day")
    RANGES = ("due_from", "due_to", "planned_from", "planned_to")

    def ranges(self) -> dict[str, Any]:
        """Return the filters beside the scope; one that cannot be read counts as not made."""
        data, person, team = self.cleaned_data, self.cleaned_data.get("person"), self.cleaned_data.get("team")
        people = {"user_id": person.pk if person else None, "team_id": team.pk if team else None}
        return {name: data.get(name) for name in self.RANGES} | people | {"unplanned": bool(data.get("unplanned"))}
