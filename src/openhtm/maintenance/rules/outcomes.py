"""How an attempt can end, as a table read from data, and the two percentages that are never shown apart.

Policy-compliant counts what the written policy credits; physically performed counts what was done on time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from openhtm.maintenance.rules.states import VisitState
from openhtm.maintenance.rules.windows import Timing, Window, timing

DATA = Path(__file__).resolve().parent.parent / "data" / "outcomes.yaml"
NOT_OWED = frozenset({VisitState.EXCLUDED, VisitState.PASSED_HELD, VisitState.REMOVED})


class OutcomeFileError(ValueError):
    """The table of outcomes is broken; the message names the entry."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to end an attempt. ``follow_up_days`` is how long the policy gives for its follow-up, None if none counts.

    ``automatic`` outcomes are written by the system alone; nobody chooses them.
    """

    code: str
    label: str
    performed: bool = False
    advances: bool = False
    in_policy: bool = False
    excluded: bool = False
    failure_code: bool = False
    blocks_use: bool = False
    holds: bool = False
    stops: bool = False
    second_person: bool = False
    report_accepted: bool = False
    automatic: bool = False
    follow_up_days: int | None = None
    follow_up: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """The outcomes of one edition, by code, in the order they are offered."""

    source: str
    edition: str
    confidence: str
    effective_from: date
    by_code: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a visit on a calendar day of the facility, and the day its follow-up was carried out.

    ``accepted`` says that staff accepted the report, for outcomes that ask for one. ``follow_up_days`` are what the policy in
    force on that day gave for the follow-up; None: as the table says.
    """

    code: str
    on: date
    followed_up_on: date | None = None
    accepted: bool = True
    follow_up_days: int | None = None


def read_outcomes(*, path: Path = DATA) -> OutcomeTable:
    """Read the table. Raises OutcomeFileError for a broken entry, OSError for a missing file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        outcomes = [_outcome(entry) for entry in document["outcomes"]]
        texts = {name: str(document[name]) for name in ("source", "edition", "confidence")}
        effective_from = document["effective_from"]
    except (KeyError, TypeError) as error:
        raise OutcomeFileError(f"{path.name} has a field missing or of the wrong kind: {error!r}.") from error
    if not isinstance(effective_from, date):
        raise OutcomeFileError(f"{path.name}: effective_from must be a date.")
    by_code = {one.code: one for one in outcomes}
    if len(by_code) < len(outcomes):
        raise OutcomeFileError(f"{path.name} uses a code twice.")
    return OutcomeTable(**texts, effective_from=effective_from, by_code=MappingProxyType(by_code))


def _outcome(entry: Mapping[str, Any]) -> Outcome:
    if unknown := set(entry) - {one.name for one in fields(Outcome)}:
        raise OutcomeFileError(f"{entry.get('code')}: unknown fields {', '.join(sorted(unknown))}.")
    outcome = Outcome(**entry)
    problems = {
        "performed work always advances": outcome.performed and not outcome.advances,
        "a visit is performed or excluded, not both": outcome.performed and outcome.excluded,
        "credit by policy needs follow_up_days": outcome.in_policy != (outcome.follow_up_days is not None),
        "an attempt taken back settles nothing": outcome.code == "void" and (outcome.advances or outcome.excluded),
        "credit by policy is for attempts, not for work": outcome.in_policy and (outcome.performed or outcome.excluded),
    }
    for problem, holds in problems.items():
        if holds:
            raise OutcomeFileError(f"{outcome.code}: {problem}.")
    return outcome


OUTCOMES = read_outcomes()
"""The shipped table, read once; the file is part of the package."""
VOID = "void"
"""Outcome of an attempt that only takes back the one it supersedes."""
RECORDABLE = tuple(code for code, one in OUTCOMES.by_code.items() if not one.automatic)
"""What whoever tries a visit can report."""


def performed_on(attempts: Sequence[Attempt], *, table: OutcomeTable = OUTCOMES) -> date | None:
    """Return the first day on which the work was done, with its report accepted where one is asked for."""
    return min((one.on for one in attempts if _counts_as_done(one, table)), default=None)


def physically_performed(window: Window, *, state: VisitState, attempts: Sequence[Attempt], table: OutcomeTable = OUTCOMES) -> bool | None:
    """Say whether the work was done by the last day on time; None if the visit is in no denominator.

    Excluded, passed while held and removed visits are in neither denominator; missed ones are in both. Work within grace is
    done, but not on time: grace decides what is overdue, not what counts.
    """
    if state in NOT_OWED:
        return None
    done_on = performed_on(attempts, table=table)
    return done_on is not None and timing(window, performed_on=done_on) == Timing.ON_TIME


def policy_compliant(window: Window, *, state: VisitState, attempts: Sequence[Attempt], table: OutcomeTable = OUTCOMES) -> bool | None:
    """Say whether the visit was performed on time, or tried on time with every follow-up carried out in time.

    None if the visit is in no denominator. A try before the window opens or after it closes earns no credit, and one follow-up
    left undone loses it: the credit rests on the written policy being driven through. Each try is judged by the days it carries.
    """
    performed = physically_performed(window, state=state, attempts=attempts, table=table)
    if performed is not False:
        return performed
    tries = [one for one in attempts if table.by_code[one.code].in_policy and window.opens_on <= one.on <= window.on_time_until]
    return bool(tries) and all(_followed_up(one, table) for one in tries)


def _counts_as_done(attempt: Attempt, table: OutcomeTable) -> bool:
    outcome = table.by_code[attempt.code]
    return outcome.performed and (attempt.accepted or not outcome.report_accepted)


def _followed_up(attempt: Attempt, table: OutcomeTable) -> bool:
    days = table.by_code[attempt.code].follow_up_days if attempt.follow_up_days is None else attempt.follow_up_days
    return attempt.followed_up_on is not None and days is not None and 0 <= (attempt.followed_up_on - attempt.on).days <= days
