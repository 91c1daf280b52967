"""The questions, the rules of anonymity and the published benchmarks, read from ``pulse/data/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent.parent / "data"
LEAST_EVER = 5
"""No edition may allow smaller groups than this."""
DECLINED = 0
"""The answer of somebody who prefers not to say."""


class SurveyDataError(ValueError):
    """A file of this room is broken; the message names it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. Answers are numbered from 1, the most favourable first; the first ``good`` count as favourable."""

    code: str
    topic: str
    text: str
    answers: tuple[str, ...]
    good: int


@dataclass(frozen=True, slots=True)
class Edition:
    """All questions of one edition, with where they come from."""

    edition: str
    source: str
    confidence: str
    effective_from: date
    effective_to: date | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published figure: the share of others who answered favourably."""

    code: str
    question: str
    year: int
    who: str
    share: float
    words: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What keeps a survey anonymous, with its source."""

    source: str
    edition: str
    confidence: str
    least_group: int
    days_between: int
    longest_days: int


@cache
def editions(path: Path = DATA / "questions.yaml") -> Mapping[str, Edition]:
    """Every edition by its name. Raises SurveyDataError, OSError."""
    document = _document(path)
    try:
        found = [_edition(entry, {topic["code"] for topic in document["topics"]}) for entry in document["editions"]]
    except (KeyError, TypeError, ValueError) as error:
        raise SurveyDataError(f"{path.name}: {error!r}") from error
    return {one.edition: one for one in found}


@cache
def topics(path: Path = DATA / "questions.yaml") -> Mapping[str, str]:
    """Names of the topics by code, in order."""
    return {topic["code"]: topic["name"] for topic in _document(path)["topics"]}


@cache
def benchmarks(path: Path = DATA / "benchmarks.yaml") -> tuple[Benchmark, ...]:
    """The published figures. Raises SurveyDataError, OSError."""
    try:
        found = tuple(Benchmark(**entry) for entry in _document(path)["benchmarks"])
    except (KeyError, TypeError, ValueError) as error:
        raise SurveyDataError(f"{path.name}: {error!r}") from error
    if wrong := [one.code for one in found if not 0 <= one.share <= 1]:
        raise SurveyDataError(f"{path.name}: {wrong[0]} is no share")
    return found


@cache
def rules(path: Path = DATA / "rules.yaml") -> Rules:
    """The rules of anonymity. Raises SurveyDataError, OSError."""
    document = _document(path)
    try:
        about: dict[str, Any] = {name: document[name] for name in ("source", "edition", "confidence")}
        found = Rules(**about | {name: int(document[name]) for name in ("least_group", "days_between", "longest_days")})
    except (KeyError, TypeError, ValueError) as error:
        raise SurveyDataError(f"{path.name}: {error!r}") from error
    if found.least_group < LEAST_EVER:
        raise SurveyDataError(f"{path.name}: least_group is below {LEAST_EVER}")
    return found


def edition_on(day: date, path: Path = DATA / "questions.yaml") -> Edition:
    """The newest edition in force on a day. Raises SurveyDataError if there is none."""
    found = [one for one in editions(path).values() if one.effective_from <= day and (one.effective_to is None or day < one.effective_to)]
    if not found:
        raise SurveyDataError(f"{path.name}: no edition for {day}")
    return max(found, key=lambda one: one.effective_from)


def _edition(entry: dict[str, Any], known: set[str]) -> Edition:
    questions = tuple(_question(line, entry["scales"], known) for line in entry["questions"])
    if len({one.code for one in questions}) < len(questions):
        raise ValueError(f"{entry['edition']}: a code comes twice")
    return Edition(entry["edition"], entry["source"], entry["confidence"], entry["effective_from"], entry["effective_to"], questions)


def _question(line: dict[str, Any], scales: dict[str, list[str]], known: set[str]) -> Question:
    answers = tuple(scales[line["scale"]])
    if line["topic"] not in known or not 0 < line["good"] < len(answers):
        raise ValueError(line["code"])
    return Question(line["code"], line["topic"], line["text"], answers, line["good"])


def _document(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
