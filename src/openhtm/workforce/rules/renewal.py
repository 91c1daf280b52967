"""The renewal journal: what counts in a cycle, what the caps cut, and whether the pace is enough. Pure.

Units are hundredths, so that 0.5 and 1.25 CEU add up exactly. Entries above a cap are kept and count only up to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from openhtm.core.months import add_months
from openhtm.ui.rules import formats
from openhtm.workforce.rules.periods import whole_months
from openhtm.workforce.rules.programmes import NOT_RETRIEVED, Category, EmeritusRule, Programme, Renewal

HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """Units of one activity, in hundredths."""

    category: str
    hundredths: int
    done_on: date
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Cycle:
    """Activities on ``[starts_on, ends_on)`` count."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class CategoryTotal:
    """What was entered in a category and what of it counts. ``cap_known`` is False where no cap was retrieved."""

    category: Category
    entered: int
    counted: int

    @property
    def over(self) -> int:
        return self.entered - self.counted

    @property
    def cap_known(self) -> bool:
        return self.category.confidence != NOT_RETRIEVED


class Pace(StrEnum):
    ENOUGH = "enough"
    ON_COURSE = "on_course"
    BEHIND = "behind"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Progress:
    """How a cycle stands on a day. Units in hundredths; ``projected`` is what the pace so far leads to by the end."""

    cycle: Cycle
    needed: int
    counted: int
    projected: int
    pace: Pace
    totals: tuple[CategoryTotal, ...]
    outside: int
    unit: str

    @property
    def missing(self) -> int:
        return max(self.needed - self.counted, 0)

    @property
    def short(self) -> int:
        """What the pace so far will lack at the end."""
        return max(self.needed - self.projected, 0)

    def sentence(self) -> str:
        last_on = formats.day(self.cycle.ends_on - timedelta(days=1))
        if self.pace is Pace.ENOUGH:
            return f"All {units(self.needed)} {self.unit} are there, until {last_on}."
        if self.pace is Pace.OVER:
            return f"The cycle ended on {last_on} with {units(self.missing)} {self.unit} missing."
        if self.pace is Pace.ON_COURSE:
            return f"{units(self.missing)} {self.unit} to go; the pace so far is enough by {last_on}."
        tenths = -(-self.short // 10) * 10  # a forecast to the hundredth would claim too much
        return f"At this pace you miss {units(tenths)} {self.unit} by {last_on}."


def units(hundredths: int) -> str:
    """``150`` is ``"1.5"``, ``600`` is ``"6"``."""
    whole, rest = divmod(hundredths, HUNDRED)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)


def cycle_on(renewal: Renewal, started_on: date, on: date) -> Cycle:
    """Return the cycle of a certification that holds on a day, counting whole cycles from its start.

    Where the body closes its periods on a day of the year, the first one ends there, not earlier than ``years`` after the
    year of the start. Before the start it is the first cycle.
    """
    first = Cycle(started_on, _first_end(renewal, started_on))
    if on < first.ends_on:
        return first
    months = renewal.years * 12
    passed = whole_months(first.ends_on, on) // months
    return Cycle(add_months(first.ends_on, passed * months), add_months(first.ends_on, (passed + 1) * months))


def usual_last_day(programme: Programme, *, tier: str, since: date) -> date | None:
    """Return the last valid day of a certification whose certificate names none, counted from its issue or its last renewal.

    None for somebody who has retired from the field, whose certification does not end by itself, and where the years are not known.
    """
    if tier not in ("candidate", "full"):
        return None
    if tier == "full" and programme.renewal:
        return cycle_on(programme.renewal, since, since).ends_on - timedelta(days=1)
    years = programme.candidate_years if tier == "candidate" else programme.valid_years
    return add_months(since, years * 12) - timedelta(days=1) if years else None


def _first_end(renewal: Renewal, started_on: date) -> date:
    if not renewal.period_ends:
        return add_months(started_on, renewal.years * 12)
    month, day = (int(part) for part in renewal.period_ends.split("-"))
    return date(started_on.year + renewal.years, month, day) + timedelta(days=1)


def progress(renewal: Renewal, cycle: Cycle, entries: Sequence[Entry], *, on: date) -> Progress:
    """Return how a cycle stands on ``on``: only entries of the cycle up to that day count, each category up to its cap."""
    inside = [one for one in entries if cycle.starts_on <= one.done_on < cycle.ends_on and one.done_on <= on]
    totals = tuple(_total(category, inside) for category in renewal.categories)
    counted = sum(one.counted for one in totals)
    needed = renewal.units * HUNDRED
    projected = _projected(cycle, counted, on)
    outside = sum(one.hundredths for one in entries) - sum(one.hundredths for one in inside)
    return Progress(cycle, needed, counted, projected, _pace(cycle, needed, counted, projected, on), totals, outside, renewal.unit)


def _total(category: Category, entries: Iterable[Entry]) -> CategoryTotal:
    entered = sum(one.hundredths for one in entries if one.category == category.code)
    return CategoryTotal(category, entered, entered if category.most is None else min(entered, category.most * HUNDRED))


def _projected(cycle: Cycle, counted: int, on: date) -> int:
    """The pace so far, carried on to the end; whole days, rounded down."""
    elapsed = (min(on + timedelta(days=1), cycle.ends_on) - cycle.starts_on).days
    return counted * (cycle.ends_on - cycle.starts_on).days // elapsed if elapsed > 0 else counted


def _pace(cycle: Cycle, needed: int, counted: int, projected: int, on: date) -> Pace:
    if counted >= needed:
        return Pace.ENOUGH
    if on >= cycle.ends_on:
        return Pace.OVER
    return Pace.ON_COURSE if projected >= needed else Pace.BEHIND


def reminder_due(days_before: Sequence[int], *, ends_on: date, on: date) -> int | None:
    """Return the newest reminder that is due on a day, as its days before ``ends_on``; None before the first and after the end.

    A server that was off for a month sends the one that holds now, not all it missed.
    """
    left = (ends_on - on).days
    return min((days for days in days_before if left <= days), default=None) if left >= 0 else None


@dataclass(frozen=True, slots=True)
class EmeritusVerdict:
    """Whether somebody who retires may be emeritus, and by what. Years are whole years."""

    eligible: bool
    years_certified: int
    years_experience: int
    reason: str


def emeritus(
    rule: EmeritusRule, *, retired: bool, certified_months: int, experience_months: int, continuous_months: int
) -> EmeritusVerdict:
    """Judge emeritus status: retired, and years certified plus years of work enough, or continuously certified long enough."""
    years, worked, continuous = certified_months // 12, experience_months // 12, continuous_months // 12
    total = (certified_months + experience_months) // 12
    if not retired:
        return EmeritusVerdict(False, years, worked, "still working in the field")
    if total >= rule.years_certified_plus_experience:
        return EmeritusVerdict(True, years, worked, f"{years} years certified and {worked} years of work make {total}")
    if continuous >= rule.years_continuous:
        return EmeritusVerdict(True, years, worked, f"{continuous} years certified without a break")
    short = rule.years_certified_plus_experience - total
    return EmeritusVerdict(
        False, years, worked, f"{short} years short of {rule.years_certified_plus_experience}, certified and worked together"
    )
