"""An order on paper."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.asking import base_url
from openhtm.workorders.asking import actor_of
from openhtm.workorders.queries import detail
from openhtm.workorders.services.paper import order_pdf


@require_safe
def pdf(request: HttpRequest, number: int) -> HttpResponseBase:
    """The order with its results and signatures, to be shown or saved."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    order = detail.order_by_number(actor=actor, number=number)
    return pdf_response(order_pdf(order=order, actor=actor, now=timezone.now(), base_url=base_url(request)), f"{order}.pdf")


urlpatterns: list[URLPattern] = [path("work/<int:number>/order.pdf", pdf, name="order-pdf")]
