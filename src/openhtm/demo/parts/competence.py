"""What people of the demo hospital are signed off for: most of what they work on, with gaps that a manager should find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from openhtm.catalog.models import DeviceType
from openhtm.competence.models import Competency, PlannedTraining
from openhtm.competence.rules.guard import Act
from openhtm.competence.services.reference import load_competence_reference
from openhtm.demo.parts.demo import Demo, Person
from openhtm.demo.rules.chance import Chance
from openhtm.identity.actor import Actor, Grant
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import Device
from openhtm.procedures.models import ProcedureVersion
from openhtm.workforce.models import StaffMember
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.services import qualification

ONLY_ONE = "linear-accelerator"
RETIRES_AFTER_DAYS = 113
GAPS = 4
LAPSED_DAYS = 21
STAMPED_DAYS = 60
EXPERT_FAMILIES = {
    "imaging": "imaging", "radiotherapy and nuclear medicine": "imaging", "laboratory analysis": "laboratory", "laboratory general": "laboratory",
    "pathology and microbiology": "laboratory", "blood bank": "laboratory", "dialysis": "dialysis", "endoscopy": "endoscopy",
    "sterilisation": "sterilization", "anesthesia": "life-support", "respiratory": "life-support",
}  # fmt: skip
"""Families of types whose work asks for a skill of its own where no procedure names one."""


@dataclass(frozen=True, slots=True)
class Kind:
    pk: int
    code: str
    name: str
    skill: str
    high_risk: bool


def build(demo: Demo) -> None:
    """Load the policies and sign people off for the types of their skills. About a dozen statements for any number of devices."""
    load_competence_reference(actor=demo.actor)
    kinds = _kinds()
    gaps = {one.pk for one in demo.chance("gaps").sample([one for one in kinds if not one.high_risk], min(GAPS, len(kinds) // 10))}
    only = _only(kinds)
    rows = list(_rows(demo, [one for one in kinds if one.pk not in gaps and one != only]))
    rows.append(_single_point(demo, only))
    _let_one_lapse(demo, rows)
    Competency.objects.bulk_create(rows, batch_size=5000)
    _plan(demo, kinds, gaps)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE competence_competency")
    demo.counts["competencies"] = len(rows)


def _kinds() -> list[Kind]:
    """The types of the hospital's devices with the skill that work on them asks for. Three statements."""
    used = set(Device.objects.in_inventory().filter(device_type__isnull=False).order_by().values_list("device_type", flat=True).distinct())
    named = ProcedureVersion.objects.filter(status="released", procedure__device_types__in=used).exclude(skill="")
    skills = dict(named.order_by("-skill").values_list("procedure__device_types", "skill"))
    types = DeviceType.objects.filter(pk__in=used).order_by("code")
    return [
        Kind(one.pk, one.code, one.name, skills.get(one.pk) or EXPERT_FAMILIES.get(one.category, "biomedical"), one.high_risk)
        for one in types
    ]


def _rows(demo: Demo, kinds: list[Kind]) -> Iterator[Competency]:
    observer = demo.staff[demo.users["engineer"][0]]
    technician = demo.users["technician"][0]
    for people in demo.people.values():
        for number, person in enumerate(people):
            chance = demo.chance("competencies", person.pk)
            for kind in kinds:
                if kind.skill in person.skills or (person.pk == technician and (kind.high_risk or kind.skill == "biomedical")):
                    yield _signed(demo, person, kind, chance, observer, sure=person.pk == technician, teaches=number == 0)


def _signed(demo: Demo, person: Person, kind: Kind, chance: Chance, observer: int, *, sure: bool, teaches: bool) -> Competency:
    """High-risk types by the maker's school for three years, the others by sign-off on the job."""
    level = "instructor" if teaches and chance.maybe(0.2) else "independent" if sure or chance.maybe(0.88) else "assisted"
    granted = demo.as_of - dt.timedelta(days=30 + chance.randrange(900))
    school = kind.high_risk
    return _row(
        demo, demo.staff[person.pk], kind, level, granted,
        basis="vendor_school" if school else "on_the_job",
        valid_until=granted + dt.timedelta(days=1095) if school else None,
        certificate=f"Service school {granted.year}, no. {chance.randrange(10_000):04d} (synthetic)" if school else "",
        observer_id=None if school else observer,
    )  # fmt: skip


