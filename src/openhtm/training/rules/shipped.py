"""The shipped starter policy and the limits of this room, read from ``data/``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent.parent / "data"


class TrainingDataError(ValueError):
    """A file of this room is broken; the message names it."""


@dataclass(frozen=True, slots=True)
class StarterLine:
    """A line of the starter policy. Without ``type_code`` it is about high-risk equipment."""

    code: str
    name: str
    type_code: str
    each_model: bool
    repeat_months: int | None
    roll_out_days: int | None


@dataclass(frozen=True, slots=True)
class StarterPolicy:
    """All lines of one edition, with where they come from and how sure that is."""

    source: str
    edition: str
    confidence: str
    effective_from: date
    lines: tuple[StarterLine, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Minutes, days and counts that hold for sign-in and for what is due soon."""

    source: str
    edition: str
    confidence: str
    opens_min_before: int
    closes_min_after: int
    window_min: int
    per_address: int
    per_session: int
    unknown_codes: int
    due_soon_days: int
    list_rows: int


@cache
def starter_policy(path: Path = DATA / "policies.yaml") -> StarterPolicy:
    """Read the starter policy. Raises TrainingDataError, OSError."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        lines = tuple(_line(entry) for entry in document["policies"])
        return StarterPolicy(document["source"], document["edition"], document["confidence"], document["effective_from"], lines)
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingDataError(f"{path.name}: {error!r}") from error


@cache
def limits(path: Path = DATA / "limits.yaml") -> Limits:
    """Read the limits. Raises TrainingDataError, OSError."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        about: dict[str, Any] = {name: document[name] for name in ("source", "edition", "confidence")}
        counted = {**document["sign_in"], **document["throttle"], **{name: document[name] for name in ("due_soon_days", "list_rows")}}
        return Limits(**about | {name: int(value) for name, value in counted.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingDataError(f"{path.name}: {error!r}") from error


def _line(entry: dict[str, Any]) -> StarterLine:
    target = str(entry["target"])
    kind, _, code = target.partition(": ")
    if target != "high_risk" and (kind != "type" or not code):
        raise ValueError(f"{entry['code']}: target {target}")
    return StarterLine(
        entry["code"], entry["name"], code, bool(entry.get("each_model", False)), entry.get("repeat_months"), entry.get("roll_out_days")
    )
