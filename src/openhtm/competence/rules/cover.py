"""How well the people of a place cover a device type: gaps, single points of failure, and what soon becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cover(StrEnum):
    NONE = "none"
    SINGLE_LEAVING = "single_leaving"
    SINGLE = "single"
    SOON_NONE = "soon_none"
    SOON_SINGLE = "soon_single"
    THIN = "thin"
    ENOUGH = "enough"
    UNUSED = "unused"


COVER_LABELS: dict[Cover, str] = {
    Cover.NONE: "Nobody",
    Cover.SINGLE_LEAVING: "Only one, not for long",
    Cover.SINGLE: "Only one",
    Cover.SOON_NONE: "Soon nobody",
    Cover.SOON_SINGLE: "Soon only one",
    Cover.THIN: "Fewer than wanted",
    Cover.ENOUGH: "Covered",
    Cover.UNUSED: "No device in use",
}
COVER_TONES: dict[Cover, str] = {
    Cover.NONE: "late", Cover.SINGLE_LEAVING: "late", Cover.SINGLE: "due", Cover.SOON_NONE: "late", Cover.SOON_SINGLE: "due",
    Cover.THIN: "info", Cover.ENOUGH: "ok", Cover.UNUSED: "hold",
}  # fmt: skip
URGENCY: tuple[Cover, ...] = (
    Cover.NONE, Cover.SINGLE_LEAVING, Cover.SOON_NONE, Cover.SINGLE, Cover.SOON_SINGLE, Cover.THIN, Cover.ENOUGH, Cover.UNUSED,
)  # fmt: skip
"""The worst first."""
SINGLE_POINTS = frozenset({Cover.SINGLE, Cover.SINGLE_LEAVING})
WANTING = frozenset(URGENCY[:6])


@dataclass(frozen=True, slots=True)
class Numbers:
    """People who can service a type now, those who still can at the horizon, and how many are wanted."""

    devices: int
    now: int
    later: int
    wanted: int


def cover_of(numbers: Numbers) -> Cover:
    """Return how well a type is covered. ``later`` counts only people of ``now``: those who neither leave nor lapse by the horizon.

    Raises ValueError if more people are left later than there are now.
    """
    if numbers.later > numbers.now:
        raise ValueError(f"{numbers.later} of {numbers.now} people cannot be left")
    if not numbers.devices:
        return Cover.UNUSED
    if numbers.now == 0:
        return Cover.NONE
    if numbers.now == 1:
        return Cover.SINGLE if numbers.later else Cover.SINGLE_LEAVING
    if numbers.later == 0:
        return Cover.SOON_NONE
    if numbers.later == 1 and numbers.wanted > 1:
        return Cover.SOON_SINGLE
    return Cover.THIN if numbers.later < numbers.wanted else Cover.ENOUGH


def missing(numbers: Numbers) -> int:
    """Return how many people should be trained so that the wanted number is left at the horizon."""
    return max(numbers.wanted - numbers.later, 0) if numbers.devices else 0
