"""Ten years of work, streamed device by device: visits with their orders, attempts and results, repairs, costs and downtime."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from openhtm.demo.parts.demo import Demo, ModelFacts
from openhtm.demo.parts.orders import Book
from openhtm.demo.parts.repairs import Repairs
from openhtm.demo.parts.upkeep import Upkeep
from openhtm.demo.rules.visits import Stay, stays
from openhtm.inventory.models import Device, StatusChange
from openhtm.maintenance.models import Schedule, WindowStep
from openhtm.maintenance.queries.facts import window_rule
from openhtm.maintenance.rules.windows import WindowRule

FIRST_CHUNK = 100
CHUNK = 1_000
LEARN_AT = (1, 4, 40)
"""After so many chunks the statistics are renewed, as for the devices: foreign keys are checked with plans that are kept."""
_DEVICE = (
    "pk", "control_number", "facility_id", "location_id", "department_id", "service_provider_id", "status", "device_model_id", "acquired_on",
    "in_service_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owed:
    """One schedule of a device."""

    pk: int
    procedure: int
    months: int
    anchor_on: dt.date
    starts_on: dt.date
    rule: WindowRule


@dataclass(frozen=True, slots=True)
class Subject:
    """A device with everything its work follows from."""

    pk: int
    control_number: str
    facility: int
    location: int | None
    department: int | None
    provider: int | None
    status: str
    model: ModelFacts
    born_on: dt.date | None
    in_service_on: dt.date | None
    life: tuple[Stay, ...]
    schedules: tuple[Owed, ...]


def build(demo: Demo) -> None:
    """Add the work of every device. About fifteen statements for each thousand devices; memory does not grow with their number."""
    book = Book(demo)
    upkeep, repairs = Upkeep(demo, book), Repairs(demo, book)
    for number, part in enumerate(_subjects(demo), start=1):
        for subject in part:
            chance = demo.chance("work", subject.control_number)
            failed = upkeep.tell(subject, chance)
            repairs.tell(subject, chance, failed)
        book.flush()
        if number in LEARN_AT:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        if number % 10 == 0:
            demo.tell(f"Work of {(number - 1) * CHUNK + FIRST_CHUNK:,} devices")
    book.numbers.hand_over()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    demo.counts |= book.counts()


def _subjects(demo: Demo) -> Iterator[list[Subject]]:
    """Yield the devices in chunks. Three statements for each."""
    models = {model.pk: model for models in (*demo.models.values(), list(demo.unreadable.values())) for model in models}
    rules = {step.pk: window_rule(step) for step in WindowStep.objects.select_related("profile")}
    last, size = 0, FIRST_CHUNK
    while True:
        rows = list(Device.objects.filter(pk__gt=last).order_by("pk").values_list(*_DEVICE)[:size])
        if not rows:
            return
        first, last, size = rows[0][0], rows[-1][0], CHUNK
        lives, owed = _lives(first, last), _schedules(first, last, rules)
        yield [_subject(row, models, lives, owed) for row in rows]


def _subject(row: tuple[Any, ...], models: dict[int, ModelFacts], lives: dict[int, list[Any]], owed: dict[int, list[Owed]]) -> Subject:
    pk, number, facility, location, department, provider, status, model, acquired_on, in_service_on = row
    return Subject(
        pk, number, facility, location, department, provider, status, models[model], acquired_on, in_service_on,
        tuple(stays(lives[pk])), tuple(owed.get(pk, ())),
    )  # fmt: skip


def _lives(first: int, last: int) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    rows = StatusChange.objects.filter(device__gte=first, device__lte=last).order_by("device_id", "on", "recorded_at", "pk")
    for device, *step in rows.values_list("device_id", "after", "on", "recorded_at", "reason"):
        found[device].append(tuple(step))
    return found


def _schedules(first: int, last: int, rules: dict[int, WindowRule]) -> dict[int, list[Owed]]:
    found: dict[int, list[Owed]] = defaultdict(list)
    rows = Schedule.objects.filter(device__gte=first, device__lte=last).order_by("device_id", "procedure__code")
    for device, pk, procedure, months, anchor_on, starts_on, step in rows.values_list(
        "device_id", "pk", "procedure_id", "every_n", "anchor_on", "starts_on", "window_step_id"
    ):
        found[device].append(Owed(pk, procedure, months, anchor_on, starts_on, rules[step]))
    return found
