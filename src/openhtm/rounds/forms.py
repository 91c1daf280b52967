"""Forms of rounds and readiness. They check shape only; the services decide."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.core.text import fold
from openhtm.rounds.models import Frequency
from openhtm.rounds.rules.questions import MOST_QUESTIONS, Question
from openhtm.sites.models import Department

WEEK_DAYS = [(1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday")]
KIND_CHOICES = [("yes_no", "Yes or no"), ("number", "A number"), ("date", "A day")]
_NOT_KEY = re.compile(r"[^a-z0-9]+")


class TagForm(forms.Form):
    decision = forms.ChoiceField(
        label="What is it?",
        choices=[("device", "A device of ours"), ("new_device", "A device that was just added"), ("not_ours", "Not ours")],
        widget=forms.RadioSelect,
    )
    control_number = forms.CharField(
        label="Control number", max_length=60, required=False, help_text="Of the device, unless it is not ours."
    )
    note = forms.CharField(label="Note", max_length=200, required=False)


class ShiftTimesField(forms.CharField):
    """Times of day, separated by commas or spaces: 07:00, 19:00."""

    def clean(self, value: Any) -> list[dt.time]:
        text = super().clean(value)
        try:
            return [dt.time.fromisoformat(part.zfill(5)) for part in re.split(r"[,;\s]+", text) if part]
        except ValueError:
            raise forms.ValidationError("Give times such as 07:00, 19:00.") from None


class CheckForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120, help_text="Such as Crash cart 2, defibrillator. It stands on the label.")
    device = forms.CharField(label="Device", max_length=60, required=False, help_text="Its control number, if the check is of one device.")
    department = forms.ModelChoiceField(
        Department.objects.none(), label="Who must do it", required=False, empty_label="No department",
        help_text="Missed checks are told to it, and its unit code is taken.",
    )  # fmt: skip
    frequency = forms.ChoiceField(label="How often", choices=Frequency.choices)
    shift_starts = ShiftTimesField(
        label="Shifts start at", required=False, initial="07:00, 19:00", help_text="For every shift. Times at the facility."
    )
    week_days = forms.TypedMultipleChoiceField(
        label="On", choices=WEEK_DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="For shifts and days. None chosen: every day.",
    )  # fmt: skip
    starts_on = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    escalate_after = forms.IntegerField(
        label="Tell the manager after", min_value=1, max_value=100, initial=1, help_text="So many missed in a row."
    )

    def __init__(self, *args: Any, departments: QuerySet[Department], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = departments  # type: ignore[attr-defined]


class QuestionForm(forms.Form):
    key = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    text = forms.CharField(label="Question", max_length=200, required=False)
    kind = forms.ChoiceField(label="Answer", choices=KIND_CHOICES, initial="yes_no", required=False)
    unit = forms.CharField(label="Unit", max_length=20, required=False)
    low = forms.FloatField(label="From", required=False)
    high = forms.FloatField(label="To", required=False)
    expires = forms.BooleanField(label="Something runs out on it", required=False)


QuestionFormSet = forms.formset_factory(QuestionForm, extra=2, max_num=MOST_QUESTIONS, validate_max=True)


def questions_from(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the stored form of what was typed; rows without a text are left out. New questions get a key from their words."""
    taken: set[str] = {row["key"] for row in rows if row.get("key")}
    found = []
    for row in rows:
        text = (row.get("text") or "").strip()
        if not text:
            continue
        key = row.get("key") or _new_key(text, taken)
        taken.add(key)
        number = row.get("kind") == "number"
        entry = {"key": key, "text": text, "kind": row.get("kind") or "yes_no"}
        entry |= {name: row[name] for name in ("unit", "low", "high") if number and row.get(name) not in (None, "")}
        entry |= {"expires": True} if row.get("expires") and row.get("kind") == "date" else {}
        found.append(entry)
    return found


def _new_key(text: str, taken: set[str]) -> str:
    stem = _NOT_KEY.sub("_", fold(text)).strip("_")[:30].strip("_")
    stem = stem if stem[:1].isalpha() else f"q_{stem}".strip("_")
    return next(key for key in (stem, *(f"{stem}_{n}" for n in range(2, MOST_QUESTIONS + 3))) if key not in taken)


class ReadyForm(forms.Form):
    """The questions of one check, and who answers. ``known``: somebody logged in, who needs no PIN."""

    problem_text = forms.CharField(
        label="Something else is wrong", max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    name = forms.CharField(
        label="Your name", max_length=120, help_text="Your user name with your PIN, or your initials with the unit code.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"}),
    )  # fmt: skip
    pin = forms.CharField(
        label="PIN or unit code", max_length=12,
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    uid = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, questions: Sequence[Question], known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        for question in questions:
            self.fields[f"q_{question.key}"] = _field(question)
        if known:
            del self.fields["name"], self.fields["pin"]

    def answers(self) -> dict[str, Any]:
        return {question.key: self.cleaned_data.get(f"q_{question.key}") for question in self.questions}

    def asked(self) -> list[tuple[Question, forms.BoundField]]:
        """Each question with its field."""
        return [(question, self[f"q_{question.key}"]) for question in self.questions]


def _field(question: Question) -> forms.Field:
    if question.kind == "yes_no":
        missing = {"required": "Answer yes or no."}
        return forms.ChoiceField(
            label=question.text, choices=[("yes", "Yes"), ("no", "No")], widget=forms.RadioSelect, error_messages=missing
        )
    if question.kind == "date":
        return forms.DateField(label=question.text, widget=forms.DateInput(attrs={"type": "date"}))
    return forms.CharField(
        label=question.text,
        max_length=20,
        help_text=question.limits,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class PinForm(forms.Form):
    pin = forms.CharField(
        label="New PIN", max_length=12, widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="4 to 12 digits, not all the same and not in sequence.",
    )  # fmt: skip
    password = forms.CharField(
        label="Your password", max_length=256, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class UnitCodeForm(forms.Form):
    code = forms.CharField(
        label="New unit code", max_length=12, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text="4 to 12 digits. Tell it to the unit; it is stored so that nobody can read it here.",
    )  # fmt: skip
