"""The questions of a readiness check, what counts as a problem, and what runs out soon. Answers are yes or no, numbers and days."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("yes_no", "number", "date")
MOST_QUESTIONS = 20
SOON = dt.timedelta(days=30)
_KEY = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_FIELDS = frozenset({"key", "text", "kind", "unit", "low", "high", "expires"})


class QuestionError(ValueError):
    """A question is broken; the message says which and what would correct it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``low`` and ``high`` (either may be None) bound a number in ``unit``; ``expires``: the day is one on which
    something runs out, such as pads."""

    key: str
    text: str
    kind: str = "yes_no"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    expires: bool = False

    @property
    def limits(self) -> str:
        """``36 to 46 °C``, ``at least 36 °C``, or nothing."""
        low, high = (None if bound is None else f"{bound:g}" for bound in (self.low, self.high))
        words = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""
        return f"{words} {self.unit}".strip() if words else ""

    def as_json(self) -> dict[str, Any]:
        """The stored form: only what says something."""
        optional = {"unit": self.unit, "low": self.low, "high": self.high, "expires": self.expires}
        return {"key": self.key, "text": self.text, "kind": self.kind} | {k: v for k, v in optional.items() if v not in ("", None, False)}


@dataclass(frozen=True, slots=True)
class Judged:
    """Checked answers. ``values`` is what is stored; ``problems`` says in words what is not as it should be; ``errors`` by key."""

    values: dict[str, Any]
    problems: tuple[str, ...]
    errors: dict[str, str]


def read_questions(stored: object) -> tuple[Question, ...]:
    """Return the questions of a definition. Raises QuestionError naming the first broken one."""
    if not isinstance(stored, list) or not 1 <= len(stored) <= MOST_QUESTIONS:
        raise QuestionError(f"Give 1 to {MOST_QUESTIONS} questions.")
    questions = tuple(_question(number, entry) for number, entry in enumerate(stored, start=1))
    if len({one.key for one in questions}) < len(questions):
        raise QuestionError("Two questions have the same key.")
    return questions


def _question(number: int, entry: object) -> Question:
    if not isinstance(entry, dict) or not set(entry) <= _FIELDS:
        raise QuestionError(f"Question {number} has fields that are not known.")
    key, text, kind, unit = (entry.get(name, "") for name in ("key", "text", "kind", "unit"))
    kind = kind or "yes_no"
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise QuestionError(f"Question {number} needs a key of small letters, digits and underscores.")
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= 200 or not text.isprintable():
        raise QuestionError(f"Question {number} needs a text of at most 200 characters.")
    if kind not in KINDS:
        raise QuestionError(f"Question {number} must be answered by yes or no, a number or a day.")
    if not isinstance(unit, str) or len(unit) > 20 or not unit.isprintable():
        raise QuestionError(f"Question {number} needs a shorter unit.")
    low, high = _bound(number, entry.get("low")), _bound(number, entry.get("high"))
    if kind != "number" and (low is not None or high is not None or unit):
        raise QuestionError(f"Question {number} has limits, and only numbers can have them.")
    if low is not None and high is not None and low > high:
        raise QuestionError(f"Question {number} has a lower limit above its upper one.")
    expires = entry.get("expires", False)
    if not isinstance(expires, bool) or (expires and kind != "date"):
        raise QuestionError(f"Question {number}: only a day can say when something runs out.")
    return Question(key, text.strip(), kind, unit.strip(), low, high, expires)


def _bound(number: int, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e9:
        raise QuestionError(f"Question {number} has a limit that is no number.")
    return float(value)


def judge(questions: Sequence[Question], answers: Mapping[str, object], *, today: dt.date) -> Judged:
    """Check ``answers`` (every question needs one) and say what is a problem: a no, a number beyond its limits, something expired."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    errors = {key: "This check has no such question." for key in answers if key not in {one.key for one in questions}}
    for question in questions:
        try:
            values[question.key], problem = _answer(question, answers.get(question.key), today)
        except ValueError as error:
            errors[question.key] = str(error)
        else:
            problems += [problem] if problem else []
    return Judged(values, tuple(problems), errors)


def _answer(question: Question, given: object, today: dt.date) -> tuple[Any, str]:
    """Return the value to store, and the problem in words. Raises ValueError with the remedy."""
    if given is None or given == "":
        raise ValueError("Answer this one too.")
    if question.kind == "yes_no":
        return _yes_no(question, given)
    return _number(question, given) if question.kind == "number" else _day(question, given, today)


def _yes_no(question: Question, given: object) -> tuple[bool, str]:
    if not isinstance(given, bool) and given not in ("yes", "no"):
        raise ValueError("Answer yes or no.")
    yes = given in (True, "yes")
    return yes, "" if yes else f"{question.text} No."


def _number(question: Question, given: object) -> tuple[float, str]:
    try:
        value = float(given.strip().replace(",", ".")) if isinstance(given, str) else float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError("Give a number.") from None
    if isinstance(given, bool) or not math.isfinite(value) or abs(value) > 1e9:
        raise ValueError("Give a number.")
    low, high = question.low, question.high
    outside = (low is not None and value < low) or (high is not None and value > high)
    return value, f"{question.text} {value:g} {question.unit}".strip() + f", should be {question.limits}." if outside else ""


def _day(question: Question, given: object, today: dt.date) -> tuple[str, str]:
    try:
        day = dt.date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        day = None
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime) or not 2000 <= day.year <= 2100:
        raise ValueError("Give a day of this century.")
    expired = question.expires and day < today
    return day.isoformat(), f"{question.text} Ran out on {day.isoformat()}." if expired else ""


@dataclass(frozen=True, slots=True)
class RunsOut:
    """Something that runs out on a day, as the newest check said."""

    key: str
    text: str
    on: dt.date
    tone: str


def running_out(
    questions: Sequence[Question], answers: Mapping[str, object], *, today: dt.date, within: dt.timedelta = SOON
) -> list[RunsOut]:
    """Return what has run out (tone late) or will within ``within`` (tone due), the first to go first."""
    found = []
    for question in questions:
        stored = answers.get(question.key)
        if not question.expires or not isinstance(stored, str):
            continue
        day = dt.date.fromisoformat(stored)
        if day <= today + within:
            found.append(RunsOut(question.key, question.text, day, "late" if day < today else "due"))
    return sorted(found, key=lambda one: (one.on, one.key))
