"""Devices that files of testers may mean, found for all tests of a file at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models.functions import Coalesce

from openhtm.catalog.queries.manufacturers import resolve_many
from openhtm.catalog.rules import udi
from openhtm.core.text import control_number_key, number_key
from openhtm.identity.actor import Actor
from openhtm.inventory.models import AlternateNumber, Device
from openhtm.traceability.rules.grouping import Said
from openhtm.traceability.rules.matching import Match, match


@dataclass(frozen=True, slots=True)
class _Read:
    """What a file says of a device, as keys to look it up by."""

    said: Said
    number: str
    serial: str
    maker: int | None
    di: str
    di_serial: str


def match_devices(*, actor: Actor, said: Sequence[Said]) -> list[Match]:
    """Find the device of each among those the actor may see. At most seven statements for any number."""
    makers = {one.manufacturer: None for one in said if one.manufacturer}
    known = {name: found.manufacturer_id for name, found in resolve_many(makers).items()} if makers else {}
    read = [_read(one, known) for one in said]
    numbers = _by_number(actor, {one.number for one in read if one.number})
    former = _by_former_number(actor, {number_or_key for one in read if one.number for number_or_key in (one.number,)})
    serials = _by_serial(actor, {one.serial for one in read if one.serial} | {number_key(one.di_serial) for one in read if one.di_serial})
    carriers = _by_identifier(actor, {one.di for one in read if one.di and one.di_serial})
    return [match(found=_found(one, numbers, former, serials, carriers), said=_in_words(one.said)) for one in read]


def _read(said: Said, makers: dict[str, int | None]) -> _Read:
    parsed = udi.parse(said.udi) if said.udi else None
    understood = parsed if parsed and parsed.error is None else None
    return _Read(
        said,
        control_number_key(said.asset_number)[:60],
        number_key(said.serial_number)[:80],
        makers.get(said.manufacturer),
        (understood.di or "") if understood else "",
        (understood.serial or "") if understood else "",
    )


def _found(
    one: _Read,
    numbers: dict[str, list[int]],
    former: dict[str, list[int]],
    serials: dict[str, list[tuple[int, int]]],
    carriers: dict[tuple[str, str], list[int]],
) -> dict[str, list[int]]:
    of_serial = serials.get(one.serial, []) if one.serial else []
    of_maker = [device for device, maker in of_serial if one.maker is None or maker == one.maker]
    return {
        "control_number": numbers.get(one.number, []) if one.number else [],
        "former_number": former.get(one.number, []) if one.number else [],
        "udi": carriers.get((one.di, number_key(one.di_serial)), []) if one.di and one.di_serial else [],
        "serial_manufacturer": of_maker if one.maker is not None else [],
        "serial": of_maker if one.maker is None else [],
    }


def _by_number(actor: Actor, numbers: set[str]) -> dict[str, list[int]]:
    if not numbers:
        return {}
    rows = Device.objects.visible_to(actor).filter(control_number__in=numbers)
    return _listed(rows.values_list("control_number", Coalesce("merged_into_id", "pk")))


def _by_former_number(actor: Actor, numbers: set[str]) -> dict[str, list[int]]:
    if not numbers:
        return {}
    rows = AlternateNumber.objects.filter(number_key__in=numbers, device__in=Device.objects.visible_to(actor))
    return _listed(rows.values_list("number_key", Coalesce("device__merged_into_id", "device_id")))


def _by_serial(actor: Actor, serials: set[str]) -> dict[str, list[tuple[int, int]]]:
    if not serials:
        return {}
    rows = Device.objects.visible_to(actor).current().filter(serial_key__in=serials).order_by("pk")
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for key, device, maker, heir in rows.values_list(
        "serial_key", "pk", "device_model__manufacturer_id", "device_model__manufacturer__merged_into_id"
    ):
        found[key].append((device, heir or maker))
    return found


def _by_identifier(actor: Actor, identifiers: set[str]) -> dict[tuple[str, str], list[int]]:
    """Devices by DI and serial number: their own, or that of their model's label."""
    if not identifiers:
        return {}
    rows = Device.objects.visible_to(actor).current().filter(udi_di__in=identifiers).order_by("pk")
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for di, device, serial, own in rows.values_list("udi_di", "pk", "serial_key", "udi_serial"):
        for key in {serial, number_key(own)} - {""}:
            found[di, key].append(device)
    return found


def _listed(rows: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for key, device in rows:
        found[key].append(device)
    return found


def _in_words(said: Said) -> str:
    told = [
        (said.asset_number, "control number"),
        (said.serial_number, f"serial number of {said.manufacturer}" if said.manufacturer else "serial number"),
        (said.udi, "UDI"),
    ]
    return " and ".join(f"the {name} {text[:60]}" for text, name in told if text) or "what the file says"
