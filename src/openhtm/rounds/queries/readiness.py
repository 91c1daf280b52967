"""Readiness as the board, a check's page and the escalation need it: periods with their states, from the entries alone."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry
from openhtm.rounds.rules.questions import Question, RunsOut, read_questions, running_out
from openhtm.rounds.rules.slots import Done, Every, Rhythm, Slot, SlotState, next_slot, slots_between, states

STRIP_DAYS = {Every.SHIFT: 14, Every.DAILY: 28, Every.WEEKLY: 84, Every.MONTHLY: 366}
"""So many days back a strip shows."""
RELATED = ("facility", "location", "department", "device__device_type")


@dataclass(frozen=True, slots=True)
class Line:
    """A check with its strip of periods (the last one is open or the newest), and what runs out."""

    check: ReadinessCheck
    strip: Sequence[tuple[Slot, SlotState]]
    expiring: Sequence[RunsOut]
    last: ReadinessEntry | None

    @property
    def state(self) -> SlotState | None:
        """How the newest period stands; None while nothing is owed yet."""
        return self.strip[-1][1] if self.strip else None

    @property
    def current(self) -> Slot | None:
        return self.strip[-1][0] if self.strip else None

    @property
    def missed(self) -> int:
        return sum(1 for _, state in self.strip if state is SlotState.MISSED)

    @property
    def met(self) -> tuple[int, int]:
        """Periods done, of those that are over or done."""
        over = [state for _, state in self.strip if state is not SlotState.OPEN]
        return len(over) - self.missed, len(over)

    @property
    def missed_now(self) -> bool:
        """The newest period that is over was missed and the open one is not done either."""
        over = [state for _, state in self.strip if state is not SlotState.OPEN]
        return self.state in (SlotState.OPEN, SlotState.MISSED) and bool(over) and over[-1] is SlotState.MISSED


def rhythm_of(check: ReadinessCheck) -> Rhythm:
    """The times of a check as the rules know them; ``facility`` must be loaded."""
    return Rhythm(
        every=Every(check.frequency),
        zone=ZoneInfo(check.facility.time_zone),
        starts_on=check.starts_on,
        ends_on=check.ends_on,
        shift_starts=tuple(check.shift_starts),
        week_days=frozenset(check.week_days),
    )


def questions_of(check: ReadinessCheck) -> tuple[Question, ...]:
    return read_questions(check.questions)


def checks(
    actor: Actor, *, q: str = "", facility: str = "", department_id: int | None = None, active: bool | None = True
) -> QuerySet[ReadinessCheck]:
    """Checks the actor may see, with what a row shows."""
    found: QuerySet[ReadinessCheck] = ReadinessCheck.objects.visible_to(actor).select_related(*RELATED)
    if q:
        found = found.filter(Q(name__icontains=q) | Q(location__full_name__icontains=q) | Q(code__iexact=q))
    if facility:
        found = found.filter(facility__code__iexact=facility)
    if department_id is not None:
        found = found.filter(department_id=department_id)
    return found if active is None else found.filter(active=active)


def lines(found: Iterable[ReadinessCheck], *, now: dt.datetime) -> list[Line]:
    """Return the strip of each check. Two statements for any number of checks."""
    listed = list(found)
    since = {check.pk: now - dt.timedelta(days=STRIP_DAYS[Every(check.frequency)]) for check in listed}
    done = done_since(since)
    newest = newest_entries(since)
    return [_line(check, done[check.pk], newest.get(check.pk), since[check.pk], now) for check in listed]


def _line(check: ReadinessCheck, done: list[Done], newest: ReadinessEntry | None, since: dt.datetime, now: dt.datetime) -> Line:
    slots = slots_between(rhythm_of(check), since=since, until=now + dt.timedelta(microseconds=1))
    today = now.astimezone(ZoneInfo(check.facility.time_zone)).date()
    expiring = running_out(questions_of(check), newest.answers, today=today) if newest else []
    return Line(check, states([slot for slot in slots if slot.start >= since], done, now=now), expiring, newest)


def done_since(since: Mapping[int, dt.datetime]) -> dict[int, list[Done]]:
    """Return what was done of each check since its own moment. One statement."""
    done: dict[int, list[Done]] = defaultdict(list)
    if not since:
        return done
    rows = ReadinessEntry.objects.filter(check_done__in=list(since), done_at__gte=min(since.values()))
    for check, at, problem in rows.order_by("done_at").values_list("check_done_id", "done_at", "problem"):
        done[check].append(Done(at, problem))
    return done


def newest_entries(ids: Iterable[int]) -> dict[int, ReadinessEntry]:
    """Return the newest entry of each check. One statement."""
    rows = ReadinessEntry.objects.filter(check_done__in=list(ids)).order_by("check_done_id", "-done_at", "-pk").distinct("check_done_id")
    return {entry.check_done_id: entry for entry in rows}


def due_words(line: Line, *, now: dt.datetime) -> tuple[str, dt.datetime | None]:
    """What is owed next, in words, and the instant it is about."""
    if line.state is SlotState.OPEN and line.current:
        return "Open until", line.current.end
    following = next_slot(rhythm_of(line.check), after=now)
    return ("Next from", following.start) if following else ("Ended", None)


def by_department(found: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Group lines by facility and department, in the order of their names."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in found:
        check = line.check
        groups[f"{check.department.name if check.department else 'No department'}, {check.facility.name}"].append(line)
    return sorted(groups.items())
