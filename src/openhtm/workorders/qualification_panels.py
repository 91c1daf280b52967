"""Who may do it, who may not and why, and what was stamped on closed work: on the order's page and on Today."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from openhtm.competence.rules.guard import MODE_LABELS, Act, Mode, Outcome, Verdict
from openhtm.competence.rules.wording import ground_in_words, in_words, reasons_in_words
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import panels
from openhtm.ui.panels import Panel
from openhtm.ui.parts import Notice
from openhtm.ui.rules import formats
from openhtm.workorders.asking import actor_of
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.queries import qualification as queries
from openhtm.workorders.queries.order_filters import mine_condition
from openhtm.workorders.rules.kinds import UNDER_WAY, WORKABLE, Status
from openhtm.workorders.services.qualification import performed

FEW = 5
NAMED = 100
MOST_OF_A_DAY = 200


def aside(request: HttpRequest, order: Any) -> Panel | None:
    """Under way: who may do it and why not the others. Closed: the performer's qualification as it was. Seven statements at most."""
    actor = actor_of(request)
    if not actor.may(Permission.VIEW_STAFF, at=order.facility_id):
        return None
    if order.status == Status.CLOSED:
        return _stamped(order)
    if Status(order.status) not in UNDER_WAY:
        return None
    found = queries.who_may(order, now=timezone.now())
    if found is None:
        return None
    mode = found.policy.mode if found.in_force else None
    context = {
        "may": [_candidate(one) for one in found.may[:FEW]],
        "count": len(found.may),
        "more": [_candidate(one) for one in found.may[FEW:NAMED]],
        "others": [_candidate(one) for one in found.others[:NAMED]],
        "others_count": len(found.others),
        "by_reason": [(in_words(reason), count) for reason, count in found.by_reason],
        "rule": f"Without it, the policy {MODE_LABELS[mode].lower().removesuffix('s')}s." if mode else "No policy is in force.",
        "refuses": mode is Mode.BLOCK,
        "assign_url": reverse("workorders:order-assign", args=[order.number])
        if actor.may(Permission.ASSIGN_WORK, at=order.facility_id)
        else "",
        "override_url": reverse("workorders:order-override", args=[order.number])
        if actor.may(Permission.DO_WORK, at=order.facility_id)
        else "",
        "number": order.number,
    }
    return Panel(template="workorders/panel_who_may.html", context=context, title="Who may do it", key="who-may")


def _candidate(one: queries.Candidate) -> dict[str, Any]:
    return {
        "name": one.person.name,
        "url": reverse("competence:person", args=[one.person.staff_id]),
        "staff_id": one.person.staff_id,
        "user_id": one.person.user_id,
        "busy": one.under_way,
        "why": reasons_in_words(one.verdict.reasons) if not one.may else ground_in_words(one.verdict),
    }


def _stamped(order: WorkOrder) -> Panel | None:
    found = queries.closing_qualification(order)
    if found is None:
        return None
    tone = "ok" if found.outcome == Outcome.OK else "due" if found.override_id or found.outcome == Outcome.WARN else "late"
    word = {"ok": "Qualified", "warn": "Not qualified"}.get(found.outcome, "Overridden" if found.override_id else "Not qualified")
    facts = found.facts
    context = {
        "one": found,
        "who": found.company or found.performer_name,
        "tone": "hold" if found.company else tone,
        "word": "Company" if found.company else word,
        "roles": ", ".join(role.replace("_", " ") for role in facts.get("roles", [])),
        "skills": ", ".join(facts.get("skills", [])),
        "credentials": [" ".join(filter(None, (one["programme"], one["number"]))) for one in facts.get("credentials", [])],
    }
    return Panel(template="workorders/panel_qualification.html", context=context, title="Qualification", key="qualification")


