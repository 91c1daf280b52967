"""Forms of teams and hours. They check shape only; the services decide."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.sites.models import Facility
from openhtm.workforce.models import AbsenceKind, ShiftPattern, Skill, Specialty, StaffMember


class TeamForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False, empty_label="Works everywhere")
    specialty = forms.ChoiceField(label="Specialty", choices=Specialty.choices)

    def __init__(self, *args: Any, facilities: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]


class MembersForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    specialty = forms.ChoiceField(label="Specialty", choices=Specialty.choices)
    members = forms.ModelMultipleChoiceField(
        label="People", queryset=StaffMember.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, people: QuerySet[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].queryset = people  # type: ignore[attr-defined]


class HoursForm(forms.Form):
    staff = forms.ModelChoiceField(label="Person", queryset=StaffMember.objects.none())
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False, empty_label="Works everywhere")
    weekly_hours = forms.DecimalField(
        label="Hours a week", min_value=0, max_value=168, max_digits=5, decimal_places=2,
        help_text="For work on devices, after meetings, training and leave.",
    )  # fmt: skip
    paid_weekly_hours = forms.DecimalField(
        label="Paid hours a week", min_value=0, max_value=168, max_digits=5, decimal_places=2, required=False,
        help_text="Everything included. With them the staffing forecast counts holidays, absences, training and administration.",
    )  # fmt: skip
    shift = forms.ModelChoiceField(
        label="Shift", queryset=ShiftPattern.objects.filter(active=True), required=False, empty_label="Monday to Friday"
    )
    effective_from = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    loaded_rate = forms.DecimalField(
        label="Cost of an hour",
        min_value=0,
        max_digits=8,
        decimal_places=2,
        required=False,
        help_text="Benefits included. Empty: not known.",
    )
    skills = forms.ModelMultipleChoiceField(
        label="Skills",
        queryset=Skill.objects.filter(active=True),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, people: QuerySet[StaffMember], facilities: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = people  # type: ignore[attr-defined]
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]


WEEKDAYS = [(1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday")]


def _day(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


def _clock(label: str, **options: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(attrs={"type": "time"}), **options)


class AbsenceForm(forms.Form):
    staff = forms.ModelChoiceField(label="Person", queryset=StaffMember.objects.none())
    kind = forms.ChoiceField(
        label="Why", choices=AbsenceKind.choices, help_text="Seen only by the person and by who may read staff records."
    )
    from_on = _day("First day away")
    until_on = _day("First day back")

    def __init__(self, *args: Any, people: QuerySet[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = people  # type: ignore[attr-defined]


class ShiftForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    weekdays = forms.TypedMultipleChoiceField(label="Days", choices=WEEKDAYS, coerce=int, widget=forms.CheckboxSelectMultiple)
    starts_at = _clock("Starts at")
    ends_at = _clock("Ends at", help_text="At or before the start: on the next day.")
    break_min = forms.IntegerField(label="Unpaid break in minutes", min_value=0, max_value=480, initial=30)
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False, empty_label="Everywhere")

    def __init__(self, *args: Any, facilities: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]


class CalendarForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False, empty_label="All facilities")
    days = forms.CharField(
        label="Days",
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="One a line, such as: 2026-12-25 Christmas Day",
        max_length=100_000,
    )

    def __init__(self, *args: Any, facilities: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]

    def clean_days(self) -> list[tuple[date, str]]:
        return read_days(self.cleaned_data["days"])


def read_days(text: str) -> list[tuple[date, str]]:
    """Read ``2026-12-25 Christmas Day`` line by line. Raises ValidationError that names the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        day, _, name = line.strip().partition(" ")
        if not day:
            continue
        try:
            found.append((date.fromisoformat(day), name.strip() or "Holiday"))
        except ValueError:
            raise forms.ValidationError(f"Line {number}: write the day as 2026-12-25, then its name.") from None
    return found
