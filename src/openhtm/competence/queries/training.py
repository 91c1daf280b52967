"""The facts behind a training plan, and what is planned already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Sum

from openhtm.catalog.models import DeviceType
from openhtm.competence.models import Competency, PlannedTraining, TrainingOffer
from openhtm.competence.queries.cover import Scope, TypeCover, coverage
from openhtm.competence.queries.matrix import staff_in
from openhtm.competence.queries.policies import coverage_targets
from openhtm.competence.rules.levels import RANKS, Level
from openhtm.competence.rules.training_plan import Course, Plan, Trainee, Want, plan
from openhtm.identity.actor import Actor
from openhtm.procedures.models import ProcedureVersion
from openhtm.workforce.models import CareerRole, StaffHours, StaffKind

SERVICING = (CareerRole.BMET, CareerRole.IMAGING, CareerRole.LABORATORY, CareerRole.ENGINEER)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A plan with the names its page shows."""

    plan: Plan
    types: dict[int, TypeCover]
    staff: dict[int, str]
    offers: dict[int, TrainingOffer]


def proposals(*, actor: Actor, scope: Scope, on: date, limit: int = 200) -> Proposed:
    """Propose who should learn what so that no type of the scope lacks people; what is planned counts as done. About nine statements.

    ``limit`` is the most types planned for, the worst covered first.
    """
    targets = coverage_targets()
    covered = [one for one in coverage(scope=scope, on=on, targets=targets) if one.missing]
    ahead = PlannedTraining.objects.ahead().filter(staff__in=staff_in(actor=actor, scope=scope, on=on))
    able: dict[int, set[int]] = {}
    for staff_id, type_id in ahead.values_list("staff_id", "device_type_id"):
        able.setdefault(type_id, set()).add(staff_id)
    lacking = {one.type_id: lacks for one in covered if (lacks := one.missing - len(able.get(one.type_id, ()))) > 0}
    wanted = [one for one in covered if one.type_id in lacking][:limit]
    people = _people(actor, scope, on, longest=max(targets.high_risk[1], targets.other[1]))
    begun, lapsed = _near([one.type_id for one in wanted], on, able)
    skills = _skills([one.type_id for one in wanted])
    offers, courses = _courses([one.type_id for one in wanted])
    wants = [Want(one.type_id, one.cover, one.high_risk, lacking[one.type_id], skills.get(one.type_id, "")) for one in wanted]
    names = dict(staff_in(actor=actor, scope=scope, on=on).values_list("pk", "full_name"))
    made = plan(
        wants=wants, people=people, begun=begun, lapsed=frozenset(lapsed), able={pk: frozenset(who) for pk, who in able.items()}, courses=courses
    )  # fmt: skip
    return Proposed(made, {one.type_id: one for one in covered}, names, offers)


def _people(actor: Actor, scope: Scope, on: date, *, longest: int) -> list[Trainee]:
    """Whoever services devices and stays beyond the horizon; students are left out, since they move on. Three statements."""
    stays = Q(leaves_on__isnull=True) | Q(leaves_on__gt=date.fromordinal(on.toordinal() + longest))
    ids = list(
        staff_in(actor=actor, scope=scope, on=on)
        .filter(stays, kind=StaffKind.IN_HOUSE, career_role__in=SERVICING)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    lines = StaffHours.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on, staff_id__in=ids)
    skills = dict(lines.values_list("staff_id", "skills"))
    load = dict(Competency.objects.holding_on(on).filter(staff_id__in=ids).order_by().values_list("staff_id").annotate(n=Count("pk")))
    return [Trainee(pk, frozenset(skills.get(pk, ())), load.get(pk, 0)) for pk in ids]


def _near(type_ids: Sequence[int], on: date, able: dict[int, set[int]]) -> tuple[dict[tuple[int, int], Level], set[tuple[int, int]]]:
    """Read who holds a lower level or held it before, and add to ``able`` who does it alone. One statement."""
    begun: dict[tuple[int, int], Level] = {}
    lapsed: set[tuple[int, int]] = set()
    rows = Competency.objects.filter(device_type_id__in=type_ids, withdrawn_on__isnull=True, granted_on__lte=on)
    for staff_id, type_id, text, until in rows.values_list("staff_id", "device_type_id", "level", "valid_until"):
        assert type_id is not None
        level, key = Level(text), (staff_id, type_id)
        if until is not None and until < on:
            lapsed.add(key)
        elif RANKS[level] >= RANKS[Level.INDEPENDENT]:
            able.setdefault(type_id, set()).add(staff_id)
        elif key not in begun or RANKS[level] > RANKS[begun[key]]:
            begun[key] = level
    return begun, lapsed


def _skills(type_ids: Sequence[int]) -> dict[int, str]:
    """The skill that the released procedures of a type name. One statement."""
    rows = ProcedureVersion.objects.filter(status="released", procedure__device_types__in=type_ids).exclude(skill="")
    return dict(rows.order_by("-skill").values_list("procedure__device_types", "skill"))


def offers_for(type_ids: Iterable[int]) -> dict[int, TrainingOffer]:
    """The offer that counts for each type: its own, else its family's, else the general one. Two statements."""
    every = list(TrainingOffer.objects.filter(active=True))
    own = {one.device_type_id: one for one in every if one.device_type_id}
    family = {one.category: one for one in every if not one.device_type_id}
    types = DeviceType.objects.filter(pk__in=list(type_ids)).values_list("pk", "category")
    found = {pk: own.get(pk) or family.get(category) or family.get("") for pk, category in types}
    return {pk: offer for pk, offer in found.items() if offer}


def _courses(type_ids: Sequence[int]) -> tuple[dict[int, TrainingOffer], dict[int, Course]]:
    offers = offers_for(type_ids)
    return offers, {pk: Course(offer.pk, offer.cost_cents, offer.minutes) for pk, offer in offers.items()}


def planned(*, actor: Actor) -> QuerySet[PlannedTraining]:
    """What is planned for people the actor may see. Order by ``pk``."""
    return PlannedTraining.objects.visible_to(actor).select_related("staff__facility", "device_type", "offer")


def planned_cost_cents(*, actor: Actor) -> int:
    """The cost of what lies ahead, as planned; unknown costs count nothing. One statement."""
    return PlannedTraining.objects.visible_to(actor).ahead().aggregate(sum=Sum("cost_cents"))["sum"] or 0
