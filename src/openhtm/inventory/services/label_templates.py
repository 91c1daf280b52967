"""The label sizes of the organisation: shared by all facilities, changed by whoever manages its settings."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import LabelTemplate
from openhtm.inventory.rules.labels import PAGES_MM, refuse_layout
from openhtm.inventory.services.labels import layout_of

FIELDS = (
    "name", "page", "width_mm", "height_mm", "columns", "rows", "margin_mm", "gap_mm", "row_gap_mm", "show_qr", "show_datamatrix", "lines",
)  # fmt: skip
LARGEST_MM, MOST_ACROSS = Decimal(300), 30


def chosen_template(template_id: int | None) -> LabelTemplate:
    """Return this label size; for None the largest of a label printer. One or two statements. Raises Invalid if it is gone."""
    if template_id is not None:
        template = LabelTemplate.objects.filter(pk=template_id).first()
    else:
        sizes = LabelTemplate.objects.order_by("-height_mm", "pk")
        template = sizes.filter(page="label").first() or sizes.first()
    if template is None:
        raise Invalid({"template": ["This label size was removed. Choose another."]})
    return template


@transaction.atomic
def save_label_template(*, actor: Actor, values: Mapping[str, Any], template_id: int | None = None) -> LabelTemplate:
    """Add a label size, or change the one with ``template_id``; ``values`` holds all of ``FIELDS``.

    One or two statements. Raises LabelTemplate.DoesNotExist, NotAllowed, Invalid by field.
    """
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    template = LabelTemplate() if template_id is None else LabelTemplate.objects.select_for_update().get(pk=template_id)
    for name in FIELDS:
        setattr(template, name, values[name])
    if template.page not in PAGES_MM:
        template.columns = template.rows = 1
    template.name = " ".join(template.name.split())
    if wrong := _out_of_range(template) or {field: [sentence] for field, sentence in refuse_layout(layout_of(template)).items()}:
        raise Invalid(wrong)
    with refuse_readably():
        template.save()
    return template


@transaction.atomic
def delete_label_template(*, actor: Actor, template_id: int) -> str:
    """Remove a label size and return its name; its history stays. Raises LabelTemplate.DoesNotExist, NotAllowed."""
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    template = LabelTemplate.objects.get(pk=template_id)
    template.delete()
    return template.name


def _out_of_range(template: LabelTemplate) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if not template.name or len(template.name) > 60 or not template.name.isprintable():
        wrong["name"] = ["Give a name of at most 60 characters."]
    if template.page not in {"label", *PAGES_MM}:
        wrong["page"] = ["Choose a label printer, A4 or Letter."]
    for field, least in (("width_mm", 10), ("height_mm", 8), ("margin_mm", 0), ("gap_mm", 0), ("row_gap_mm", 0)):
        if not least <= getattr(template, field) <= LARGEST_MM:
            wrong[field] = [f"Give {least} to {LARGEST_MM} mm."]
    for field in ("columns", "rows"):
        if not 1 <= getattr(template, field) <= MOST_ACROSS:
            wrong[field] = [f"Give 1 to {MOST_ACROSS}."]
    return wrong
