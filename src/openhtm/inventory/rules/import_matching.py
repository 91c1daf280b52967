"""Which stored device a row means: keys in a stated order, and refusal where they contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

CONTROL_NUMBER = "control_number"
KEY_LABELS: dict[str, str] = {
    CONTROL_NUMBER: "control number",
    "manufacturer+serial_number": "manufacturer and serial number",
    "udi": "UDI with serial number",
    "udi_di+serial_number": "UDI-DI and serial number",
    "alternate_number": "other number",
}


class Match(NamedTuple):
    """What the keys say. ``device_id`` None and no ``conflict``: nobody has them, so the row is a new device."""

    device_id: int | None
    key: str
    conflict: str = ""


def decide(order: Sequence[str], found: Mapping[str, frozenset[int]], *, identity: Mapping[int, Mapping[str, bool]]) -> Match:
    """Choose the device by the first key of ``order`` that finds one; every other key that is filled must not disagree.

    ``found`` holds the devices of each key the row fills (an empty set: nobody). ``identity[device][key]`` tells whether
    that device has a value of its own for the key, so that an earlier key that found nobody speaks against it.
    """
    keys = [key for key in order if key in found]
    first = next((key for key in keys if found[key]), None)
    if first is None:
        return Match(None, "")
    if len(found[first]) > 1:
        others = [found[key] for key in keys if found[key] and key != first]
        agreed = frozenset.intersection(found[first], *others) if others else found[first]
        if len(agreed) != 1:
            return Match(None, first, "ambiguous")
        return Match(next(iter(agreed)), first)
    device = next(iter(found[first]))
    for key in keys[: keys.index(first)]:
        if identity.get(device, {}).get(key):
            return Match(device, first, f"contradicts:{key}")
    for key in keys[keys.index(first) + 1 :]:
        if found[key] and device not in found[key]:
            return Match(device, first, f"contradicts:{key}")
    return Match(device, first)
