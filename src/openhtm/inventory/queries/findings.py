"""The data-quality page: every kind of finding with its number, and how complete the records are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.inventory.queries import duplicates
from openhtm.inventory.queries.alike import alike_manufacturers
from openhtm.inventory.queries.figures import Counted, counted
from openhtm.inventory.rules.completeness import Completeness
from openhtm.sites.models import Facility

KINDS: tuple[tuple[str, str, str], ...] = (
    ("missing_serial", "No serial number", "Recalls and UDI records name devices by it."),
    ("missing_manufacturer", "No manufacturer", "Without a maker no recall or advisory can be matched."),
    ("missing_model", "No model", "Without a model no manual, recall or support date applies."),
    ("missing_type", "No device type", "Risk, high-risk and codes come from the type."),
    ("missing_location", "No location", "Nobody can go and find it."),
    ("missing_building", "In a place outside any building", "Rounds go by building and floor."),
    ("missing_department", "No department", "Nobody to ask, nobody to charge."),
    ("missing_provider", "No service provider", "CMS asks who maintains each device."),
    ("missing_accepted", "No acceptance date", "CMS asks when each device was accepted."),
    ("missing_cost", "No acquisition cost", "Cost of service and replacement need it."),
    ("missing_udi", "No UDI", "Scan the label once; it fills serial, lot and expiry too."),
    ("missing_risk_inputs", "Type without risk inputs", "The risk score stays unknown."),
    ("unknown_version", "Networked, version unknown", "Exposure to a vulnerability cannot be ruled out."),
    ("unknown_address", "Networked, no address", "Network findings cannot be matched to it."),
    ("not_seen", "Not seen for a year", "It may be lost, or retired without a record."),
    ("missing_seen", "Never seen", "Nobody has scanned it since it was recorded."),
    ("support_ended", "In service past the end of support", "Plan its replacement or who supports it."),
)
"""Code of the figure, what is wrong, and why it matters. ``docs/reference/data-quality.md`` says more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ``number`` may be words such as "10,000+"; ``share`` is the percentage of the inventory, if it is one."""

    code: str
    label: str
    why: str
    number: Any
    url: str
    share: float | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class FacilityLine:
    name: str
    url: str
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class Overview:
    findings: list[Finding]
    facilities: list[FacilityLine]
    whole: Completeness
    counted: Counted


def overview(*, actor: Actor, today: date) -> Overview:
    """Everything the data-quality page shows. Six statements, flat in the number of devices."""
    numbers = counted(actor=actor, today=today)
    names = Facility.objects.visible_to(actor).filter(active=True).values_list("pk", "code", "name")
    base = reverse("inventory:device-list")
    facilities = [FacilityLine(name, f"{base}?facility={code}&status=in_inventory", numbers.completeness(pk)) for pk, code, name in names]
    return Overview([*_doubtful(actor), *figure_lines(numbers)], facilities, numbers.completeness(), numbers)


def _doubtful(actor: Actor) -> list[Finding]:
    pairs = duplicates.count_pairs(actor)
    makers = len(alike_manufacturers(limit=1000))
    return [
        Finding(
            "duplicates",
            "May be recorded twice",
            "Two records split one history.",
            pairs,
            reverse("inventory:duplicates"),
            open=pairs.value > 0,
        ),
        Finding(
            "alike_manufacturers",
            "Manufacturers that look alike",
            "One maker under two names splits its models.",
            makers,
            reverse("inventory:alike-manufacturers"),
            open=makers > 0,
        ),
    ]


def figure_lines(numbers: Counted) -> list[Finding]:
    """The findings that are figures over devices, the most frequent first."""
    base, total = reverse("inventory:device-list"), numbers.number("in_inventory")
    lines = [
        Finding(
            code,
            label,
            why,
            numbers.number(code),
            f"{base}?{numbers.query(code)}",
            100 * numbers.number(code) / total if total else None,
            numbers.number(code) > 0,
        )
        for code, label, why in KINDS
    ]
    return sorted(lines, key=lambda line: -line.number)
