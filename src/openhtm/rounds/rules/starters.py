"""The starter questions that are shipped, read from ``data/readiness.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from openhtm.rounds.rules.questions import Question, read_questions
from openhtm.rounds.rules.slots import Every

DATA = Path(__file__).resolve().parent.parent / "data" / "readiness.yaml"


class StarterFileError(ValueError):
    """The file of starters is broken; the message names the entry."""


@dataclass(frozen=True, slots=True)
class Starter:
    """A definition to begin with. ``device_types`` are codes of the starter catalogue it is meant for."""

    code: str
    name: str
    frequency: Every
    questions: tuple[Question, ...]
    device_types: tuple[str, ...]
    escalate_after: int


@dataclass(frozen=True, slots=True)
class Starters:
    """All of one edition, with where they come from and how sure that is."""

    source: str
    edition: str
    confidence: str
    effective_from: date
    starters: tuple[Starter, ...]


@cache
def starters(path: Path = DATA) -> Starters:
    """Read the shipped starters. Raises StarterFileError, OSError."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        found = tuple(_starter(entry) for entry in document["starters"])
        return Starters(document["source"], document["edition"], document["confidence"], document["effective_from"], found)
    except (KeyError, TypeError, ValueError) as error:
        raise StarterFileError(f"{path.name}: {error!r}") from error


def _starter(entry: dict[str, Any]) -> Starter:
    return Starter(
        code=entry["code"],
        name=entry["name"],
        frequency=Every(entry["frequency"]),
        questions=read_questions(entry["questions"]),
        device_types=tuple(entry["device_types"]),
        escalate_after=int(entry["escalate_after"]),
    )
