"""What if: changes to the facts of a forecast, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from openhtm.staffing.rules.forecast import Person, Repairs

_NOBODY = -1_000_000
"""Keys of people who are not there yet lie below this."""


class ChangeKind(StrEnum):
    HIRE = "hire"
    LEAVE = "leave"
    FLEET = "fleet"
    REPAIRS = "repairs"
    SCHEDULED = "scheduled"


CHANGE_LABELS = {
    ChangeKind.HIRE: "Somebody is hired",
    ChangeKind.LEAVE: "Somebody leaves",
    ChangeKind.FLEET: "More or fewer devices",
    ChangeKind.REPAIRS: "More or fewer repairs",
    ChangeKind.SCHEDULED: "More or less scheduled work",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change from a day on. ``amount``: paid hours a week for a hire, percent for the others; blank ``skill``: all skills."""

    kind: ChangeKind
    from_on: date
    amount: float = 0
    skill: str = ""
    staff_id: int | None = None


def with_people(months: Sequence[tuple[date, date]], people: Sequence[Sequence[Person]], changes: Sequence[Change]) -> list[list[Person]]:
    """People of each month after hires and leaves. Somebody leaving within a month is there for the days before."""
    found = [list(month) for month in people]
    for number, change in enumerate(changes):
        for k, month in enumerate(months):
            share = _share_after(change.from_on, month)
            if change.kind is ChangeKind.LEAVE:
                found[k] = [_partly(one, 1 - share) if one.staff_id == change.staff_id else one for one in found[k]]
                found[k] = [one for one in found[k] if one.staff_id != change.staff_id or one.bookable_min or one.paid_min]
            elif change.kind is ChangeKind.HIRE and share:
                minutes = round(change.amount * 60 * (month[1] - month[0]).days / 7 * share)
                found[k].append(Person(_NOBODY - number, (change.skill,) if change.skill else (), minutes, minutes))
    return found


def scheduled_factor(changes: Sequence[Change], *, month: tuple[date, date], skill: str) -> float:
    """By what the scheduled minutes of a skill in a month are multiplied."""
    return _factor(changes, (ChangeKind.FLEET, ChangeKind.SCHEDULED), month=month, skill=skill)


def repairs_factor(changes: Sequence[Change], *, month: tuple[date, date], skill: str) -> float:
    return _factor(changes, (ChangeKind.FLEET, ChangeKind.REPAIRS), month=month, skill=skill)


def scaled(repairs: Repairs, factor: float) -> Repairs:
    """The same repairs ``factor`` times as long in all: their number stays what was seen, so the interval stays honest."""
    return replace(repairs, minutes=round(repairs.minutes * factor))


def _factor(changes: Sequence[Change], kinds: tuple[ChangeKind, ...], *, month: tuple[date, date], skill: str) -> float:
    factor = 1.0
    for change in changes:
        if change.kind in kinds and change.skill in ("", skill):
            factor *= 1 + change.amount / 100 * _share_after(change.from_on, month)
    return max(factor, 0.0)


def _share_after(day: date, month: tuple[date, date]) -> float:
    """Share of a month from ``day`` on."""
    length = (month[1] - month[0]).days
    return min(max((month[1] - day).days / length, 0.0), 1.0)


def _partly(person: Person, share: float) -> Person:
    paid = None if person.paid_min is None else round(person.paid_min * share)
    return replace(person, bookable_min=round(person.bookable_min * share), paid_min=paid, off_min=round(person.off_min * share))
