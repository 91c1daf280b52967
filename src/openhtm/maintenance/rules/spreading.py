"""Which day each piece of work gets: never outside its window, never above a day's hours unless somebody says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Verdict(StrEnum):
    """What a day means for a visit. The last five leave it where it is."""

    FITS = "fits"
    IN_GRACE = "in_grace"
    OVERDUE = "overdue"
    EARLY = "early"
    LATE = "late"
    PAST = "past"
    FULL = "full"
    NO_DAY = "no_day"


MOVES = frozenset({Verdict.FITS, Verdict.IN_GRACE, Verdict.OVERDUE})
VERDICT_LABELS = {
    Verdict.FITS: "fits", Verdict.IN_GRACE: "leaves its window, within grace", Verdict.OVERDUE: "overdue already", Verdict.EARLY: "before its window opens",
    Verdict.LATE: "after its window", Verdict.PAST: "in the past", Verdict.FULL: "no hours left on a day that fits", Verdict.NO_DAY: "no working day",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done in one go, in minutes, with its window in days; ``place`` is where it is."""

    key: str
    minutes: int
    opens_on: date
    on_time_until: date
    grace_until: date
    place: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day and the minutes still free on it; None: nobody knows the hours."""

    on: date
    free_min: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The day a job gets, or None and why."""

    key: str
    on: date | None
    verdict: Verdict


def judge(job: Job, day: date, *, today: date) -> Verdict:
    """Say what doing ``job`` on ``day`` means. What is past its end anyway may be done on any day from today on."""
    if day < today:
        return Verdict.PAST
    if day < job.opens_on:
        return Verdict.EARLY
    if day <= job.on_time_until:
        return Verdict.FITS
    if job.grace_until < today:
        return Verdict.OVERDUE
    if day <= job.grace_until:
        return Verdict.FITS if job.on_time_until < today else Verdict.IN_GRACE
    return Verdict.LATE


def spread(
    jobs: Sequence[Job], days: Iterable[Day], *, today: date, beyond_hours: bool = False, into_grace: bool = False, together_min: int = 0
) -> list[Placed]:  # fmt: skip
    """Give every job the day that is filled least, those with the fewest choices first. The order of the input does not matter.

    ``into_grace``: a job without a day in its window may get one in its grace. ``together_min`` is what a day may be fuller
    where the place is visited on it anyway. Every job comes back once, sorted by key. Raises ValueError if two share a key.
    """
    open_days = sorted((day for day in days if day.on >= today), key=lambda day: day.on)
    if len({job.key for job in jobs}) < len(jobs):
        raise ValueError("two jobs share a key")
    choices = {job.key: _choices(job, open_days, today, into_grace=into_grace) for job in jobs}
    load = {day.on: 0 for day in open_days}
    visited: set[tuple[str, date]] = set()
    placed: dict[str, Placed] = {}
    for job in sorted(jobs, key=lambda job: (len(choices[job.key]), job.on_time_until, job.place, -job.minutes, job.key)):
        fitting = [day for day in choices[job.key] if beyond_hours or _has_room(day, load[day.on], job.minutes)]
        if not fitting:
            placed[job.key] = Placed(job.key, None, _why_none(job, open_days, today, full=bool(choices[job.key])))
            continue
        best = min(fitting, key=lambda day: _cost(job, day, load[day.on], (job.place, day.on) in visited, together_min))
        load[best.on] += job.minutes
        if job.place:
            visited.add((job.place, best.on))
        placed[job.key] = Placed(job.key, best.on, judge(job, best.on, today=today))
    return [placed[key] for key in sorted(placed)]


def _choices(job: Job, days: Sequence[Day], today: date, *, into_grace: bool) -> list[Day]:
    judged = [(day, judge(job, day.on, today=today)) for day in days]
    inside = [day for day, verdict in judged if verdict in (Verdict.FITS, Verdict.OVERDUE)]
    return inside or [day for day, verdict in judged if into_grace and verdict is Verdict.IN_GRACE]


def _has_room(day: Day, load: int, minutes: int) -> bool:
    return day.free_min is None or load + minutes <= day.free_min


def _cost(job: Job, day: Day, load: int, together: bool, together_min: int) -> tuple[float, date]:
    """How full the day would be, in shares of its hours."""
    return (load + job.minutes - (together_min if together else 0)) / max(day.free_min if day.free_min is not None else 480, 1), day.on


def _why_none(job: Job, days: Sequence[Day], today: date, *, full: bool) -> Verdict:
    if full:
        return Verdict.FULL
    verdicts = [judge(job, day.on, today=today) for day in days]
    return next((one for one in (Verdict.IN_GRACE, Verdict.LATE, Verdict.EARLY) if one in verdicts), Verdict.NO_DAY)
