"""The shapes of results, checklists, signatures and reviews over the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field

from openhtm.core.schema import Body, PageOut, Text
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import Checklist, HeldResult, Result
from openhtm.workorders.rules.checklists import Standing
from openhtm.workorders.rules.results import MOST_FILES, ResultIn
from openhtm.workorders.services.results import MAX_AT_ONCE, ItemOutcome
from openhtm.workorders.services.signing import SignatureState

MOST_DEPTH = 6


def _shallow(detail: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [detail]
    for _ in range(MOST_DEPTH):
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())]
    if level:
        raise ValueError(f"Details are nested at most {MOST_DEPTH} deep.")
    return detail


class ResultItemIn(Body):
    """One result. Everything but its outer form is answered item by item, so that one mistake does not hold back the others."""

    uid: Annotated[Text, Field(min_length=1, max_length=60)] = Field(description="UUIDv7 made by you, before you send it the first time.")
    checklist: Annotated[Text, Field(min_length=1, max_length=60)] = Field(description="uid of the checklist.")
    step: Annotated[Text, Field(min_length=1, max_length=80)] = Field(description="Key of the step.")
    measured_at: Annotated[Text, Field(min_length=1, max_length=40)] = Field(
        description="ISO 8601 with its offset, by the clock of whoever measured.", examples=["2026-11-22T14:05:00Z"]
    )
    value: Annotated[Text, Field(max_length=4000)] | float | bool | None = Field(
        default=None, description="Number, pass, fail, code of an option, or text, by the kind of the step."
    )
    phase: Annotated[Text, Field(max_length=20)] = Field(default="", description="as_found or as_left, where the step has both.")
    unit: Annotated[Text, Field(max_length=20)] = Field(default="", description="Left out: the unit of the step.")
    skip: Annotated[Text, Field(max_length=20)] = Field(default="", description="na or skipped, with the reason in text.")
    text: Annotated[Text, Field(max_length=4000)] = ""
    files: Annotated[list[Annotated[Text, Field(max_length=64)]], Field(max_length=MOST_FILES)] = Field(
        default=[], description="SHA-256 of photos that were sent before."
    )
    tester: Annotated[Text, Field(max_length=60)] = Field(default="", description="Control number of the tester.")
    detail: Annotated[dict[str, Any], AfterValidator(_shallow)] = Field(
        default={}, description="Safety tests by key, conditions, lot and expiry of consumables."
    )
    supersedes: Annotated[Text, Field(max_length=60)] = Field(default="", description="uid of the result this one corrects.")
    reason: Annotated[Text, Field(max_length=400)] = Field(default="", description="Why it corrects.")

    def as_result(self) -> ResultIn:
        return ResultIn(**{**self.model_dump(), "files": tuple(self.files)})


class ResultsIn(Body):
    items: Annotated[list[ResultItemIn], Field(min_length=1, max_length=MAX_AT_ONCE)]


class ItemOut(Schema):
    """What became of one result."""

    uid: str
    state: Literal["stored", "repeated", "conflict", "held", "refused"] = Field(
        description="conflict and held: kept for a person to settle. refused: not kept, correct it and send it under the same id."
    )
    code: str = Field(description="Stable, for programs.")
    sentence: str
    verdict: str = Field(description="pass, fail, recorded, invalid, na or skipped; empty if nothing was stored.")
    near_limit: bool
    limit: str = Field(description="The limit in words it was judged by.")
    review_reasons: list[str]


class StoredOut(Schema):
    """One outcome for each result, in the order they were sent."""

    items: list[ItemOut]
    stored: int
    repeated: int
    held: int
    refused: int
    repair_orders: list[int] = Field(description="Numbers of repair orders opened for failed critical steps.")


def item_out(one: ItemOutcome) -> dict[str, Any]:
    return {
        "uid": one.uid, "state": one.state.value, "code": one.code, "sentence": one.sentence, "verdict": one.verdict,
        "near_limit": one.near_limit, "limit": one.limit, "review_reasons": list(one.review_reasons),
    }  # fmt: skip


class ResultOut(Schema):
    """A stored result with everything it was judged by."""

    uid: UUID
    work_order: int = Field(description="Number of the order.")
    checklist: UUID
    procedure: str
    procedure_version: int
    step: str
    phase: str
    kind: str
    verdict: str
    number: float | None
    unit: str
    entered: str
    choice: str
    text: str
    files: list[str]
    detail: dict[str, Any]
    limit: dict[str, Any]
    share_of_limit: float | None
    tester: str | None
    tester_due_on: dt.date | None
    review_reasons: list[str]
    performer: str
    qualification: dict[str, Any] = Field(
        description="Of the performer on that day; empty for those who may not see staff there, except about themselves."
    )
    measured_at: dt.datetime
    received_at: dt.datetime
    supersedes: UUID | None
    reason: str


class ResultList(PageOut):
    items: list[ResultOut]


def result_out(one: Result, *, actor: Actor) -> dict[str, Any]:
    may_see = actor.may(Permission.VIEW_STAFF, at=one.work_order.facility_id) or one.performer_id == actor.user_id
    plain = (
        "uid", "phase", "kind", "verdict", "number", "unit", "entered", "choice", "text", "files", "detail", "limit", "share_of_limit",
        "tester_due_on", "review_reasons", "measured_at", "received_at", "reason",
    )  # fmt: skip
    return {name: getattr(one, name) for name in plain} | {
        "work_order": one.work_order.number,
        "checklist": one.checklist.uid,
        "procedure": one.checklist.version.procedure.code,
        "procedure_version": one.checklist.version.number,
        "step": one.step_key,
        "tester": one.tester.device.control_number if one.tester else None,
        "performer": one.performer_name,
        "qualification": one.qualification if may_see else {},
        "supersedes": one.supersedes_id,
    }


class StandingOut(Schema):
    asked: int = Field(description="Steps that take an answer.")
    answered: int
    missing: list[str] = Field(description="Keys of required steps without an answer.")
    failed: list[str]
    outcome: str = Field(description="What the outcome would be if it were finished now.")


class ChecklistRow(Schema):
    """A procedure to be carried out on an order."""

    uid: UUID
    work_order: int
    procedure: str
    name: str
    version: int
    purpose: Literal["work", "return_to_service"]
    position: int
    finished_at: dt.datetime | None
    outcome: str = Field(description="Empty while under way.")
    standing: StandingOut


class ChecklistOut(ChecklistRow):
    """A checklist with its steps: the content of its version, and how each answer is judged."""

    content: dict[str, Any]
    rules: list[dict[str, Any]] = Field(description="One for each step: the limits as the browser uses them.")
    previous: dict[str, Any] = Field(description="By step: what stood on this device the last time.")
    results: list[ResultOut] = Field(description="Those that stand now.")


def checklist_row(one: Checklist, stands: Standing) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "work_order": one.work_order.number,
        "procedure": one.version.procedure.code,
        "name": one.version.procedure.name,
        "version": one.version.number,
        "purpose": one.purpose,
        "position": one.position,
        "finished_at": one.finished_at,
        "outcome": one.outcome,
        "standing": {
            "asked": stands.asked, "answered": stands.answered, "missing": list(stands.missing), "failed": list(stands.failed),
            "outcome": stands.outcome,
        },
    }  # fmt: skip


class ChecklistIn(Body):
    procedure: Annotated[Text, Field(min_length=1, max_length=80)] = Field(description="Code of a released procedure.")
    purpose: Literal["work", "return_to_service"] = "work"


class FinishIn(Body):
    outcome: Literal["", "pass", "pass_adjusted", "partial", "fail"] = Field(default="", description="Left out: what the results say.")
    open_repair: bool = Field(default=False, description="Open a repair order for minor failures too.")


class FinishedOut(ChecklistRow):
    repair_orders: list[int]


class PhotoOut(Schema):
    sha256: str = Field(description="Name it in the files of a result.")
    media_type: str
    size_bytes: int


class SignIn(Body):
    meaning: Literal["performed", "reviewed", "released", "accepted_report"]
    password: Annotated[Text, Field(min_length=1, max_length=256)]


class SignedChangeOut(Schema):
    what: str
    by: str
    at: dt.datetime
    reason: str


class SignatureOut(Schema):
    uid: UUID
    meaning: str
    signer: str
    roles: list[str]
    method: str
    content_hash: str = Field(description="SHA-256 of what was signed.")
    signed_at: dt.datetime
    intact: bool = Field(description="False: what was signed has changed since.")
    changes: list[SignedChangeOut] = Field(description="What changed since, if it is not intact.")


def signature_out(one: SignatureState) -> dict[str, Any]:
    made = one.signature
    return {
        "uid": made.uid, "meaning": made.meaning, "signer": made.signer_name, "roles": made.signer_roles, "method": made.method,
        "content_hash": made.content_hash, "signed_at": made.signed_at, "intact": one.intact,
        "changes": list(one.changes),
    }  # fmt: skip


class ReviewRow(Schema):
    """A completed order that somebody must read, and why."""

    number: int
    kind: str
    title: str
    device: str | None
    facility: str
    completed_at: dt.datetime | None
    completed_by: str | None
    reasons: list[str]
    signed: bool = Field(description="Signed as performed, and unchanged since.")


class ReviewList(PageOut):
    items: list[ReviewRow]


class ReviewIn(Body):
    password: Annotated[Text, Field(min_length=1, max_length=256)]
    note: Annotated[Text, Field(max_length=1000)] = ""


class ReviewedOut(Schema):
    number: int
    status: str
    closed_at: dt.datetime | None


class HeldOut(Schema):
    """Something sent as a result that could not be stored as one, as it came."""

    uid: UUID
    claimed_uid: str
    work_order: int | None
    reason: str
    sentence: str
    payload: dict[str, Any]
    sender: str | None
    received_at: dt.datetime
    settled_at: dt.datetime | None
    decision: str
    decision_note: str


class HeldList(PageOut):
    items: list[HeldOut]


def held_out(one: HeldResult) -> dict[str, Any]:
    plain = ("uid", "claimed_uid", "reason", "sentence", "payload", "received_at", "settled_at", "decision", "decision_note")
    return {name: getattr(one, name) for name in plain} | {
        "work_order": one.work_order.number if one.work_order else None,
        "sender": str(one.sender) if one.sender else None,
    }


class WorkSettleIn(Body):
    decision: Literal["stored", "discarded"]
    note: Annotated[Text, Field(min_length=1, max_length=400)]
    checklist: Annotated[Text, Field(max_length=60)] = Field(default="", description="Another checklist than the one it was sent for.")
