"""Routes of the inventory: devices and what is done to many of them, as pages and over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.inventory.models import SavedView
from tests.permissions.rows import LOGGED_IN, Row
from tests.permissions.world import World


def device(world: World) -> dict[str, Any]:
    return {"control_number": world.device.control_number}


def interface(world: World) -> dict[str, Any]:
    found = world.device.interfaces.first() or world.device.interfaces.create(hostname="pump-1")
    return device(world) | {"interface_id": found.pk}


def view(world: World) -> dict[str, Any]:
    """A view of the technician, as whom routes for anybody logged in are asked."""
    owner = world.people[Role.TECHNICIAN]
    return {"view_id": SavedView.objects.get_or_create(owner=owner, page="devices", name="Mine")[0].pk}


def chosen(**more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"control_numbers": [world.device.control_number]} | more


def ticked(**more: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"selected": [world.device.control_number]} | more


def new(world: World) -> dict[str, Any]:
    return {"facility": "NORTH", "model_id": world.device.device_model_id}


STATUS = {"status": "in_repair", "reason": "Does not start"}

PAGES = [
    Row("inventory:device-list", needs=P.VIEW_DEVICES),
    Row("inventory:device-filter", needs=P.VIEW_DEVICES),
    Row("inventory:device-models", needs=P.VIEW_CATALOG),
    Row("inventory:device-add", needs=P.ADD_DEVICES),
    Row("inventory:device-add", "POST", needs=P.ADD_DEVICES),
    Row("inventory:device", needs=P.VIEW_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-edit", needs=P.EDIT_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-edit", "POST", needs=P.EDIT_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-status", needs=P.CHANGE_STATUS, kwargs=device, scoped=True),
    Row("inventory:device-status", "POST", needs=P.CHANGE_STATUS, kwargs=device, scoped=True, data=lambda w: STATUS),
    Row("inventory:device-move", needs=P.MOVE_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-move", "POST", needs=P.MOVE_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-note", needs=P.ADD_NOTES, kwargs=device, scoped=True),
    Row("inventory:device-note", "POST", needs=P.ADD_NOTES, kwargs=device, scoped=True, data=lambda w: {"text": "Seen"}),
    Row("inventory:device-interface-add", needs=P.EDIT_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-interface-add", "POST", needs=P.EDIT_DEVICES, kwargs=device, scoped=True),
    Row("inventory:device-interface", needs=P.EDIT_DEVICES, kwargs=interface, scoped=True),
    Row("inventory:device-interface", "POST", needs=P.EDIT_DEVICES, kwargs=interface, scoped=True),
    Row("inventory:device-interface-remove", "POST", needs=P.EDIT_DEVICES, kwargs=interface, scoped=True),
    Row("inventory:device-bulk", "POST", needs=P.EDIT_DEVICES, data=ticked(action="edit")),
    Row("inventory:device-bulk-apply", "POST", needs=P.CHANGE_STATUS, scoped=True, data=ticked(what="status", **STATUS)),
    Row("inventory:view-list", needs=LOGGED_IN),
    Row("inventory:view-save", "POST", needs=LOGGED_IN, data=lambda w: {"name": "Mine", "query": "status=missing"}),
    Row("inventory:view-remove", "POST", needs=LOGGED_IN, kwargs=view, scoped=True),
]
API = [
    Row("api:list_devices", needs=P.VIEW_DEVICES),
    Row("api:add_device", "POST", needs=P.ADD_DEVICES, data=new),
    Row("api:get_device", needs=P.VIEW_DEVICES, kwargs=device, scoped=True),
    Row("api:change_device", "PATCH", needs=P.EDIT_DEVICES, kwargs=device, scoped=True, data=lambda w: {"lot": "L7"}),
    Row("api:change_device_status", "POST", needs=P.CHANGE_STATUS, kwargs=device, scoped=True, data=lambda w: STATUS),
    Row("api:move_device", "POST", needs=P.MOVE_DEVICES, kwargs=device, scoped=True, data=lambda w: {"facility": "NORTH"}),
    Row("api:add_device_note", "POST", needs=P.ADD_NOTES, kwargs=device, scoped=True, data=lambda w: {"text": "Seen"}),
    Row("api:add_device_interface", "POST", needs=P.EDIT_DEVICES, kwargs=device, scoped=True, data=lambda w: {"hostname": "pump-2"}),
    Row("api:change_device_interface", "PATCH", needs=P.EDIT_DEVICES, kwargs=interface, scoped=True, data=lambda w: {"vlan": 7}),
    Row("api:remove_device_interface", "DELETE", needs=P.EDIT_DEVICES, kwargs=interface, scoped=True),
    Row("api:device_timeline", needs=P.VIEW_HISTORY, kwargs=device, scoped=True),
    Row("api:bulk_add_devices", "POST", needs=P.ADD_DEVICES, data=lambda w: {"items": [new(w)]}),
    Row("api:bulk_edit_devices", "POST", needs=P.EDIT_DEVICES, scoped=True, data=chosen(ownership="leased")),
    Row("api:bulk_device_status", "POST", needs=P.CHANGE_STATUS, scoped=True, data=chosen(**STATUS)),
    Row("api:bulk_move_devices", "POST", needs=P.MOVE_DEVICES, data=chosen(facility="NORTH")),  # a stranger: 422, facility unknown
]
ROWS = [*PAGES, *API]
