"""Forms of competence. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.competence.models.policies import ACT_CHOICES, JUDGED_CHOICES, MODE_CHOICES, NEEDS_CHOICES, RISK_CHOICES
from openhtm.competence.models.records import BASIS_CHOICES, LEVEL_CHOICES
from openhtm.identity.rules.permissions import ROLE_LABELS
from openhtm.procedures.models import Procedure
from openhtm.workforce.models import StaffMember


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


class SignForm(forms.Form):
    staff = forms.ModelChoiceField(label="Person", queryset=StaffMember.objects.none())
    device_type = forms.ModelChoiceField(
        label="Device type", queryset=DeviceType.objects.filter(active=True), required=False, help_text="Covers every model of it."
    )
    device_model = forms.ModelChoiceField(
        label="Or one model", queryset=DeviceModel.objects.none(), required=False, help_text="Then it covers this model alone."
    )
    procedure = forms.ModelChoiceField(
        label="Or one procedure",
        queryset=Procedure.objects.filter(active=True),
        required=False,
        help_text="Then it covers orders that carry it.",
    )
    level = forms.ChoiceField(label="Level", choices=LEVEL_CHOICES, initial="independent")
    basis = forms.ChoiceField(label="Basis", choices=BASIS_CHOICES, initial="on_the_job")
    granted_on = day_field("Granted on")
    valid_until = day_field("Last day", required=False, help_text="The last day on which it holds. Empty: no end.")
    observer = forms.ModelChoiceField(
        label="Observer",
        queryset=StaffMember.objects.none(),
        required=False,
        help_text="Who watched the work; never the person themselves.",
    )
    certificate = forms.CharField(label="Course or certificate", max_length=120, required=False, help_text="With its number.")
    note = forms.CharField(label="Note", max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    evidence = forms.FileField(label="Evidence", required=False, help_text="The certificate or sign-off sheet.")

    def __init__(self, *args: Any, people: QuerySet[StaffMember], kind: DeviceType | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = people  # type: ignore[attr-defined]
        self.fields["observer"].queryset = people  # type: ignore[attr-defined]
        models = DeviceModel.objects.filter(active=True).select_related("manufacturer").order_by("manufacturer__name", "name", "pk")
        posted = str(self.data.get("device_model", ""))
        shown = models.filter(device_type=kind) if kind else models.filter(pk=int(posted) if posted.isdecimal() and len(posted) < 18 else 0)
        self.fields["device_model"].queryset = shown  # type: ignore[attr-defined]
        if kind is None and not posted:
            del self.fields["device_model"]
        if not self.is_bound:
            self.initial.setdefault("granted_on", timezone.localdate())


class WithdrawForm(forms.Form):
    on = day_field("From which day on", help_text="What it covered before stays covered.")
    reason = forms.CharField(label="Reason", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))


class FinishForm(forms.Form):
    done_on = day_field("Done on")
    certificate = forms.CharField(label="Course or certificate", max_length=120, required=False, help_text="With its number.")
    observer = forms.ModelChoiceField(
        label="Observer", queryset=StaffMember.objects.none(), required=False, help_text="For training on the job: who watched the work."
    )

    def __init__(self, *args: Any, people: QuerySet[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["observer"].queryset = people  # type: ignore[attr-defined]


class PolicyForm(forms.Form):
    act = forms.ChoiceField(label="For", choices=ACT_CHOICES)
    risk = forms.ChoiceField(label="Of", choices=RISK_CHOICES)
    needs = forms.ChoiceField(label="Needs", choices=NEEDS_CHOICES)
    least_level = forms.ChoiceField(label="At least", choices=LEVEL_CHOICES, initial="independent")
    mode = forms.ChoiceField(label="Without it", choices=MODE_CHOICES)
    programmes = forms.CharField(
        label="Credentials that count", required=False, max_length=400, help_text="Codes joined by commas, such as CBET, CRES. Empty: any."
    )
    roles = forms.MultipleChoiceField(
        label="Roles that suffice",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(r.value, label) for r, label in ROLE_LABELS.items()],
    )
    judged_on = forms.ChoiceField(label="At closing, which day counts", choices=JUDGED_CHOICES)
    effective_from = day_field("From", required=False, help_text="Empty: today.")
    reason = forms.CharField(label="Why", max_length=400)

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        programmes = [code.strip() for code in data["programmes"].split(",") if code.strip()]
        return {**data, "programmes": programmes}


class TargetForm(forms.Form):
    risk = forms.ChoiceField(label="For types that are", choices=RISK_CHOICES)
    wanted = forms.IntegerField(label="People wanted", min_value=1, max_value=50, help_text="Who do it alone.")
    horizon_days = forms.IntegerField(
        label="Days ahead", min_value=0, max_value=1100, help_text="Whoever leaves or lapses within them does not count as staying."
    )


class OfferForm(forms.Form):
    title = forms.CharField(label="Training", max_length=160)
    device_type = forms.ModelChoiceField(
        label="For one type", queryset=DeviceType.objects.filter(active=True), required=False, empty_label="A family, or any type"
    )
    category = forms.CharField(label="For a family of types", max_length=60, required=False, help_text="Empty with no type: any.")
    basis = forms.ChoiceField(label="Basis", choices=BASIS_CHOICES)
    given_by = forms.CharField(label="Given by", max_length=120, required=False)
    cost = forms.DecimalField(
        label="Cost of one person",
        min_value=0,
        max_digits=10,
        decimal_places=2,
        required=False,
        help_text="Travel included. Empty: not known.",
    )
    hours = forms.DecimalField(label="Working hours", min_value=0, max_value=2000, max_digits=6, decimal_places=1, initial=0)
    valid_months = forms.IntegerField(label="Holds for months", min_value=1, max_value=240, required=False, help_text="Empty: no end.")
    active = forms.BooleanField(label="In use", required=False, initial=True)

    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        kind, cost, hours = data.pop("device_type"), data.pop("cost"), data.pop("hours")
        return data | {
            "device_type_id": kind.pk if kind else None,
            "cost_cents": None if cost is None else round(cost * 100),
            "minutes": round(hours * 60),
        }
