"""Forms of the label pages. What can be printed is decided by ``rules.labels`` in the services."""

from __future__ import annotations

from typing import Any

from django import forms

from openhtm.core.errors import Invalid
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.rules.labels import LINE_LABELS
from openhtm.inventory.services.label_templates import FIELDS


class TemplateForm(forms.Form):
    """One label size."""

    name = forms.CharField(label="Name", max_length=60)
    page = forms.ChoiceField(label="Printed on", choices=[("label", "Label printer"), ("a4", "A4 sheet"), ("letter", "Letter sheet")])
    width_mm = forms.DecimalField(label="Width of a label in mm", max_digits=5, decimal_places=1, min_value=10, max_value=300)
    height_mm = forms.DecimalField(label="Height of a label in mm", max_digits=5, decimal_places=1, min_value=8, max_value=300)
    columns = forms.IntegerField(label="Labels across", min_value=1, max_value=30, initial=1)
    rows = forms.IntegerField(label="Labels down", min_value=1, max_value=30, initial=1)
    gap_mm = forms.DecimalField(label="Gap between columns in mm", max_digits=4, decimal_places=1, min_value=0, max_value=100, initial=0)
    row_gap_mm = forms.DecimalField(label="Gap between rows in mm", max_digits=4, decimal_places=1, min_value=0, max_value=100, initial=0)
    margin_mm = forms.DecimalField(
        label="Margin inside a label in mm", max_digits=4, decimal_places=1, min_value=0, max_value=50, initial=1.5
    )
    show_qr = forms.BooleanField(label="QR code with the permanent address", required=False, initial=True)
    show_datamatrix = forms.BooleanField(label="DataMatrix with the control number", required=False)
    lines = forms.MultipleChoiceField(
        label="Lines", choices=list(LINE_LABELS.items()), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Printed in this order; the first stands out. Lines without a value are left out.",
    )  # fmt: skip

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}

    def take(self, refusal: Invalid) -> None:
        for field, sentences in refusal.errors.items():
            self.add_error(field if field in self.fields else None, sentences)


def initial_of(template: LabelTemplate) -> dict[str, Any]:
    return {name: getattr(template, name) for name in FIELDS}
