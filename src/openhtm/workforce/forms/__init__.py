"""Forms of teams and hours. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.sites.models import Facility
from openhtm.workforce.models import Skill, Specialty, StaffMember


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
