"""Network interfaces of a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, NetworkInterface
from openhtm.inventory.models.device import Connection
from openhtm.inventory.rules.addresses import normal_ip, normal_mac
from openhtm.inventory.services.devices import lock_device
from openhtm.inventory.services.quality import refresh_duplicates

FIELDS = frozenset({"name", "connection", "mac_address", "ip_address", "vlan", "hostname"})


@transaction.atomic
def save_interface(*, actor: Actor, control_number: str, values: Mapping[str, Any], interface_id: int | None = None) -> NetworkInterface:
    """Add an interface to a device, or change one. Raises Device.DoesNotExist, NetworkInterface.DoesNotExist, NotAllowed, Invalid."""
    device = _editable(actor, control_number)
    known = _checked({key: value for key, value in values.items() if key in FIELDS})
    interface = NetworkInterface.objects.get(pk=interface_id, device=device) if interface_id else NetworkInterface(device=device)
    for key, value in known.items():
        setattr(interface, key, value)
    with refuse_readably():
        interface.save()
    Device.objects.filter(pk=device.pk).update(updated_at=timezone.now())
    refresh_duplicates([device.pk])
    return interface


@transaction.atomic
def remove_interface(*, actor: Actor, control_number: str, interface_id: int) -> None:
    """Take an interface away; its history stays. Raises Device.DoesNotExist, NetworkInterface.DoesNotExist, NotAllowed."""
    device = _editable(actor, control_number)
    NetworkInterface.objects.get(pk=interface_id, device=device).delete()
    Device.objects.filter(pk=device.pk).update(updated_at=timezone.now())
    refresh_duplicates([device.pk])


def _editable(actor: Actor, control_number: str) -> Device:
    device = lock_device(actor=actor, control_number=control_number)
    require(actor, Permission.EDIT_DEVICES, at=device.facility_id, place=device.facility.name)
    return device


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    if text := values.get("mac_address"):
        values["mac_address"] = normal_mac(text)
        if not values["mac_address"]:
            errors["mac_address"] = [f"{text} is no MAC address. Give twelve hexadecimal digits, such as 00:1a:2b:3c:4d:5e."]
    else:
        values["mac_address"] = None
    if text := values.get("ip_address"):
        values["ip_address"] = normal_ip(text)
        if not values["ip_address"]:
            errors["ip_address"] = [f"{text} is no IP address. Give one such as 10.20.30.40."]
    else:
        values["ip_address"] = None
    if values.get("vlan") is not None and not 1 <= values["vlan"] <= 4094:
        errors["vlan"] = ["A VLAN is a number from 1 to 4094."]
    if values.get("connection") and values["connection"] not in Connection.values:
        errors["connection"] = [f"Choose one of: {', '.join(Connection.values)}."]
    if not (values.get("mac_address") or values.get("ip_address") or values.get("hostname") or errors):
        errors[""] = ["Give a MAC address, an IP address or a host name."]
    if errors:
        raise Invalid(errors)
    return values
