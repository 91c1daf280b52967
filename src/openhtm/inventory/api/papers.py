"""What is printed of a device over the API: its passport, its label, and the label sizes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Text, given
from openhtm.documents.responses import pdf_response
from openhtm.identity.actor import require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.api.devices import actor_of, found_device
from openhtm.inventory.asking import base_url
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.rules.labels import LINE_LABELS
from openhtm.inventory.services.label_templates import (
    FIELDS,
    LARGEST_MM,
    MOST_ACROSS,
    chosen_template,
    delete_label_template,
    save_label_template,
)  # fmt: skip
from openhtm.inventory.services.labels import device_labels, labels_pdf
from openhtm.inventory.services.passport import passport_pdf

router = Router(tags=["labels"])
Line = Literal[tuple(LINE_LABELS)]  # type: ignore[valid-type]
PageCode = Literal["label", "a4", "letter"]
Millimetres = Annotated[float, Field(ge=0, le=float(LARGEST_MM), allow_inf_nan=False, description="mm, kept to a tenth.")]
Across = Annotated[int, Field(ge=1, le=MOST_ACROSS)]
MILLIMETRES = frozenset({"width_mm", "height_mm", "margin_mm", "gap_mm", "row_gap_mm"})


@router.get(
    "/devices/{control_number}/passport.pdf", response={200: None, **REFUSALS}, operation_id="device_passport", summary="Passport as PDF"
)
def device_passport(request: HttpRequest, control_number: str) -> Any:
    """Everything known about a device that the caller may see, to be printed."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_DEVICES)
    device = found_device(actor, control_number)
    made = passport_pdf(device=device, actor=actor, now=timezone.now(), base_url=base_url(request))
    return pdf_response(made, f"Passport {device.control_number}.pdf")


@router.get("/devices/{control_number}/label.pdf", response={200: None, **REFUSALS}, operation_id="device_label", summary="Label as PDF")
def device_label(request: HttpRequest, control_number: str, template: Key | None = None, start: Key = 1) -> Any:
    """The label of a device. ``template`` left out: the largest of a label printer; ``start``: the first free label of a sheet."""
    actor = actor_of(request)
    number = found_device(actor, control_number).control_number
    labels = device_labels(control_numbers=[number], actor=actor, base_url=base_url(request))
    made = labels_pdf(labels=labels, template=chosen_template(template), start=start, now=timezone.now())
    return pdf_response(made, f"{number}.pdf")


class LabelTemplateChange(Body):
    """Only what is sent is changed."""

    name: Annotated[Text, Field(min_length=1, max_length=60)] = "Label"
    page: PageCode = Field(default="label", description="label: a label printer, which prints one at a time.")
    width_mm: Millimetres = 50
    height_mm: Millimetres = 25
    columns: Across = 1
    rows: Across = 1
    margin_mm: Millimetres = 1.5
    gap_mm: Millimetres = 0
    row_gap_mm: Millimetres = 0
    show_qr: bool = True
    show_datamatrix: bool = False
    lines: Annotated[list[Line], Field(max_length=len(LINE_LABELS))] = ["control_number"]  # type: ignore[valid-type]


class LabelTemplateIn(LabelTemplateChange):
    """A label size; what is left out is as for a small label printer."""

    name: Annotated[Text, Field(min_length=1, max_length=60)]
    width_mm: Millimetres
    height_mm: Millimetres


class LabelTemplateOut(Schema):
    id: int
    name: str
    page: str
    width_mm: float
    height_mm: float
    columns: int
    rows: int
    margin_mm: float = Field(description="Kept free at each edge of a label.")
    gap_mm: float
    row_gap_mm: float
    show_qr: bool
    show_datamatrix: bool
    lines: list[str]


def _out(template: LabelTemplate) -> dict[str, Any]:
    return {"id": template.pk} | {name: getattr(template, name) for name in FIELDS}


def _values(sent: dict[str, Any]) -> dict[str, Any]:
    """Return lengths as the database keeps them: decimals of a tenth of a millimetre."""
    return {name: Decimal(str(round(value, 1))) if name in MILLIMETRES else value for name, value in sent.items()}


@router.get(
    "/label-templates", response={200: list[LabelTemplateOut], **REFUSALS}, operation_id="list_label_templates", summary="Label sizes"
)
def list_label_templates(request: HttpRequest) -> Any:
    require(actor_of(request), Permission.PRINT_LABELS)
    return [_out(one) for one in LabelTemplate.objects.all()]


@router.post(
    "/label-templates", response={201: LabelTemplateOut, **REFUSALS}, operation_id="add_label_template", summary="Add a label size"
)
def add_label_template(request: HttpRequest, payload: LabelTemplateIn) -> Any:
    """Add a size that all facilities share. Refused with 422 if the labels do not fit on the page or the code not on the label."""
    return Status(201, _out(save_label_template(actor=actor_of(request), values=_values(payload.model_dump()))))


@router.patch(
    "/label-templates/{template_id}", response={200: LabelTemplateOut, **REFUSALS}, operation_id="change_label_template", summary="Change one"
)  # fmt: skip
def change_label_template(request: HttpRequest, template_id: Key, payload: LabelTemplateChange) -> Any:
    """Change what is sent of a label size and nothing else."""
    actor = actor_of(request)
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    stored = LabelTemplate.objects.values(*FIELDS).get(pk=template_id)
    return _out(save_label_template(actor=actor, values=stored | _values(given(payload)), template_id=template_id))


@router.delete(
    "/label-templates/{template_id}", response={204: None, **REFUSALS}, operation_id="remove_label_template", summary="Remove a label size"
)
def remove_label_template(request: HttpRequest, template_id: Key) -> Any:
    """Remove a label size; its history stays."""
    delete_label_template(actor=actor_of(request), template_id=template_id)
    return Status(204, None)
