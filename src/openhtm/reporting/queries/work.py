"""What the home page says of work: visits and orders that wait, each figure opening to its rows."""

from __future__ import annotations

from django.db.models import Count
from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import Visit
from openhtm.maintenance.queries.visit_filters import GROUPS
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.kinds import Status

VISITS = (("now", "visits due now", ""), ("late", "late", "late"), ("held", "held", ""), ("not_located", "not located", "late"))


def visit_numbers(actor: Actor) -> list[tuple[int, str, str, str]]:
    """(count, words, address, tone) of open visits, in four groups. One statement; nothing for people who may not see visits."""
    if not actor.may(Permission.VIEW_SCHEDULES):
        return []
    wanted = {key: Count("pk", filter=GROUPS[key].condition) for key, _, _ in VISITS}
    found = Visit.objects.visible_to(actor).filter(is_open=True).exclude(state="not_due").aggregate(**wanted)
    here = reverse("maintenance:visit-list")
    return [(found[key], words, f"{here}?group={key}", tone if found[key] else "") for key, words, tone in VISITS]


def order_numbers(actor: Actor) -> list[tuple[int, str, str, str]]:
    """(count, words, address, tone) of orders nobody has looked at, and of those to review. One statement."""
    if not actor.may(Permission.VIEW_WORK):
        return []
    rows = WorkOrder.objects.visible_to(actor).filter(under_way=True, status__in=(Status.REQUESTED, Status.COMPLETED))
    found = dict(rows.order_by().values_list("status").annotate(n=Count("pk")))
    requested, completed = found.get(Status.REQUESTED.value, 0), found.get(Status.COMPLETED.value, 0)
    numbers = [(requested, "reported, not looked at", f"{reverse('workorders:order-list')}?status=requested", "due" if requested else "")]
    if actor.may(Permission.REVIEW_WORK):
        numbers.append((completed, "to review", reverse("workorders:review-list"), ""))
    return numbers
