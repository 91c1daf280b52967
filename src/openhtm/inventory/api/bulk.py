"""The same change to many devices over the API: all of them, or none."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.schema import Body, Key, Text, given
from openhtm.inventory.api.devices import MoveIn, Number, OwnershipCode, StatusCode, StrategyCode, actor_of, in_our_names, move
from openhtm.inventory.services import bulk

router = Router(tags=["devices"])


class Chosen(Body):
    control_numbers: Annotated[list[Number], Field(min_length=1, max_length=bulk.MAX_AT_ONCE)]


class BulkEditIn(Chosen):
    ownership: OwnershipCode | None = None
    maintenance_strategy: StrategyCode | None = None
    service_provider_id: Key | None = None


class BulkStatusIn(Chosen):
    status: StatusCode  # type: ignore[valid-type]
    reason: Annotated[Text, Field(max_length=400)] = ""


class BulkMoveIn(Chosen, MoveIn):
    """Many devices to one place."""


class ChangedOut(Schema):
    changed: int = Field(description="Devices that were really changed.")


@router.post("/bulk/devices/edit", response={200: ChangedOut, **REFUSALS}, operation_id="bulk_edit_devices", summary="Change many devices")
def bulk_edit_devices(request: HttpRequest, payload: BulkEditIn) -> dict[str, int]:
    """Set the fields that are sent on all these devices, or on none."""
    sent = given(payload)
    numbers = sent.pop("control_numbers")
    sent = {key: value for key, value in sent.items() if value is not None or key == "service_provider_id"}
    if not sent:
        raise Invalid({"": ["Say what to set: ownership, maintenance_strategy or service_provider_id."]})
    with in_our_names():
        return {"changed": bulk.bulk_edit(actor=actor_of(request), control_numbers=numbers, values=sent)}


@router.post(
    "/bulk/devices/status", response={200: ChangedOut, **REFUSALS}, operation_id="bulk_device_status", summary="Change many statuses"
)
def bulk_device_status(request: HttpRequest, payload: BulkStatusIn) -> dict[str, int]:
    """Change the status of all these devices, or of none."""
    changed = bulk.bulk_status(
        actor=actor_of(request), control_numbers=payload.control_numbers, after=payload.status, reason=payload.reason
    )
    return {"changed": changed}


@router.post("/bulk/devices/move", response={200: ChangedOut, **REFUSALS}, operation_id="bulk_move_devices", summary="Move many devices")
def bulk_move_devices(request: HttpRequest, payload: BulkMoveIn) -> dict[str, int]:
    """Move all these devices to one place, or none."""
    return {"changed": move(actor_of(request), payload.control_numbers, payload)}
