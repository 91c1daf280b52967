"""The catalogue we ship: device types, and manufacturers with the names they are known by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from openhtm.catalog.models import DeviceType, ProductCode
from openhtm.catalog.rules.codes import FDA_UNLOADED
from openhtm.catalog.rules.events import DeviceTypesChanged
from openhtm.catalog.rules.starter import StarterType, read_starter_types
from openhtm.catalog.services.manufacturers import unknown_manufacturer
from openhtm.core.events import publish
from openhtm.core.text import fold
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission

_FIELDS = (
    "name", "synonyms", "category", "product_code_id", "device_class", "panel", "regulation_number", "life_support", "high_risk",
    "high_risk_source", "aem_ineligible", "gmdn", "emdn", "umdns", "expected_life_years", "networked", "risk_inputs",
)  # fmt: skip
_FOLLOWED = ("high_risk", "life_support", "risk_inputs")


@dataclass(slots=True)
class StarterSummary:
    """What loading did: device types and manufacturers read, added, brought up to date, left alone; ``kept`` by local change."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0


@transaction.atomic
def load_starter(*, actor: Actor) -> StarterSummary:
    """Add the shipped types and manufacturers, bring older editions up to date, leave alone what was changed here.

    Running it again changes nothing. About a dozen statements. Raises NotAllowed, StarterFileError.
    """
    require_everywhere(actor, Permission.EDIT_CATALOG)
    summary = StarterSummary()
    _load_types(read_starter_types(), summary)
    unknown_manufacturer()
    return summary


def _load_types(shipped: Sequence[StarterType], summary: StarterSummary) -> None:
    _ensure_product_codes(shipped)
    stored = {kind.code: kind for kind in DeviceType.objects.select_for_update(of=("self",)).order_by("pk")}
    names = {fold(kind.name) for kind in stored.values()}
    added, changed, follow = [], [], []
    for one in shipped:
        summary.read += 1
        kind = stored.get(one.code)
        if kind is None:
            if fold(one.name) in names:
                summary.kept += 1  # a type of our own has the name: it stays as it is
            else:
                added.append(DeviceType(code=one.code, source="starter", edition=one.edition, **_values(one)))
        elif kind.locally_changed or kind.source != "starter":
            summary.kept += 1
        elif differing := [name for name, value in _values(one).items() if getattr(kind, name) != value]:
            follow += [kind.pk] if set(differing) & set(_FOLLOWED) else []
            changed.append(_with(kind, one))
        else:
            summary.unchanged += 1
    DeviceType.objects.bulk_create(added, batch_size=500)
    DeviceType.objects.bulk_update(changed, [*(name.removesuffix("_id") for name in _FIELDS), "edition"], batch_size=500)
    if follow:
        publish(DeviceTypesChanged(type_ids=frozenset(follow)))
    summary.created += len(added)
    summary.updated += len(changed)


def _with(kind: DeviceType, one: StarterType) -> DeviceType:
    for name, value in _values(one).items():
        setattr(kind, name, value)
    kind.edition = one.edition
    return kind


def _values(one: StarterType) -> dict[str, Any]:
    return {
        "name": one.name,
        "synonyms": list(one.synonyms),
        "category": one.category,
        "product_code_id": one.fda_product_code,
        "device_class": one.fda_device_class or "",
        "panel": one.panel or "",
        "regulation_number": one.regulation_number or "",
        "life_support": one.life_support,
        "high_risk": one.high_risk,
        "high_risk_source": one.high_risk_source or "",
        "aem_ineligible": one.aem_ineligible or "",
        "gmdn": one.gmdn or "",
        "emdn": one.emdn or "",
        "umdns": one.umdns or "",
        "expected_life_years": one.expected_life_years,
        "networked": one.networked,
        "risk_inputs": one.risk_inputs,
    }


def _ensure_product_codes(shipped: Iterable[StarterType]) -> None:
    """Let the types point to their product code before FDA's own list is loaded, which then fills in the rest."""
    codes = {one.fda_product_code: one for one in shipped if one.fda_product_code}
    ProductCode.objects.bulk_create(
        [
            ProductCode(
                code=code,
                device_class=one.fda_device_class or "",
                panel=one.panel or "",
                regulation_number=one.regulation_number or "",
                edition=FDA_UNLOADED,
            )
            for code, one in codes.items()
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
