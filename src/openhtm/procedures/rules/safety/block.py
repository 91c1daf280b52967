"""The verdict of a whole electrical-safety block, and what its report must hold (IEC 62353, documentation)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openhtm.procedures.rules.safety.judge import FAIL, INVALID, PASS
from openhtm.procedures.rules.safety.vocabulary import ReportField, vocabulary

MINOR, NOT_APPLICABLE = "minor", "not_applicable"
SAFE, MINOR_REMARK, NOT_SAFE, INCOMPLETE = "safe", "minor_remark", "not_safe", "incomplete"
BLOCK_LABELS = {
    SAFE: "Safe and functional",
    MINOR_REMARK: "Safe, with a minor remark",
    NOT_SAFE: "Not safe",
    INCOMPLETE: "Not complete: no verdict yet",
}
_VERDICTS = (PASS, MINOR, FAIL, INVALID, NOT_APPLICABLE)


@dataclass(frozen=True)
class Outcome:
    """What one test of a block came to: pass, minor (a person's remark), fail, invalid or not_applicable (with the reason)."""

    key: str
    verdict: str
    remark: str = ""
    near_limit: bool = False


@dataclass(frozen=True)
class BlockVerdict:
    """The overall verdict with the keys behind it. ``watch`` are tests that passed close to their limit."""

    code: str
    label: str
    failed: tuple[str, ...]
    missing: tuple[str, ...]
    invalid: tuple[str, ...]
    remarks: tuple[str, ...]
    watch: tuple[str, ...]


def overall(*, required: Sequence[str], outcomes: Sequence[Outcome]) -> BlockVerdict:
    """Return the verdict of a block from the keys of its required tests and what was found. Raises ValueError for an unknown verdict.

    One failure makes it not safe, whatever else is missing. Without a failure, a required test that is missing, was judged
    invalid, or was left out without a reason leaves it incomplete: nothing is called safe that was not shown to be.
    When a test was repeated, the last outcome of its key counts.
    """
    for one in outcomes:
        if one.verdict not in _VERDICTS:
            raise ValueError(f"{one.verdict!r} is no verdict of a test. Use {', '.join(_VERDICTS)}.")
    last = {one.key: one for one in outcomes}
    done = {key for key, one in last.items() if one.verdict != INVALID and (one.verdict != NOT_APPLICABLE or one.remark.strip())}
    failed = _keys(last, FAIL)
    invalid = _keys(last, INVALID)
    missing = tuple(key for key in dict.fromkeys(required) if key not in done and key not in invalid)
    remarks = _keys(last, MINOR)
    code = SAFE
    if failed:
        code = NOT_SAFE
    elif missing or invalid:
        code = INCOMPLETE
    elif remarks:
        code = MINOR_REMARK
    watch = tuple(key for key, one in last.items() if one.verdict == PASS and one.near_limit)
    return BlockVerdict(code, BLOCK_LABELS[code], failed, missing, invalid, remarks, watch)


def report_gaps(*, report: Mapping[str, object]) -> tuple[ReportField, ...]:
    """Return the fields a report still lacks, in the order of the report. Blank text and empty lists count as missing."""
    return tuple(one for one in vocabulary().report_fields if not one.may_be_empty and not _is_there(report.get(one.code)))


def _keys(last: Mapping[str, Outcome], verdict: str) -> tuple[str, ...]:
    return tuple(key for key, one in last.items() if one.verdict == verdict)


def _is_there(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != [] and value != () and value != {}
