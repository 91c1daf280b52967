"""The instruments: devices of tester types with their yearly calibrations; two have run out, one was found out of tolerance."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

from openhtm.demo.parts.demo import Demo, TesterFacts
from openhtm.demo.rules.chance import Chance
from openhtm.inventory.models import Device
from openhtm.testers.models import Calibration, CalibrationVerdict, Tester, TesterQuantity
from openhtm.testers.rules.kinds import tester_kinds

MOST = 40
OF_A_TYPE = 3  # at one facility
EXPIRED = 2
SAFETY = "safety_analyzer"
LABORATORIES = ("Sample Calibration Laboratory (synthetic)", "Example Metrology (synthetic)")
RANGES = {
    "current": ("uA", 0.0, 10_000.0, "±1 % of reading ±1 µA"), "resistance": ("Ohm", 0.0, 3.0, "±1 % of reading ±10 mΩ"),
    "energy": ("J", 0.1, 600.0, "±1 % of reading ±0.1 J"), "flow": ("L/min", 0.1, 300.0, "±1.75 % of reading"),
    "pressure": ("kPa", -60.0, 1000.0, "±0.5 % of range"), "temperature": ("Cel", 0.0, 100.0, "±0.2 °C"),
}  # fmt: skip


def build(demo: Demo) -> None:
    """Add up to forty testers (more where there are more facilities). About six statements."""
    kinds_of: dict[str, list[str]] = {}
    for kind in tester_kinds().values():
        for type_code in kind.device_types:
            kinds_of.setdefault(type_code, []).append(kind.code)
    chosen = list(_chosen(demo, kinds_of))
    kinds = _kinds(demo, chosen, kinds_of)
    adjusted = next((n for n, held in enumerate(kinds) if n >= EXPIRED and SAFETY in held), EXPIRED)
    testers, calibrations, quantities = [], [], []
    for number, (device, facility, _, since) in enumerate(chosen):
        chance = demo.chance("tester", number)
        tester = Tester(device_id=device, kinds=kinds[number])
        done = _calibrations(demo, chance, number, since, adjusted=number == adjusted)
        tester.calibrated_on, tester.calibration_due_on = done[-1].performed_on, done[-1].due_on
        testers.append((tester, facility, done))
    Tester.objects.bulk_create([tester for tester, _, _ in testers])
    for tester, facility, done in testers:
        for one in done:
            one.tester = tester
            calibrations.append(one)
        families = sorted({family for code in tester.kinds for family in tester_kinds()[code].quantities} & set(RANGES))
        for family in families:
            unit, low, high, accuracy = RANGES[family]
            quantities.append(TesterQuantity(tester=tester, quantity=family, unit=unit, low=low, high=high, accuracy=accuracy))
        facts = TesterFacts(
            tester.pk, tester.device_id, frozenset(tester.kinds), tuple((one.performed_on, one.due_on) for one in reversed(done))
        )
        demo.testers.setdefault(facility, []).append(facts)
    Calibration.objects.bulk_create(calibrations)
    TesterQuantity.objects.bulk_create(quantities)
    demo.counts |= {"testers": len(testers), "calibrations": len(calibrations)}


def _chosen(demo: Demo, kinds_of: dict[str, list[str]]) -> Iterator[tuple[int, int, str, dt.date]]:
    """Yield testers in use (device, facility, type, in service since), a few of each type at each facility."""
    rows = (
        Device.objects.filter(device_type__code__in=kinds_of, status="in_service", in_service_on__isnull=False, parent__isnull=True)
        .order_by("control_number")
        .values_list("pk", "facility_id", "device_type__code", "in_service_on")
    )
    seen: Counter[tuple[int, str]] = Counter()
    ranked: list[tuple[int, int, int, str, dt.date]] = []
    for device, facility, type_code, since in rows.iterator(chunk_size=2000):
        seen[facility, type_code] += 1
        if since and seen[facility, type_code] <= OF_A_TYPE:
            ranked.append((seen[facility, type_code], device, facility, type_code, since))
    ranked.sort(key=lambda one: one[0])  # one of every type before a second of any
    for _, device, facility, type_code, since in ranked[: max(MOST, 10 * len(demo.facilities))]:
        yield device, facility, type_code, since


def _kinds(demo: Demo, chosen: Sequence[tuple[int, int, str, dt.date]], kinds_of: dict[str, list[str]]) -> list[list[str]]:
    """What each tester can do. The main facility has a safety analyser also where the hospital is small: one that tests more than one thing."""
    found = [sorted(kinds_of[type_code]) for _, _, type_code, _ in chosen]
    here = [number for number, one in enumerate(chosen) if number > EXPIRED and one[1] == demo.facilities[0].pk]
    if here and not any(SAFETY in found[number] for number in here):
        found[here[0]] = sorted({*found[here[0]], SAFETY})
    return found


def _calibrations(demo: Demo, chance: Chance, number: int, since: dt.date, *, adjusted: bool) -> list[Calibration]:
    """Return a tester's calibrations, oldest first: one a year since it came, the last some time in the year before today."""
    last = demo.as_of - dt.timedelta(days=chance.randrange(20, 330) if number >= EXPIRED else chance.randrange(380, 430))
    days = [last]
    while days[-1] - dt.timedelta(days=365) > max(since, demo.horizon):
        days.append(days[-1] - dt.timedelta(days=365 - chance.randrange(0, 12)))
    found = []
    for performed_on in reversed(days):
        laboratory = chance.pick(LABORATORIES)
        found.append(
            Calibration(
                performed_on=performed_on, due_on=performed_on + dt.timedelta(days=365), verdict=CalibrationVerdict.IN_TOLERANCE,
                laboratory=laboratory, certificate_number=f"C-{performed_on:%y%m}-{number:03d}", actor_id=demo.users["engineer"][0],
                actor_name=demo.users["engineer"][1], recorded_at=_noon(min(performed_on + dt.timedelta(days=2), demo.as_of)),
            )
        )  # fmt: skip
    if adjusted and found:
        found[-1].verdict, found[-1].quantities = CalibrationVerdict.ADJUSTED, ["current"]
        found[-1].error_percent = 5.8
        found[-1].as_found = "At 500 µA: 529 µA as found (+5.8 %, allowed ±1 %); 501 µA as left."
    return found


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(11), tzinfo=dt.UTC)
