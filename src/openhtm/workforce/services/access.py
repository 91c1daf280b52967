"""Who may read and keep a person's record: whoever has the right where the person works, and everybody their own."""

from __future__ import annotations

from openhtm.core.errors import Invalid
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.workforce.models import StaffMember


def is_oneself(actor: Actor, staff: StaffMember) -> bool:
    return actor.user_id is not None and staff.user_id == actor.user_id


def may_at_staff(actor: Actor, permission: Permission, staff: StaffMember) -> bool:
    """True if the actor holds the right where the person works; for somebody who works everywhere, everywhere."""
    return actor.may_everywhere(permission) if staff.facility_id is None else actor.may(permission, at=staff.facility_id)


def may_read_record(actor: Actor, staff: StaffMember) -> bool:
    """True for personal data: evidence, education, employment, journal. Oneself, or the right to personal records."""
    return is_oneself(actor, staff) or may_at_staff(actor, Permission.VIEW_STAFF_RECORDS, staff)


def may_keep_record(actor: Actor, staff: StaffMember) -> bool:
    """True for entering personal facts: oneself, or who manages staff."""
    return is_oneself(actor, staff) or may_at_staff(actor, Permission.MANAGE_STAFF, staff)


def may_see_pay(actor: Actor, staff: StaffMember | None) -> bool:
    """True for what an hour of a person costs: oneself, or who may see pay where the person works. None: a person without a record."""
    if staff is None:
        return actor.may_everywhere(Permission.VIEW_PAY)
    return is_oneself(actor, staff) or may_at_staff(actor, Permission.VIEW_PAY, staff)


def require_at_staff(actor: Actor, permission: Permission, staff: StaffMember) -> None:
    """Raise NotAllowed unless the actor holds the right where the person works."""
    if staff.facility_id is None:
        require_everywhere(actor, permission)
    else:
        require(actor, permission, at=staff.facility_id, place=staff.facility.name if staff.facility else "this facility")


def require_record(actor: Actor, staff: StaffMember) -> None:
    """Raise NotAllowed unless the actor may read the person's personal data."""
    if not is_oneself(actor, staff):
        require_at_staff(actor, Permission.VIEW_STAFF_RECORDS, staff)


def require_keeping(actor: Actor, staff: StaffMember) -> None:
    """Raise NotAllowed unless the actor may enter facts about the person."""
    if not is_oneself(actor, staff):
        require_at_staff(actor, Permission.MANAGE_STAFF, staff)


def found_staff(actor: Actor, staff_id: int, *, lock: bool = False) -> StaffMember:
    """The person, if the actor may see them. One statement. Raises StaffMember.DoesNotExist."""
    seen = StaffMember.objects.visible_to(actor).select_related("facility", "provider", "user")
    return (seen.select_for_update(of=("self",)) if lock else seen).get(pk=staff_id)


def checked_text(value: str, *, field: str, most: int, required: bool = False) -> str:
    """Return a line of text. Raises Invalid naming the field."""
    text = " ".join(value.replace("\0", "").split())
    if len(text) > most or (required and not text):
        raise Invalid({field: [f"Write 1 to {most} characters." if required else f"Write at most {most} characters."]})
    return text