def _row(demo: Demo, staff_id: int, kind: Kind, level: str, granted: dt.date, **more: object) -> Competency:
    _, signer = demo.users["engineer"]
    at = dt.datetime.combine(granted, dt.time(15), tzinfo=dt.UTC)
    return Competency(
        staff_id=staff_id, device_type_id=kind.pk, level=level, granted_on=granted, signed_by_id=demo.users["engineer"][0], signed_by_name=signer,
        signed_at=at, **more,
    )  # fmt: skip


def _only(kinds: list[Kind]) -> Kind:
    """The type that hangs on one person: the linear accelerator, or in a hospital without one another imaging device."""
    imaging = [one for one in kinds if one.skill == "imaging"]
    return next((one for one in kinds if one.code == ONLY_ONE), None) or next((one for one in imaging if one.high_risk), kinds[0])


def _single_point(demo: Demo, kind: Kind) -> Competency:
    """Only one person can service it, and retires in spring."""
    people = [one for one in demo.people[demo.facilities[0].pk] if one.pk != demo.users["technician"][0]]
    expert = next((one for one in people if "imaging" in one.skills), people[-1])
    staff = StaffMember.objects.filter(pk=demo.staff[expert.pk])
    staff.update(
        leaves_on=demo.as_of + dt.timedelta(days=RETIRES_AFTER_DAYS), leave_reason="retirement", career_role="imaging",
        job_title="Imaging service engineer",
    )  # fmt: skip
    granted = demo.as_of - dt.timedelta(days=700)
    return _row(
        demo, demo.staff[expert.pk], kind, "independent", granted, basis="vendor_school", valid_until=granted + dt.timedelta(days=1095),
        certificate="Manufacturer's service school (synthetic)",
    )  # fmt: skip


def _let_one_lapse(demo: Demo, rows: list[Competency]) -> None:
    """One vendor school ran out three weeks ago, and nobody noticed."""
    spared = {demo.staff[demo.users["technician"][0]]}
    for row in rows:
        if row.basis == "vendor_school" and row.level == "independent" and row.staff_id not in spared:
            row.valid_until = demo.as_of - dt.timedelta(days=LAPSED_DAYS)
            row.granted_on = row.valid_until - dt.timedelta(days=1095)
            return


def _plan(demo: Demo, kinds: list[Kind], gaps: set[int]) -> None:
    """One gap has its training planned already. One statement."""
    kind = next((one for one in kinds if one.pk in gaps), None)
    if kind is None:
        return
    PlannedTraining.objects.create(
        staff_id=demo.staff[demo.users["technician"][0]], device_type_id=kind.pk, title="On-the-job training with an instructor", cost_cents=0,
        minutes=960, because="none", due_on=demo.as_of + dt.timedelta(days=45), planned_by_id=demo.users["manager"][0], planned_at=demo.now,
    )  # fmt: skip


def stamp(demo: Demo) -> None:
    """Stamp the qualification on the work closed of late; whoever did high-risk work was signed off before. Six statements."""
    values: dict[str, Any] = {
        "since": demo.now - dt.timedelta(days=STAMPED_DAYS),
        "engineer": demo.users["engineer"][0],
        "name": demo.users["engineer"][1],
    }
    values["only"] = _only(_kinds()).pk
    with connection.cursor() as cursor:
        cursor.execute(_SIGN_OFF, values)
        cursor.execute(_STAMP, values)
        demo.counts["qualifications stamped"] = cursor.rowcount
    _ask_for_an_override(demo)


def _ask_for_an_override(demo: Demo) -> None:
    """Somebody did high-risk work the day their sign-off was withdrawn; the exception that lets it be closed waits for a second person."""
    waiting = WorkOrder.objects.filter(status="completed", device__high_risk=True, completed_by__in=list(demo.staff)).select_related(
        "device"
    )
    done = waiting.filter(device__device_type__isnull=False).order_by("number").first()
    if done is None or done.device is None or done.completed_at is None:
        return
    staff_id = demo.staff[done.completed_by_id or 0]
    Competency.objects.filter(staff=staff_id, device_type=done.device.device_type_id, withdrawn_on__isnull=True).update(
        withdrawn_on=done.completed_at.date(), withdrawn_by_id=demo.users["engineer"][0], withdrawn_reason="Refresher missed (synthetic)",
    )  # fmt: skip
    pk, name = demo.users["manager"]
    qualification.ask_override(
        actor=Actor(pk, name, (Grant(Role.MANAGER, None),)), number=done.number, act=Act.CLOSE, staff_id=staff_id, now=demo.now,
        reason="The only one on duty that night; the readings were checked (synthetic)",
    )  # fmt: skip


