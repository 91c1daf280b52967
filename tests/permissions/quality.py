"""Data quality, duplicates, risk inputs, site fields, settings and saved views."""

from openhtm.identity.rules.permissions import Permission as P
from openhtm.inventory.models import CustomField, Device, SavedView
from openhtm.inventory.tests.factories import DeviceFactory
from tests.permissions.rows import Row


def _device(world):
    return {"control_number": world.device.control_number}


def _twin(world):
    found = Device.objects.filter(control_number="TWIN-1").first()
    return found or DeviceFactory(facility=world.north, control_number="TWIN-1", device_model=world.device.device_model)


def _pair(world):
    return {"first": world.device.control_number, "second": _twin(world).control_number}


def _merged(world):
    twin = _twin(world)
    Device.objects.filter(pk=twin.pk).update(merged_into=world.device)
    return {"control_number": twin.control_number}


def _field(world):
    return {"key": CustomField.objects.get_or_create(key="fleet", defaults={"label": "Fleet", "kind": "text"})[0].key}


def _view(world):
    found = SavedView.objects.filter(owner=world.people["technician"]).first()
    return {"view_id": (found or SavedView.objects.create(owner=world.people["technician"], name="Mine")).pk}


def _family(world):
    return {**_device(world), "family": "fennigkoh"}


ROWS = [
    Row("inventory:quality", needs=P.RESOLVE_QUALITY, ok=(200,)),
    Row("inventory:alike-manufacturers", needs=P.RESOLVE_QUALITY, ok=(200,)),
    Row("inventory:duplicates", needs=P.RESOLVE_QUALITY, ok=(200,)),
    Row(
        "inventory:duplicate-decide",
        method="POST",
        needs=P.RESOLVE_QUALITY,
        data=lambda world: {**_pair(world), "action": "different"},
        scoped=True,
        ok=(302,),
    ),
    Row("inventory:device-unmerge", needs=P.MERGE_DEVICES, kwargs=_merged, scoped=True, ok=(200,)),
    Row("inventory:device-unmerge", method="POST", needs=P.MERGE_DEVICES, kwargs=_merged, scoped=True, ok=(422,)),
    Row("inventory:device-risk", needs=P.SET_RISK, kwargs=_device, scoped=True, ok=(200,)),
    Row("inventory:device-risk", method="POST", needs=P.SET_RISK, kwargs=_device, scoped=True, ok=(422,)),
    Row("inventory:settings", ok=(200,)),
    Row("inventory:custom-fields", needs=P.MANAGE_CUSTOM_FIELDS, ok=(200,)),
    Row("inventory:custom-fields", method="POST", needs=P.MANAGE_CUSTOM_FIELDS, ok=(302,)),
    Row("inventory:custom-field-add", needs=P.MANAGE_CUSTOM_FIELDS, everywhere=True, ok=(200,)),
    Row("inventory:custom-field-add", method="POST", needs=P.MANAGE_CUSTOM_FIELDS, everywhere=True, ok=(422,)),
    Row("inventory:custom-field", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_field, everywhere=True, ok=(200,)),
    Row("inventory:custom-field", method="POST", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_field, everywhere=True, ok=(422,)),
    Row("inventory:risk-profiles", needs=P.VIEW_DEVICES, ok=(200,)),
    Row("inventory:risk-profile-choose", method="POST", needs=P.EDIT_ORGANISATION, everywhere=True, ok=(422,)),
    Row("api:list_findings", needs=P.RESOLVE_QUALITY, ok=(200,)),
    Row("api:list_duplicates", needs=P.RESOLVE_QUALITY, ok=(200,)),
    Row("api:decide_different", method="POST", needs=P.RESOLVE_QUALITY, data=_pair, scoped=True, ok=(200,)),
    Row(
        "api:merge_devices",
        method="POST",
        needs=P.MERGE_DEVICES,
        data=lambda world: {"survivor": _pair(world)["first"], "loser": _pair(world)["second"], "reason": "same"},
        scoped=True,
        ok=(200,),
    ),
    Row(
        "api:unmerge_device",
        method="POST",
        needs=P.MERGE_DEVICES,
        kwargs=_merged,
        data=lambda world: {"reason": "not"},
        scoped=True,
        ok=(422,),
    ),
    Row("api:device_risk", needs=P.VIEW_DEVICES, kwargs=_device, scoped=True, ok=(200,)),
    Row(
        "api:set_device_risk",
        method="PUT",
        needs=P.SET_RISK,
        kwargs=_family,
        data=lambda world: {"inputs": {}, "reason": "seen"},
        scoped=True,
        ok=(422,),
    ),
    Row(
        "api:clear_device_risk",
        method="POST",
        needs=P.SET_RISK,
        kwargs=_family,
        data=lambda world: {"reason": "seen"},
        scoped=True,
        ok=(200,),
    ),
    Row("api:list_risk_profiles", needs=P.VIEW_DEVICES, ok=(200,)),
    Row("api:list_custom_fields", needs=P.VIEW_DEVICES, ok=(200,)),
    Row(
        "api:add_custom_field",
        method="POST",
        needs=P.MANAGE_CUSTOM_FIELDS,
        data=lambda world: {"key": "bay", "label": "Bay", "kind": "text"},
        everywhere=True,
        ok=(201,),
    ),
    Row(
        "api:change_custom_field",
        method="PATCH",
        needs=P.MANAGE_CUSTOM_FIELDS,
        kwargs=_field,
        data=lambda world: {"label": "Fleet no."},
        everywhere=True,
        ok=(200,),
    ),
    Row("api:list_saved_views", needs=P.VIEW_DEVICES, ok=(200,)),
    Row("api:save_view", method="POST", needs=P.VIEW_DEVICES, data=lambda world: {"name": "Mine"}, ok=(200, 201)),
    Row("api:remove_view", method="DELETE", kwargs=_view, ok=(204,)),
]
