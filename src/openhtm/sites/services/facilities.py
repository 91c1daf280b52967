"""The organisation and its facilities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from django.db import transaction

from openhtm.core.errors import Conflict, Invalid
from openhtm.sites.models import Department, Facility, Location, Organisation
from openhtm.sites.scope import Right, Scoped, require, require_everywhere
from openhtm.sites.services import guards
from openhtm.sites.services.records import change, insert, tidy


class OrganisationFields(TypedDict, total=False):
    name: str
    currency: str
    risk_profile: str


class FacilityFields(TypedDict, total=False):
    code: str
    name: str
    time_zone: str
    address: str
    certification_number: str


_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")  # it stands in addresses, labels and file names


class NoOrganisation(Conflict):
    """There is no organisation yet, so nothing can belong to it."""

    code = "no-organisation"
    message = "Give the organisation a name first, on the page Places."


@transaction.atomic
def update_organisation(*, actor: Scoped, **changes: Unpack[OrganisationFields]) -> Organisation:
    """Change the organisation's settings, or name it for the first time. Raises NotAllowed, Invalid."""
    require_everywhere(actor, Right.EDIT_ORGANISATION)
    organisation = Organisation.objects.select_for_update().order_by("pk").first()
    if organisation is None:
        organisation = Organisation(**tidy(changes))
        insert(organisation)
    else:
        change(organisation, tidy(changes))
    return organisation


@transaction.atomic
def add_facility(*, actor: Scoped, **fields: Unpack[FacilityFields]) -> Facility:
    """Add a facility to the organisation. Raises NotAllowed, Invalid, NoOrganisation."""
    require_everywhere(actor, Right.EDIT_ORGANISATION)
    organisation = Organisation.objects.order_by("pk").first()
    if organisation is None:
        raise NoOrganisation
    wanted = tidy(fields)
    _refuse_code(wanted)
    facility = Facility(organisation=organisation, **wanted)
    insert(facility)
    return facility


@transaction.atomic
def update_facility(*, actor: Scoped, facility_id: int, **changes: Unpack[FacilityFields]) -> Facility:
    """Change a facility. Raises Facility.DoesNotExist, NotAllowed, Invalid."""
    facility, wanted = _locked(actor, facility_id), tidy(changes)
    _refuse_code(wanted)
    change(facility, wanted)
    return facility


@transaction.atomic
def set_facility_active(*, actor: Scoped, facility_id: int, active: bool) -> Facility:
    """Close or reopen a facility. Closing needs every place and department in it closed. Raises as above."""
    facility = _locked(actor, facility_id)
    if facility.active and not active:
        guards.refuse_closing(facility, own_reasons=_still_open(facility))
    change(facility, {"active": active})
    return facility


def _locked(actor: Scoped, facility_id: int) -> Facility:
    facility = Facility.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=facility_id)
    require(actor, Right.EDIT_ORGANISATION, at=facility.pk)
    return facility


def _refuse_code(fields: Mapping[str, Any]) -> None:
    if "code" in fields and not _CODE.fullmatch(fields["code"]):
        raise Invalid({"code": ["Use letters, digits, full stops, hyphens and underscores, without spaces."]})


def _still_open(facility: Facility) -> list[str]:
    places = Location.objects.filter(facility=facility, active=True).count()
    departments = Department.objects.filter(facility=facility, active=True).count()
    return [*guards.still_active(places, "place", "in it"), *guards.still_active(departments, "department", "in it")]
