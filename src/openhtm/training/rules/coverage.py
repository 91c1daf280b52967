"""Who should be trained on what, and who is: from the devices of a unit, the lines of the policy and the training recorded.

Nothing is stored. A need follows from the devices in a unit and the policy in force on a day; a state follows from a need and the
newest training. Unknown is a state of its own: no record is never shown as fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from openhtm.core.months import add_months


class State(StrEnum):
    """Where one person stands with one kind of device."""

    TRAINED = "trained"
    DUE = "due"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


STATE_WORDS: dict[State, str] = {
    State.TRAINED: "Trained",
    State.DUE: "Due",
    State.LAPSED: "Lapsed",
    State.UNKNOWN: "No record",
}
STATE_TONES: dict[State, str] = {State.TRAINED: "ok", State.DUE: "due", State.LAPSED: "late", State.UNKNOWN: "unknown"}
_RANK = {state: rank for rank, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the policy. Without type and model it is about everything that is high-risk.

    ``each_model``: training counts for its own model only. ``roll_out_days``: so long after the first device came into service.
    """

    key: int
    type_id: int | None = None
    model_id: int | None = None
    each_model: bool = False
    repeat_months: int | None = None
    roll_out_days: int | None = None

    def about(self, standing: Standing) -> bool:
        if self.model_id is not None:
            return standing.model_id == self.model_id
        return standing.type_id == self.type_id if self.type_id is not None else standing.high_risk


@dataclass(frozen=True, slots=True)
class Standing:
    """The devices of one model that a unit has: ``first_on`` is the day on which the first came into service (None: unknown)."""

    type_id: int
    model_id: int
    high_risk: bool
    first_on: date | None
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Need:
    """What everybody of a unit should be trained on. ``model_id`` None: any model of the type counts.

    ``due_by`` is the last day on which nobody has to be trained yet; None where the first day in service is unknown.
    """

    type_id: int
    model_id: int | None
    repeat_months: int | None
    due_by: date | None
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """The newest training of a person. ``model_id`` None: the course was about the type."""

    type_id: int
    model_id: int | None
    on: date


def needs(standings: Iterable[Standing], lines: Iterable[Line]) -> tuple[Need, ...]:
    """Return what the people of a unit need, ordered by type and model. Where several lines agree the strictest holds."""
    found: dict[tuple[int, int], Need] = {}
    known = list(lines)
    for standing in standings:
        for line in known:
            if line.about(standing):
                need = _need(standing, line)
                key = (need.type_id, need.model_id or 0)
                found[key] = _strictest(found[key], need) if key in found else need
    return tuple(found[key] for key in sorted(found))


def state(need: Need, trained_on: date | None, *, on: date, soon_days: int) -> State:
    """Return where somebody stands on a day. Due: in time still, or to be repeated within ``soon_days``."""
    if trained_on is None:
        return State.DUE if need.due_by is not None and on <= need.due_by else State.UNKNOWN
    again = due_again(need, trained_on)
    if again is None:
        return State.TRAINED
    if on >= again:
        return State.LAPSED
    return State.DUE if (again - on).days <= soon_days else State.TRAINED


def due_again(need: Need, trained_on: date) -> date | None:
    """The first day on which a training no longer counts; None: it counts for good."""
    return None if need.repeat_months is None else add_months(trained_on, need.repeat_months)


def newest(need: Need, trained: Mapping[tuple[int, int], date]) -> date | None:
    """The newest training that counts for a need; ``trained`` is keyed by (type, model or 0).

    For a type every course on it or on one of its models counts; for a model only courses on that model.
    """
    if need.model_id is not None:
        return trained.get((need.type_id, need.model_id))
    return max((day for (type_id, _), day in trained.items() if type_id == need.type_id), default=None)


def worst(states: Iterable[State]) -> State:
    """Return the state that asks most: no record before lapsed, lapsed before due. Raises ValueError for none."""
    return max(states, key=_RANK.__getitem__)


def _need(standing: Standing, line: Line) -> Need:
    by_model = line.each_model or line.model_id is not None
    days = min(line.roll_out_days or 0, (date.max - standing.first_on).days) if standing.first_on else 0
    due_by = None if standing.first_on is None else standing.first_on + timedelta(days=days)
    return Need(standing.type_id, standing.model_id if by_model else None, line.repeat_months, due_by, (line.key,))


def _strictest(one: Need, other: Need) -> Need:
    """An unknown day counts as past, a missing interval as none."""
    repeats = [need.repeat_months for need in (one, other) if need.repeat_months is not None]
    due_by = None if one.due_by is None or other.due_by is None else min(one.due_by, other.due_by)
    return Need(one.type_id, one.model_id, min(repeats, default=None), due_by, tuple(sorted({*one.lines, *other.lines})))
