"""Forms of testers. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms

from openhtm.testers.models import CalibrationVerdict
from openhtm.testers.rules.kinds import tester_kinds


def _kinds() -> list[tuple[str, str]]:
    return [(kind.code, kind.name) for kind in tester_kinds().values()]


class TesterForm(forms.Form):
    kinds = forms.MultipleChoiceField(label="Serves as", choices=_kinds, widget=forms.CheckboxSelectMultiple)
    interval_months = forms.IntegerField(label="Calibrated every", min_value=1, max_value=120, initial=12, help_text="Months.")
    usable = forms.BooleanField(label="May be used", required=False, initial=True)
    reason = forms.CharField(label="Why not", max_length=200, required=False, help_text="Needed when it may not be used.")


class NewTesterForm(TesterForm):
    control_number = forms.CharField(
        label="Control number", max_length=40, help_text="A tester is a device: add it to the inventory first."
    )
    usable = None  # type: ignore[assignment]
    reason = None  # type: ignore[assignment]
    field_order = ["control_number", "kinds", "interval_months"]


class CalibrationForm(forms.Form):
    performed_on = forms.DateField(label="Calibrated on", widget=forms.DateInput(attrs={"type": "date"}))
    due_on = forms.DateField(
        label="Due on", widget=forms.DateInput(attrs={"type": "date"}), help_text="The last day on which readings count."
    )
    verdict = forms.ChoiceField(label="As found", choices=CalibrationVerdict.choices)
    laboratory = forms.CharField(label="Laboratory", max_length=200)
    certificate_number = forms.CharField(label="Certificate", max_length=80)
    as_found = forms.CharField(label="Readings as found", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    error_percent = forms.FloatField(
        label="Largest error found",
        required=False,
        min_value=0,
        max_value=1000,
        help_text="Percent of the reading, without its sign. It tells which results may have passed only because of it.",
    )
    certificate = forms.FileField(label="Certificate file", required=False)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data and (file := data.get("certificate")):
            data["certificate"] = (file.name, file.file)
        return data
