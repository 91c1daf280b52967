"""Everything known about results that are being stored, read in a fixed number of statements."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from openhtm.competence.queries.standing import Standings, Target, credentials_out, held_out, standings
from openhtm.documents.models import StoredFile
from openhtm.identity.actor import Actor
from openhtm.procedures.models import ProcedureVersion
from openhtm.procedures.rules.content import Content, parse
from openhtm.procedures.rules.steps import Step
from openhtm.testers.models import Calibration, Tester
from openhtm.workforce.models import StaffHours
from openhtm.workorders.models import Checklist, Result, WorkOrder
from openhtm.workorders.queries.roles import RolesHeld, roles_held
from openhtm.workorders.rules.results import Sent
from openhtm.workorders.rules.verdicts import CalibrationFact, Judged

Slot = tuple[int, str, str]
"""A place of a checklist that takes one value: checklist, key of the step, phase."""


@dataclass(frozen=True, slots=True)
class KnownTester:
    """A tester and its calibrations that were not superseded."""

    tester: Tester
    calibrations: tuple[CalibrationFact, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The result that counts for a slot, as far as the next one is compared with it."""

    uid: uuid.UUID
    number: float | None
    choice: str
    measured_at: datetime


@dataclass
class Known:
    """What is stored already and bears on the results at hand."""

    checklists: dict[uuid.UUID, Checklist] = field(default_factory=dict)
    contents: dict[int, Content] = field(default_factory=dict)
    results: dict[uuid.UUID, Result] = field(default_factory=dict)
    fingerprints: dict[uuid.UUID, str] = field(default_factory=dict)
    superseded: set[uuid.UUID] = field(default_factory=set)
    current: dict[Slot, Standing] = field(default_factory=dict)
    testers: dict[str, KnownTester] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    hours: list[StaffHours] = field(default_factory=list)
    standings: Standings = field(default_factory=Standings)
    roles: RolesHeld = field(default_factory=RolesHeld)
    qualified: dict[tuple[int, date], dict[str, Any]] = field(default_factory=dict)
    visible_orders: set[int] = field(default_factory=set)

    def step(self, checklist: Checklist, key: str) -> Step | None:
        return self.contents[checklist.version_id].step(key)

    def answered(self, checklist_id: int, step_key: str, phase: str) -> bool:
        return (checklist_id, step_key, phase) in self.current

    def adjusted(self, checklist_id: int, sent: Sent, judged: Judged) -> bool:
        """True for a value as left that differs from the one as found."""
        found = self.current.get((checklist_id, sent.step, "as_found")) if sent.phase == "as_left" else None
        return found is not None and (found.number, found.choice) != (judged.number, judged.choice)

    def note(self, result: Result) -> None:
        """Count ``result`` as stored for those that follow it in the same batch."""
        self.results[result.uid] = result
        if result.supersedes_id:
            self.superseded.add(result.supersedes_id)
        slot = (result.checklist_id, result.step_key, result.phase)
        before = self.current.get(slot)
        if before is None or before.uid == result.supersedes_id or before.measured_at <= result.measured_at:
            self.current[slot] = Standing(result.uid, result.number, result.choice, result.measured_at)

    def qualification(self, actor: Actor, checklist: Checklist, day: date, *, at: datetime) -> dict[str, Any]:
        """Return the roles the actor held there at that moment, and the skills, competencies for this work and credentials on its day."""
        if (checklist.pk, day) not in self.qualified:
            self.qualified[checklist.pk, day] = self._qualification(actor, checklist, day)
        return {"roles": self._roles(actor, checklist.work_order.facility_id, at)} | self.qualified[checklist.pk, day]

    def _roles(self, actor: Actor, facility_id: int, at: datetime) -> list[str]:
        if actor.user_id is not None:
            return sorted(self.roles.at(actor.user_id, facility_id, at))
        return sorted({grant.role.value for grant in actor.grants if grant.facility_id in (None, facility_id)})

    def _qualification(self, actor: Actor, checklist: Checklist, day: date) -> dict[str, Any]:
        standing = self.standings.of_user(actor.user_id or 0, target_of(checklist))
        skills = next(
            (one.skills for one in self.hours if one.effective_from <= day and (one.effective_to is None or day < one.effective_to)), []
        )
        held = [held_out(one) for one in standing.held if one.holds_on(day)]
        return {
            "skills": sorted(skills), "on": day.isoformat(), "competencies": held,
            "credentials": credentials_out(standing.certified, day),
        }  # fmt: skip


def known_about(*, sent: Sequence[Sent], actor: Actor) -> Known:
    """Read what bears on ``sent`` and lock the orders. At most thirteen statements, three fewer where nothing is named."""
    known = Known()
    known.checklists = _locked_checklists({one.checklist for one in sent}, actor)
    known.visible_orders = {one.work_order_id for one in known.checklists.values()}
    known.contents = contents_of({one.version_id: one.version.content_hash for one in known.checklists.values()})
    _read_results(known, sent)
    _read_current(known, {one.step for one in sent})
    known.testers = _testers({one.tester for one in sent if one.tester}, actor)
    named_files = {sha256 for one in sent for sha256 in one.files}
    if named_files:
        known.files = dict(StoredFile.objects.filter(sha256__in=named_files).values_list("sha256", "media_type"))
    if actor.user_id and known.checklists:
        known.hours = list(StaffHours.objects.filter(staff__user_id=actor.user_id).order_by("-effective_from"))
        known.roles = roles_held([actor.user_id])
        known.standings = standings(
            targets={target_of(one) for one in known.checklists.values()},
            on=timezone.localdate() + timedelta(days=1),  # where the facility is, it may be tomorrow already
            user_ids=[actor.user_id],
        )
    return known


