"""Periods and their states made into the values of the pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from openhtm.rounds.queries.readiness import Line, due_words
from openhtm.rounds.rules.questions import Question, RunsOut
from openhtm.rounds.rules.slots import STATE_WORDS, Every, Slot, SlotState
from openhtm.ui.rules import formats

TONES = {SlotState.DONE: "ok", SlotState.PROBLEM: "due", SlotState.MISSED: "late", SlotState.OPEN: "info", SlotState.NOT_YET: "hold"}
NAMED = 6
"""So many gaps are named in the words of a strip; further ones are counted."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One period of a strip. ``first`` begins a day, where a day holds several."""

    state: str
    words: str
    first: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A check as a row of the board."""

    line: Line
    cells: list[Cell]
    words: str
    tone: str
    state: str
    due: str
    due_at: dt.datetime | None
    zone: ZoneInfo
    expiring: list[tuple[str, str]]


def row(line: Line, *, now: dt.datetime) -> Row:
    zone = ZoneInfo(line.check.facility.time_zone)
    due, due_at = due_words(line, now=now)
    tone, state = _standing(line)
    return Row(line, cells(line, zone), strip_words(line, zone), tone, state, due, due_at, zone, [expiry(one) for one in line.expiring])


def _standing(line: Line) -> tuple[str, str]:
    """The state a person acts on: a missed period counts until the open one is done."""
    if line.state is None:
        return "hold", "Not yet"
    if line.missed_now:
        return "late", "Missed" if line.state is SlotState.MISSED else "Missed, open now"
    return TONES[line.state], STATE_WORDS[line.state]


def cells(line: Line, zone: ZoneInfo) -> list[Cell]:
    several = line.check.frequency == Every.SHIFT
    found, before = [], None
    for slot, state in line.strip:
        found.append(
            Cell(state.value, f"{when(slot, zone, line.check.frequency)}: {STATE_WORDS[state].lower()}", several and slot.day != before)
        )
        before = slot.day
    return found


def when(slot: Slot, zone: ZoneInfo, frequency: str) -> str:
    """``22 Nov 2026``, ``22 Nov 2026 07:00`` for a shift, ``week from …`` or ``November 2026``."""
    if frequency == Every.SHIFT:
        return formats.instant(slot.start, zone=zone)
    if frequency == Every.WEEKLY:
        return f"week from {formats.day(slot.day)}"
    return formats.month(slot.day) if frequency == Every.MONTHLY else formats.day(slot.day)


def strip_words(line: Line, zone: ZoneInfo) -> str:
    """The strip for people who do not see it: how many were done, and which not."""
    done, over = line.met
    gaps = [when(slot, zone, line.check.frequency) for slot, state in line.strip if state is SlotState.MISSED]
    named = ", ".join(gaps[-NAMED:])
    more = f" and {len(gaps) - NAMED} earlier" if len(gaps) > NAMED else ""
    return f"{done} of {over} done{f'; missed {named}{more}' if gaps else ''}"


def expiry(one: RunsOut) -> tuple[str, str]:
    """Tone and words of something that runs out."""
    subject = one.text.removeprefix("When do ").removeprefix("When does ").removesuffix("?")
    subject = subject.removesuffix(" run out").removesuffix(" expire").strip()
    subject = subject.removeprefix("the ").capitalize()
    verb = "ran out" if one.tone == "late" else "until"
    return one.tone, f"{subject} {verb} {formats.day(one.on)}"


def answer_words(question: Question, stored: object) -> str:
    """A stored answer as people read it."""
    if stored is None:
        return "not asked"
    if question.kind == "yes_no":
        return "Yes" if stored else "No"
    if question.kind == "date" and isinstance(stored, str):
        return formats.day(dt.date.fromisoformat(stored))
    return f"{stored:g} {question.unit}".strip() if isinstance(stored, int | float) else str(stored)
