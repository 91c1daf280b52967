"""Labels, scanning, files and papers of devices."""

from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import DeviceAttachment, LabelTemplate
from tests.permissions.rows import Row


def _device(world):
    return {"control_number": world.device.control_number}


def _place(world):
    return {"public_code": world.location.public_code}


def _attachment(world):
    found = DeviceAttachment.objects.filter(device=world.device, removed_at__isnull=True).first()
    if found is None:
        stored = store_file(content=b"%PDF-1.7\n", file_name="manual.pdf", actor=Actor.system("tests"))
        found = DeviceAttachment.objects.create(device=world.device, file=stored, file_name="manual.pdf")
    return {**_device(world), "uid": found.uid}


def _uid(world):
    return {"uid": _attachment(world)["uid"]}


def _size(world):
    return {"template_id": LabelTemplate.objects.order_by("pk").first().pk}


def _new_size(world):
    return {"name": "Ours", "width_mm": 60, "height_mm": 30}


P = Permission
ROWS = [
    Row("inventory:scan", needs=P.VIEW_DEVICES),
    Row("inventory:scan", method="POST", needs=P.VIEW_DEVICES, data=lambda world: {"code": world.device.control_number}, ok=(303,)),
    Row("inventory:scan-photo", method="POST", needs=P.VIEW_DEVICES, ok=(422,)),
    Row("inventory:scan-seen", method="POST", needs=P.SCAN_DEVICES, data=_device, scoped=True, ok=(303,)),
    Row("inventory:device-label", needs=P.PRINT_LABELS, kwargs=_device, scoped=True),
    Row("inventory:device-label-pdf", needs=P.PRINT_LABELS, kwargs=_device, scoped=True),
    Row("inventory:location-label", needs=P.PRINT_LABELS, kwargs=_place, scoped=True),
    Row("inventory:location-label-pdf", needs=P.PRINT_LABELS, kwargs=_place, scoped=True),
    Row("inventory:label-sheet", needs=P.PRINT_LABELS),
    Row(
        "inventory:label-sheet",
        method="POST",
        needs=P.PRINT_LABELS,
        data=lambda world: {"devices": world.device.control_number},
        scoped=True,
    ),
    Row("inventory:label-sheet-pdf", needs=P.PRINT_LABELS, ok=(422,)),
    Row(
        "inventory:label-sheet-pdf",
        method="POST",
        needs=P.PRINT_LABELS,
        data=lambda world: {"devices": world.device.control_number},
        scoped=True,
    ),
    Row("inventory:label-template-list", needs=P.PRINT_LABELS),
    Row("inventory:label-template-add", needs=P.MANAGE_CUSTOM_FIELDS, everywhere=True),
    Row("inventory:label-template-add", method="POST", needs=P.MANAGE_CUSTOM_FIELDS, everywhere=True, ok=(422,)),
    Row("inventory:label-template-edit", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_size, everywhere=True),
    Row("inventory:label-template-edit", method="POST", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_size, everywhere=True, ok=(422,)),
    Row("inventory:label-template-delete", method="POST", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_size, everywhere=True, ok=(302,)),
    Row("inventory:attachment-add", needs=P.ADD_ATTACHMENTS, kwargs=_device, scoped=True),
    Row("inventory:attachment-add", method="POST", needs=P.ADD_ATTACHMENTS, kwargs=_device, scoped=True, ok=(422,)),
    Row("inventory:attachment", needs=P.VIEW_DEVICES, kwargs=_attachment, scoped=True, ok=(200,)),
    Row("inventory:attachment-remove", needs=P.EDIT_DEVICES, kwargs=_attachment, scoped=True),
    Row("inventory:attachment-remove", method="POST", needs=P.EDIT_DEVICES, kwargs=_attachment, scoped=True, ok=(422,)),
    Row("inventory:device-passport", needs=P.VIEW_DEVICES, kwargs=_device, scoped=True, ok=(200,)),
    Row("inventory:device-code", needs=P.VIEW_DEVICES, kwargs=_device, scoped=True, ok=(200,)),
    Row("api:list_attachments", needs=P.VIEW_DEVICES, kwargs=_device, scoped=True),
    Row("api:add_attachment", "POST", needs=P.ADD_ATTACHMENTS, kwargs=_device, scoped=True, ok=(422,)),
    Row("api:attachment_content", needs=P.VIEW_DEVICES, kwargs=_uid, scoped=True),
    Row("api:remove_attachment", "DELETE", needs=P.EDIT_DEVICES, kwargs=_uid, query={"reason": "Wrong device"}, scoped=True),
    Row("api:list_sightings", needs=P.VIEW_HISTORY, kwargs=_device, scoped=True),
    Row("api:add_sighting", "POST", needs=P.SCAN_DEVICES, kwargs=_device, scoped=True),
    Row("api:scan_code", "POST", needs=P.VIEW_DEVICES, data=lambda world: {"code": world.device.control_number}),
    Row("api:device_passport", needs=P.VIEW_DEVICES, kwargs=_device, scoped=True, ok=(200,)),
    Row("api:device_label", needs=P.PRINT_LABELS, kwargs=_device, scoped=True, ok=(200,)),
    Row("api:list_label_templates", needs=P.PRINT_LABELS, ok=(200,)),
    Row("api:add_label_template", "POST", needs=P.MANAGE_CUSTOM_FIELDS, data=_new_size, everywhere=True, ok=(201,)),
    Row("api:change_label_template", "PATCH", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_size, data=_new_size, everywhere=True),
    Row("api:remove_label_template", "DELETE", needs=P.MANAGE_CUSTOM_FIELDS, kwargs=_size, everywhere=True, ok=(204,)),
]
