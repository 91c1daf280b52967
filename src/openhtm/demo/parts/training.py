"""Training of clinical staff: people of every unit, courses, three years of sessions, gaps, and roll-outs nobody was trained on yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.ids import CROCKFORD
from openhtm.core.text import number_key
from openhtm.demo.parts.demo import Demo
from openhtm.demo.rules import habits
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.plan import data
from openhtm.identity.actor import Actor
from openhtm.sites.models import Department
from openhtm.training.models import Attendance, Clinician, Course, SignedBy, TrainingSession
from openhtm.training.queries import coverage
from openhtm.training.rules.coverage import Need
from openhtm.training.rules.matching import name_key
from openhtm.training.services.policies import load_starter_policy

DAY = dt.timedelta(days=1)
TITLES = ("Registered nurse", "Registered nurse", "Registered nurse", "Charge nurse", "Nursing assistant", "Respiratory therapist")
NEGLECTED = 0.12
"""So many of a unit's subjects were last taught long ago."""
SKIPPED_ROLL_OUT_DAYS = 200
TRAINERS = ("Edith Nakamura", "Clinical specialist of the maker (synthetic)", "Unit educator")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A session to write: when, by whom, and who came."""

    session: TrainingSession
    came: tuple[Clinician, ...]
    chance: Chance


def build(demo: Demo) -> None:
    """Add people, the starter policy, courses, sessions and attendances. A dozen statements."""
    load_starter_policy()
    units = coverage.units(Actor.system("demo"))
    asked = coverage.needs_of(units, on=demo.as_of)
    people = _people(demo, [unit for unit in units if asked[unit.pk]])
    Clinician.objects.bulk_create([one for group in people.values() for one in group], batch_size=2000)
    courses = _courses({(need.type_id, need.model_id) for needs in asked.values() for need in needs})
    fresh = {
        (one.department.pk, one.model.pk)
        for one in coverage.roll_outs(units, on=demo.as_of, since=demo.as_of - SKIPPED_ROLL_OUT_DAYS * DAY)
    }
    lessons = [
        lesson
        for unit in units
        for need in asked[unit.pk]
        if (unit.pk, need.model_id) not in fresh
        for lesson in _lessons(demo, unit, need, courses[need.type_id, need.model_id], people[unit.pk])
    ]
    TrainingSession.objects.bulk_create([one.session for one in lessons], batch_size=2000)
    written = [row for lesson in lessons for row in _attended(lesson)]
    written += _strangers(
        demo, sorted(lessons, key=lambda one: (one.session.facility.code != "MAIN", -one.session.held_at.timestamp()))[:40]
    )
    Attendance.objects.bulk_create(written, batch_size=5000, ignore_conflicts=True)
    demo.counts |= {"clinical staff": sum(map(len, people.values())), "training sessions": len(lessons), "attendances": len(written)}


def _people(demo: Demo, units: Sequence[Department]) -> dict[int, list[Clinician]]:
    names = data("sites")["people"]
    nurse, number, found = demo.users["nurse"], 10_000, {}
    for unit in units:
        chance = demo.chance("clinicians", unit.facility.code, unit.name)
        group = []
        for _ in range(6 + chance.randrange(9)):
            number += 1 + chance.randrange(7)
            group.append(_person(unit, f"{chance.pick(names['first'])} {chance.pick(names['last'])}", f"{number}", chance.pick(TITLES)))
        if unit.facility.code == "MAIN" and unit.name == "Intensive care":
            group[0] = _person(unit, nurse[1], f"{number + 1}", "Nurse manager")
            group[0].user_id, number = nurse[0], number + 1
        found[unit.pk] = group
    return found


def _person(unit: Department, name: str, number: str, title: str) -> Clinician:
    return Clinician(department=unit, full_name=name, name_key=name_key(name), employee_number=number, job_title=title)


def _courses(subjects: set[tuple[int, int | None]]) -> dict[tuple[int, int | None], Course]:
    """A course for every type and model that the policy asks for. Three statements."""
    types = DeviceType.objects.in_bulk({type_id for type_id, _ in subjects})
    models = DeviceModel.objects.select_related("manufacturer").in_bulk({model for _, model in subjects if model})
    made = {
        (type_id, model): Course(
            title=f"{types[type_id].name}: refresher" if model is None else f"{models[model]}: introduction",
            device_type_id=type_id, device_model_id=model, minutes=30 if model is None else 45,
            content="Set up, alarms, cleaning, what to do when it fails, and how to report a fault.",
        )
        for type_id, model in sorted(subjects, key=lambda one: (one[0], one[1] or 0))
    }  # fmt: skip
    Course.objects.bulk_create(made.values())
    return made


def _lessons(demo: Demo, unit: Department, need: Need, course: Course, people: Sequence[Clinician]) -> Iterator[Lesson]:
    """Three years of one subject in one unit: every year where it is repeated, else once; some were let slip, some people missed it."""
    chance = demo.chance("lessons", unit.facility.code, unit.name, need.type_id, need.model_id or 0)
    absent = {one.employee_number for one in people if chance.random() < 0.06}
    for day in _days(demo, need, chance):
        came = tuple(one for one in people if one.employee_number not in absent and chance.random() < 0.92)
        if came:
            yield Lesson(_session(unit, course, day, chance, first=need.repeat_months is None), came, chance)


def _days(demo: Demo, need: Need, chance: Chance) -> Iterator[dt.date]:
    """Days on which a subject was taught: not before the first device was there, not before the record begins."""
    begin = max(demo.horizon, demo.as_of - 3 * 365 * DAY, (need.due_by or demo.horizon) - 30 * DAY)
    if need.repeat_months is None:
        day = begin + chance.randrange(5, 60) * DAY
        if day < demo.as_of and chance.random() > NEGLECTED:
            yield day
        return
    ago = chance.randrange(10, 330) + (380 if chance.random() < NEGLECTED else 0)
    for back in range(ago, 3 * 365, 360):
        if demo.as_of - back * DAY >= begin:
            yield demo.as_of - back * DAY


def _session(unit: Department, course: Course, day: dt.date, chance: Chance, *, first: bool) -> TrainingSession:
    held = dt.datetime.combine(day, dt.time(7 + chance.randrange(9), chance.pick((0, 15, 30))), tzinfo=ZoneInfo(unit.facility.time_zone))
    return TrainingSession(
        uid=habits.uuid7(held, chance), code="".join(chance.pick(CROCKFORD) for _ in range(12)), course=course, title=course.title, content=course.content,
        facility=unit.facility,
        department=unit, place=chance.pick(("Skills room", "Break room", "On the unit", "Conference room 2")), held_at=held,
        minutes=course.minutes, kind="roll_out" if first else "yearly", trainer_name=chance.pick(TRAINERS),
    )  # fmt: skip


def _attended(lesson: Lesson) -> Iterator[Attendance]:
    for place, person in enumerate(lesson.came):
        by_code = lesson.chance.random() < 0.8
        at = lesson.session.held_at + dt.timedelta(minutes=place % 20, seconds=7 * place)
        yield Attendance(
            uid=habits.uuid7(at, lesson.chance), session=lesson.session, clinician=person, name=person.full_name, name_key=person.name_key,
            employee_number=number_key(person.employee_number), by=SignedBy.QR if by_code else SignedBy.LIST, method="number and name",
            actor_name="" if by_code else lesson.session.trainer_name[:120], recorded_at=at,
        )  # fmt: skip


def _strangers(demo: Demo, lessons: Sequence[Lesson]) -> Iterator[Attendance]:
    """Names nobody knows: an agency nurse, a number mistyped."""
    for number, lesson in enumerate(lessons[::10]):
        known, at = lesson.came[0], lesson.session.held_at + dt.timedelta(minutes=21)
        name = f"Agency nurse {'ABCDEFGH'[number % 8]}" if number % 2 else known.full_name
        yield Attendance(
            uid=habits.uuid7(at, lesson.chance), session=lesson.session, clinician=None, name=name, name_key=name_key(name),
            employee_number=f"9{demo.seed % 10}{number:03d}", unit=lesson.session.department.name if lesson.session.department else "",
            by=SignedBy.QR, method="nobody" if number % 2 else "not sure", recorded_at=at,
        )  # fmt: skip
