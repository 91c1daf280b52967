"""Forms of overrides. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.catalog.models import DeviceType
from openhtm.competence.rules.guard import ACT_LABELS, Act
from openhtm.workforce.models import StaffMember

ACTS = [(act.value, ACT_LABELS[act]) for act in (Act.ASSIGN, Act.CLOSE)]


class OverrideForm(forms.Form):
    staff = forms.ModelChoiceField(label="Person", queryset=StaffMember.objects.none())
    act = forms.ChoiceField(label="For", choices=ACTS)
    reason = forms.CharField(label="Why it has to be this person", max_length=400, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, people: QuerySet[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = people  # type: ignore[attr-defined]


class DecisionOverrideForm(forms.Form):
    device_type = forms.ModelChoiceField(label="Device type", queryset=DeviceType.objects.filter(active=True))
    reason = forms.CharField(label="Why it has to be you", max_length=400, widget=forms.Textarea(attrs={"rows": 3}))


class DeclineForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
