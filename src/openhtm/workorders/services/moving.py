"""How an order moves: started, held, completed, closed, reopened, cancelled."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.events import publish
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import CodeList, WorkOrder
from openhtm.workorders.queries.closing import facts_of
from openhtm.workorders.rules.clock import seconds_on_hold
from openhtm.workorders.rules.closing import closing_gaps, completing_gaps, in_words
from openhtm.workorders.rules.events import OrderMoved, OrderReopened
from openhtm.workorders.rules.kinds import STATUS_LABELS, Refusal, Status, refuse_move
from openhtm.workorders.services.labour import stop_own_timer
from openhtm.workorders.services.qualification import guard_assignment, guard_closing, stamp_closing, warning_of
from openhtm.workorders.services.shared import clean_words, code_of, lock_order, log, save, today_at


class MoveRefused(DomainError):
    """The transition table does not allow this move of the order."""

    code = "workorder-move-refused"
    message = "{number} is {before} and cannot become {after}. {remedy}"


class AlreadySo(Conflict):
    """Somebody else made the same move a moment before (409)."""

    code = "workorder-already-so"
    message = "{number} is already {status}{by}. Nothing was changed; load it again."


class NotReadyToClose(DomainError):
    """The order lacks something it needs before it may be completed or closed."""

    code = "workorder-not-ready"
    message = "{number} still needs {gaps}."


@transaction.atomic
def start_work(*, actor: Actor, number: int, now: datetime | None = None, seen_at: datetime | None = None) -> WorkOrder:
    """Begin to work, or take up again what was on hold. An order of nobody becomes the actor's own.

    Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo, MoveRefused, NotQualified, OrderChanged.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK, seen_at=seen_at)
    before = check_move(order, Status.IN_PROGRESS)
    fields = _off_hold(order, now)
    order.started_at, order.responded_at = order.started_at or now, order.responded_at or now
    if not (order.assigned_user_id or order.assigned_provider_id) and actor.user_id:
        _take(order, actor.user_id, actor=actor, now=now)
    return _moved(order, before, Status.IN_PROGRESS, actor=actor, now=now, fields=(*fields, "started_at", "responded_at", "assigned_user"))


def _take(order: WorkOrder, user_id: int, *, actor: Actor, now: datetime) -> None:
    """Make an order of nobody the actor's own, where the policy lets them have it. Raises NotQualified."""
    warned = guard_assignment([order], user_ids={order.pk: user_id}, now=now)
    order.assigned_user_id = user_id
    if warned:
        log(order, "qualification", actor=actor, now=now, text=warning_of(warned[order.pk]))


@transaction.atomic
def accept_order(*, actor: Actor, number: int, now: datetime | None = None) -> WorkOrder:
    """Take a request on as an open order, or put one that was begun back in the queue.

    Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo, MoveRefused.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    before = check_move(order, Status.OPEN)
    fields = _off_hold(order, now)
    order.responded_at = order.responded_at or now
    return _moved(order, before, Status.OPEN, actor=actor, now=now, fields=(*fields, "responded_at"))


@transaction.atomic
def hold_order(
    *, actor: Actor, number: int, reason_code: str, until: date | None = None, note: str = "", now: datetime | None = None,
    seen_at: datetime | None = None,
) -> WorkOrder:  # fmt: skip
    """Let the work wait, for a coded reason that says whether the targets wait too. A timer of the actor on it stops.

    Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo, MoveRefused, OrderChanged, Invalid.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK, seen_at=seen_at)
    before = check_move(order, Status.ON_HOLD)
    reason = code_of(reason_code, list=CodeList.HOLD, field="reason_code", required=True)
    today = today_at(order.facility, now)
    if until is not None and not today <= until <= today + timedelta(days=3660):
        raise Invalid({"until": ["Give a day from today on."]})
    words = clean_words(note, field="note", limit=1000)
    order.hold_reason, order.hold_until, order.held_since = reason, until, now
    order.responded_at = order.responded_at or now
    stop_own_timer(actor=actor, order=order, now=now)
    text = f"{reason}: {words}" if words else str(reason)
    return _moved(
        order, before, Status.ON_HOLD, actor=actor, now=now, text=text, fields=("hold_reason", "hold_until", "held_since", "responded_at")
    )