def attention(request: HttpRequest, order: Any) -> Panel | None:
    """Whoever has the order, or did it, lacks what the policy asks for, or will before it is due. Seven statements at most."""
    actor, now = actor_of(request), timezone.now()
    if not actor.may(Permission.VIEW_WORK, at=order.facility_id) or not actor.may(Permission.VIEW_STAFF, at=order.facility_id):
        return None
    status = Status(order.status)
    notices = _closing_notices(order, actor, now) if status is Status.COMPLETED else []
    if status in WORKABLE and order.assigned_user_id:
        notices += _assigned_notices(order, queries.assignment_verdicts([order], now=now).get(order.pk))
    if status in UNDER_WAY:
        notices += _waiting(order, actor)
    return Panel(template="workorders/panel_device_attention.html", context={"notices": notices}) if notices else None


def _assigned_notices(order: WorkOrder, verdict: Verdict | None) -> list[Notice]:
    if verdict is None:
        return []
    who = str(order.assigned_user)
    if verdict.reasons:
        return [
            Notice(
                title=f"{who} is not qualified for this today",
                detail=f"{reasons_in_words(verdict.reasons).capitalize()}.",
                tone="late" if verdict.outcome == Outcome.BLOCK else "due",
                icon="user-x",
                action_label="Ask for an override",
                action_url=f"{reverse('workorders:order-override', args=[order.number])}?staff=assigned",
            )
        ]
    due = order.grace_until or order.due_on
    if verdict.lapses_on and due and verdict.lapses_on < due:
        words = f"It holds until {formats.day(verdict.lapses_on)}; the order may wait until {formats.day(due)}."
        return [Notice(title=f"{who}'s qualification may end before this is done", detail=words, tone="info", icon="hourglass")]
    return []


def _closing_notices(order: WorkOrder, actor: Actor, now: Any) -> list[Notice]:
    found = performed(order, actor=actor, now=now)
    if found.verdict.fits or found.override is not None:
        return []
    stops = found.verdict.outcome == Outcome.BLOCK
    return [
        Notice(
            title=f"{order.completed_by or 'Whoever did it'} was not qualified for this on {formats.day(found.on)}",
            detail=f"{reasons_in_words(found.verdict.reasons).capitalize()}. "
            + ("It cannot be closed without an override." if stops else "The policy warns."),
            tone="late" if stops else "due",
            icon="user-x",
            action_label="Ask for an override" if stops else "",
            action_url=f"{reverse('workorders:order-override', args=[order.number])}?act={Act.CLOSE}" if stops else "",
        )
    ]


def _waiting(order: WorkOrder, actor: Actor) -> list[Notice]:
    return [
        Notice(
            title=f"An override for {one.staff} waits for a second person",
            detail=f"{one.missing.capitalize()}. {one.asked_by_name}: {one.reason}",
            tone="due",
            icon="users",
            action_label="Decide" if actor.may(Permission.OVERRIDE_QUALIFICATION, at=order.facility_id) else "",
            action_url=reverse("workorders:override-list") if actor.may(Permission.OVERRIDE_QUALIFICATION, at=order.facility_id) else "",
        )
        for one in queries.overrides_of(order)
        if one.confirmed_at is None and one.declined_at is None
    ]


def today(request: HttpRequest, subject: Any) -> Panel | None:
    """One's own orders for which one is no longer qualified. Six statements at most, two without a policy."""
    actor, now = actor_of(request), timezone.now()
    if actor.user_id is None or not queries.policies_of(Act.ASSIGN):
        return None
    mine = (
        WorkOrder.objects.visible_to(actor).under_way().filter(mine_condition(actor), assigned_user_id=actor.user_id, status__in=WORKABLE)
    )
    orders = list(mine.select_related("facility").order_by("on_time_until", "number")[:MOST_OF_A_DAY])
    found = queries.assignment_verdicts(orders, now=now)
    lacking = [(order, found[order.pk]) for order in orders if order.pk in found and found[order.pk].reasons]
    if not lacking:
        return None
    rows = [
        {
            "number": str(order),
            "url": reverse("workorders:order", args=[order.number]),
            "title": order.title,
            "why": reasons_in_words(verdict.reasons),
        }
        for order, verdict in lacking[:NAMED]
    ]
    return Panel(template="workorders/panel_today_qualification.html", context={"rows": rows, "count": len(lacking)})


def offer() -> None:
    """Register the panels."""
    panels.register("workorders.order.who", aside, order=20)
    panels.register("workorders.order.attention", attention, order=20)
    panels.register("today", today, order=20)
