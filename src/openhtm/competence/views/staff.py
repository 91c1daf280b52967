"""What may be said about a person, by who asks."""

from __future__ import annotations

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.rules import formats
from openhtm.workforce.models import StaffMember
from openhtm.workforce.services.access import is_oneself, may_at_staff, may_keep_record, may_read_record


def may_sign(actor: Actor, staff: StaffMember) -> bool:
    """True if the actor may sign or withdraw competencies of this person: never their own."""
    return may_at_staff(actor, Permission.SIGN_COMPETENCIES, staff) and not is_oneself(actor, staff)


def may_read_evidence(actor: Actor, staff: StaffMember) -> bool:
    """Evidence files are personal: for oneself, for whoever signs, and for whoever reads staff records there."""
    return may_read_record(actor, staff) or may_at_staff(actor, Permission.SIGN_COMPETENCIES, staff)


def leaves_words(actor: Actor, staff: StaffMember) -> str:
    """When somebody leaves, and why for those who read or keep their record; empty if they stay."""
    if staff.leaves_on is None:
        return ""
    reads = may_read_record(actor, staff) or may_keep_record(actor, staff)
    return f"{(staff.leave_reason if reads else '') or 'leaves'} {formats.day(staff.leaves_on)}"