@transaction.atomic
def resume_work(*, actor: Actor, number: int, now: datetime | None = None) -> WorkOrder:
    """Go on with what was on hold: in progress if it had been begun, else open. The targets move by the time it waited.

    Raises WorkOrder.DoesNotExist, NotAllowed, MoveRefused.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    after = Status.IN_PROGRESS if order.started_at else Status.OPEN
    if order.status != Status.ON_HOLD:
        raise MoveRefused(number=order, before=_word(Status(order.status)), after=_word(after), remedy="Only held work can be resumed.")
    fields = _off_hold(order, now)
    return _moved(order, Status.ON_HOLD, after, actor=actor, now=now, fields=fields)


@transaction.atomic
def complete_order(
    *, actor: Actor, number: int, outcome: str = "", failure_code: str = "", problem_code: str = "", cause_code: str = "",
    resolution_code: str = "", work_done: str = "", now: datetime | None = None, seen_at: datetime | None = None,
) -> WorkOrder:  # fmt: skip
    """Say that the work is done. Codes left out stay as they are; the failure code of the kind's list must be known by now.

    ``outcome`` is an attempt outcome code; checklists without one get it. A timer of the actor on it stops.
    Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo, MoveRefused, NotReadyToClose, OrderChanged, Invalid.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK, seen_at=seen_at)
    before = check_move(order, Status.COMPLETED)
    if len(outcome) > 20 or "\0" in outcome:
        raise Invalid({"outcome": ["Give the code of an outcome."]})
    set_codes(order, failure_code=failure_code, problem_code=problem_code, cause_code=cause_code, resolution_code=resolution_code)
    if work_done.strip():
        order.work_done = clean_words(work_done, field="work_done", limit=20_000)
    stop_own_timer(actor=actor, order=order, now=now)
    if gaps := completing_gaps(facts_of(order)):
        raise NotReadyToClose(number=order, gaps=in_words(gaps))
    fields = _off_hold(order, now)
    order.completed_at, order.completed_by_id = now, actor.user_id
    order.started_at, order.responded_at = order.started_at or now, order.responded_at or now
    if outcome:
        order.checklists.filter(outcome="").update(outcome=outcome)
    return _moved(
        order, before, Status.COMPLETED, actor=actor, now=now, text=outcome, outcome=outcome,
        fields=(*fields, *CODE_FIELDS, "work_done", "completed_at", "completed_by", "started_at", "responded_at"),
    )  # fmt: skip


CODE_FIELDS = ("failure", "problem", "cause", "resolution")


def set_codes(order: WorkOrder, *, failure_code: str = "", problem_code: str = "", cause_code: str = "", resolution_code: str = "") -> None:
    """Put the coded entries on the order without writing it; empty ones change nothing. Up to four statements. Raises Invalid."""
    given = (failure_code, problem_code, cause_code, resolution_code)
    lists = (CodeList.FAILURE, CodeList.PROBLEM, CodeList.CAUSE, CodeList.RESOLUTION)
    for field, code, of in zip(CODE_FIELDS, given, lists, strict=True):
        if code:
            setattr(order, field, code_of(code, list=of, field=f"{field}_code"))


@transaction.atomic
def close_order(
    *, actor: Actor, number: int, by_rule: bool = False, now: datetime | None = None, seen_at: datetime | None = None
) -> WorkOrder:
    """Settle a completed order for good. ``by_rule``: nothing needs a reader, so whoever did the work closes it.

    Two people at once: one closes, the other gets AlreadySo. Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo,
    MoveRefused, NotReadyToClose, NotQualified, OrderChanged.
    """
    now = now or timezone.now()
    permission = Permission.DO_WORK if by_rule else Permission.REVIEW_WORK
    order = lock_order(actor=actor, number=number, permission=permission, seen_at=seen_at)
    before = check_move(order, Status.CLOSED)
    if by_rule and order.review_reasons:
        raise NotReadyToClose(number=order, gaps="somebody to read its exceptions")
    if gaps := closing_gaps(facts_of(order)):
        raise NotReadyToClose(number=order, gaps=in_words(gaps))
    performed = guard_closing(order, actor=actor, now=now)
    stamp_closing(order, performed, now=now)
    order.closed_at, order.closed_by_id, order.closed_by_rule = now, actor.user_id, by_rule
    text = "Everything in tolerance: closed by rule" if by_rule else ""
    return _moved(order, before, Status.CLOSED, actor=actor, now=now, text=text, fields=("closed_at", "closed_by", "closed_by_rule"))


