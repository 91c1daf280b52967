"""Rounds and readiness: a year of checks with believable gaps, and rounds that found most of what was expected."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import connection

from openhtm.core.ids import CROCKFORD
from openhtm.demo.accounts import NURSE_PIN, UNIT_CODE, UNIT_WITH_CODE
from openhtm.demo.copying import TableCopy, reserve_ids
from openhtm.demo.parts.demo import Demo, FacilityPlaces, UnitPlaces
from openhtm.demo.parts.orders import Book
from openhtm.demo.parts.problems import About, Problems
from openhtm.demo.rules import habits
from openhtm.demo.rules.chance import Chance
from openhtm.inventory.models import Device, Sighting
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry, Round, RoundExpectation, RoundScan, StaffPin, UnknownTag
from openhtm.rounds.rules.questions import Question
from openhtm.rounds.rules.slots import Every, Rhythm, slots_between
from openhtm.rounds.rules.starters import Starter, starters
from openhtm.sites.models import Department

DAY = dt.timedelta(days=1)
CHECKS_OF_DEVICES = 60
EYEWASHES = 6
ROUNDS_PER_FACILITY = 3
MOST_PER_ROUND = 40
SHIFTS = (dt.time(7), dt.time(19))
BY_TYPE = {
    "defibrillator-monitor": "crash_cart_defibrillator", "defibrillator-aed": "aed", "defibrillator-aed-public": "aed",
    "infant-warmer-radiant": "infant_warmer", "pharmacy-refrigerator": "refrigerator_temperature",
    "warming-cabinet": "blanket_warmer_temperature",
}  # fmt: skip
PROBLEMS = ("The door does not close", "A cover is cracked", "An alarm sounded once", "It was left open")
_CHECK = (
    "id", "uid", "code", "name", "facility_id", "location_id", "device_id", "department_id", "frequency", "shift_starts", "week_days",
    "questions", "starts_on", "escalate_after", "active",
)  # fmt: skip
_ENTRY = (
    "uid", "check_done_id", "done_at", "answers", "problem", "problem_text", "person_id", "person_name", "proof", "work_order_id", "recorded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a check is done and of what."""

    facility: FacilityPlaces
    starter: Starter
    location: int
    department: int | None
    device: int | None
    place: str
    since: dt.date


def build(demo: Demo) -> None:
    """Add checks, their entries, PINs and rounds. About a dozen COPY statements."""
    spots = [*_of_devices(demo), *_carts(demo), *_eyewashes(demo)]
    _add_checks(demo, spots)
    _add_pins(demo)
    _Rounds(demo).build()


def _of_devices(demo: Demo) -> Iterator[Spot]:
    """Every defibrillator and the like that is in use, up to a number that keeps the demo quick."""
    known = {one.code: one for one in starters().starters}
    facilities = {facility.pk: facility for facility in demo.facilities}
    found = Device.objects.filter(device_type__code__in=list(BY_TYPE), status="in_service", merged_into=None, location__isnull=False)
    columns = ("pk", "facility_id", "location_id", "department_id", "device_type__code", "location__name", "in_service_on")
    for pk, facility, location, department, code, place, came in found.order_by("control_number").values_list(*columns)[:CHECKS_OF_DEVICES]:
        since = max(_begin(demo), came + DAY) if came else _begin(demo)
        yield Spot(facilities[facility], known[BY_TYPE[code]], location, department, pk, place, since)


def _begin(demo: Demo) -> dt.date:
    return demo.as_of - 365 * DAY


def _carts(demo: Demo) -> Iterator[Spot]:
    """The crash cart of the unit that has a code, whatever stands on it."""
    cart = next(one for one in starters().starters if one.code == "crash_cart_defibrillator")
    for facility in demo.facilities:
        units = [unit for unit in facility.units if unit.plan.department == UNIT_WITH_CODE and facility.plan.code == "MAIN"]
        for unit in units[:1]:
            yield Spot(facility, cart, unit.area, unit.department, None, unit.plan.name, _begin(demo))


def _eyewashes(demo: Demo) -> Iterator[Spot]:
    eyewash = next(one for one in starters().starters if one.code == "eyewash")
    wet = [
        (facility, unit)
        for facility in demo.facilities
        for unit in facility.units
        if unit.plan.place in ("laboratory", "pathology", "sterile processing")
    ]
    for facility, unit in wet[:EYEWASHES]:
        yield Spot(facility, eyewash, unit.rooms[0] if unit.rooms else unit.area, unit.department, None, unit.plan.name, _begin(demo))


