"""Two files of a safety analyser: one stored, one that waits for somebody; and the first work on what a tester put in doubt."""

from __future__ import annotations

import datetime as dt

from openhtm.demo.parts.demo import Demo
from openhtm.demo.rules.chance import Chance
from openhtm.identity.actor import Actor, Grant
from openhtm.identity.rules.permissions import Role
from openhtm.procedures.rules.safety.model import Limit, SafetyTest
from openhtm.testers.models import Calibration, CalibrationVerdict, Tester
from openhtm.traceability.queries.doubts import devices_by_key, devices_in_doubt, finding_of, results_in_doubt
from openhtm.traceability.queries.targets import Target, targets_of
from openhtm.traceability.services.doubts import open_doubt_orders
from openhtm.traceability.services.files import apply_file, receive_file
from openhtm.workorders.models import WorkOrder
from openhtm.workorders.rules.verdicts import safety_tests

MAPPING = "pelora-lt200"
STORED, WAITING = 2, 3
FIRST_ORDERS = 2
NAMES = {
    ("visual", ""): "Physical condition", ("functional", ""): "Functional check", ("protective_earth", ""): "Ground resistance",
    ("touch_current", "closed"): "Chassis, ground intact", ("touch_current", "open"): "Chassis, ground open",
    ("patient_leakage", "closed"): "Leads to ground, intact", ("patient_leakage", "open"): "Leads to ground, open",
}  # fmt: skip
"""What the invented analyser calls a test, by its code and the earth."""
UNITS = {"uA": "uA", "Ohm": "ohm"}


def build(demo: Demo) -> None:
    """Bring two files and open the first orders of a doubt. Only where the hospital is large enough to have what they need."""
    files = _bring_files(demo)
    orders = _work_on_doubt(demo)
    demo.counts |= {"tester files": files, "orders to test again": orders}


def _technician(demo: Demo) -> Actor:
    pk, name = demo.users["technician"]
    return Actor(pk, name, (Grant(Role.TECHNICIAN, demo.facilities[0].pk),))


def _bring_files(demo: Demo) -> int:
    analyser = (
        Tester.objects.filter(
            kinds__contains=["safety_analyzer"], device__facility=demo.facilities[0].pk, calibration_due_on__gte=demo.as_of, usable=True
        )
        .select_related("device")
        .order_by("device__control_number")
        .first()
    )
    targets = _targets(demo)
    if analyser is None or len(targets) < STORED + WAITING:
        return 0
    actor, serial = _technician(demo), analyser.device.serial_number or "PL-0009"
    done = _file(demo, targets[:STORED], serial, demo.as_of - dt.timedelta(days=1))
    waits = _file(demo, targets[STORED : STORED + WAITING], serial, demo.as_of, strange=True)
    number = analyser.device.control_number
    for name, content, store in (("lt200-monday.csv", done, True), ("lt200-today.csv", waits, False)):
        file, _ = receive_file(
            actor=actor, content=content, file_name=name, mapping=MAPPING, tester=number, now=demo.now - dt.timedelta(hours=1)
        )
        if store:
            apply_file(actor=actor, uid=file.uid, now=demo.now - dt.timedelta(minutes=50))
    return 2


def _targets(demo: Demo) -> list[Target]:
    """Open orders of the main facility whose safety step this analyser can measure, one for each device."""
    open_orders = WorkOrder.objects.filter(facility=demo.facilities[0].pk, under_way=True, status="open", device__status="in_service")
    devices = list(open_orders.order_by("number").values_list("device_id", flat=True)[:400])
    found = targets_of(actor=_technician(demo), device_ids=[one for one in devices if one])
    first = (targets[0] for _, targets in sorted(found.items()) if not targets[0].answered)
    return [one for one in first if _measurable(one)]


def _measurable(target: Target) -> bool:
    block = target.step.electrical_safety
    tests = safety_tests(block) if block else ()
    return bool(tests) and all(_name(one) for one in tests if one.required)


def _name(test: SafetyTest) -> str:
    return NAMES.get((test.test, test.conditions.get("earth", "")), "") or NAMES.get((test.test, ""), "")


def _file(demo: Demo, targets: list[Target], serial: str, day: dt.date, *, strange: bool = False) -> bytes:
    """Return the export of the analyser; a strange one holds a device nobody knows and a row with a wrong unit."""
    parts = []
    for number, target in enumerate(targets):
        chance = demo.chance("tester file", day.toordinal() * 100 + number)
        device = target.checklist.work_order.device
        parts.append(_head(device.control_number if device else "", serial, demo) + _lines(target, chance, day, 9 + number))
    if strange:
        at = f"{day:%m/%d/%Y} 02:15 PM"
        rows = [f"Ground resistance;;0,12 ohm;;OK;{at}", f"Chassis, ground intact;Norm;4,1 parsecs;;OK;{at}"]
        parts.append(_head("HC-000000", serial, demo) + rows)
    return "\n\n".join("\n".join(part) for part in parts).encode("utf-8")


def _head(control_number: str, serial: str, demo: Demo) -> list[str]:
    lines = [
        f"Control number;{control_number}",
        f"Instrument;{serial}",
        f"Tested by;{demo.users['technician'][1]}",
        "Line voltage;119,8 V",
        "",
    ]
    return [*(line for line in lines[:-1]), "Test;Pol;Reading;Limit;Result;Time"]


def _lines(target: Target, chance: Chance, day: dt.date, hour: int) -> list[str]:
    block, lines = target.step.electrical_safety, []
    for minute, test in enumerate(safety_tests(block) if block else ()):
        name, at = _name(test), f"{day:%m/%d/%Y} {hour:02d}:{minute:02d} AM"
        if not name:
            continue
        polarity = {"N": "Norm", "R": "Rev"}.get(test.conditions.get("polarity", ""), "")
        lines.append(f"{name};{polarity};{_reading(test, chance)};;OK;{at}")
    return lines


def _reading(test: SafetyTest, chance: Chance) -> str:
    if not isinstance(test.limit, Limit):
        return ""
    value = float(test.limit.value) * (0.15 + 0.6 * chance.random())
    return f"{value:.3f} {UNITS.get(test.limit.unit, test.limit.unit)}".replace(".", ",")


def _work_on_doubt(demo: Demo) -> int:
    """Open orders for the two devices that are most in doubt, so that the page of the finding shows work under way."""
    found = Calibration.objects.filter(verdict=CalibrationVerdict.ADJUSTED, superseded_by__isnull=True).order_by("pk").first()
    if found is None:
        return 0
    finding = finding_of(demo.actor, found.uid)
    rows = devices_in_doubt(results_in_doubt(demo.actor, finding), finding).order_by("worst", "nearest", "key")
    keys = [row["key"] for row in rows[:FIRST_ORDERS]]
    numbers = [device.control_number for device in devices_by_key(demo.actor, keys).values()]
    if not numbers:
        return 0
    return len(open_doubt_orders(actor=demo.actor, calibration=found.uid, devices=numbers, now=demo.now - dt.timedelta(hours=2)))