_SIGN_OFF = """
INSERT INTO competence_competency (uid, staff_id, device_type_id, level, basis, granted_on, certificate, evidence_name, note, signed_by_id,
  signed_by_name, signed_at, withdrawn_reason)
SELECT gen_random_uuid(), w.staff_id, w.device_type_id, 'independent', 'experience', w.first_on - 400, '', '', 'Before records began (synthetic)',
  %(engineer)s, %(name)s, w.first_at - interval '400 days', ''
FROM (
  SELECT s.id AS staff_id, d.device_type_id, min(o.completed_at)::date AS first_on, min(o.completed_at) AS first_at
  FROM workorders_workorder o JOIN inventory_device d ON d.id = o.device_id JOIN workforce_staffmember s ON s.user_id = o.completed_by_id
  WHERE d.high_risk AND d.device_type_id <> %(only)s AND o.assigned_provider_id IS NULL
    AND (o.closed_at >= %(since)s OR o.status = 'completed')
  GROUP BY 1, 2
) w
WHERE NOT EXISTS (
  SELECT FROM competence_competency c WHERE c.staff_id = w.staff_id AND c.device_type_id = w.device_type_id AND c.granted_on <= w.first_on
    AND c.level IN ('independent', 'instructor') AND (c.valid_until IS NULL OR c.valid_until >= now()::date)
)
"""
_STAMP = """
INSERT INTO workorders_closingqualification (uid, work_order_id, performer_id, staff_id, performer_name, company, "on", outcome, words, facts, recorded_at)
SELECT gen_random_uuid(), o.id, o.completed_by_id, s.id, s.full_name, '', o.completed_at::date, CASE WHEN c.id IS NULL THEN 'warn' ELSE 'ok' END,
  CASE WHEN c.id IS NULL THEN 'Missing: not signed off for it.'
       ELSE CASE c.level WHEN 'instructor' THEN 'Teaches it' ELSE 'Does it alone' END || ', '
            || CASE c.basis WHEN 'vendor_school' THEN 'vendor school' WHEN 'on_the_job' THEN 'on-the-job sign-off' ELSE 'experience before records began' END
            || ' of ' || to_char(c.granted_on, 'FMDD Mon YYYY') || coalesce(', until ' || to_char(c.valid_until, 'FMDD Mon YYYY'), '') END,
  jsonb_build_object('roles', jsonb_build_array('technician'), 'skills', coalesce(to_jsonb(h.skills), '[]'::jsonb), 'credentials', '[]'::jsonb,
    'competencies', CASE WHEN c.id IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object('for', 'type', 'level', c.level,
      'basis', c.basis, 'granted_on', c.granted_on, 'valid_until', c.valid_until, 'id', c.id)) END), o.closed_at
FROM workorders_workorder o JOIN inventory_device d ON d.id = o.device_id JOIN workforce_staffmember s ON s.user_id = o.completed_by_id
LEFT JOIN LATERAL (
  SELECT c.* FROM competence_competency c WHERE c.staff_id = s.id AND c.device_type_id = d.device_type_id AND c.granted_on <= o.completed_at::date
    AND c.level IN ('independent', 'instructor') AND (c.valid_until IS NULL OR c.valid_until >= o.completed_at::date)
  ORDER BY c.valid_until DESC NULLS FIRST, c.id LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT h.skills FROM workforce_staffhours h WHERE h.staff_id = s.id AND h.effective_from <= o.completed_at::date
    AND (h.effective_to IS NULL OR h.effective_to > o.completed_at::date) ORDER BY h.effective_from DESC LIMIT 1
) h ON true
WHERE o.status = 'closed' AND o.closed_at >= %(since)s AND o.assigned_provider_id IS NULL
"""
