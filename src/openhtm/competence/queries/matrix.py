"""The matrix of people and device types: one page of people against one page of types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from openhtm.competence.models import Competency
from openhtm.competence.queries.cover import Scope
from openhtm.competence.queries.standing import as_held
from openhtm.competence.rules.levels import RANKS, Held, Level
from openhtm.identity.actor import Actor
from openhtm.workforce.models import StaffHours, StaffKind, StaffMember, TeamMember


@dataclass(frozen=True, slots=True)
class Cell:
    """What one person holds of one type: the best level today, whether it is for some models only, or that it ran out."""

    level: Level | None = None
    until: date | None = None
    models_only: bool = False
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells by (staff, type); a missing one is empty."""

    found: dict[tuple[int, int], Cell] = field(default_factory=dict)

    def at(self, staff_id: int, type_id: int) -> Cell | None:
        return self.found.get((staff_id, type_id))


def staff_in(*, actor: Actor, scope: Scope, on: date, q: str = "") -> QuerySet[StaffMember]:
    """The people of the scope who are here on the day and whom the actor may see; vendors' people apart. Order by ``full_name``, ``pk``."""
    found = StaffMember.objects.visible_to(actor).here_on(on).exclude(kind=StaffKind.VENDOR)
    if scope.facility_ids is not None:
        found = found.filter(Q(facility_id__in=scope.facility_ids) | Q(facility__isnull=True))
    if scope.team_id is not None:
        found = found.filter(Exists(TeamMember.objects.filter(staff=OuterRef("pk"), team_id=scope.team_id)))
    if scope.skill:
        lines = StaffHours.objects.filter(staff=OuterRef("pk"), skills__contains=[scope.skill], effective_from__lte=on)
        found = found.filter(Exists(lines.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on))))
    for word in q.split()[:5]:
        found = found.filter(full_name__icontains=word)
    return found


def cells(*, staff_ids: Sequence[int], type_ids: Sequence[int], on: date) -> Cells:
    """What these people hold of these types, models of them included. One statement."""
    if not staff_ids or not type_ids:
        return Cells()
    rows = (
        Competency.objects.filter(Q(device_type_id__in=type_ids) | Q(device_model__device_type_id__in=type_ids), staff_id__in=staff_ids)
        .select_related("device_model")
        .only(
            "staff_id", "device_type_id", "device_model_id", "procedure_id", "level", "basis", "granted_on", "valid_until", "withdrawn_on",
            "device_model__device_type_id",
        )
    )  # fmt: skip
    held: dict[tuple[int, int], list[tuple[Held, bool]]] = {}
    for row in rows:
        type_id = row.device_type_id or (row.device_model.device_type_id if row.device_model else None)
        if type_id is not None:
            held.setdefault((row.staff_id, type_id), []).append((as_held(row), row.device_model_id is not None))
    return Cells({key: cell for key, entries in held.items() if (cell := _cell(entries, on))})


def _cell(entries: list[tuple[Held, bool]], on: date) -> Cell | None:
    holding = [(one, of_model) for one, of_model in entries if one.holds_on(on)]
    if holding:
        best, of_model = max(holding, key=lambda entry: (RANKS[entry[0].level], not entry[1], entry[0].valid_until or date.max))
        return Cell(best.level, best.valid_until, models_only=of_model)
    lapsed = [one for one, _ in entries if one.lapsed_on(on)]
    return Cell(lapsed=True, until=max(one.valid_until for one in lapsed if one.valid_until)) if lapsed else None


def records_of(*, staff_id: int, type_id: int) -> list[Competency]:
    """Everything a person was ever granted for a type, its models and the procedures made for it. One statement."""
    about = Q(device_type_id=type_id) | Q(device_model__device_type_id=type_id) | Q(procedure__device_types=type_id)
    return list(related(Competency.objects.filter(about, staff_id=staff_id)).distinct())


def records_of_person(staff_id: int) -> QuerySet[Competency]:
    return related(Competency.objects.filter(staff_id=staff_id))


def people_for_type(*, actor: Actor, type_id: int, on: date) -> list[dict[str, Any]]:
    """Whoever may service a type or models of it today, the highest level first. One statement."""
    about = Q(device_type_id=type_id) | Q(device_model__device_type_id=type_id)
    rows = related(Competency.objects.visible_to(actor).holding_on(on).filter(about, staff__in=StaffMember.objects.here_on(on)))
    best: dict[int, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda one: (-RANKS[Level(one.level)], one.device_model_id is not None, one.pk)):
        best.setdefault(row.staff_id, {"staff": row.staff, "record": row, "models": []})
        if row.device_model is not None:
            best[row.staff_id]["models"].append(row.device_model)
    return list(best.values())


def related(found: QuerySet[Competency]) -> QuerySet[Competency]:
    """With all that one line of a list shows."""
    return found.select_related(
        "staff__facility", "device_type", "device_model__manufacturer", "device_model__device_type", "procedure", "observer", "evidence"
    ).order_by("-granted_on", "-pk")