def _add_checks(demo: Demo, spots: Sequence[Spot]) -> None:
    checks, entries, book = TableCopy(ReadinessCheck, _CHECK), TableCopy(ReadinessEntry, _ENTRY), Book(demo)
    first = reserve_ids(ReadinessCheck, len(spots))
    for number, spot in enumerate(spots):
        chance = demo.chance("readiness", number)
        moment = dt.datetime.combine(spot.since, dt.time(8), tzinfo=dt.UTC)
        every = spot.starter.frequency
        asked = json.dumps([one.as_json() for one in spot.starter.questions])
        code = "".join(chance.pick(CROCKFORD) for _ in range(8))
        shifts = "{" + ",".join(f"{time:%H:%M}" for time in SHIFTS) + "}" if every is Every.SHIFT else "{}"
        name = f"{spot.starter.name}, {spot.place}"[:120]
        checks.add((
            first + number, habits.uuid7(moment, chance), code, name, spot.facility.pk, spot.location, spot.device, spot.department,
            every.value, shifts, "{}", asked, spot.since, spot.starter.escalate_after, True,
        ))  # fmt: skip
        rhythm = Rhythm(every, ZoneInfo(spot.facility.plan.time_zone), spot.since, shift_starts=SHIFTS)
        problems = Problems(demo, book, _about(spot, name), demo.chance("readiness problems", number))
        for row in _year(demo, spot, rhythm, problems, chance):
            entries.add((row[0], first + number, *row[1:]))
    checks.flush()
    book.flush()  # before the entries, which point to their orders
    book.numbers.hand_over()
    entries.flush()
    demo.counts |= {
        "readiness checks": checks.written,
        "readiness entries": entries.written,
        "readiness orders": book.tables["orders"].written,
    }


def _about(spot: Spot, name: str) -> About:
    return About(name, spot.facility.pk, spot.location, spot.department, spot.device)


def _year(demo: Demo, spot: Spot, rhythm: Rhythm, problems: Problems, chance: Chance) -> Iterator[tuple[Any, ...]]:
    """What was done in a year: nearly all, less at weekends, and now and then nobody for some days."""
    diligence = 0.955 + 0.044 * chance.random()
    people = _people(demo, spot, chance)
    since = dt.datetime.combine(rhythm.starts_on, dt.time(), tzinfo=dt.UTC)
    expiries = {one.key: demo.as_of + _runs_out_in(chance) for one in spot.starter.questions if one.kind == "date"}
    nobody_until = since
    for slot in slots_between(rhythm, since=since, until=demo.now):
        if chance.maybe(0.0015):
            nobody_until = slot.end + 2 * DAY
        share = diligence - (0.03 if slot.day.isoweekday() > 5 else 0)
        minutes = chance.randrange(4, 170)
        moment = slot.start + dt.timedelta(minutes=minutes)
        if slot.start < nobody_until or not chance.maybe(share) or moment >= demo.now:
            continue
        yield _entry(spot, moment, expiries, chance.pick(people), problems, chance)


def _runs_out_in(chance: Chance) -> dt.timedelta:
    """Pads last a year or two; those of a few checks run out within the month."""
    return (chance.randrange(6, 28) if chance.maybe(0.25) else chance.randrange(45, 500)) * DAY


def _people(demo: Demo, spot: Spot, chance: Chance) -> list[tuple[int | None, str, str]]:
    """Those who do a check: by unit code with initials, and the nurse of intensive care by her PIN."""
    initials = [(None, chance.pick("ABCDEFGHJKLMNPRSTW") + chance.pick("ABCDEFGHJKLMNPRSTW"), "unit_code") for _ in range(5)]
    pk, name = demo.users["nurse"]
    return [*initials, (pk, name, "pin")] if spot.facility.plan.code == "MAIN" else [*initials]


def _entry(
    spot: Spot,
    moment: dt.datetime,
    expiries: dict[str, dt.date],
    person: tuple[int | None, str, str],
    problems: Problems,
    chance: Chance,
) -> tuple[Any, ...]:
    answers = {one.key: _answer(one, expiries, chance) for one in spot.starter.questions}
    problem = chance.maybe(0.006)
    no = next((one for one in spot.starter.questions if one.kind == "yes_no"), None)
    words = ""
    if problem and no is not None:
        answers[no.key] = False
        words = f"{no.text} No. {chance.pick(PROBLEMS)}."
    elif problem:
        words = f"{chance.pick(PROBLEMS)}."
    order = problems.order_at(moment, words, person[1]) if problem else None
    late = dt.timedelta(seconds=2)
    return (
        habits.uuid7(moment, chance), moment, json.dumps(answers), problem, words, *person, order, moment + late,
    )  # fmt: skip


