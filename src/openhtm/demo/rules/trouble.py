"""How often synthetic devices fail, of what, and what it takes to mend them. Shares and rates are invented to look like a hospital's."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from openhtm.demo.rules.chance import Chance, Weighted

DAYS_PER_YEAR = 365.25
CODES = Weighted({"upf": 0.31, "npf": 0.13, "acc": 0.17, "batt": 0.13, "use": 0.14, "ppf": 0.045, "net": 0.055, "sif": 0.02, "upf2": 0.02})
"""Failure codes of corrective work (DOMAIN 4.1): 5 to 15 % without a problem found."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was reported, why, and what was done: codes of the lists of work, and the words on the order."""

    failure: str
    problem: str
    cause: str
    resolution: str
    title: str
    done: str


_KINDS: dict[str, tuple[Trouble, ...]] = {
    "upf": (
        Trouble("upf", "does_not_start", "random", "part_replaced", "Does not switch on", "Replaced the power supply board and tested."),
        Trouble("upf", "error_message", "random", "repaired", "Shows an error code", "Reseated the connectors, cleared the error, tested."),
        Trouble("upf", "display", "wear", "part_replaced", "Screen is dark", "Replaced the display and tested."),
        Trouble("upf", "buttons", "wear", "part_replaced", "Buttons do not respond", "Replaced the keypad and tested."),
        Trouble("upf", "noise", "wear", "repaired", "Grinding noise", "Replaced the fan and cleaned the housing."),
    ),
    "npf": (
        Trouble(
            "npf", "question", "operation", "user_instructed", "Settings cannot be changed", "Shown on the unit how to unlock the settings."
        ),
        Trouble("npf", "error_message", "unknown", "tested_ok", "Alarms without cause", "Ran it for two hours; nothing to be seen."),
        Trouble("npf", "wrong_reading", "operation", "tested_ok", "Reads too low", "Compared with the simulator: within limits."),
    ),
    "acc": (
        Trouble("acc", "accessory", "accessory", "accessory_replaced", "Cable broken", "Replaced the cable and tested."),
        Trouble("acc", "no_reading", "accessory", "accessory_replaced", "No signal from the sensor", "Replaced the sensor and tested."),
    ),
    "batt": (
        Trouble(
            "batt", "battery", "battery", "battery_replaced", "Battery does not last", "Replaced the battery and ran the capacity test."
        ),
    ),
    "use": (
        Trouble("use", "dropped", "handling", "repaired", "Fell to the floor", "Replaced the case, checked safety and function."),
        Trouble("use", "spill", "fluid", "cleaned", "Fluid spilt on it", "Opened, cleaned, dried and tested."),
        Trouble("use", "mechanical", "handling", "part_replaced", "Clamp broken", "Replaced the clamp."),
    ),
    "ppf": (
        Trouble("ppf", "leak", "wear", "part_replaced", "Leaks", "Replaced the seals that were due and tested."),
        Trouble("ppf", "wrong_reading", "adjustment", "adjusted", "Delivers too much", "Calibrated and tested."),
    ),
    "net": (Trouble("net", "network", "network", "network_restored", "No data in the record", "Renewed the network settings with IT."),),
    "sif": (Trouble("sif", "stops", "service", "repaired", "Stops after the last repair", "Fastened a connector left loose and tested."),),
}
DEFAULT = _KINDS["upf"][0]
_KINDS["upf2"] = (Trouble("upf", "smell_smoke", "random", "part_replaced", "Smells burnt", "Replaced the charger board and tested."),)
PARTS = ("Main board", "Power supply", "Display", "Keypad", "Fan", "Pump head", "Seal kit", "Clamp", "Sensor cable", "Sensor", "Valve")
BATTERY = "Battery pack"


def rate(*, price_cents: int, age_years: float, life_years: int) -> float:
    """Return corrective orders a year: more for costly devices, for new ones and for those near the end of their life."""
    base = 0.05 + 0.07 * max(math.log10(max(price_cents, 100) / 50_000), 0)
    young = 1.6 if age_years < 0.5 else 1.0
    old = 1 + max(age_years / max(life_years, 1) - 0.7, 0) * 3
    return base * young * min(old, 3.0)


def reports(chance: Chance, *, price_cents: int, life_years: int, born_on: dt.date, first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days on which something was reported between ``first`` and ``last``, oldest first, weekdays mostly."""
    found: list[dt.date] = []
    start = first
    while start < last:
        end = min(start + dt.timedelta(days=365), last)
        years = (end - start).days / DAYS_PER_YEAR
        mean = rate(price_cents=price_cents, age_years=(start - born_on).days / DAYS_PER_YEAR, life_years=life_years) * years
        for _ in range(chance.around(mean)):
            day = start + dt.timedelta(days=int(chance.random() * (end - start).days))
            found.append(day if day.weekday() < 5 or chance.maybe(0.3) else min(day + dt.timedelta(days=2), end - dt.timedelta(days=1)))
        start = end
    return sorted(found)


def trouble(chance: Chance, *, networked: bool) -> Trouble:
    """Return what it was. Only networked devices have trouble with the network."""
    code = chance.by_weight(CODES)
    if code == "net" and not networked:
        code = "upf"
    return chance.pick(_KINDS[code])


def part_price(chance: Chance, *, price_cents: int) -> int:
    """Return what a part costs, in cents: some hundredths of the device's price."""
    return max(int(price_cents * (0.01 + 0.05 * chance.random())) // 100 * 100, 900)


def repair_minutes(chance: Chance, *, price_cents: int) -> int:
    """Return minutes of work: a quarter of an hour to a day, more for costly devices."""
    usual = 25 + 18 * max(math.log10(max(price_cents, 1000) / 10_000), 0)
    return max(int(usual * chance.triangular(0.4, 3.0, 0.8)) // 5 * 5, 10)
