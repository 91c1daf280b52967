"""Checklists, testers and results for tests: a small procedure with every kind of step."""

import datetime as dt
from typing import Any

import factory
from django.utils import timezone

from openhtm.core.ids import uuid7
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.procedures.models import Procedure, ProcedureVersion
from openhtm.procedures.rules.content import content_hash, dump, parse
from openhtm.testers.models import Calibration, Tester
from openhtm.workorders.models import Checklist
from openhtm.workorders.rules.results import ResultIn
from openhtm.workorders.tests.factories import WorkOrderFactory

ENERGY = {
    "key": "energy-200",
    "kind": "number",
    "title": "Delivered energy at 200 J",
    "instruction": "Connect both paddles to the analyser, select 50 Ω, charge, wait for ready, discharge.",
    "number": {
        "unit": "J",
        "decimals": 1,
        "target": 200,
        "limit": {"nominal": 200, "percent": 15, "absolute": 3, "source": "IEC 60601-2-4", "edition": "3.1", "confidence": "S"},
    },
}
ALARM = {"key": "alarm", "kind": "pass_fail", "title": "Alarm sounds", "on_fail": "minor", "allow_na": True}
CASE = {"key": "case", "kind": "pass_fail", "title": "Case and cords"}
FLOW = {
    "key": "flow-100",
    "kind": "number",
    "title": "Flow at 100 mL/h",
    "phase": "as_found_as_left",
    "number": {
        "unit": "mL/h",
        "limit": {"low": 95, "high": 105, "source": "Manufacturer", "edition": "2019", "confidence": "site", "from": "local"},
    },
}
BATTERY = {
    "key": "battery", "kind": "choice", "title": "Battery", "required": False,
    "options": [
        {"code": "good", "label": "Good", "verdict": "pass"},
        {"code": "weak", "label": "Weak, order one", "verdict": "note"},
        {"code": "dead", "label": "Dead", "verdict": "fail"},
    ],
}  # fmt: skip
PHOTO = {"key": "label-photo", "kind": "photo", "title": "Photo of the label", "required": False, "photo": {"min_count": 1}}
REMARK = {"key": "remark", "kind": "text", "title": "Remark", "required": False}
FILTER = {"key": "filter", "kind": "consumable", "title": "Air filter", "required": False, "consumable": {"part": "Air filter"}}
SAFETY = {
    "key": "safety", "kind": "electrical_safety", "title": "Electrical safety", "required": False,
    "electrical_safety": {"standard": "NFPA 99", "edition": "2012", "device_class": "I"},
}  # fmt: skip
EVERY = (CASE, ENERGY, ALARM, FLOW, BATTERY, PHOTO, REMARK, FILTER, SAFETY)


def content_of(*steps: dict[str, Any]) -> dict[str, Any]:
    return dump(parse({"format": 1, "purpose": "Shows that it works.", "steps": list(steps or EVERY)}))


class VersionFactory(factory.django.DjangoModelFactory):
    """A released version of a procedure of its own."""

    class Meta:
        model = ProcedureVersion

    class Params:
        name = factory.Sequence(lambda n: f"Defibrillator check {n}")
        code = factory.Sequence(lambda n: f"check-{n}")
        kind = "maintenance"

    procedure = factory.LazyAttribute(lambda one: Procedure.objects.create(name=one.name, code=one.code, kind=one.kind))
    number = 1
    status = "released"
    released_at = factory.LazyFunction(timezone.now)
    content = factory.LazyFunction(content_of)
    content_hash = factory.LazyAttribute(lambda one: content_hash(parse(one.content)))


class ChecklistFactory(factory.django.DjangoModelFactory):
    """A checklist on a scheduled order of its own, under way."""

    class Meta:
        model = Checklist

    work_order = factory.SubFactory(WorkOrderFactory, kind="scheduled", status="in_progress", title="Yearly check")
    version = factory.SubFactory(VersionFactory)


def calibrated(number: str, facility: Any, *, performed_on: dt.date, due_on: dt.date, verdict: str = "in_tolerance") -> Tester:
    """A calibrated instrument."""
    made = Tester.objects.create(device=DeviceFactory(facility=facility, control_number=number), kinds=["defibrillator_analyzer"])
    Calibration.objects.create(
        tester=made, performed_on=performed_on, due_on=due_on, verdict=verdict, laboratory="Metro Cal", certificate_number="C-1"
    )
    return made


def result(checklist: Checklist, step: str, value: object = None, **more: Any) -> ResultIn:
    """A result as a phone would send it just now."""
    given = {"uid": str(uuid7()), "measured_at": timezone.now().isoformat()} | more
    return ResultIn(checklist=str(checklist.uid), step=step, value=value, **given)


def answers(checklist: Checklist, *, energy: object = "201.5") -> list[ResultIn]:
    """Everything the procedure requires, all in order."""
    return [
        result(checklist, "case", "pass"),
        result(checklist, "energy-200", energy),
        result(checklist, "alarm", "pass"),
        result(checklist, "flow-100", "100", phase="as_found"),
    ]