def _answer(question: Question, expiries: dict[str, dt.date], chance: Chance) -> Any:
    if question.kind == "yes_no":
        return True
    if question.kind == "number":
        low = question.low if question.low is not None else (question.high or 40) - 12
        high = question.high if question.high is not None else low + 12
        return round(low + (high - low) * (0.25 + 0.5 * chance.random()), 1)
    return expiries[question.key].isoformat()


def _add_pins(demo: Demo) -> None:
    """The nurse's PIN and the code of intensive care: public like the passwords of the demo."""
    StaffPin.objects.create(user_id=demo.users["nurse"][0], pin_hash=make_password(NURSE_PIN), set_at=demo.now)
    unit = Department.objects.filter(name=UNIT_WITH_CODE, facility__code="MAIN").first()
    if unit is not None:
        StaffPin.objects.create(department=unit, pin_hash=make_password(UNIT_CODE), set_at=demo.now)


class _Rounds:
    """Finished rounds through a unit of each facility, with what was found."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.rounds = TableCopy(
            Round, ("id", "uid", "facility_id", "location_id", "started_by_id", "started_by_name", "started_at", "ended_at", "note")
        )
        self.expected = TableCopy(RoundExpectation, ("round_id", "device_id", "reasons", "found_at"))
        self.scans = TableCopy(RoundScan, ("id", "uid", "round_id", "text", "device_id", "verdict", "scanned_at", "actor_id", "actor_name"))
        self.tags = TableCopy(UnknownTag, ("text", "facility_id", "location_id", "scan_id", "seen_at", "seen_by_name", "decision", "note"))
        self.seen = TableCopy(
            Sighting, ("uid", "device_id", "seen_at", "location_id", "source", "detail", "actor_id", "actor_name", "recorded_at")
        )
        self.next_scan = reserve_ids(RoundScan, len(demo.facilities) * ROUNDS_PER_FACILITY * (MOST_PER_ROUND + 1))

    def build(self) -> None:
        demo = self.demo
        pk = reserve_ids(Round, len(demo.facilities) * ROUNDS_PER_FACILITY)
        for facility in demo.facilities:
            chance = demo.chance("rounds", facility.plan.code)
            for turn in range(ROUNDS_PER_FACILITY):
                unit = facility.units[(turn * 5 + 1) % len(facility.units)]
                began = demo.now - (8 + 21 * turn) * DAY + dt.timedelta(minutes=chance.randrange(0, 180))
                self._round(pk, facility, unit, began, chance)
                pk += 1
        for table in (self.rounds, self.expected, self.scans, self.tags, self.seen):
            table.flush()
        _raise_last_seen()
        demo.counts["rounds"] = self.rounds.written

    def _round(self, pk: int, facility: FacilityPlaces, unit: UnitPlaces, began: dt.datetime, chance: Chance) -> None:
        actor = chance.pick(facility.staff)
        inside = [unit.area, *unit.rooms]
        found = Device.objects.filter(location__in=inside, status="in_service", merged_into=None).order_by("control_number")
        moment = began
        detail = f"Round at {unit.plan.name}"[:200]
        for device, number in found.values_list("pk", "control_number")[:MOST_PER_ROUND]:
            moment += dt.timedelta(seconds=chance.randrange(8, 70))
            there = chance.maybe(0.94)
            self.expected.add((pk, device, "{}", moment if there else None))
            if there:
                self.scans.add((self._scan(), habits.uuid7(moment, chance), pk, number, device, "found", moment, *actor))
                self.seen.add((habits.uuid7(moment, chance), device, moment, unit.area, "scan", detail, *actor, moment))
        if chance.maybe(0.7):
            moment += dt.timedelta(seconds=30)
            text, scan = f"RNT-{chance.randrange(10_000, 99_999)}", self._scan()
            self.scans.add((scan, habits.uuid7(moment, chance), pk, text, None, "unknown", moment, *actor))
            self.tags.add((text, facility.pk, unit.area, scan, moment, actor[1], "", ""))
        ended = moment + dt.timedelta(minutes=2)
        self.rounds.add((pk, habits.uuid7(began, chance), facility.pk, unit.area, *actor, began, ended, ""))

    def _scan(self) -> int:
        self.next_scan += 1
        return self.next_scan - 1


_RAISE_LAST_SEEN = """
UPDATE inventory_device d SET last_seen_at = s.seen_at, last_seen_location_id = s.location_id
FROM (SELECT DISTINCT ON (device_id) device_id, seen_at, location_id FROM inventory_sighting
      WHERE starts_with(detail, 'Round at ') ORDER BY device_id, seen_at DESC) s
WHERE s.device_id = d.id AND (d.last_seen_at IS NULL OR d.last_seen_at < s.seen_at)
"""


def _raise_last_seen() -> None:
    """Bring the devices that were found in line with their newest sighting. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_RAISE_LAST_SEEN)
