"""Forms of this room. They check shape only; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms


class MappingForm(forms.Form):
    text = forms.CharField(
        label="Mapping",
        max_length=65_536,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "mono", "spellcheck": "false"}),
        help_text="YAML. All problems of a mapping are shown at once.",
    )


class FileForm(forms.Form):
    """A tester's file with how to read it. Choices are (code, title), (code, name) and (control number, words)."""

    mapping = forms.ChoiceField(label="Read it by the mapping")
    facility = forms.ChoiceField(label="Measured at", required=False)
    tester = forms.ChoiceField(label="Measured with", required=False, help_text="Needed only where the file does not name the tester.")

    def __init__(
        self, *sent: Any, mappings: list[tuple[str, str]], facilities: list[tuple[str, str]], testers: list[tuple[str, str]], **more: Any
    ) -> None:
        super().__init__(*sent, **more)
        self.fields["mapping"].choices = mappings  # type: ignore[attr-defined]
        several = [("", "as the tester, or choose")] if len(facilities) != 1 else []
        self.fields["facility"].choices = [*several, *facilities]  # type: ignore[attr-defined]
        self.fields["tester"].choices = [("", "as the file says"), *testers]  # type: ignore[attr-defined]


class TryForm(forms.Form):
    file = forms.FileField(label="File of the tester")


class SettleForm(forms.Form):
    """What a person decides about one test. ``orders`` are (number, words)."""

    device = forms.CharField(
        label="Device", max_length=60, required=False, help_text="Control number. Empty: the numbers in the file decide again."
    )
    order = forms.TypedChoiceField(label="Order", required=False, coerce=int, empty_value=None)
    measured_on = forms.DateField(label="Measured on", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    own_test = forms.BooleanField(
        label="A test of its own", required=False, help_text="Not the one known of the same device and time: it becomes a result beside it."
    )
    set_aside = forms.BooleanField(label="Set aside: this becomes no result", required=False)
    note = forms.CharField(label="Why", max_length=400, required=False, help_text="Needed for setting aside.")

    def __init__(self, *sent: Any, orders: list[tuple[int, str]], ask_day: bool, ask_own: bool, **more: Any) -> None:
        super().__init__(*sent, **more)
        self.fields["order"].choices = [("", "the fittest open order"), *orders]  # type: ignore[attr-defined]
        if not ask_day:
            del self.fields["measured_on"]
        if not ask_own:
            del self.fields["own_test"]
