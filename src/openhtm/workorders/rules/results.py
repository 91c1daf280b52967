"""What a client sends as a result: read without guessing, told apart from a repetition, and what a person must look at later.

A result that cannot be understood is *refused*: the client still has it and somebody corrects it. A result that is sound by
itself but does not fit what is stored is *held*: kept as it came until a person settles it. Nothing is dropped.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

LATE_AFTER = timedelta(days=3)
"""A result that arrives later than this after it was measured is read by a person."""
CLOCK_AHEAD = timedelta(minutes=10)
CLOCK_BEHIND = timedelta(days=366)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
PHASES = ("as_found", "as_left")
SKIPS = ("na", "skipped")
MOST_FILES, MOST_DETAIL = 20, 40_000
LONGEST_TEXT, LONGEST_REASON = 4000, 400
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ResultIn:
    """One result as a client sends it; nothing in it has been checked yet.

    ``uid`` is a UUIDv7 made by the client, ``checklist`` the uid of the checklist, ``step`` the key of the step.
    ``value`` is what ``procedures.rules.judging.judge`` takes. ``skip`` is ``na`` (does not apply) or ``skipped``, both with
    the reason in ``text``. ``tester`` is a control number. ``measured_at`` is ISO 8601 with its offset.
    """

    uid: str
    checklist: str
    step: str
    measured_at: str
    value: object = None
    phase: str = ""
    unit: str = ""
    skip: str = ""
    text: str = ""
    files: tuple[str, ...] = ()
    tester: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    supersedes: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A result whose form is sound. ``fingerprint`` is equal for a repetition, whatever way it was written."""

    uid: uuid.UUID
    checklist: uuid.UUID
    step: str
    phase: str
    value: object
    unit: str
    skip: str
    text: str
    files: tuple[str, ...]
    tester: str
    detail: Mapping[str, Any]
    measured_at: datetime
    supersedes: uuid.UUID | None
    reason: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a result is not stored: a stable code and one sentence that says what to do."""

    code: str
    sentence: str


class State(StrEnum):
    """What became of one result."""

    STORED = "stored"
    REPEATED = "repeated"
    CONFLICT = "conflict"
    HELD = "held"
    REFUSED = "refused"


def as_payload(item: ResultIn) -> dict[str, Any]:
    """Return a result as plain JSON, the way it is kept when it is held. Numbers that JSON lacks become text."""
    plain = {name: getattr(item, name) for name in ResultIn.__dataclass_fields__} | {"files": list(item.files)}
    return {name: _finite(value) for name, value in plain.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(_finite(str(key))): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int) else str(value)


def from_payload(payload: Mapping[str, Any]) -> ResultIn:
    """Return the result that ``as_payload`` wrote."""
    return ResultIn(**{**payload, "files": tuple(payload.get("files") or ())})


def read(item: ResultIn) -> Sent | Refusal:
    """Read one result. A refusal names the first thing wrong with its form."""
    uid, checklist = _uuid(item.uid), _uuid(item.checklist)
    supersedes = _uuid(item.supersedes) if item.supersedes else None
    if uid is None or uid.version != 7:
        return Refusal("uid", "The id must be a UUID of version 7, made by the client.")
    if checklist is None:
        return Refusal("checklist", "Name the checklist by its uid.")
    if item.supersedes and supersedes is None:
        return Refusal("supersedes", "Name the corrected result by its uid.")
    measured_at = _instant(item.measured_at)
    if measured_at is None:
        return Refusal("measured-at", "Give the time of measuring as ISO 8601 with its offset, such as 2026-11-22T14:05:00Z.")
    if refusal := _refuse_words(item):
        return refusal
    plain = as_payload(item) | {"uid": str(uid), "checklist": str(checklist), "measured_at": measured_at.isoformat()}
    if plain["detail"] and len(json.dumps(plain["detail"])) > MOST_DETAIL:
        return Refusal("detail", "The details are too long.")
    return Sent(
        uid=uid,
        checklist=checklist,
        step=item.step,
        phase=item.phase,
        value=item.value,
        unit=item.unit,
        skip=item.skip,
        text=item.text.strip(),
        files=tuple(dict.fromkeys(item.files)),
        tester=item.tester.strip().upper(),
        detail=plain["detail"],
        measured_at=measured_at,
        supersedes=supersedes,
        reason=item.reason.strip(),
        fingerprint=fingerprint(plain),
    )


def fingerprint(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a client sent, as 64 hexadecimal digits. Numbers count as they were written: 1 is 1.0."""
    value = plain.get("value")
    told = float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value
    return hashlib.sha256(json.dumps({**plain, "value": told}, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _refuse_words(item: ResultIn) -> Refusal | None:
    texts = (item.step, item.phase, item.unit, item.skip, item.text, item.tester, item.reason, item.value)
    if any(isinstance(text, str) and not _printable(text) for text in texts):
        return Refusal("text", "Remove the NUL character and characters that are not valid Unicode.")
    if len(item.text) > LONGEST_TEXT or len(item.reason) > LONGEST_REASON:
        return Refusal("text", f"A remark has at most {LONGEST_TEXT} characters, a reason {LONGEST_REASON}.")
    if item.phase not in ("", *PHASES):
        return Refusal("phase", f"The phase is one of {', '.join(PHASES)}, or left out.")
    if item.skip not in ("", *SKIPS):
        return Refusal("skip", f"skip is one of {', '.join(SKIPS)}, or left out.")
    if item.supersedes and not item.reason.strip():
        return Refusal("correction-reason", "Say why the earlier result is corrected.")
    if len(item.files) > MOST_FILES or not all(isinstance(one, str) and _SHA256.fullmatch(one) for one in item.files):
        return Refusal("files", f"Name at most {MOST_FILES} photos, each by the SHA-256 it was answered with.")
    return None


def _printable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except (ValueError, AttributeError):
        return None


def _instant(text: str) -> datetime | None:
    """Return an instant between 1970 and 2200, or nothing."""
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    if at.tzinfo is None:
        return None
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        return None
    return at if EARLIEST <= at < LATEST else None


def clock_is_wrong(*, measured_at: datetime, received_at: datetime) -> bool:
    """True if the client's clock cannot be believed: ahead of ours, or more than a year behind."""
    return measured_at > received_at + CLOCK_AHEAD or measured_at < received_at - CLOCK_BEHIND


def judged_at(*, measured_at: datetime, received_at: datetime) -> datetime:
    """Return the instant whose day decides about calibration and qualification: ours where the client's clock is wrong."""
    return received_at if clock_is_wrong(measured_at=measured_at, received_at=received_at) else measured_at


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides, beside the verdict, whether a person reads a result."""

    verdict: str
    near_limit: bool
    tester_expired: bool
    measured_at: datetime
    received_at: datetime
    closed_at: datetime | None
    corrects: bool
    adjusted: bool


def review_reasons(facts: Circumstances) -> tuple[str, ...]:
    """Return the codes of ``ReviewReason`` that hold, in their order. Empty: nobody has to read it."""
    wrong_clock = clock_is_wrong(measured_at=facts.measured_at, received_at=facts.received_at)
    late = not wrong_clock and facts.received_at - facts.measured_at > LATE_AFTER
    holds = {
        "failed": facts.verdict == "fail",
        "near_limit": facts.near_limit,
        "skipped": facts.verdict == "skipped",
        "tester_expired": facts.tester_expired,
        "late_entry": late,
        "clock": wrong_clock,
        "after_closing": facts.closed_at is not None,
        "corrected": facts.corrects,
        "adjusted": facts.adjusted,
    }
    return tuple(code for code, true in holds.items() if true)
