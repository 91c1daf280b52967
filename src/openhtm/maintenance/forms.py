"""Forms of visits and of the programme."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from openhtm.catalog.models import DeviceType
from openhtm.maintenance.models import WindowProfile
from openhtm.maintenance.models.programme import CYCLES, UNITS, ProgrammeSource
from openhtm.maintenance.rules.outcomes import OUTCOMES
from openhtm.maintenance.services.exclusions import CODES
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department, Facility, Location
from openhtm.workforce.models import Skill

OFFERED = [(code, one.label) for code, one in OUTCOMES.by_code.items() if code not in ("covered", "cancelled", "removed")]


class AttemptForm(forms.Form):
    outcome = forms.ChoiceField(choices=OFFERED, label="How did it end?")
    attempted_at = forms.DateTimeField(
        required=False, label="When", help_text="Empty: now.", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    meter_value = forms.FloatField(required=False, min_value=0, label="The meter shows")
    note = forms.CharField(required=False, max_length=1000, label="Note", widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=400, label="Reason")


class ExcludeForm(forms.Form):
    code = forms.ChoiceField(choices=list(CODES.items()), label="Why is it not counted?")
    reason = forms.CharField(max_length=400, label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class DecideForm(forms.Form):
    confirmed = forms.TypedChoiceField(
        choices=[("yes", "Confirm"), ("no", "Refuse")], coerce=lambda value: value == "yes", label="Decision"
    )
    note = forms.CharField(required=False, max_length=400, label="Note")


class LineForm(forms.Form):
    """A line of the programme for a type, or for one device where that is fixed by the page."""

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
    source = forms.ChoiceField(choices=ProgrammeSource.choices, initial="policy")
    source_text = forms.CharField(required=False, max_length=300, label="Document and revision, or decision")
    reason = forms.CharField(required=False, max_length=400, help_text="Needed where it differs from the type, or is not due.")

    def __init__(self, *args: Any, facilities: Any, for_device: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]  # a choice of records
        if for_device:
            del self.fields["device_type"], self.fields["facility"]

    def values(self) -> dict[str, Any]:
        """Return the fields of a plan line."""
        data = self.cleaned_data
        plain = {
            name: data[name]
            for name in ("needed", "cycle", "every_n", "every_unit", "meter", "meter_every", "source", "source_text", "reason")
        }
        profile = data["window_profile"]
        return plain | {"window_profile_id": profile.pk if profile else None}


class WorkloadForm(forms.Form):
    """What part of the work is looked at; choices depend on the facility, which is chosen first."""

    facility = forms.ModelChoiceField(Facility.objects.none(), required=False, empty_label="All facilities")
    department = forms.ModelChoiceField(Department.objects.none(), required=False, empty_label="All departments")
    place = forms.ModelChoiceField(Location.objects.none(), required=False, empty_label="All places")
    skill = forms.ModelChoiceField(Skill.objects.filter(active=True), required=False, to_field_name="code", empty_label="All skills")
    months = forms.TypedChoiceField(choices=[(12, "12 months"), (24, "24 months")], coerce=int, required=False, empty_value=12)

    def __init__(self, *args: Any, facilities: QuerySet[Facility], everywhere: bool, facility_id: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {name: self.fields[name] for name in ("facility", "department", "place")}
        choices["facility"].queryset = facilities
        if not everywhere:
            choices["facility"].empty_label = None
        choices["department"].queryset = Department.objects.filter(facility_id=facility_id)
        choices["place"].queryset = Location.objects.filter(Q(parent=None) | Q(parent__parent=None), facility_id=facility_id)
