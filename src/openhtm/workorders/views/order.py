"""The page of one order, and what is done on it with one tap."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from openhtm.core.errors import DomainError, NotAllowed
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.redirects import SeeOther
from openhtm.workorders.asking import actor_of
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.queries import detail
from openhtm.workorders.services import assigning, downtime, labour, moving, talking
from openhtm.workorders.views import shown

Tap = Callable[[Actor, WorkOrder], str]


@require_safe
def order(request: HttpRequest, number: int) -> HttpResponse:
    """One order: its one next step, what must be known, and its records on four tabs."""
    return order_response(request, number)


def order_response(request: HttpRequest, number: int, *, refused: str = "", status: int = 200) -> HttpResponse:
    """The page; ``refused`` says why what was asked of it did not happen."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    found = detail.order_by_number(actor=actor, number=number)
    with timezone.override(ZoneInfo(found.facility.time_zone)):
        context = shown.order_context(
            found, actor=actor, tab=request.GET.get("tab", "work"), today=timezone.localdate(), now=timezone.now()
        )
        return render(request, "workorders/order.html", context | {"refused": refused}, status=status)


def tapped(act: Tap, permission: Permission = Permission.DO_WORK) -> Callable[..., HttpResponse]:
    """Make a view of something done with one tap: act, say so, show the order; a refusal appears on the order's page."""

    @require_POST
    def view(request: HttpRequest, number: int) -> HttpResponse:
        actor = actor_of(request)
        found = detail.order_by_number(actor=actor, number=number)
        require(actor, permission, at=found.facility_id, place=found.facility.name)
        try:
            said = act(actor, found)
        except NotAllowed:
            raise
        except DomainError as refusal:
            return order_response(request, number, refused=refusal.sentence, status=refusal.status)
        messages.success(request, said)
        return SeeOther(shown.order_url(number))

    return view


def _start(actor: Actor, order: WorkOrder) -> str:
    """Begin, and let the timer run: two taps from the list to work."""
    moving.start_work(actor=actor, number=order.number)
    if actor.user_id is not None:
        labour.start_timer(actor=actor, number=order.number, switch=True)
    return "Started. Your timer runs."


def _resume(actor: Actor, order: WorkOrder) -> str:
    moving.resume_work(actor=actor, number=order.number)
    return "It goes on."


def _accept(actor: Actor, order: WorkOrder) -> str:
    moving.accept_order(actor=actor, number=order.number)
    return "Taken on; whoever reported it sees that."


def _put_back(actor: Actor, order: WorkOrder) -> str:
    moving.accept_order(actor=actor, number=order.number)
    return "Put back with the open orders."


def _close(actor: Actor, order: WorkOrder) -> str:
    moving.close_order(actor=actor, number=order.number)
    return "Closed."


def _take(actor: Actor, order: WorkOrder) -> str:
    assigning.assign_orders(actor=actor, numbers=[order.number], user_id=actor.user_id)
    return "It is yours."


def _timer_start(actor: Actor, order: WorkOrder) -> str:
    labour.start_timer(actor=actor, number=order.number, switch=True)
    return "Your timer runs."


def _timer_stop(actor: Actor, order: WorkOrder) -> str:
    try:
        entry = labour.stop_timer(actor=actor)
    except labour.LabourEntry.DoesNotExist:
        return "Your timer did not run."
    return f"{entry.minutes} min booked on {entry.work_order}."


def _watch(actor: Actor, order: WorkOrder) -> str:
    talking.watch(actor=actor, number=order.number)
    return "You hear about this order now."


def _unwatch(actor: Actor, order: WorkOrder) -> str:
    talking.unwatch(actor=actor, number=order.number)
    return "You hear no more about this order."


def _down(actor: Actor, order: WorkOrder) -> str:
    downtime.begin(actor=actor, device=_tag(order), number=order.number)
    return "The downtime clock of the device runs."


def _up(actor: Actor, order: WorkOrder) -> str:
    downtime.end(actor=actor, device=_tag(order))
    return "The downtime clock of the device is stopped."


def _tag(order: WorkOrder) -> str:
    return order.device.control_number if order.device else ""


P = Permission
urlpatterns: list[URLPattern] = [
    path("work/<int:number>", order, name="order"),
    path("work/<int:number>/start", tapped(_start), name="order-start"),
    path("work/<int:number>/resume", tapped(_resume), name="order-resume"),
    path("work/<int:number>/accept", tapped(_accept), name="order-accept"),
    path("work/<int:number>/put-back", tapped(_put_back), name="order-put-back"),
    path("work/<int:number>/close", tapped(_close, P.REVIEW_WORK), name="order-close"),
    path("work/<int:number>/take", tapped(_take), name="order-take"),
    path("work/<int:number>/timer/start", tapped(_timer_start), name="timer-start"),
    path("work/<int:number>/timer/stop", tapped(_timer_stop), name="timer-stop"),
    path("work/<int:number>/watch", tapped(_watch, P.VIEW_WORK), name="order-watch"),
    path("work/<int:number>/unwatch", tapped(_unwatch, P.VIEW_WORK), name="order-unwatch"),
    path("work/<int:number>/down", tapped(_down), name="order-down"),
    path("work/<int:number>/up", tapped(_up), name="order-up"),
]
