"""What is known about people for pieces of work: read for many people and many kinds of work in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from openhtm.competence.models import Competency
from openhtm.competence.queries.credentials import credentials_of
from openhtm.competence.rules.guard import RiskClass, Standing
from openhtm.competence.rules.levels import Basis, Certified, Held, Level, Subject
from openhtm.workforce.models import StaffMember


@dataclass(frozen=True, slots=True)
class Target:
    """What a piece of work is about, as far as competence goes."""

    device_type_id: int | None = None
    device_model_id: int | None = None
    procedure_ids: frozenset[int] = frozenset()
    high_risk: bool = False

    @property
    def risk(self) -> RiskClass:
        return RiskClass.HIGH_RISK if self.high_risk else RiskClass.OTHER

    @property
    def subjects(self) -> frozenset[tuple[Subject, int]]:
        found = {(Subject.PROCEDURE, pk) for pk in self.procedure_ids}
        found |= {(Subject.TYPE, self.device_type_id)} if self.device_type_id else set()
        found |= {(Subject.MODEL, self.device_model_id)} if self.device_model_id else set()
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Person:
    """A staff record as far as a verdict needs it."""

    staff_id: int
    user_id: int | None
    name: str
    facility_id: int | None
    leaves_on: date | None


@dataclass
class Standings:
    """What was read: ask it for the standing of one person for one kind of work."""

    people: dict[int, Person] = field(default_factory=dict)
    held: dict[int, dict[tuple[Subject, int], list[Held]]] = field(default_factory=dict)
    certified: Mapping[int, tuple[Certified, ...]] = field(default_factory=dict)
    by_user: dict[int, int] = field(default_factory=dict)

    def of(self, staff_id: int | None, target: Target, *, roles: frozenset[str] = frozenset()) -> Standing:
        """Return the standing of a person; ``known`` is False without a record."""
        person = self.people.get(staff_id) if staff_id is not None else None
        if person is None:
            return Standing(roles=roles, known=False)
        own = self.held.get(person.staff_id, {})
        held = tuple(one for subject in sorted(target.subjects) for one in own.get(subject, ()))
        return Standing(held, tuple(self.certified.get(person.staff_id, ())), roles, person.leaves_on)

    def of_user(self, user_id: int, target: Target, *, roles: frozenset[str] = frozenset()) -> Standing:
        return self.of(self.by_user.get(user_id), target, roles=roles)


_FIELDS = (
    "staff_id",
    "device_type_id",
    "device_model_id",
    "procedure_id",
    "level",
    "basis",
    "granted_on",
    "valid_until",
    "withdrawn_on",
    "pk",
)


def standings(
    *, targets: Iterable[Target], on: date, staff_ids: Collection[int] | None = None, user_ids: Collection[int] | None = None
) -> Standings:
    """Read people (by staff or by account), their competencies for these targets and their credentials. Three statements."""
    named = Q(user_id__in=user_ids) if user_ids is not None else Q(pk__in=staff_ids or ())
    rows = StaffMember.objects.filter(named).values_list("pk", "user_id", "full_name", "facility_id", "leaves_on")
    return standings_of({row[0]: Person(*row) for row in rows}, targets=targets, on=on)


def standings_of(people: dict[int, Person], *, targets: Iterable[Target], on: date) -> Standings:
    """Read what these people hold for these targets. Two statements; none for nobody."""
    found = Standings(people, by_user={one.user_id: pk for pk, one in people.items() if one.user_id is not None})
    if not people:
        return found
    subjects = {subject for target in targets for subject in target.subjects}
    for row in _competencies(people, subjects).values_list(*_FIELDS) if subjects else ():
        staff_id, *keys = row[:4]
        subject = _subject(*keys)
        found.held.setdefault(staff_id, {}).setdefault(subject, []).append(
            Held(subject[0], Level(row[4]), Basis(row[5]), row[6], row[7], row[8], row[9])
        )
    found.certified = credentials_of(list(people), on=on)
    return found


def _competencies(people: Collection[int], subjects: set[tuple[Subject, int]]):  # type: ignore[no-untyped-def]  # a queryset
    keys: dict[Subject, list[int]] = {kind: [pk for one, pk in subjects if one == kind] for kind in Subject}
    about = Q(device_type_id__in=keys[Subject.TYPE]) | Q(device_model_id__in=keys[Subject.MODEL])
    return Competency.objects.filter(about | Q(procedure_id__in=keys[Subject.PROCEDURE]), staff_id__in=list(people)).order_by("pk")


def _subject(device_type_id: int | None, device_model_id: int | None, procedure_id: int | None) -> tuple[Subject, int]:
    if device_type_id is not None:
        return Subject.TYPE, device_type_id
    if device_model_id is not None:
        return Subject.MODEL, device_model_id
    assert procedure_id is not None
    return Subject.PROCEDURE, procedure_id


def as_held(row: Competency) -> Held:
    """A stored competency as the rules read it."""
    subject, _ = _subject(row.device_type_id, row.device_model_id, row.procedure_id)
    return Held(subject, Level(row.level), Basis(row.basis), row.granted_on, row.valid_until, row.withdrawn_on, row.pk)


def held_out(one: Held) -> dict[str, Any]:
    """A competency as it is stamped on work."""
    return {
        "for": one.subject.value, "level": one.level.value, "basis": one.basis.value, "granted_on": one.granted_on.isoformat(),
        "valid_until": one.valid_until.isoformat() if one.valid_until else None, "id": one.key,
    }  # fmt: skip


def credentials_out(certified: Sequence[Certified], on: date) -> list[dict[str, Any]]:
    """The credentials that held on a day, as they are stamped on work."""
    return [
        {"programme": one.programme, "number": one.number, "expires_on": one.expires_on.isoformat() if one.expires_on else None}
        for one in certified
        if one.holds_on(on)
    ]
