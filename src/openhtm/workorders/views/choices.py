"""Choices of filters and forms: only small tables, one statement each."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import QueryDict

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.workforce.models import Team
from openhtm.workorders.models import Origin
from openhtm.workorders.queries.order_filters import GROUPS
from openhtm.workorders.rules.kinds import KIND_LABELS, PRIORITY_LABELS, STATUS_LABELS


def filter_fields(actor: Actor, query: QueryDict) -> list[dict[str, Any]]:
    """Return the choices of the "add filter" form. Five statements."""
    places = Location.objects.visible_to(actor).filter(Q(kind="building") | Q(kind="floor") | Q(kind="area"), active=True)
    people = [("me", "me"), ("nobody", "nobody")] if actor.may(Permission.DO_WORK) else [("nobody", "nobody")]
    teams = list(Team.objects.visible_to(actor).filter(active=True).values_list("pk", "name")[:200])
    offered: list[tuple[str, str, list[tuple[Any, str]]]] = [
        ("status", "Status", [*((code, words) for code, (words, _) in GROUPS.items()), *((s.value, t) for s, t in STATUS_LABELS.items())]),
        ("kind", "Kind", [(kind.value, label) for kind, label in KIND_LABELS.items()]),
        ("priority", "Priority", [(priority.value, label) for priority, label in PRIORITY_LABELS.items()]),
        ("late", "Late", [("true", "late")]),
        ("incident", "Incident", [("true", "a patient was involved")]),
        ("assignee", "Assigned to", people),
        ("team", "Team", [("mine", "my teams"), *teams] if teams else []),
        ("provider", "Company", list(ServiceProvider.objects.filter(active=True).values_list("pk", "name")[:200])),
        ("facility", "Facility", list(Facility.objects.visible_to(actor).filter(active=True).values_list("code", "name"))),
        ("department", "Department", list(Department.objects.visible_to(actor).filter(active=True).values_list("pk", "name")[:200])),
        ("location", "Place", list(places.values_list("pk", "full_name")[:300])),
        ("origin", "Origin", list(Origin.choices)),
    ]
    return [
        {"name": name, "label": label, "choices": [(str(code), words, str(code) == query.get(name)) for code, words in options]}
        for name, label, options in offered
        if options
    ]
