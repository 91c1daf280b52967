"""An order made into the values that the components of its page take."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.addresses import device_url
from openhtm.inventory.rules.status import STATUS_LABELS as DEVICE_STATUS_LABELS
from openhtm.inventory.rules.status import Status as DeviceStatus
from openhtm.ui import marks
from openhtm.ui.parts import Event, Fact, Notice, Tab
from openhtm.ui.rules import formats
from openhtm.ui.rules.windows import DueWindow
from openhtm.workorders.models import WorkEvent, WorkOrder
from openhtm.workorders.queries import detail, order_page
from openhtm.workorders.queries.cards import SHORT_STATUS
from openhtm.workorders.queries.closing import facts_of
from openhtm.workorders.rules.closing import closing_gaps, in_words
from openhtm.workorders.rules.kinds import KIND_LABELS, PRIORITY_LABELS, STATUS_TONES, UNDER_WAY, WORKABLE, Kind, Priority, Status
from openhtm.workorders.rules.urgency import Standing, Timing, standing
from openhtm.workorders.services import signing

MAX_LINES = 300
TABS = {"work": "Work", "costs": "Labour and parts", "remarks": "Files and remarks", "timeline": "Timeline"}
_NAMED = {
    "work": Permission.DO_WORK,
    "assign": Permission.ASSIGN_WORK,
    "review": Permission.REVIEW_WORK,
    "cancel": Permission.CANCEL_WORK,
    "costs": Permission.VIEW_COSTS,
    "add": Permission.ADD_WORK,
    "note": Permission.ADD_NOTES,
    "report": Permission.REPORT_FAULTS,
}


def order_url(number: int) -> str:
    return reverse("workorders:order", args=[number])


def rights_at(actor: Actor, facility_id: int) -> dict[str, bool]:
    """What the actor may do with an order of this facility."""
    may = {name: actor.may(permission, at=facility_id) for name, permission in _NAMED.items()}
    return may | {"write": may["work"] or may["note"] or may["report"]}


def order_context(order: WorkOrder, *, actor: Actor, tab: str, today: date, now: datetime) -> dict[str, Any]:
    """Return what the page shows on every tab, and what its open tab needs. Eight to twelve statements."""
    status, may = Status(order.status), rights_at(actor, order.facility_id)
    tab = tab if tab in TABS else "work"
    counts = order_page.counts_of(order, actor=actor)
    timer = order_page.running_timer(actor=actor) if may["work"] else None
    stands = standing_of(order, today=today, now=now)
    children = order_page.children_of(order)
    return {
        "order": order,
        "title": order.title,
        "status": {"tone": STATUS_TONES[status], "label": SHORT_STATUS[status], "code": status.value},
        "stands": stands if status in WORKABLE else None,
        "window": window_of(order, today) if status in WORKABLE else None,
        "kind_label": KIND_LABELS[Kind(order.kind)],
        "priority": _priority(order),
        "may": may,
        "moves": moves(status, may),
        "tab": tab,
        "tabs": _tabs(order, tab, counts),
        "watching": counts.watching,
        "timer_here": timer is not None and timer.work_order_id == order.pk,
        "timer": timer,
        "notices": attention(order, actor=actor, may=may, timer_number=timer.work_order.number if timer else None),
        "about": device_facts(order),
        "about_label": "Device" if order.device else "Where",
        "assign_label": "Change" if moves(status, may)["assign"] else "",
        "assign_url": f"{order_url(order.number)}/assign" if moves(status, may)["assign"] else "",
        "times": time_facts(order),
        "who": who_facts(order),
        "children": children,
        "money": costs(order) if may["costs"] else None,
        "today": today,
        **_tab_context(order, tab, actor=actor, may=may),
    }


def _tab_context(order: WorkOrder, tab: str, *, actor: Actor, may: dict[str, bool]) -> dict[str, Any]:
    if tab == "costs":
        return {"booked": order_page.booked_on(order)}
    if tab == "remarks":
        public_only = not detail.sees_everything(actor, order)
        comments, files = detail.comments_of(order, public_only=public_only), detail.files_of(order, public_only=public_only)
        return {"comments": list(comments[:MAX_LINES]), "files": list(files[:MAX_LINES])}
    if tab == "timeline":
        return {"events": events(list(detail.events_of(order, public_only=not detail.sees_everything(actor, order))[:MAX_LINES]))}
    signatures = signing.signature_state(order)
    own = [state for state in signatures if state.intact and state.signature.signer_id == actor.user_id]
    return {
        "reported": request_facts(order),
        "outcome": outcome_facts(order),
        "checklists": [_checklist(order, line) for line in order_page.checklists_of(order)],
        "signatures": signatures,
        "sign_url": reverse("workorders:sign", args=[order.number]) if _waits_for_signature(order, actor) and not own else "",
    }


def _waits_for_signature(order: WorkOrder, actor: Actor) -> bool:
    """Whoever completed an order signs that they performed it."""
    return order.status == Status.COMPLETED and order.completed_by_id is not None and order.completed_by_id == actor.user_id


def moves(status: Status, may: dict[str, bool]) -> dict[str, Any]:
    """What can be done with the order now. ``primary`` is the one thing to do next."""
    work, workable = may["work"], status in WORKABLE
    primary = ""
    if work:
        primary = {Status.REQUESTED: "start", Status.OPEN: "start", Status.IN_PROGRESS: "complete", Status.ON_HOLD: "resume"}.get(
            status, ""
        )
    if status is Status.COMPLETED and may["review"]:
        primary = "close"
    return {
        "primary": primary,
        "timer": work and workable,
        "accept": work and status is Status.REQUESTED,
        "put_back": work and status is Status.IN_PROGRESS,
        "complete": work and workable and status not in (Status.REQUESTED, Status.IN_PROGRESS),
        "hold": work and workable and status is not Status.ON_HOLD,
        "assign": may["assign"] and status in UNDER_WAY,
        "edit": work and status in UNDER_WAY,
        "book": work and status in UNDER_WAY,
        "merge": may["cancel"] and workable,
        "cancel": may["cancel"] and workable,
        "reopen": may["cancel"] and status in (Status.COMPLETED, Status.CLOSED, Status.CANCELLED),
    }


def standing_of(order: WorkOrder, *, today: date, now: datetime) -> Standing:
    timing = Timing(
        opens_on=order.opens_on, due_on=order.due_on, on_time_until=order.on_time_until, grace_until=order.grace_until,
        completion_due_at=order.completion_due_at,
    )  # fmt: skip
    return standing(timing=timing, today=today, now=now)


def window_of(order: WorkOrder, today: date) -> DueWindow | None:
    if order.due_on is None or order.opens_on is None or order.grace_until is None:
        return None
    return DueWindow(
        opens_on=order.opens_on, due_on=order.due_on, grace_until=order.grace_until, today=today, on_time_until=order.on_time_until
    )


def _priority(order: WorkOrder) -> dict[str, str]:
    return {"label": PRIORITY_LABELS[Priority(order.priority)], "tone": {1: "late", 2: "due"}.get(order.priority, "")}


def _tabs(order: WorkOrder, now: str, counts: order_page.Counts) -> list[Tab]:
    numbers = {"work": counts.checklists or None, "costs": counts.booked or None, "remarks": counts.written or None}
    here = order_url(order.number)
    return [Tab(label=label, url=f"{here}?tab={key}", current=key == now, count=numbers.get(key)) for key, label in TABS.items()]


def attention(order: WorkOrder, *, actor: Actor, may: dict[str, bool], timer_number: int | None) -> list[Notice]:
    """Return what somebody must know before touching the device, most pressing first."""
    found: list[Notice] = []
    if order.merged_into:
        found.append(
            Notice(title=f"Goes on as {order.merged_into}", detail="This report was merged; nothing more is recorded here.", tone="info", icon="merge",
                   action_label="Open", action_url=order_url(order.merged_into.number))
        )  # fmt: skip
    if order.incident and order.status in UNDER_WAY:
        words = "Keep the device as it is: evidence comes before repair. Do not clean, reset or return it before somebody released it."
        found.append(Notice(title="A patient was involved", detail=words, tone="late", icon="triangle-alert"))
    if order.status == Status.ON_HOLD and order.hold_reason:
        until = f" until {formats.day(order.hold_until)}" if order.hold_until else ""
        clock = "The targets wait too." if order.hold_reason.stops_clock else "The targets keep running."
        found.append(Notice(title=f"Waits: {order.hold_reason.label}{until}", detail=clock, tone="hold", icon="pause"))
    if order.call_back and order.status in WORKABLE:
        who = " ".join(filter(None, (order.reporter_name, order.reporter_contact)))
        found.append(Notice(title=f"Call back: {who or 'the reporter'}", detail="The reporter asked for a call.", tone="due", icon="phone"))
    if order.status == Status.COMPLETED and (gaps := closing_gaps(facts_of(order))):
        found.append(
            Notice(title=f"Before closing it needs {in_words(gaps)}", detail="Completed is not closed yet.", tone="due", icon="list-checks")
        )
    elif order.return_test_required and order.status in UNDER_WAY:
        words = "The device is released only after a passed return-to-service test."
        found.append(Notice(title="Return-to-service test owed", detail=words, tone="due", icon="shield-check"))
    if timer_number is not None and timer_number != order.number:
        found.append(
            Notice(title=f"Your timer runs on WO-{timer_number}", detail="Starting one here stops it there.", tone="info", icon="timer",
                   action_label="Open", action_url=order_url(timer_number))
        )  # fmt: skip
    for number, title in order_page.alike(order, actor=actor) if order.status in WORKABLE else []:
        found.append(
            Notice(title=f"May be the same fault: WO-{number}", detail=title, tone="info", icon="copy",
                   action_label="Merge it into this one" if may["cancel"] else "Open",
                   action_url=f"{order_url(order.number)}/merge?numbers={number}" if may["cancel"] else order_url(number))
        )  # fmt: skip
    return found


def device_facts(order: WorkOrder) -> list[Fact]:
    device = order.device
    if device is None:
        return [
            Fact(label="Place", value=order.location.full_name if order.location else None, absent="unknown"),
            Fact(label="Department", value=order.department.name if order.department else None),
            Fact(label="Facility", value=order.facility.name),
        ]
    place = order.location or device.location
    return [
        Fact(label="Control number", value=device.control_number, mono=True, url=device_url(device.control_number), copy=True),
        Fact(label="Device", value=device.device_type.name if device.device_type else None, absent="type unknown"),
        Fact(label="Model", value=str(device.device_model)),
        Fact(label="Serial number", value=device.serial_number, mono=True, copy=True),
        Fact(label="Status", value=DEVICE_STATUS_LABELS[DeviceStatus(device.status)]),
        Fact(label="Place", value=place.full_name if place else None, absent="not located"),
        Fact(label="Department", value=order.department.name if order.department else None),
        Fact(label="Facility", value=order.facility.name),
    ]


def time_facts(order: WorkOrder) -> list[Fact]:
    facts = [Fact(label="Opened", value=marks.instant(order.opened_at))]
    if order.due_on:
        facts.append(Fact(label="Due", value=marks.day(order.due_on)))
    if order.completion_due_at:
        facts.append(Fact(label="Target", value=marks.instant(order.completion_due_at)))
    if order.response_due_at and order.responded_at is None:
        facts.append(Fact(label="Answer by", value=marks.instant(order.response_due_at)))
    for label, moment in (
        ("Answered", order.responded_at),
        ("Started", order.started_at),
        ("Completed", order.completed_at),
        ("Closed", order.closed_at),
    ):
        if moment:
            facts.append(Fact(label=label, value=marks.instant(moment)))
    if order.planned_on:
        facts.append(Fact(label="Planned", value=marks.day(order.planned_on)))
    if order.est_min:
        facts.append(Fact(label="Estimate", value=formats.duration(order.est_min)))
    return facts


def who_facts(order: WorkOrder) -> list[Fact]:
    given = [("Person", order.assigned_user), ("Team", order.assigned_team), ("Company", order.assigned_provider)]
    facts = [Fact(label=label, value=str(who)) for label, who in given if who]
    facts = facts or [Fact(label="Person", value=None, absent="nobody")]
    if order.completed_by:
        facts.append(Fact(label="Completed by", value=str(order.completed_by)))
    if order.closed_by:
        facts.append(Fact(label="Closed by", value=f"{order.closed_by}{', by rule' if order.closed_by_rule else ''}"))
    return facts


def request_facts(order: WorkOrder) -> list[Fact]:
    yes_no = {True: "yes", False: "no", None: None}
    reporter = order.reporter_name or order.opened_by_name
    facts = [
        Fact(label="Reported by", value=reporter),
        Fact(label="Origin", value=order.get_origin_display()),
        Fact(label="Problem", value=order.problem.label if order.problem else None, absent="not coded"),
    ]
    if order.reporter_contact:
        facts.append(Fact(label="Can be reached", value=order.reporter_contact))
    if order.origin == "request" or order.patient_involved is not None:
        facts.append(Fact(label="Patient involved", value=yes_no[order.patient_involved]))
    if order.device_id and (order.origin == "request" or order.set_aside is not None):
        facts.append(Fact(label="Set aside", value=yes_no[order.set_aside]))
    return facts


def outcome_facts(order: WorkOrder) -> list[Fact]:
    if Status(order.status) in WORKABLE and not (order.failure or order.cause or order.resolution):
        return []
    coded = [("Failure code", order.failure), ("Cause", order.cause), ("Resolution", order.resolution)]
    facts = [Fact(label=label, value=entry.label if entry else None, absent="not given") for label, entry in coded]
    if order.cancel_reason:
        facts = [Fact(label="Given up", value=order.cancel_reason.label)]
    return facts


def costs(order: WorkOrder) -> dict[str, Any]:
    """The cost in full, line by line, in cents."""
    lines = [
        ("Labour", order.labour_cents),
        ("Parts", order.parts_cents),
        ("Service reports", order.vendor_cents),
        ("Other", order.other_cents),
    ]
    return {"lines": lines, "sum": sum(amount for _, amount in lines), "currency": order.facility.organisation.currency}


def _checklist(order: WorkOrder, line: order_page.ChecklistLine) -> dict[str, Any]:
    one, stands = line.checklist, line.stands
    url = reverse("workorders:checklist", args=[order.number, one.uid])
    tone, word = ("ok", "Finished") if one.finished_at else ("info", "Under way") if stands.answered else ("hold", "Not begun")
    if stands.failed:
        tone, word = "late", f"{len(stands.failed)} failed"
    return {
        "name": one.version.procedure.name, "version": one.version.number, "url": url, "tone": tone, "word": word, "answered": stands.answered,
        "steps": stands.asked, "finished_at": one.finished_at, "finished_by": one.finished_by, "purpose": one.get_purpose_display(),
        "return_test": one.purpose == "return_to_service",
    }  # fmt: skip


ICONS = {
    "opened": "flag", "status": "arrow-right", "assigned": "user", "planned": "calendar", "priority": "arrow-up", "merged": "merge", "edited": "pencil",
    "released": "shield-check", "report_received": "file-text", "report_settled": "file-check", "part_removed": "package", "cost_removed": "coins",
    "labour_removed": "timer", "reported_again": "flag", "in_doubt": "circle-help",
}  # fmt: skip
_TITLES = {
    "opened": "Opened", "planned": "Planned", "priority": "Priority changed", "merged": "Another report joined", "edited": "Corrected",
    "released": "Released", "report_received": "Service report received", "report_settled": "Service report reviewed", "part_removed": "Part taken off",
    "cost_removed": "Cost taken off", "labour_removed": "Labour taken off", "reported_again": "Reported again", "in_doubt": "In doubt: to be tested again",
}  # fmt: skip


def events(happened: list[WorkEvent]) -> list[Event]:
    return [_event(one) for one in happened]


def _event(one: WorkEvent) -> Event:
    title, detail, tone = _TITLES.get(one.kind, one.kind.replace("_", " ").capitalize()), one.actor_name, ""
    changes: tuple[tuple[str, object, object], ...] = ()
    if one.kind == "status" and one.after in set(Status):
        title, tone = SHORT_STATUS[Status(one.after)], STATUS_TONES[Status(one.after)]
    elif one.kind == "assigned":
        title = f"Assigned to {one.after or 'nobody'}"
    elif one.kind == "merged":
        title = f"{one.after} joined"
    elif one.kind == "priority":
        changes = (("Priority", _priority_word(one.before), _priority_word(one.after)),)
    elif one.before or (one.after and one.kind != "opened"):
        changes = ((title, one.before, one.after),)
    return Event(
        when=one.recorded_at, title=title, detail=detail, icon=ICONS.get(one.kind, "dot"), tone=tone, reason=one.text, changes=changes
    )


def _priority_word(text: str) -> str:
    return PRIORITY_LABELS[Priority(int(text))] if text in {"1", "2", "3", "4"} else text
