"""Certifications of people: which hold on a day, what a career is made of, how the journals stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import (
    CeuEntry,
    Credential,
    CredentialStatus,
    CredentialTier,
    EducationFact,
    EducationKind,
    EmploymentFact,
    StaffMember,
)
from openhtm.workforce.rules.eligibility import Career, Certification, Education, Employment
from openhtm.workforce.rules.periods import months_in, whole_months
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.rules.renewal import Cycle, EmeritusVerdict, Entry, Progress, cycle_on, emeritus, progress

SOON_DAYS = 90
WITHOUT_END = date(9999, 12, 31)
IN_PRACTICE = (CredentialTier.CANDIDATE, CredentialTier.FULL)


@dataclass(frozen=True, slots=True)
class CredentialStanding:
    """A certification that holds on the day asked for. ``expires_on`` is its last day; None: it does not end by itself."""

    programme: str
    tier: str
    number: str
    expires_on: date | None


def holding_on(on: date) -> Q:
    """Certifications valid on a day: begun, not past their last day, neither suspended nor withdrawn by then."""
    stopped = ~Q(status=CredentialStatus.ACTIVE) & Q(status_since__lte=on)
    return Q(issued_on__lte=on) & (Q(expires_on__isnull=True) | Q(expires_on__gte=on)) & ~stopped


def credentials_on(staff_ids: Iterable[int], on: date) -> dict[int, list[CredentialStanding]]:
    """The certifications in practice (candidate or full) that each person holds on a day. One statement.

    Retired and emeritus holders do not work in the field, so theirs are left out. Everybody asked for has an entry.
    """
    found: dict[int, list[CredentialStanding]] = {pk: [] for pk in staff_ids}
    rows = Credential.objects.filter(holding_on(on), staff_id__in=found, tier__in=IN_PRACTICE).order_by("programme")
    for staff_id, programme, tier, number, expires_on in rows.values_list("staff_id", "programme", "tier", "number", "expires_on"):
        found[staff_id].append(CredentialStanding(programme, tier, number, expires_on))
    return found


@dataclass(frozen=True, slots=True)
class Begun:
    """A certification issued by the day asked for, lapsed or stopped ones included.

    ``stopped_on``: suspended or withdrawn from that day on, which may come later. ``verified``: another person saw the certificate.
    """

    staff_id: int
    key: int
    programme: str
    tier: str
    number: str
    issued_on: date
    expires_on: date | None
    stopped_on: date | None
    verified: bool


def begun_by(staff_ids: Iterable[int], on: date) -> list[Begun]:
    """Every certification that these people had been given by a day, whether it still holds or not.

    Ask for the last day that will be judged: each day before it is judged by what is returned. One statement.
    """
    rows = Credential.objects.filter(issued_on__lte=on, staff_id__in=set(staff_ids)).order_by("programme", "pk")
    columns = rows.values_list(
        "staff_id", "pk", "programme", "tier", "number", "issued_on", "expires_on", "status", "status_since", "verified_at"
    )
    return [
        Begun(
            staff_id,
            key,
            programme,
            tier,
            number,
            issued_on,
            expires_on,
            since if status != CredentialStatus.ACTIVE else None,
            verified_at is not None,
        )
        for staff_id, key, programme, tier, number, issued_on, expires_on, status, since, verified_at in columns
    ]


def career_of(staff_id: int, *, as_of: date) -> Career:
    """What is recorded of a person, as eligibility is judged by it. Three statements."""
    education = list(EducationFact.objects.filter(staff_id=staff_id))
    held = Credential.objects.filter(holding_on(as_of), staff_id=staff_id, tier=CredentialTier.FULL)
    military = [one for one in education if one.kind == EducationKind.MILITARY]
    return Career(
        as_of=as_of,
        education=tuple(Education(one.degree, one.field, one.completed_on) for one in education if one.kind == EducationKind.DEGREE),
        certifications=tuple(Certification(one.programme, one.expires_on or WITHOUT_END) for one in held),
        employment=tuple(
            Employment(one.role, one.full_time, one.started_on, one.ended_on, one.employer)
            for one in EmploymentFact.objects.filter(staff_id=staff_id)
        ),
        military_bmet=any(one.completed_on is not None and one.completed_on <= as_of for one in military),
    )


@dataclass(frozen=True, slots=True)
class Journal:
    """A certification with its entries and, where the programme asks for units, how the present cycle stands."""

    credential: Credential
    entries: Sequence[CeuEntry]
    progress: Progress | None


def journals(credentials: Sequence[Credential], *, on: date) -> list[Journal]:
    """How the journals of these certifications stand. One statement for all of them."""
    entries: dict[int, list[CeuEntry]] = {one.pk: [] for one in credentials}
    for entry in CeuEntry.objects.filter(credential__in=credentials).select_related("evidence", "approved_by", "recorded_by"):
        entries[entry.credential_id].append(entry)
    return [Journal(one, entries[one.pk], _progress(one, entries[one.pk], on)) for one in credentials]


def _progress(credential: Credential, entries: Sequence[CeuEntry], on: date) -> Progress | None:
    programme = reference().programme(credential.programme)
    if programme is None or programme.renewal is None or credential.tier not in IN_PRACTICE:
        return None
    counted = [
        Entry(one.category, int(one.units * 100), one.done_on, one.approved_at is not None) for one in entries if one.withdrawn_at is None
    ]
    started = credential.cycle_started_on or credential.issued_on
    if credential.cycle_started_on and credential.expires_on:
        cycle = Cycle(started, credential.expires_on + timedelta(days=1))
    else:
        cycle = cycle_on(programme.renewal, started, on)
    return progress(programme.renewal, cycle, counted, on=on)


def emeritus_of(staff: StaffMember, programme: str, career: Career) -> EmeritusVerdict | None:
    """Whether somebody who retires (or has retired) may keep a certification as emeritus; None if they do not hold it. One statement.

    A certification counts from the day it was issued to its last valid day; only an unbroken one counts as continuous.
    """
    held = Credential.objects.filter(staff=staff, programme=programme).exclude(status=CredentialStatus.WITHDRAWN).first()
    if held is None:
        return None
    last = min(held.expires_on + timedelta(days=1) if held.expires_on else career.as_of, career.as_of)
    certified = whole_months(held.issued_on, last)
    roles = reference().experience["htm"].counts
    worked = [period for one in career.employment if one.role in roles and one.full_time and (period := one.until(career.as_of))]
    unbroken = certified if held.status == CredentialStatus.ACTIVE and last == career.as_of else 0
    return emeritus(
        reference().emeritus, retired=True, certified_months=certified, experience_months=months_in(worked), continuous_months=unbroken
    )


STATES = {"lapsed": "Lapsed", "soon": "Ending soon", "current": "Current", "suspended": "Suspended", "unverified": "Not yet verified"}


def in_state(state: str, on: date) -> Q:
    """Certifications of one state of STATES on a day; withdrawn ones and those of retired holders are in none."""
    active = Q(status=CredentialStatus.ACTIVE, tier__in=IN_PRACTICE)
    soon = on + timedelta(days=SOON_DAYS)
    return {
        "lapsed": active & Q(expires_on__lt=on),
        "soon": active & Q(expires_on__gte=on, expires_on__lte=soon),
        "current": active & (Q(expires_on__isnull=True) | Q(expires_on__gt=soon)),
        "suspended": Q(status=CredentialStatus.SUSPENDED),
        "unverified": active & Q(verified_at__isnull=True),
    }[state]


def credentials(actor: Actor, *, on: date, state: str = "", programme: str = "", q: str = "") -> QuerySet[Credential]:
    """Certifications of people who are here and whom the actor may see staff of; a state is a code of STATES."""
    found = Credential.objects.exclude(status=CredentialStatus.WITHDRAWN).select_related("staff__facility")
    found = found.filter(Q(staff__leaves_on__isnull=True) | Q(staff__leaves_on__gt=on))
    places = actor.facilities_for(Permission.VIEW_STAFF)
    if places is not None:
        found = found.filter(Q(staff__facility_id__in=places) | Q(staff__facility__isnull=True)) if places else found.none()
    if state in STATES:
        found = found.filter(in_state(state, on))
    if programme:
        found = found.filter(programme=programme)
    if q:
        found = found.filter(Q(staff__full_name__icontains=q) | Q(number__icontains=q))
    return found


def ending(actor: Actor, *, on: date) -> tuple[int, int]:
    """How many certifications have lapsed, and how many end within SOON_DAYS. Two statements."""
    seen = credentials(actor, on=on)
    return seen.filter(in_state("lapsed", on)).count(), seen.filter(in_state("soon", on)).count()
