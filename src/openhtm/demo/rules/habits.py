"""How a hospital owns, maintains, moves and describes its devices: shares and phrases, all invented."""

from __future__ import annotations

import datetime as dt

from openhtm.demo.rules.chance import Chance, Weighted
from openhtm.inventory.rules.status import Status

DESCRIPTIONS = (
    "Crash cart 2",
    "Spare",
    "Transport only",
    "Teaching unit",
    "Isolation use",
    "Bariatric",
    "Loaner pool",
    "Bay nearest the door",
)
MOVES = ("Moved with the ward", "Lent to another unit", "Exchanged for a faulty one", "Returned to its unit", "")
NOTES = (
    "Cracked case at the lower left; cosmetic.", "Staff say the alarm is too quiet.", "Battery replaced with a third-party one.",
    "Label unreadable; serial read from the software.", "Stored without its power supply.", "User manual asked for by the ward.",
    "Found in the wrong room twice this year.", "Waiting for the maker's answer about an update.",
)  # fmt: skip
SEEN = frozenset({Status.IN_SERVICE, Status.IN_REPAIR, Status.STORED, Status.OUT_OF_SERVICE, Status.SEQUESTERED, Status.IN_ACCEPTANCE})
SIGHTINGS = Weighted({"scan": 0.6, "person": 0.15, "feed": 0.25})
_IN_HOUSE = "Riverbend Clinical Engineering (synthetic)"
_IMAGING = ("radiology", "cathlab", "radiotherapy", "nuclear medicine")
_LABORATORY = ("laboratory", "microbiology", "pathology", "blood bank")
_ORDINARY = Weighted(
    {"owned": 0.94, "rental": 0.02, "leased": 0.02, "loaner": 0.01, "demo": 0.005, "physician_owned": 0.004, "patient_owned": 0.001}
)
_REAGENT = Weighted({"owned": 0.6, "rental": 0.25, "leased": 0.15})  # analysers often come with the reagents
_COSTLY = Weighted({"owned": 0.8, "leased": 0.2})
_OWNERS = {
    "leased": "Sample Leasing (synthetic)", "rental": "Example Rentals (synthetic)", "loaner": "Maker's loan pool (synthetic)",
    "demo": "Maker's sales office (synthetic)", "physician_owned": "Dr. Example (synthetic)", "patient_owned": "Patient reference S-001",
}  # fmt: skip


def ownership(chance: Chance, *, place: str, price_cents: int) -> tuple[str, str]:
    """Return the ownership kind and whose it is (empty for our own)."""
    table = _ORDINARY
    if price_cents >= 2_000_000:
        table = _REAGENT if place in _LABORATORY else _COSTLY if price_cents >= 10_000_000 else _ORDINARY
    kind = chance.by_weight(table)
    return kind, _OWNERS.get(kind, "")


def provider(chance: Chance, *, place: str, price_cents: int) -> str | None:
    """Return who maintains such a device there; None where nobody has written it down."""
    if chance.maybe(0.02):
        return None
    if place in _IMAGING and price_cents >= 5_000_000:
        return "Imaging Maker Field Service (synthetic)"
    if place in _LABORATORY and price_cents >= 2_000_000:
        return "Laboratory Maker Field Service (synthetic)"
    if place == "or" and price_cents >= 8_000_000:
        return "Surgical Maker Field Service (synthetic)"
    return "Tri-County Biomedical Service (synthetic)" if chance.maybe(0.04) else _IN_HOUSE


def strategy(chance: Chance, *, high_risk: bool, ineligible: bool) -> str:
    """Return the maintenance strategy; what the law keeps out of an alternate programme is never in one."""
    if chance.maybe(0.12):
        return "unknown"
    return "oem" if ineligible or high_risk or chance.maybe(0.45) else "aem"


def custom(chance: Chance) -> str:
    """Return the site's own fields as JSON text, filled for about a third."""
    position = chance.random()
    if position > 0.35:
        return "{}"
    parts = []
    if position < 0.25:
        parts.append(f'"funding_source": "{chance.pick(("Capital budget", "Operating budget", "Donation", "Grant"))}"')
    if position < 0.12 or position > 0.25:
        parts.append(f'"emergency_power": {"true" if chance.maybe(0.5) else "false"}')
    if position < 0.05:
        parts.append(f'"cleaning_class": "{chance.pick("ABC")}"')
    return "{" + ", ".join(parts) + "}"


def uuid7(moment: dt.datetime, chance: Chance) -> str:
    """Return a version 7 UUID (RFC 9562) of that moment with bits of chance: sorted by time and always the same."""
    text = f"{int(moment.timestamp() * 1000):012x}7{chance.getrandbits(12):03x}{chance.getrandbits(62) | 1 << 63:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
