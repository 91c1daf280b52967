"""What one test of a file would become: the result to be stored, and for each of its rows the limit and the verdict to expect."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openhtm.procedures.rules.safety.model import COMPARATORS, Limit, SafetyTest
from openhtm.procedures.rules.safety.units import shown
from openhtm.procedures.rules.steps import Step
from openhtm.testers.rules.files.model import MeasuredRow
from openhtm.traceability.rules.blocks import Fitted, fit
from openhtm.workorders.rules.results import Refusal, ResultIn, read
from openhtm.workorders.rules.verdicts import Judged, TesterThen, judge_sent, safety_tests

REPEATED = "repeated"
"""Verdict of a row beside a worse one of the same measurement, which counts."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RowExpected:
    """What a row will be. ``field`` and ``sentence`` say what is wrong where it has no place in the step."""

    measures: str = ""
    limit: str = ""
    verdict: str = ""
    field: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """The result to be stored, or None with the sentence that says what is wrong. ``rows`` are by position."""

    item: ResultIn | None
    verdict: str
    sentence: str
    rows: Mapping[int, RowExpected]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where a test goes and by whom it was measured."""

    uid: uuid.UUID
    checklist: uuid.UUID
    step: Step
    measured_at: datetime
    day: date
    tester: TesterThen
    file_name: str
    file_sha256: str
    mapping: str


def expect(*, rows: Mapping[int, MeasuredRow], aim: Aim) -> Expected:
    """Say what the rows (by position) become. The verdict is made by the very rule that judges when it is stored."""
    tests = safety_tests(aim.step.electrical_safety) if aim.step.electrical_safety else ()
    if not tests:
        return Expected(None, "", "There is no table of limits for the standard of this step. Choose another order.", {})
    fitted = fit(rows=rows, tests=tests)
    item = _item(fitted, rows, aim)
    refused = _objection(fitted, rows)
    judged = refused or _judged(item, aim)
    wanted = {one.key: one for one in tests}
    shown_rows = {position: _row(position, fitted, wanted, judged) for position in rows}
    missing = _missing(fitted)
    if isinstance(judged, Refusal):
        remedy = (
            f"{missing} Measure them, or type the test into its checklist." if judged.code == "incomplete" and missing else judged.sentence
        )
        return Expected(None, "", remedy[:600], shown_rows)
    return Expected(item, judged.verdict, f"{judged.why} {missing}".strip()[:600], shown_rows)


def _objection(fitted: Fitted, rows: Mapping[int, MeasuredRow]) -> Refusal | None:
    """A row that failed by the tester's own word is never left out silently, and a required measurement never made up."""
    failed = [rows[position].place for position in fitted.misfits if rows[position].said_verdict == "fail"]
    if failed:
        return Refusal("failed-row", f"The tester says fail in {failed[0]}, which has no place in this step. Settle that row first.")
    if not fitted.answers:
        return Refusal("nothing", "No row fits this step.")
    return None


def _missing(fitted: Fitted) -> str:
    """Name the required measurements without a row; empty if there are none."""
    if not fitted.missing:
        return ""
    named = ", ".join(one.title for one in fitted.missing[:_NAMED])
    more = f" and {len(fitted.missing) - _NAMED} more" if len(fitted.missing) > _NAMED else ""
    return f"Required measurements are missing: {named}{more}."


def _item(fitted: Fitted, rows: Mapping[int, MeasuredRow], aim: Aim) -> ResultIn:
    evidence: dict[str, Any] = {
        "file": aim.file_sha256,
        "file_name": aim.file_name,
        "mapping": aim.mapping,
        "rows": {key: _evidence(rows[position]) for key, position in fitted.counted.items()},
    }
    people = sorted({row.person for row in rows.values() if row.person})
    return ResultIn(
        uid=str(aim.uid),
        checklist=str(aim.checklist),
        step=aim.step.key,
        measured_at=aim.measured_at.isoformat(),
        tester=aim.tester.name,
        phase="as_left" if aim.step.phase != "single" else "",
        text=f"From {aim.file_name}{', measured by ' + ', '.join(people) if people else ''}."[:4000],
        detail={"tests": fitted.answers, "source": evidence},
    )


def _evidence(row: MeasuredRow) -> dict[str, str]:
    """The place of the row and what the tester itself thought of it."""
    told = {"place": row.place, "said": row.said_verdict, "limit": row.said_limit, "mains_v": row.mains_v and format(row.mains_v, "f")}
    return {name: str(text)[:60] for name, text in told.items() if text}


def _judged(item: ResultIn, aim: Aim) -> Judged | Refusal:
    sent = read(item)
    return sent if isinstance(sent, Refusal) else judge_sent(step=aim.step, sent=sent, tester=aim.tester, day=aim.day)


def _row(position: int, fitted: Fitted, wanted: Mapping[str, SafetyTest], judged: Judged | Refusal) -> RowExpected:
    if misfit := fitted.misfits.get(position):
        return RowExpected(field=misfit.field, sentence=misfit.text[:600])
    test = wanted[fitted.places[position]]
    if fitted.counted.get(test.key) != position:
        return RowExpected(test.title[:200], limit_in_words(test), REPEATED, sentence="A worse row of the same measurement counts.")
    one = judged.detail.get("tests", {}).get(test.key, {}) if isinstance(judged, Judged) else {}
    return RowExpected(test.title[:200], limit_in_words(test), str(one.get("verdict", "")), sentence=str(one.get("why", ""))[:600])


def limit_in_words(test: SafetyTest) -> str:
    """Return the limit of a measurement as people read it: ``at most 300 µA (NFPA 99 2012)``."""
    if not isinstance(test.limit, Limit):
        return test.limit.why[:200] if test.limit else "A person decides."
    limit = test.limit
    return f"{COMPARATORS[limit.comparator]} {shown(value=limit.value, unit=limit.unit)} ({limit.standard} {limit.edition})"[:200]
