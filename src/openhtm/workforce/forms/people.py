"""Forms of people, their certifications and their history. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.identity.models import User
from openhtm.sites.models import Facility, ServiceProvider
from openhtm.workforce.models import CareerRole, CredentialStatus, CredentialTier, Degree, EducationKind, StaffKind, StudyField
from openhtm.workforce.rules.programmes import Programme, reference


def _day(label: str, *, required: bool = True, hint: str = "") -> forms.DateField:
    return forms.DateField(label=label, required=required, help_text=hint, widget=forms.DateInput(attrs={"type": "date"}))


def _programmes() -> list[tuple[str, str]]:
    return [(one.code, f"{one.code}: {one.name}") for one in reference().programmes.values()]


class StaffForm(forms.Form):
    full_name = forms.CharField(label="Name", max_length=120)
    kind = forms.ChoiceField(label="Kind", choices=StaffKind.choices)
    provider = forms.ModelChoiceField(
        label="Service provider", queryset=ServiceProvider.objects.none(), required=False, empty_label="Own staff",
        help_text="Only for staff of a service provider.",
    )  # fmt: skip
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False, empty_label="Works everywhere")
    user = forms.ModelChoiceField(label="Account", queryset=User.objects.none(), required=False, empty_label="No account")
    job_title = forms.CharField(label="Job title", max_length=120, required=False)
    career_role = forms.ChoiceField(label="Works as", choices=CareerRole.choices, help_text="What counts as experience for certification.")
    email = forms.EmailField(label="E-mail", required=False)
    phone = forms.CharField(label="Telephone", max_length=40, required=False)
    started_on = _day("Started on", required=False)
    leaves_on = _day("Leaves on", required=False, hint="The first day no longer here; may lie ahead.")
    leave_reason = forms.CharField(label="Because", max_length=120, required=False, help_text="Such as retirement.")

    def __init__(
        self, *args: Any, facilities: QuerySet[Facility], providers: QuerySet[ServiceProvider], accounts: QuerySet[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in (("facility", facilities), ("provider", providers), ("user", accounts)):
            self.fields[name].queryset = offered  # type: ignore[attr-defined]


class _WithEvidence(forms.Form):
    evidence = forms.FileField(
        label="Evidence", required=False, help_text="PDF or picture. Only you and who keeps personal records see it."
    )

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data is not None:
            file = data.get("evidence")
            data["evidence"] = (file.name, file.file) if file else None
        return data


class CredentialForm(_WithEvidence):
    programme = forms.ChoiceField(label="Certification", choices=_programmes)
    tier = forms.ChoiceField(label="Tier", choices=CredentialTier.choices, initial=CredentialTier.FULL)
    number = forms.CharField(label="Number", max_length=60, required=False)
    issued_on = _day("Issued on")
    expires_on = _day("Valid until", required=False, hint="The last valid day. Empty: it does not end by itself.")
    cycle_started_on = _day("Reporting period began", required=False, hint="Empty: counted from the day it was issued.")
    field_order = ["programme", "tier", "number", "issued_on", "expires_on", "cycle_started_on", "evidence"]


class StatusForm(forms.Form):
    status = forms.ChoiceField(label="State", choices=CredentialStatus.choices)
    since = _day("Since", required=False)
    reason = forms.CharField(
        label="Reason", max_length=200, required=False, help_text="Needed unless it is active, such as military service."
    )


class CeuForm(_WithEvidence):
    category = forms.ChoiceField(label="Category")
    units = forms.DecimalField(label="Units", min_value=0, max_value=200, max_digits=5, decimal_places=2)
    done_on = _day("Done on")
    title = forms.CharField(label="What was done", max_length=200)
    field_order = ["category", "units", "done_on", "title", "evidence"]

    def __init__(self, *args: Any, programme: Programme | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = programme.renewal.categories if programme and programme.renewal else ()
        offered = [(one.code, f"{one.name} (at most {one.most})" if one.most else one.name) for one in categories]
        self.fields["category"].choices = offered  # type: ignore[attr-defined]


class EducationForm(_WithEvidence):
    kind = forms.ChoiceField(label="Kind", choices=EducationKind.choices)
    degree = forms.ChoiceField(label="Degree", choices=Degree.choices, required=False)
    field = forms.ChoiceField(label="Field", choices=StudyField.choices, required=False)
    institution = forms.CharField(label="School or branch of service", max_length=160, required=False)
    completed_on = _day("Completed on", required=False, hint="Without it the degree does not count yet.")
    field_order = ["kind", "degree", "field", "institution", "completed_on", "evidence"]


class EmploymentForm(_WithEvidence):
    role = forms.ChoiceField(label="Worked as", choices=CareerRole.choices)
    employer = forms.CharField(label="Employer", max_length=160)
    full_time = forms.BooleanField(label="Full-time", required=False, initial=True)
    started_on = _day("First day")
    ended_on = _day("First day after", required=False, hint="Empty: still held.")
    field_order = ["role", "employer", "full_time", "started_on", "ended_on", "evidence"]


class EndForm(forms.Form):
    ended_on = _day("First day after the job")


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=200)
