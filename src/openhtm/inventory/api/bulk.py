"""The same change to many devices over the API, or many new ones: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Text, given
from openhtm.core.text import control_number_key
from openhtm.exchange.services.repeatable import answer_once
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.api.devices import (
    ByHeader,
    DeviceMoveIn,
    NewDevice,
    Number,
    OwnershipCode,
    StatusCode,
    StrategyCode,
    actor_of,
    drafts,
    in_our_names,
    move,
    our_names,
)  # fmt: skip
from openhtm.inventory.services import bulk
from openhtm.inventory.services.devices import NewDevice as NewRecord
from openhtm.inventory.services.devices import SomeInvalid, add_devices

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


class BulkMoveIn(Chosen, DeviceMoveIn):
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


class ManyIn(Body):
    items: Annotated[list[NewDevice], Field(min_length=1, max_length=bulk.MAX_AT_ONCE)]
    client_key: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Your own key of the whole. The header Idempotency-Key means the same."
    )


class ManyOut(Schema):
    added: int
    control_numbers: list[str] = Field(description="In the order of the items.")


@router.post(
    "/bulk/devices", response={201: ManyOut, 200: ManyOut, **REFUSALS}, operation_id="bulk_add_devices", summary="Add many devices"
)
def bulk_add_devices(request: HttpRequest, payload: ManyIn, header_key: ByHeader = None) -> Any:
    """Add all these devices, or none. A refusal names every wrong field with its item, counted from 0: items.3.serial_number.

    201, or 200 with the first answer if the same client_key came before.
    """
    actor = actor_of(request)
    require(actor, Permission.ADD_DEVICES)

    def make() -> tuple[int, dict[str, Any]]:
        numbers = _added(actor, payload.items)
        return 201, {"added": len(numbers), "control_numbers": numbers}

    body, key = payload.model_dump(mode="json", exclude={"client_key"}), payload.client_key or header_key
    status, answer, replayed = answer_once(actor=actor, key=key, route="bulk_add_devices", body=body, make=make)
    return Status(200 if replayed else status, answer)


def _added(actor: Actor, items: list[NewDevice]) -> list[str]:
    """Add all and return the control numbers in their order. Runs in a transaction, which the Invalid for all wrong items rolls back.

    An item may be part of another: those come after the ones they name, in as many rounds as systems are deep.
    """
    numbers: dict[int, str] = {}
    waiting = dict(enumerate(items))
    while waiting:
        named = {control_number_key(item.control_number): position for position, item in waiting.items() if item.control_number}
        ready = {at: item for at, item in waiting.items() if named.get(control_number_key(item.part_of or ""), at) == at}
        numbers |= _added_round(actor, ready or waiting)  # a circle is refused: none of its systems is there
        waiting = {position: item for position, item in waiting.items() if position not in numbers}
    return [numbers[position] for position in range(len(items))]


def _added_round(actor: Actor, items: dict[int, NewDevice]) -> dict[int, str]:
    """Add these and return the control numbers by position. Raises Invalid for every wrong field of every item."""
    refused: dict[int, Mapping[str, list[str]]] = {}
    good: dict[int, NewRecord] = {}
    for position, draft in zip(items, drafts(actor, list(items.values())), strict=True):
        if isinstance(draft, Invalid):
            refused[position] = draft.errors
        else:
            good[position] = draft
    try:
        added = add_devices(actor=actor, new=list(good.values()))
    except SomeInvalid as refusal:
        positions = list(good)
        refused |= {positions[row]: our_names(errors) for row, errors in refusal.rows.items()}
    if refused:
        raise Invalid(
            {f"items.{at}.{field}".rstrip("."): texts for at, errors in sorted(refused.items()) for field, texts in errors.items()}
        )
    return {position: device.control_number for position, device in zip(good, added, strict=True)}
