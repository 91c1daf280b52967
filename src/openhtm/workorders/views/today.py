"""Today: one person's work, by place and by what is most urgent. Made for the phone in a pocket."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.asking import actor_of
from openhtm.workorders.queries.today import MAX_MINE, MAX_QUEUE, my_day


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """Late first, then due, then in window; each at the place where it waits."""
    actor = actor_of(request)
    require(actor, Permission.DO_WORK)
    now = timezone.now()
    day = my_day(actor=actor, now=now)
    total = day.done + len(day.to_do)
    context = {
        "day": day,
        "now": now,
        "total": total,
        "progress_words": f"{day.done} of {total} done",
        "share": 100 * day.done / total if total else 0,
        "limit": MAX_MINE,
        "queue_limit": MAX_QUEUE,
        "may_add": actor.may(Permission.ADD_WORK),
    }
    return render(request, "workorders/today.html", context)


urlpatterns: list[URLPattern] = [path("today", today, name="today")]
