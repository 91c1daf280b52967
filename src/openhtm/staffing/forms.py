"""Forms of the staffing forecast. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.sites.models import Facility
from openhtm.staffing.models import Scenario
from openhtm.staffing.rules.scenario import CHANGE_LABELS
from openhtm.workforce.models import Skill, StaffMember


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


def skill_field() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        label="Skill", queryset=Skill.objects.filter(active=True), to_field_name="code", required=False, empty_label="Any skill"
    )


class PlacedForm(forms.Form):
    """A form with a facility; who does not hold the right everywhere must choose one."""

    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False, empty_label="All facilities")

    def __init__(self, *args: Any, facilities: QuerySet[Facility], everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        field.queryset = facilities  # type: ignore[attr-defined]
        if not everywhere:
            field.required = True
            field.empty_label = None  # type: ignore[attr-defined]


class ChooseForm(PlacedForm):
    months = forms.TypedChoiceField(
        label="Months", choices=[(6, "6 months"), (12, "12 months"), (18, "18 months"), (24, "24 months")], coerce=int, required=False,
        empty_value="12",
    )  # fmt: skip
    scenario = forms.ModelChoiceField(
        label="What if", queryset=Scenario.objects.none(), to_field_name="uid", required=False, empty_label="Nothing changes"
    )

    def __init__(self, *args: Any, scenarios: QuerySet[Scenario], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scenario"].queryset = scenarios  # type: ignore[attr-defined]


class OverruleForm(PlacedForm):
    value = forms.FloatField(label="Value", required=False, help_text="Empty: the shipped value holds again.")
    effective_from = day_field("From")
    reason = forms.CharField(label="Why another value is right here", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))

    field_order = ["value", "effective_from", "facility", "reason"]


class ProjectForm(PlacedForm):
    name = forms.CharField(label="Name", max_length=120)
    hours = forms.IntegerField(label="Hours", min_value=1, max_value=1_000_000)
    skill = skill_field()
    from_on = day_field("First day")
    until_on = day_field("First day after it")
    note = forms.CharField(label="Note", max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    active = forms.BooleanField(label="Counts in the forecast", required=False, initial=True)

    field_order = ["name", "hours", "skill", "from_on", "until_on", "facility", "note", "active"]


class ScenarioForm(PlacedForm):
    name = forms.CharField(label="Name", max_length=120, help_text="Such as: one imaging engineer more from March.")

    field_order = ["name", "facility"]


class ChangeForm(forms.Form):
    kind = forms.ChoiceField(label="What changes", choices=[(kind.value, label) for kind, label in CHANGE_LABELS.items()])
    from_on = day_field("From")
    amount = forms.FloatField(
        label="How much", required=False, help_text="Paid hours a week of who is hired; percent, such as 10 or -5, of devices or work."
    )
    skill = skill_field()
    staff = forms.ModelChoiceField(label="Who leaves", queryset=StaffMember.objects.none(), required=False, empty_label="Nobody")

    def __init__(self, *args: Any, people: QuerySet[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = people  # type: ignore[attr-defined]
