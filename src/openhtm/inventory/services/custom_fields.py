"""Fields a site adds to every device."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import CustomField
from openhtm.inventory.models.settings import FieldKind

EDITABLE = frozenset({"label", "choices", "help_text", "required", "position", "active"})
MAX_FIELDS = 200
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


@transaction.atomic
def add_custom_field(*, actor: Actor, key: str, kind: str, values: Mapping[str, Any]) -> CustomField:
    """Add a field for the whole organisation; its key and kind are permanent. Raises NotAllowed, Invalid."""
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    errors: dict[str, list[str]] = {}
    if not _KEY.fullmatch(key):
        errors["key"] = ["Use at most 40 small letters, digits and _, starting with a letter."]
    elif CustomField.objects.filter(key=key).exists():
        errors["key"] = ["Another field has this key, active or not."]
    if kind not in FieldKind.values:
        errors["kind"] = [f"Choose one of: {', '.join(FieldKind.values)}."]
    if CustomField.objects.count() >= MAX_FIELDS:
        errors[""] = [f"There are {MAX_FIELDS} fields already. Use one of them again."]
    known = _checked(kind, {"label": "", **values}, errors)
    field = CustomField(key=key, kind=kind, **known)
    with refuse_readably():
        field.save(force_insert=True)
    return field


@transaction.atomic
def change_custom_field(*, actor: Actor, key: str, values: Mapping[str, Any]) -> CustomField:
    """Change a field. What devices hold stays, also when it is deactivated. Raises CustomField.DoesNotExist, NotAllowed, Invalid."""
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    field = CustomField.objects.select_for_update().get(key=key)
    known = _checked(field.kind, {"label": field.label, "choices": field.choices, **values}, {})
    for name, value in known.items():
        setattr(field, name, value)
    with refuse_readably():
        field.save(update_fields=sorted(known))
    return field


@transaction.atomic
def order_custom_fields(*, actor: Actor, keys: Sequence[str]) -> int:
    """Put the fields in this order; fields not named follow as they were. Returns how many moved. Raises NotAllowed, Invalid."""
    require_everywhere(actor, Permission.MANAGE_CUSTOM_FIELDS)
    fields = {field.key: field for field in CustomField.objects.select_for_update()}
    if unknown := [key for key in keys if key not in fields]:
        raise Invalid({"keys": [f"There is no field {unknown[0][:40]}."]})
    wanted = list(dict.fromkeys([*keys, *fields]))
    moved = [fields[key] for place, key in enumerate(wanted) if fields[key].position != place]
    for field in moved:
        field.position = wanted.index(field.key)
    CustomField.objects.bulk_update(moved, ["position"])
    return len(moved)


def _checked(kind: str, values: Mapping[str, Any], errors: dict[str, list[str]]) -> dict[str, Any]:
    known: dict[str, Any] = {key: value.strip() if isinstance(value, str) else value for key, value in values.items() if key in EDITABLE}
    if not known["label"] or len(known["label"]) > 80 or _unreadable(known["label"]):
        errors["label"] = ["Give a label of 1 to 80 characters."]
    if len(known.get("help_text", "")) > 200 or _unreadable(known.get("help_text", "")):
        errors["help_text"] = ["Shorten this to 200 characters."]
    if not 0 <= known.get("position", 0) <= 32_767:
        errors["position"] = ["Give a number from 0 to 32,767."]
    choices = list(dict.fromkeys(text.strip() for text in known.get("choices") or () if text.strip()))
    known["choices"] = choices if kind == FieldKind.CHOICE else []
    if kind == FieldKind.CHOICE and not choices:
        errors["choices"] = ["Give at least one choice, one on each line."]
    if len(choices) > 200 or any(len(text) > 80 or _unreadable(text) for text in choices):
        errors["choices"] = ["Give at most 200 choices of at most 80 characters."]
    if errors:
        raise Invalid(errors)
    return known


def _unreadable(text: str) -> bool:
    return any(ord(char) < 32 or ord(char) == 127 for char in text)
