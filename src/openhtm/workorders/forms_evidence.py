"""Forms about evidence: finishing, signing, reviewing, settling what was held."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q

from openhtm.inventory.models import Device
from openhtm.procedures.models import Procedure, ProcedureKind
from openhtm.workorders.models import Purpose
from openhtm.workorders.services.held import DISCARDED, STORED


class FinishForm(forms.Form):
    """The outcome: what the results say, or worse."""

    outcome = forms.ChoiceField(label="Outcome", help_text="What the results say stands first. You may judge worse, never better.")
    open_repair = forms.BooleanField(label="Open a repair order for what failed", required=False)

    def __init__(self, *args: Any, outcomes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = outcomes  # type: ignore[attr-defined]


def _password() -> forms.CharField:
    return forms.CharField(
        label="Your password",
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Signing asks who you are once more.",
    )


class SignForm(forms.Form):
    password = _password()


class ReviewForm(forms.Form):
    note = forms.CharField(label="Note", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    password = _password()


class SettleForm(forms.Form):
    """What becomes of something that was held."""

    decision = forms.ChoiceField(
        label="Decision", choices=[(STORED, "Store it as a result"), (DISCARDED, "Set it aside for good")], widget=forms.RadioSelect
    )
    checklist = forms.ChoiceField(label="On the checklist", required=False)
    note = forms.CharField(label="Reason", max_length=400)

    def __init__(self, *args: Any, checklists: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["checklist"].choices = [("", "The one it was sent for"), *checklists]  # type: ignore[attr-defined]


class AddChecklistForm(forms.Form):
    """A released procedure. Those for the device's type or model stand first."""

    procedure = forms.ChoiceField(label="Procedure")

    def __init__(self, *args: Any, device: Device | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        released = Procedure.objects.filter(active=True, versions__status="released").order_by("name")
        mine = Q(device_models=device.device_model_id) | Q(device_types=device.device_type_id) if device else Q(pk__in=[])
        first = list(released.filter(mine).distinct()) if device else []
        others = [one for one in released if one not in first]
        self._kinds = {one.code: one.kind for one in (*first, *others)}
        self.fields["procedure"].choices = [  # type: ignore[attr-defined]
            ("For this device", [(one.code, one.name) for one in first]),
            ("All others", [(one.code, one.name) for one in others]),
        ]

    @property
    def purpose(self) -> str:
        """A return-to-service procedure is added for that purpose; every other one is the work itself."""
        kind = self._kinds.get(self.cleaned_data["procedure"])
        return Purpose.RETURN_TO_SERVICE if kind == ProcedureKind.RETURN_TO_SERVICE else Purpose.WORK
