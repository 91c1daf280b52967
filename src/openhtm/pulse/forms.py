"""Forms of the staff survey. They check shape only; the services decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.pulse.rules.questions import DECLINED, Question
from openhtm.sites.models import Facility


class SurveyForm(forms.Form):
    title = forms.CharField(label="Title", max_length=120, help_text="Such as Staff survey 2027.")
    facility = forms.ModelChoiceField(Facility.objects.none(), label="Who is asked", required=False, empty_label="Everybody")
    opens_on = forms.DateField(label="Opens", widget=forms.DateInput(attrs={"type": "date"}))
    closes_on = forms.DateField(
        label="Ends", widget=forms.DateInput(attrs={"type": "date"}), help_text="First day on which nobody can answer."
    )

    def __init__(self, *args: Any, facilities: QuerySet[Facility], everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        field.queryset, field.required = facilities, not everywhere  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    """One choice for each question."""

    def __init__(self, *args: Any, questions: Sequence[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        missing = {"required": "Choose an answer, or that you prefer not to say."}
        for one in questions:
            choices = [*((str(place), words) for place, words in enumerate(one.answers, start=1)), (str(DECLINED), "I prefer not to say")]
            self.fields[one.code] = forms.TypedChoiceField(
                label=one.text, choices=choices, coerce=int, widget=forms.RadioSelect, error_messages=missing
            )

    def by_topic(self, names: dict[str, str]) -> list[tuple[str, list[forms.BoundField]]]:
        """Questions under the names of their topics."""
        return [(name, [self[one.code] for one in self.questions if one.topic == topic]) for topic, name in names.items()]
