"""Who asks, and which people and devices they mean: for the pages and the API of this room."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from openhtm.competence.queries.cover import Scope, scope_of
from openhtm.core.text import key_of
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.workforce.models import Skill, Team


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the filter form."""

    name: str
    label: str
    options: list[tuple[str, str]]
    chosen: str


RISKS = [("", "Any risk"), ("high_risk", "High-risk"), ("other", "Not high-risk")]


def read_scope(request: HttpRequest, actor: Actor) -> tuple[Scope, list[Choice]]:
    """Return what the address asks for and the filter form; a choice that is none counts as not made. Three statements."""
    allowed = actor.facilities_for(Permission.VIEW_STAFF)
    places = Facility.objects.filter(active=True) if allowed is None else Facility.objects.filter(active=True, pk__in=allowed)
    facilities = [(str(pk), name) for pk, name in places.order_by("name").values_list("pk", "name")]
    teams = [(str(pk), name) for pk, name in Team.objects.visible_to(actor).filter(active=True).values_list("pk", "name")[:200]]
    skills = list(Skill.objects.filter(active=True).values_list("code", "name"))
    offered = (
        ("facility", "Facility", [("", "Every facility"), *facilities]),
        ("team", "Team", [("", "Any team"), *teams]),
        ("skill", "Skill", [("", "Any skill"), *skills]),
        ("risk", "Risk", RISKS),
    )
    choices = []
    for name, label, options in offered:
        text = lists.text_of(request, name, max_length=40)
        choices.append(Choice(name, label, options, text if any(text == code for code, _ in options) else ""))
    chosen = {one.name: one.chosen for one in choices}
    return scope_of(
        actor, facility_id=key_of(chosen["facility"]), team_id=key_of(chosen["team"]), skill=chosen["skill"],
        high_risk={"high_risk": True, "other": False}.get(chosen["risk"]),
    ), choices  # fmt: skip
