"""Forms of visits, of the programme and of the policies around it. Field names are those of the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.catalog.models import DeviceType
from openhtm.maintenance.models import WindowProfile
from openhtm.maintenance.models.programme import CYCLES, UNITS, ProgrammeSource
from openhtm.maintenance.rules.outcomes import OUTCOMES, RECORDABLE
from openhtm.maintenance.services.exclusions import CODES
from openhtm.maintenance.services.policies import POLICY_FIELDS
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility
from openhtm.ui.rules.formats import MONTHS
from openhtm.workforce.models import Skill

OFFERED = [(code, OUTCOMES.by_code[code].label) for code in RECORDABLE if code not in ("cancelled", "removed")]
STEPS_MORE = 2
"""Empty lines offered below the steps of a window profile."""


def lines_field(label: str, *, rows: int = 2, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=options.pop("max_length", 400), widget=forms.Textarea(attrs={"rows": rows}), **options)


class AttemptForm(forms.Form):
    outcome = forms.ChoiceField(choices=OFFERED, label="How did it end?")
    attempted_at = forms.DateTimeField(
        required=False, label="When", help_text="Empty: now.", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    meter_value = forms.FloatField(required=False, min_value=0, label="The meter shows")
    note = lines_field("Note", required=False, max_length=1000)


class MissingForm(forms.Form):
    reason = lines_field("Where was it searched for, and why is it believed missing?")
    confirm = forms.BooleanField(label="I sign that this device cannot be found.")


class ReasonForm(forms.Form):
    reason = lines_field("Reason")


class ExcludeForm(forms.Form):
    code = forms.ChoiceField(choices=list(CODES.items()), label="Why is it not counted?")
    reason = lines_field("Reason")


class DecideForm(forms.Form):
    confirmed = forms.TypedChoiceField(
        choices=[("yes", "Confirm: leave it out of the count"), ("no", "Refuse: it counts")],
        coerce=lambda value: value == "yes",
        label="Decision",
    )
    note = lines_field("Note", required=False)


class LineForm(forms.Form):
    """A line of the programme. What it is about (type, model or device) is fixed by the page or chosen here."""

    procedure = forms.ModelChoiceField(Procedure.objects.filter(active=True))
    device_type = forms.ModelChoiceField(DeviceType.objects.all(), required=False)
    facility = forms.ModelChoiceField(Facility.objects.none(), required=False, help_text="Empty: everywhere.")
    needed = forms.BooleanField(required=False, initial=True, label="It is due here")
    cycle = forms.ChoiceField(choices=CYCLES, initial="fixed", label="Counted")
    every_n = forms.IntegerField(min_value=1, max_value=1200, initial=12, label="Every")
    every_unit = forms.ChoiceField(choices=UNITS, initial="month", label="Unit")
    meter = forms.SlugField(required=False, max_length=40, help_text="Such as operating_hours.")
    meter_every = forms.FloatField(required=False, min_value=0.001, label="How much of the meter")
    window_profile = forms.ModelChoiceField(WindowProfile.objects.filter(active=True), required=False, help_text="Empty: the default.")
    blackout_months = forms.TypedMultipleChoiceField(
        choices=list(enumerate(MONTHS, start=1)), coerce=int, required=False, label="Months in which it is not done",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    source = forms.ChoiceField(choices=ProgrammeSource.choices, initial="policy")
    source_text = forms.CharField(required=False, max_length=300, label="Document and revision, or decision")
    reason = lines_field("Reason", required=False, help_text="Needed where it differs from the type, or is not due.")

    FIELDS = ("needed", "cycle", "every_n", "every_unit", "meter", "meter_every", "blackout_months", "source", "source_text", "reason")

    def __init__(self, *args: Any, facilities: Any, fixed: bool = False, **more: Any) -> None:
        """``fixed``: type and facility stand already, as for one device or one type."""
        super().__init__(*args, **more)
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]  # a choice of records
        if fixed:
            del self.fields["device_type"], self.fields["facility"]

    def values(self) -> dict[str, Any]:
        """Return the fields of a plan line."""
        profile = self.cleaned_data["window_profile"]
        return {name: self.cleaned_data[name] for name in self.FIELDS} | {"window_profile_id": profile.pk if profile else None}


class DecisionForm(forms.Form):
    reason = lines_field("Why is no maintenance needed?")


class ReadingForm(forms.Form):
    meter = forms.ChoiceField()
    value = forms.FloatField(min_value=0, label="The meter shows")
    read_on = forms.DateField(required=False, label="Read on", help_text="Empty: today.", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, meters: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["meter"].choices = [(meter, meter.replace("_", " ")) for meter in meters]  # type: ignore[attr-defined]


class MissPolicyForm(forms.Form):
    search_after_days = forms.IntegerField(min_value=0, max_value=1000, label="Search again after (days)")
    escalate_after_attempts = forms.IntegerField(min_value=1, max_value=1000, label="Escalate after (searches in vain)")
    in_use_retry_days = forms.IntegerField(min_value=0, max_value=1000, label="Come back to a device in use within (days)")
    missing_after_misses = forms.IntegerField(min_value=1, max_value=1000, label="Propose missing after (missed visits in a row)")
    missing_after_months = forms.IntegerField(min_value=1, max_value=1000, label="Propose missing after (months unseen)")
    high_risk_steps_earlier = forms.IntegerField(min_value=0, max_value=1000, label="High-risk devices: steps earlier")
    reason = lines_field("Why it changes", help_text="Shown with the policy for as long as it is kept.")

    NAMES = POLICY_FIELDS


class WindowForm(forms.Form):
    name = forms.CharField(max_length=120)
    description = lines_field("Description", required=False)
    is_default = forms.BooleanField(required=False, label="Used where a line names no other")


class WindowStepForm(forms.Form):
    """One step: what holds from so many days of interval on."""

    from_interval_days = forms.IntegerField(min_value=0, max_value=10_000, label="Interval from (days)")
    before_n = forms.IntegerField(min_value=0, max_value=1000, initial=0, label="Opens before")
    before_unit = forms.ChoiceField(choices=UNITS, label="Unit before")
    after_n = forms.IntegerField(min_value=0, max_value=1000, initial=0, label="On time after")
    after_unit = forms.ChoiceField(choices=UNITS, label="Unit after")
    snap_to_month = forms.BooleanField(required=False, label="Whole months")
    grace_days = forms.IntegerField(min_value=0, max_value=1000, initial=0, label="Grace (days)")
    use_required_attribute = False


WindowSteps = forms.formset_factory(WindowStepForm, extra=STEPS_MORE, max_num=12, validate_max=True)


class LevellingForm(forms.Form):
    """What a levelling proposal looks at."""

    facility = forms.ModelChoiceField(Facility.objects.none(), empty_label=None)
    departments = forms.ModelMultipleChoiceField(
        Department.objects.none(),
        required=False,
        help_text="None chosen: the whole facility.",
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    skill = forms.ModelChoiceField(Skill.objects.filter(active=True), required=False, to_field_name="code", empty_label="All skills")
    leave_high_risk = forms.BooleanField(required=False, initial=True, label="Leave high-risk devices where they are")
    title = forms.CharField(required=False, max_length=120, help_text="Such as: Level 2027.")

    def __init__(self, *args: Any, facilities: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {name: self.fields[name] for name in ("facility", "departments")}
        choices["facility"].queryset = facilities
        choices["departments"].queryset = Department.objects.filter(facility__in=facilities).order_by("facility__name", "name")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        facility = values.get("facility")
        if facility and any(one.facility_id != facility.pk for one in values.get("departments", ())):
            self.add_error("departments", "Choose departments of that facility.")
        return values
