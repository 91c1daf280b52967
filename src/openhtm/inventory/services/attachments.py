"""Files kept with a device."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import BinaryIO

from django.db import transaction
from django.db.models import QuerySet

from openhtm.audit.context import acting
from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.documents.rules.file_names import clean_file_name, extension
from openhtm.documents.rules.media import BY_TYPE
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device, DeviceAttachment


@transaction.atomic
def attach_file(
    *, device_id: int, content: BinaryIO | bytes, file_name: str, actor: Actor, now: dt.datetime, title: str = ""
) -> DeviceAttachment:
    """Keep a file with the device. A name without an extension gets that of its content.

    Three to five statements. Raises Device.DoesNotExist, NotAllowed, FileTooLarge, FileRefused, Invalid (attached already).
    """
    device = Device.objects.visible_to(actor).select_related("facility").get(pk=device_id)
    require(actor, Permission.ADD_ATTACHMENTS, at=device.facility_id, place=device.facility.name)
    stored = store_file(content=content, file_name=file_name, actor=actor)
    name = clean_file_name(file_name)
    if not extension(name):
        name = f"{name}.{BY_TYPE[stored.media_type].extensions[0]}"
    with refuse_readably():
        return DeviceAttachment.objects.create(
            device=device, file=stored, file_name=name, title=" ".join(title.split())[:200], added_by_id=actor.user_id, added_at=now
        )


@transaction.atomic
def remove_attachment(*, uid: uuid.UUID, reason: str, actor: Actor, now: dt.datetime) -> DeviceAttachment:
    """Take a file away from its device's page. Its content, and who removed it and why, stay.

    Two or three statements. Raises DeviceAttachment.DoesNotExist, NotAllowed, Invalid.
    """
    attachment = visible_attachments(actor).select_for_update(of=("self",)).get(uid=uid)
    require(actor, Permission.EDIT_DEVICES, at=attachment.device.facility_id, place=attachment.device.facility.name)
    words = " ".join(reason.split())
    if not words or len(words) > 200:
        raise Invalid({"reason": ["Say why, in at most 200 characters: others will look for this file."]})
    attachment.removed_at, attachment.removed_reason = now, words
    with acting(actor, reason=words):
        attachment.save(update_fields=["removed_at", "removed_reason"])
    return attachment


def visible_attachments(actor: Actor, *, control_number: str = "") -> QuerySet[DeviceAttachment]:
    """Attachments that were not removed, of devices that ``actor`` sees; of one device if its control number is given."""
    found = DeviceAttachment.objects.filter(removed_at__isnull=True, device__in=Device.objects.visible_to(actor))
    if control_number:
        found = found.filter(device__control_number=control_number)
    return found.select_related("device__facility", "file", "added_by")
