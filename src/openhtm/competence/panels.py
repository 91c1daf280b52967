"""What competence shows on pages of other rooms: a person's, one's own, a device type's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from openhtm.competence.asking import actor_of
from openhtm.competence.models import Competency, PlannedTraining
from openhtm.competence.queries import matrix as queries
from openhtm.competence.views.records import person_row, record_row
from openhtm.competence.views.staff import may_sign
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import panels
from openhtm.ui.panels import Panel

SHOWN = 200
FEW = 8
AHEAD = timedelta(days=180)


def of_person(request: HttpRequest, staff: Any) -> Panel | None:
    """The tab of competencies on a person's page. One statement; none while another tab is open."""
    actor, own = actor_of(request), staff.user_id is not None and staff.user_id == actor_of(request).user_id
    if not own and not actor.may(Permission.VIEW_STAFF, at=staff.facility_id):
        return None
    if request.GET.get("tab") != "competencies":
        return Panel(template="competence/panel_person.html", title="Competencies", key="competencies")
    today = timezone.localdate()
    context = {
        "rows": [record_row(one, actor=actor, today=today) for one in queries.records_of_person(staff.pk)[:SHOWN]],
        "sign_url": f"{reverse('competence:sign')}?staff={staff.pk}" if may_sign(actor, staff) else "",
    }
    return Panel(template="competence/panel_person.html", context=context, title="Competencies", key="competencies")


def of_oneself(request: HttpRequest, staff: Any) -> Panel | None:
    """What of one's own ends soon or ended, and which training is planned. Two statements."""
    actor, today = actor_of(request), timezone.localdate()
    ends = Q(valid_until__lte=today + AHEAD, valid_until__gte=today - AHEAD)
    found = queries.related(Competency.objects.filter(ends, staff_id=staff.pk, withdrawn_on__isnull=True)).order_by("valid_until", "pk")
    context = {
        "ending": [record_row(one, actor=actor, today=today) for one in found[:FEW]],
        "planned": list(PlannedTraining.objects.ahead().filter(staff_id=staff.pk).select_related("device_type")[:FEW]),
        "person_url": reverse("competence:person", args=[staff.pk]),
    }
    return Panel(template="competence/panel_me.html", context=context, title="My gaps and training", key="my-competence")


def of_type(request: HttpRequest, kind: Any) -> Panel | None:
    """Who may service a device type, on its page in the catalogue. One statement."""
    actor, today = actor_of(request), timezone.localdate()
    if not actor.may(Permission.VIEW_STAFF):
        return None
    found = queries.people_for_type(actor=actor, type_id=kind.pk, on=today)
    context = {
        "rows": [person_row(one, kind, actor=actor, today=today) for one in found[:FEW]],
        "count": len(found),
        "url": reverse("competence:type", args=[kind.pk]),
    }
    return Panel(template="competence/panel_type.html", context=context)


def offer() -> None:
    """Register the panels."""
    panels.register("staff.tabs", of_person, order=40)
    panels.register("staff.me", of_oneself, order=40)
    panels.register("catalog.device_type", of_type, order=60)