def target_of(checklist: Checklist) -> Target:
    """What the work of a checklist is about."""
    device = checklist.work_order.device
    return Target(
        device.device_type_id if device else None, device.device_model_id if device else None, frozenset({checklist.version.procedure_id})
    )


def _locked_checklists(uids: set[uuid.UUID], actor: Actor) -> dict[uuid.UUID, Checklist]:
    """Lock the orders in the order of their keys, so that two batches never wait for each other in a circle."""
    if not uids:
        return {}
    found = (
        Checklist.objects.filter(uid__in=uids, work_order__in=WorkOrder.objects.visible_to(actor))
        .select_related("work_order__facility", "work_order__merged_into", "work_order__device", "version__procedure")
        .only(*_CHECKLIST_FIELDS)
        .select_for_update(of=("work_order",), no_key=True)
        .order_by("work_order_id", "pk")
    )
    return {one.uid: one for one in found}


_CHECKLIST_FIELDS = (
    "uid", "purpose", "finished_at", "outcome", "version__content_hash", "version__number", "version__procedure__name",
    "work_order__number", "work_order__status", "work_order__kind", "work_order__closed_at", "work_order__facility_id", "work_order__device_id",
    "work_order__device__device_type_id", "work_order__device__device_model_id", "work_order__facility__name", "work_order__facility__time_zone", "work_order__merged_into__number",
)  # fmt: skip


_MOST_CONTENTS = 512
_contents: dict[str, Content] = {}
"""Parsed content by its hash: content of a hash never changes, so it is read and checked once by each process."""


def contents_of(wanted: dict[int, str]) -> dict[int, Content]:
    """Return the content of versions by key, given each one's hash. One statement; none for what was read before."""
    missing = [pk for pk, content_hash in wanted.items() if content_hash not in _contents]
    if missing and len(_contents) + len(missing) > _MOST_CONTENTS:
        _contents.clear()
        missing = list(wanted)
    for pk, content in ProcedureVersion.objects.filter(pk__in=missing).values_list("pk", "content") if missing else ():
        _contents[wanted[pk]] = parse(content)
    return {pk: _contents[content_hash] for pk, content_hash in wanted.items()}


def _read_results(known: Known, sent: Sequence[Sent]) -> None:
    """Read results of the same ids, and those that are to be corrected. One statement where all is new, as almost always; else three."""
    corrected = {one.supersedes for one in sent if one.supersedes}
    wanted = {one.uid for one in sent} | corrected
    if not wanted:
        return
    known_ids = fingerprints_of(wanted)
    if not known_ids:
        return
    found = Result.objects.filter(uid__in=known_ids).select_related("work_order").defer("limit", "detail", "qualification")
    known.results = {one.uid: one for one in found}
    known.fingerprints = {uid: one.fingerprint for uid, one in known.results.items()}
    if corrected:
        replaced = Result.objects.filter(supersedes__in=corrected).values_list("supersedes", flat=True)
        known.superseded = {uid for uid in replaced if uid is not None}


def fingerprints_of(uids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return what results of these ids were stored with. One statement, none for nothing; written out, since every result asks it twice."""
    if not uids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT uid, fingerprint FROM workorders_result WHERE uid = ANY(%s)", [list(uids)])
        return dict(cursor.fetchall())


def _read_current(known: Known, steps: set[str]) -> None:
    """Read what these steps of these checklists are answered with: one row for each slot, however often it was measured. One statement."""
    checklists = [one.pk for one in known.checklists.values()]
    if not checklists:
        return
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT, [checklists, sorted(steps)])
        known.current = {(row[0], row[1], row[2]): Standing(*row[3:]) for row in cursor.fetchall()}


_CURRENT = """
SELECT DISTINCT ON (r.checklist_id, r.step_key, r.phase) r.checklist_id, r.step_key, r.phase, r.uid, r.number, r.choice, r.measured_at
FROM workorders_result r
WHERE r.checklist_id = ANY(%s) AND r.step_key = ANY(%s)
  AND NOT EXISTS (SELECT FROM workorders_result later WHERE later.supersedes_id = r.uid)
ORDER BY r.checklist_id, r.step_key, r.phase, r.measured_at DESC, r.uid DESC
"""


def _testers(numbers: set[str], actor: Actor) -> dict[str, KnownTester]:
    """Read testers and their calibrations. Two statements, none without testers."""
    if not numbers:
        return {}
    found = {
        one.device.control_number: one
        for one in Tester.objects.visible_to(actor).filter(device__control_number__in=numbers, active=True).select_related("device")
    }
    calibrations: dict[int, list[CalibrationFact]] = {one.pk: [] for one in found.values()}
    facts = Calibration.objects.filter(tester__in=calibrations, superseded_by__isnull=True)
    for tester_id, performed_on, due_on, verdict in facts.values_list("tester_id", "performed_on", "due_on", "verdict"):
        calibrations[tester_id].append(CalibrationFact(performed_on, due_on, verdict))
    return {number: KnownTester(one, tuple(calibrations[one.pk])) for number, one in found.items()}