@transaction.atomic
def reopen_order(*, actor: Actor, number: int, reason: str, now: datetime | None = None) -> WorkOrder:
    """Take up a completed, closed or cancelled order again. Its signatures show as broken, its visits as not done.

    Raises WorkOrder.DoesNotExist, NotAllowed, MoveRefused, Invalid.
    """
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.CANCEL_WORK)
    words = clean_words(reason, field="reason", limit=1000, required=True)
    status = Status(order.status)
    if status not in (Status.COMPLETED, Status.CLOSED, Status.CANCELLED):
        raise MoveRefused(number=order, before=_word(status), after="reopened", remedy="Only settled work can be reopened.")
    after = Status.OPEN if status == Status.CANCELLED else Status.IN_PROGRESS
    before = check_move(order, after, reason=words)
    order.completed_at = order.completed_by = order.closed_at = order.closed_by = order.cancel_reason = None
    order.closed_by_rule = False
    order = _moved(
        order, before, after, actor=actor, now=now, text=words,
        fields=("completed_at", "completed_by", "closed_at", "closed_by", "closed_by_rule", "cancel_reason"),
    )  # fmt: skip
    publish(OrderReopened(order_id=order.pk, before=before.value, reason=words, actor=actor, at=now))
    return order


@transaction.atomic
def cancel_order(*, actor: Actor, number: int, reason_code: str, reason: str = "", now: datetime | None = None) -> WorkOrder:
    """Give an order up, for a coded reason. Raises WorkOrder.DoesNotExist, NotAllowed, AlreadySo, MoveRefused, Invalid."""
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.CANCEL_WORK)
    before = check_move(order, Status.CANCELLED, reason="given below")
    code = code_of(reason_code, list=CodeList.CANCEL, field="reason_code", required=True)
    words = clean_words(reason, field="reason", limit=1000)
    stop_own_timer(actor=actor, order=order, now=now)
    fields = _off_hold(order, now)
    order.cancel_reason = code
    text = f"{code}: {words}" if words else str(code)
    return _moved(order, before, Status.CANCELLED, actor=actor, now=now, text=text, fields=(*fields, "cancel_reason"))


def check_move(order: WorkOrder, after: Status, *, reason: str = "") -> Status:
    """Return the status before. Raises AlreadySo if the order is there already, MoveRefused by the transition table."""
    before = Status(order.status)
    refusal = refuse_move(before=before, after=after, reason=reason)
    if refusal is None:
        return before
    if refusal.code == "workorder-status-unchanged":
        raise AlreadySo(number=order, status=_word(after), by=_by(order, after))
    raise MoveRefused(number=order, before=_word(before), after=_word(after), remedy=_remedy(refusal))


def _by(order: WorkOrder, after: Status) -> str:
    """Say who came first. One statement."""
    last = order.happenings.filter(kind="status", after=after.value).values_list("actor_name", flat=True).first()
    return f" by {last}" if last else ""


def _word(status: Status) -> str:
    return STATUS_LABELS[status].lower()


def _remedy(refusal: Refusal) -> str:
    if refusal.code == "workorder-status-needs-reason":
        return "Reopen it and give the reason."
    if not refusal.allowed:
        return "Go on with the order it was merged into."
    return f"From here it can become: {', '.join(_word(status) for status in refusal.allowed)}."


def _off_hold(order: WorkOrder, now: datetime) -> tuple[str, ...]:
    """End a hold, if the order is on one, and return the columns that changed."""
    if order.held_since is None:
        return ()
    if order.hold_reason and order.hold_reason.stops_clock:
        order.held_s += seconds_on_hold(order.held_since, now)
        if order.completion_due_at:
            order.completion_due_at += timedelta(seconds=seconds_on_hold(order.held_since, now))
    order.hold_reason = order.hold_until = order.held_since = None
    return ("hold_reason", "hold_until", "held_since", "held_s", "completion_due_at")


def _moved(
    order: WorkOrder, before: Status, after: Status, *, actor: Actor, now: datetime, fields: tuple[str, ...] = (), text: str = "",
    outcome: str = "",
) -> WorkOrder:  # fmt: skip
    """Write the move with what goes with it, its event, and tell others."""
    order.status = after.value
    save(order, "status", *fields, now=now)
    log(order, "status", actor=actor, now=now, before=before.value, after=after.value, text=text, public=True)
    publish(OrderMoved(order_id=order.pk, before=before.value, after=after.value, outcome=outcome, actor=actor, at=now))
    return order
