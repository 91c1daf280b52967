"""Forms of clinical training. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.sites.models import Department, Facility
from openhtm.training.models import Clinician, Course, Decision, SessionKind

DAY = {"type": "date"}


class UnitField(forms.ModelChoiceField):
    """A unit with its facility beside it."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.facility.name}"


class CourseField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.title} ({obj.device_model or obj.device_type})"


class ClinicianField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.full_name}, {obj.department.name}" + (f" ({obj.employee_number})" if obj.employee_number else "")


class SessionForm(forms.Form):
    course = CourseField(Course.objects.none(), label="Course", to_field_name="uid")
    facility = forms.ModelChoiceField(Facility.objects.none(), label="Facility", to_field_name="code")
    department = UnitField(Department.objects.none(), label="Unit", required=False, empty_label="Several units")
    held_at = forms.DateTimeField(
        label="Begins", input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="As the clocks of the facility show it.",
    )  # fmt: skip
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=1440, required=False, help_text="Empty: as the course says.")
    kind = forms.ChoiceField(label="Why", choices=SessionKind.choices)
    trainer_name = forms.CharField(label="Trainer", max_length=120)
    place = forms.CharField(label="Where", max_length=120, required=False, help_text="Such as Skills room 2.")
    note = forms.CharField(label="Note", max_length=400, required=False)

    def __init__(
        self, *args: Any, courses: QuerySet[Course], facilities: QuerySet[Facility], departments: QuerySet[Department], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = courses  # type: ignore[attr-defined]
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]
        self.fields["department"].queryset = departments.select_related("facility")  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=200)


class ListForm(forms.Form):
    people = forms.CharField(
        label="People", max_length=60_000, widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One a line: the name, then the employee number after a comma. Without a number the name must be one person's only.",
    )  # fmt: skip


class UploadForm(forms.Form):
    file = forms.FileField(label="List", help_text="CSV or XLSX with a column of names, and one of employee numbers where you have them.")


class AttendForm(forms.Form):
    """What somebody says who scanned the code."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "list": "names"}))
    employee_number = forms.CharField(
        label="Employee number", max_length=40, help_text="As on your badge.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    unit = forms.CharField(label="Your unit", max_length=120, required=False)
    uid = forms.UUIDField(required=False, widget=forms.HiddenInput)


class CourseForm(forms.Form):
    title = forms.CharField(label="Title", max_length=160)
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=1440, initial=30)
    content = forms.CharField(label="What is taught", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    active = forms.BooleanField(label="Offered for new sessions", required=False, initial=True)


class NewCourseForm(CourseForm):
    device_type = forms.ModelChoiceField(
        DeviceType.objects.none(), label="Device type", to_field_name="code", required=False, empty_label="Choose a type"
    )
    device_model = forms.ModelChoiceField(
        DeviceModel.objects.none(), label="or one model only", required=False, empty_label="Every model of the type",
        help_text="Choose a model where each model counts by itself.",
    )  # fmt: skip
    field_order = ("title", "device_type", "device_model", "minutes", "content", "active")

    def __init__(self, *args: Any, types: QuerySet[DeviceType], models: QuerySet[DeviceModel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["device_type"].queryset = types  # type: ignore[attr-defined]
        self.fields["device_model"].queryset = models.select_related("manufacturer")  # type: ignore[attr-defined]


class PolicyForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120, help_text="Such as Ventilators, every year.")
    target = forms.ChoiceField(
        label="About",
        choices=[("type", "One device type"), ("model", "One model"), ("high_risk", "All high-risk equipment")],
        widget=forms.RadioSelect,
    )
    device_type = forms.ModelChoiceField(
        DeviceType.objects.none(), label="Device type", to_field_name="code", required=False, empty_label="Choose a type"
    )
    device_model = forms.ModelChoiceField(DeviceModel.objects.none(), label="Model", required=False, empty_label="Choose a model")
    each_model = forms.BooleanField(label="Every model counts by itself", required=False)
    repeat_months = forms.IntegerField(
        label="Repeat after", min_value=1, max_value=120, required=False, help_text="Months. Empty: once is enough."
    )
    roll_out_days = forms.IntegerField(
        label="Trained within", min_value=0, max_value=730, required=False, help_text="Days after the first device came into service."
    )
    facility = forms.ModelChoiceField(Facility.objects.none(), label="Facility", required=False, empty_label="Everywhere")
    effective_from = forms.DateField(label="From", widget=forms.DateInput(attrs=DAY))
    source = forms.CharField(label="Who says so", max_length=300, help_text="Your policy and its edition, or a decision and its day.")

    def __init__(
        self, *args: Any, types: QuerySet[DeviceType], models: QuerySet[DeviceModel], facilities: QuerySet[Facility], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["device_type"].queryset = types  # type: ignore[attr-defined]
        self.fields["device_model"].queryset = models.select_related("manufacturer")  # type: ignore[attr-defined]
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]


class EndPolicyForm(forms.Form):
    effective_to = forms.DateField(label="No longer from", widget=forms.DateInput(attrs=DAY))
    reason = forms.CharField(label="Reason", max_length=200)


class ClinicianForm(forms.Form):
    full_name = forms.CharField(label="Name", max_length=120)
    employee_number = forms.CharField(label="Employee number", max_length=40, required=False)
    department = UnitField(Department.objects.none(), label="Unit")
    job_title = forms.CharField(label="Job title", max_length=80, required=False)
    user_name = forms.CharField(label="Account", max_length=150, required=False, help_text="User name, if they have one.")
    started_on = forms.DateField(label="In the unit since", required=False, widget=forms.DateInput(attrs=DAY))
    left_on = forms.DateField(label="No longer here from", required=False, widget=forms.DateInput(attrs=DAY))

    def __init__(self, *args: Any, departments: QuerySet[Department], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = departments.select_related("facility")  # type: ignore[attr-defined]


class SettleForm(forms.Form):
    decision = forms.ChoiceField(label="Who was it?", choices=Decision.choices, widget=forms.RadioSelect)
    clinician = ClinicianField(Clinician.objects.none(), label="Person", to_field_name="uid", required=False, empty_label="Choose somebody")
    full_name = forms.CharField(label="Name of the new person", max_length=120, required=False)
    employee_number = forms.CharField(label="Their employee number", max_length=40, required=False)
    department = UnitField(Department.objects.none(), label="Their unit", required=False, empty_label="Choose a unit")
    note = forms.CharField(label="Note", max_length=200, required=False)

    def __init__(self, *args: Any, people: QuerySet[Clinician], departments: QuerySet[Department], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinician"].queryset = people  # type: ignore[attr-defined]
        self.fields["department"].queryset = departments.select_related("facility")  # type: ignore[attr-defined]


class PlacesForm(forms.Form):
    places = forms.CharField(
        label="Codes of places", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="As on the labels of the places, one a line. A floor or area takes in its rooms.",
    )  # fmt: skip
