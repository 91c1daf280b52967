"""Device types: what kind of thing a device is, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from openhtm.catalog.models import DeviceType, EmdnTerm, ProductCode
from openhtm.catalog.rules.codes import FDA_UNLOADED, code_fault, normal_code
from openhtm.catalog.rules.events import DeviceTypesChanged
from openhtm.catalog.rules.texts import clean
from openhtm.catalog.services.checks import assign, check_fields
from openhtm.core.errors import Invalid
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission

CODES = ("gmdn", "emdn", "umdns", "regulation_number", "device_class", "panel")
FIELDS = (
    "name", "synonyms", "category", "life_support", "high_risk", "high_risk_source", "aem_ineligible", "expected_life_years", "networked",
    "risk_inputs", "active", *CODES,
)  # fmt: skip
DEVICES_FOLLOW = frozenset(["high_risk", "life_support", "risk_inputs"])
_MAX_SYNONYMS = 50


@transaction.atomic
def add_device_type(*, name: str, actor: Actor, product_code: str = "", **fields: Any) -> DeviceType:
    """Add a device type of our own. Class, panel and regulation come from the product code unless given.

    Raises NotAllowed, and Invalid naming each field that does not fit.
    """
    require(actor, Permission.EDIT_CATALOG)
    kind = DeviceType(source="local", locally_changed=True)
    _set(kind, {"name": name, "product_code": product_code, **fields})
    kind.code = _free_code(kind.name)
    check_fields(kind, ["name", "code"])
    with refuse_readably():
        kind.save()
    return kind


@transaction.atomic
def edit_device_type(*, type_id: int, changes: Mapping[str, Any], actor: Actor) -> DeviceType:
    """Change a device type; from then on a newer starter edition leaves it alone. Devices follow at once.

    Raises DoesNotExist, NotAllowed, Invalid.
    """
    require(actor, Permission.EDIT_CATALOG)
    kind = DeviceType.objects.select_for_update(of=("self",)).get(pk=type_id)
    changed = _set(kind, changes)
    if not changed:
        return kind
    kind.locally_changed = True
    with refuse_readably():
        kind.save(update_fields=[*changed, "locally_changed"])
    if DEVICES_FOLLOW & set(changed):
        publish(DeviceTypesChanged(type_ids=frozenset([kind.pk])))
    return kind


def _set(kind: DeviceType, changes: Mapping[str, Any]) -> list[str]:
    wanted = dict(changes)
    code = wanted.pop("product_code", None)
    errors: dict[str, list[str]] = {}
    for name in CODES:
        if name in wanted:
            wanted[name] = normal_code(name, clean(wanted[name]))
            if fault := code_fault(name, wanted[name]):
                errors[name] = [fault]
    errors |= _emdn_fault(wanted.get("emdn", ""), kind)
    if "synonyms" in wanted:
        wanted["synonyms"] = list(dict.fromkeys(text for text in map(clean, wanted["synonyms"] or []) if text))
        if len(wanted["synonyms"]) > _MAX_SYNONYMS:
            errors["synonyms"] = [f"At most {_MAX_SYNONYMS} other names, please."]
    if errors:
        raise Invalid(errors)
    changed = assign(kind, wanted, allowed=FIELDS)
    if code is not None:
        changed += _set_product_code(kind, code, given=wanted)
    _check_risk(kind)
    return changed


def _emdn_fault(code: str, kind: DeviceType) -> dict[str, list[str]]:
    if not code or code == kind.emdn or EmdnTerm.objects.filter(pk=code).exists() or not EmdnTerm.objects.exists():
        return {}
    return {"emdn": [f"{code} is not in the EMDN edition that is loaded."]}


def _set_product_code(kind: DeviceType, text: str | None, *, given: Mapping[str, Any]) -> list[str]:
    code = normal_code("product_code", clean(text))
    if code == (kind.product_code_id or ""):
        return []
    if fault := code_fault("product_code", code):
        raise Invalid({"product_code": [fault]})
    kind.product_code = _product_code(code) if code else None
    changed = ["product_code"]
    if kind.product_code:
        for name in ("device_class", "panel", "regulation_number"):
            if not given.get(name) and (known := getattr(kind.product_code, name)):
                setattr(kind, name, known)
                changed.append(name)
    return changed


def _product_code(code: str) -> ProductCode:
    if found := ProductCode.objects.filter(pk=code).first():
        return found
    if ProductCode.objects.exclude(edition=FDA_UNLOADED).exists():
        raise Invalid({"product_code": [f"{code} is not in the FDA product classification that is loaded."]})
    return ProductCode.objects.create(code=code, edition=FDA_UNLOADED)


def _check_risk(kind: DeviceType) -> None:
    if kind.life_support and not kind.high_risk:
        raise Invalid({"high_risk": ["Life support is always high-risk. Set both, or neither."]})
    if kind.high_risk and not kind.high_risk_source:
        raise Invalid({"high_risk_source": ["Say who says that this is high-risk: a rule, a manufacturer, a committee."]})
    if not isinstance(kind.risk_inputs, dict) or not all(isinstance(value, dict) for value in kind.risk_inputs.values()):
        raise Invalid({"risk_inputs": ["Risk inputs are {profile family: {factor: value}}."]})


def _free_code(name: str) -> str:
    """Return an unused address for ``name``: its slug, with a number if need be. One statement."""
    base = slugify(name)[:70] or "type"
    taken = set(DeviceType.objects.filter(code__startswith=base).values_list("code", flat=True))
    return base if base not in taken else next(code for n in range(2, len(taken) + 3) if (code := f"{base}-{n}") not in taken)
