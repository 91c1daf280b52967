"""Which device a test of a file belongs to: by what the file says of it, in a stated order, and never by a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

METHODS: dict[str, str] = {
    "control_number": "by control number",
    "former_number": "by a former number",
    "udi": "by UDI and serial number",
    "serial_manufacturer": "by serial number and manufacturer",
    "serial": "by serial number alone",
    "hand": "chosen by hand",
}
"""How a device was found, in the order in which it is tried; the last one by a person."""


@dataclass(frozen=True, slots=True)
class Match:
    """The device found, or those it may be. ``method`` is a key of METHODS, empty if nothing was found."""

    device_id: int | None
    method: str
    candidates: tuple[int, ...] = ()
    why: str = ""


def match(*, found: Mapping[str, Sequence[int]], said: str) -> Match:
    """Decide by the devices each method found. The first method that finds any decides; if it finds several, a person does.

    What a later method finds must not contradict it: a control number of one device with the serial number of another is
    ambiguous. ``said`` is what the file says of the device, for the sentence.
    """
    tried = [(method, tuple(dict.fromkeys(found.get(method, ())))) for method in METHODS]
    tried = [(method, devices) for method, devices in tried if devices]
    if not tried:
        return Match(None, "", (), f"No device that you can see has {said}. Choose it, or add it to the inventory.")
    method, devices = tried[0]
    if len(devices) > 1:
        return Match(None, method, devices, f"{len(devices)} devices have {said}. Choose one.")
    others = {device for _, more in tried[1:] for device in more}
    if others and devices[0] not in others:
        candidates = (devices[0], *sorted(others))
        return Match(None, method, candidates, "The numbers in the file belong to different devices. Choose one.")
    return Match(devices[0], method)
