"""Storing results: many at once, appended only, each exactly once, and judged here by the limits of the procedure.

Whatever a client sends twice is stored once; whatever cannot be stored is refused with a sentence or kept for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.rules.judging import limit_in_words
from openhtm.procedures.rules.steps import Step
from openhtm.workorders.models import Checklist, Result, WorkOrder
from openhtm.workorders.queries.evidence import Known, fingerprints_of, known_about
from openhtm.workorders.rules.events import ResultsStored
from openhtm.workorders.rules.kinds import STATUS_LABELS, Status, number_text
from openhtm.workorders.rules.results import (
    Circumstances,
    Refusal,
    ResultIn,
    Sent,
    State,
    judged_at,
    read,
    review_reasons,
)
from openhtm.workorders.rules.verdicts import Judged, TesterThen, judge_sent, tester_on
from openhtm.workorders.services.checklists import refresh_finished
from openhtm.workorders.services.failures import act_on_failures
from openhtm.workorders.services.held import Keeping, keep, settle_stored
from openhtm.workorders.services.shared import copy_in

MAX_AT_ONCE = 1000
BY_ONE = 50
"""From so many results on they are copied in; fewer are inserted, which costs fewer statements."""
OPEN_TO_ALL = frozenset({Status.REQUESTED, Status.OPEN, Status.IN_PROGRESS, Status.ON_HOLD, Status.COMPLETED})
IMAGES = ("image/",)


class TooManyResults(DomainError):
    """More results than one request takes."""

    code = "too-many-results"
    message = "{count} results are too many for one request; {limit} fit. Send them in parts."


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one result. ``sentence`` is for people; ``limit`` is the limit in words it was judged by."""

    uid: str
    state: State
    code: str
    sentence: str
    verdict: str = ""
    near_limit: bool = False
    limit: str = ""
    review_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """One outcome for each result, in the order they were sent. ``corrective`` are the numbers of orders opened for failures."""

    items: tuple[ItemOutcome, ...]
    corrective: tuple[int, ...] = ()

    def count(self, state: State) -> int:
        return sum(1 for item in self.items if item.state == state)

    @property
    def stored(self) -> int:
        return self.count(State.STORED)

    @property
    def repeated(self) -> int:
        return self.count(State.REPEATED)

    @property
    def held(self) -> int:
        return self.count(State.HELD) + self.count(State.CONFLICT)

    @property
    def refused(self) -> int:
        return self.count(State.REFUSED)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A result that will be stored, with what it is answered by."""

    result: Result
    step: Step
    judged: Judged


@transaction.atomic
def store_results(
    *, actor: Actor, items: Sequence[ResultIn], now: datetime | None = None, source_file_id: int | None = None
) -> StoreOutcome:
    """Judge and append up to MAX_AT_ONCE results. About ten statements for any number; a failed step adds those of its order.

    ``source_file_id`` is the tester file they were read from.

    The orders are locked, so that closing one and storing into it happen one after the other.
    Raises NotAllowed (no right to work on any order), TooManyResults; everything else is an outcome of its item.
    """
    now = now or timezone.now()
    require(actor, Permission.DO_WORK)
    if len(items) > MAX_AT_ONCE:
        raise TooManyResults(count=f"{len(items):,}", limit=f"{MAX_AT_ONCE:,}")
    batch = _Batch(actor=actor, now=now, items=items, source_file_id=source_file_id)
    batch.decide()
    batch.write()
    stored = [(one.result, one.step, one.result.checklist.work_order) for one in batch.ready.values()]
    corrective = act_on_failures(stored=stored, actor=actor, now=now)
    refresh_finished([one.result.checklist for one in batch.ready.values()])
    if touched := tuple(sorted({one.result.checklist_id for one in batch.ready.values()})):
        settled = {order.pk for _, _, order in stored if order.status in (Status.COMPLETED, Status.CLOSED)}
        publish(ResultsStored(checklist_ids=touched, settled_order_ids=tuple(sorted(settled)), actor=actor, at=now))
    return StoreOutcome(tuple(outcome for outcome in batch.outcomes if outcome is not None), tuple(order.number for order in corrective))


class _Batch:
    """One request under way: what was sent, what is known, and what becomes of each."""

    def __init__(self, *, actor: Actor, now: datetime, items: Sequence[ResultIn], source_file_id: int | None = None) -> None:
        self.actor, self.now, self.items, self.source_file_id = actor, now, items, source_file_id
        self.outcomes: list[ItemOutcome | None] = [None] * len(items)
        self.ready: dict[int, _Ready] = {}
        self.keeping: list[Keeping] = []
        self.seen: dict[object, str] = {}
        read_items = [read(item) for item in items]
        self.known: Known = known_about(sent=[one for one in read_items if isinstance(one, Sent)], actor=actor)
        self.sent = read_items

    def decide(self) -> None:
        for position, sent in enumerate(self.sent):
            if isinstance(sent, Refusal):
                self._refuse(position, sent)
            else:
                self._decide_one(position, sent)

    def _decide_one(self, position: int, sent: Sent) -> None:
        earlier = self.known.fingerprints.get(sent.uid) or self.seen.get(sent.uid)
        if earlier is not None:
            self._again(position, sent, same=earlier == sent.fingerprint)
            return
        checklist = self.known.checklists.get(sent.checklist)
        if checklist is None:
            self._hold(
                position, sent, None, Refusal("unknown-checklist", "There is no such checklist that you can see. It was kept for review.")
            )
            return
        order = checklist.work_order
        if not self.actor.may(Permission.DO_WORK, at=order.facility_id):
            self._refuse(position, Refusal("not-allowed", f"Your role does not include working on orders of {order.facility}."))
        elif objection := order_objection(order=order, measured_at=sent.measured_at):
            self._hold(position, sent, order, objection)
        else:
            self._decide_step(position, sent, checklist)

    def _decide_step(self, position: int, sent: Sent, checklist: Checklist) -> None:
        step = self.known.step(checklist, sent.step)
        if step is None:
            sentence = f"{checklist.version} has no step {sent.step[:60]}. It was kept for review."
            self._hold(position, sent, checklist.work_order, Refusal("unknown-step", sentence))
            return
        if objection := self._correction_objection(sent, checklist):
            self._hold(position, sent, checklist.work_order, objection)
            return
        refusal = self._file_objection(sent) or self._tester_objection(sent)
        day = _day(sent, checklist.work_order, self.now)
        tester = self._tester(sent, day)
        judged = refusal or judge_sent(step=step, sent=sent, tester=tester, day=day)
        if isinstance(judged, Refusal):
            self._refuse(position, judged)
            return
        result = self._result(sent, checklist, step, judged=judged, tester=tester, day=day)
        self.ready[position] = _Ready(result, step, judged)
        self.seen[sent.uid] = sent.fingerprint
        self.known.note(result)
        self.outcomes[position] = ItemOutcome(
            str(sent.uid), State.STORED, judged.code, judged.why, judged.verdict, judged.near_limit,
            limit_in_words(step.number) if step.number else "", tuple(result.review_reasons),
        )  # fmt: skip

    def _correction_objection(self, sent: Sent, checklist: Checklist) -> Refusal | None:
        if sent.supersedes is None:
            return None
        old = self.known.results.get(sent.supersedes)
        if old is None or (old.checklist_id, old.step_key, old.phase) != (checklist.pk, sent.step, sent.phase):
            return Refusal("corrects-nothing", "The result to correct is not one of this step. It was kept for review.")
        if sent.supersedes in self.known.superseded:
            return Refusal("already-corrected", "Somebody corrected that result before. Both are kept; a person decides.")
        return None

    def _file_objection(self, sent: Sent) -> Refusal | None:
        for sha256 in sent.files:
            kind = self.known.files.get(sha256)
            if kind is None:
                return Refusal("photo-missing", "Send the photo first, then the result that names it.")
            if not kind.startswith(IMAGES):
                return Refusal("photo-refused", "This file is not a picture. Take a photo, or attach the file to the order.")
        return None

    def _tester_objection(self, sent: Sent) -> Refusal | None:
        if sent.tester and sent.tester not in self.known.testers:
            return Refusal("unknown-tester", f"{sent.tester[:60]} is not a tester that you can see. Choose one from the list.")
        return None

    def _tester(self, sent: Sent, day: date) -> TesterThen | None:
        found = self.known.testers.get(sent.tester) if sent.tester else None
        if found is None:
            return None
        return tester_on(name=sent.tester, usable=found.tester.usable, calibrations=found.calibrations, day=day)

    def _result(self, sent: Sent, checklist: Checklist, step: Step, *, judged: Judged, tester: TesterThen | None, day: date) -> Result:
        order = checklist.work_order
        facts = Circumstances(
            verdict=judged.verdict,
            near_limit=judged.near_limit,
            tester_expired=judged.tester_expired,
            measured_at=sent.measured_at,
            received_at=self.now,
            closed_at=order.closed_at if Status(order.status) == Status.CLOSED else None,
            corrects=sent.supersedes is not None or self.known.answered(checklist.pk, sent.step, sent.phase),
            adjusted=self.known.adjusted(checklist.pk, sent, judged),
        )
        return Result(
            uid=sent.uid,
            checklist=checklist,
            work_order_id=order.pk,
            device_id=order.device_id,
            step_key=sent.step,
            phase=sent.phase,
            kind=step.kind,
            number=judged.number,
            unit=judged.unit,
            entered=_entered(sent),
            choice=judged.choice[:40],
            text=sent.text if step.kind != "text" or sent.skip else str(sent.value),
            files=list(sent.files),
            detail={**judged.detail, "why": judged.why},
            verdict=judged.verdict,
            limit=dict(judged.limit),
            share_of_limit=judged.share,
            tester=self.known.testers[sent.tester].tester if tester else None,
            tester_due_on=tester.due_on if tester else None,
            review_reasons=list(review_reasons(facts)),
            performer_id=self.actor.user_id,
            performer_name=self.actor.name[:120],
            qualification=self.known.qualification(
                self.actor, checklist, day, at=judged_at(measured_at=sent.measured_at, received_at=self.now)
            ),
            measured_at=sent.measured_at,
            received_at=self.now,
            supersedes_id=sent.supersedes,
            reason=sent.reason,
            fingerprint=sent.fingerprint,
            source_file_id=self.source_file_id,
        )

    def _again(self, position: int, sent: Sent, *, same: bool) -> None:
        stored = self.known.results.get(sent.uid)
        verdict = stored.verdict if stored else ""
        if same:
            self.outcomes[position] = ItemOutcome(str(sent.uid), State.REPEATED, "repeated", "It was stored before.", verdict)
            return
        order = stored.work_order if stored and stored.work_order_id in self.known.visible_orders else None
        sentence = "Another result was stored under this id. The first one stands; this one was kept for review."
        self._hold(position, sent, order, Refusal("uid-reused", sentence), state=State.CONFLICT)

    def _hold(self, position: int, sent: Sent, order: WorkOrder | None, why: Refusal, *, state: State = State.HELD) -> None:
        self.keeping.append(Keeping(self.items[position], sent.fingerprint, order, why))
        self.outcomes[position] = ItemOutcome(str(sent.uid), state, why.code, why.sentence)

    def _refuse(self, position: int, why: Refusal) -> None:
        self.outcomes[position] = ItemOutcome(str(self.items[position].uid)[:60], State.REFUSED, why.code, why.sentence)

    def write(self) -> None:
        """Append what is ready. A uid that another request stored a moment ago is left alone and answered as it deserves."""
        made = [one.result for one in self.ready.values()]
        _append(made)
        self._answer_races()
        keep(self.keeping, actor=self.actor, now=self.now)
        settle_stored({str(one.result.uid): one.result.fingerprint for one in self.ready.values()}, actor=self.actor, now=self.now)

    def _answer_races(self) -> None:
        """Only the same uid sent for two orders at once gets here: the lock of the order prevents every other race."""
        stored = fingerprints_of([one.result.uid for one in self.ready.values()])
        for position, one in list(self.ready.items()):
            if stored.get(one.result.uid) != one.result.fingerprint:
                del self.ready[position]
                sent = self.sent[position]
                assert isinstance(sent, Sent)
                self._again(position, sent, same=False)


def _append(made: list[Result]) -> None:
    """Insert results, leaving alone uids that are taken. Many are copied in, at half the cost, unless one of them is taken."""
    if len(made) >= BY_ONE:
        try:
            copy_in(Result, made)
        except Invalid:  # a uid taken a moment ago: the savepoint of the copy is undone, and the slower way passes over it
            pass
        else:
            return
    Result.objects.bulk_create(made, ignore_conflicts=True)


def order_objection(*, order: WorkOrder, measured_at: datetime) -> Refusal | None:
    """Return why an order takes no such result. What was measured before the order was closed is still taken, however late."""
    status = Status(order.status)
    if status in OPEN_TO_ALL or (status == Status.CLOSED and order.closed_at and measured_at <= order.closed_at):
        return None
    number = number_text(order.number)
    if status == Status.MERGED and order.merged_into:
        return Refusal("order-merged", f"{number} was merged into {order.merged_into}. The result was kept for review.")
    remedy = "Reopen it to go on" if status == Status.CLOSED else "Use another order"
    return Refusal(f"order-{status}", f"{number} is {STATUS_LABELS[status].lower()}. {remedy}; the result was kept for review.")


def _day(sent: Sent, order: WorkOrder, now: datetime) -> date:
    at = judged_at(measured_at=sent.measured_at, received_at=now)
    return at.astimezone(ZoneInfo(order.facility.time_zone)).date()


def _entered(sent: Sent) -> str:
    if sent.value is None or isinstance(sent.value, bool):
        return ""
    return f"{sent.value} {sent.unit}".strip()[:60]
