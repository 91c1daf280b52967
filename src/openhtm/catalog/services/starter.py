"""The catalogue we ship: device types, and manufacturers with the names they are known by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from openhtm.catalog.models import DeviceType, Manufacturer, ManufacturerAlias, ProductCode, ReferenceLoad
from openhtm.catalog.queries.manufacturers import resolve_many
from openhtm.catalog.rules.codes import FDA_UNLOADED
from openhtm.catalog.rules.events import DeviceTypesChanged
from openhtm.catalog.rules.manufacturers import DATA as MANUFACTURER_FILE
from openhtm.catalog.rules.manufacturers import KnownManufacturer, read_manufacturers
from openhtm.catalog.rules.starter import DATA as STARTER_FOLDER
from openhtm.catalog.rules.starter import StarterType, read_starter_types
from openhtm.catalog.services.manufacturers import unknown_manufacturer
from openhtm.core.events import publish
from openhtm.core.text import company_key, fold
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
def load_starter(*, actor: Actor, only_if_new: bool = False) -> StarterSummary:
    """Add the shipped types and manufacturers, bring older editions up to date, leave alone what was changed here.

    Running it again changes nothing. About a dozen statements; ``only_if_new`` answers with one if this very edition was
    loaded before. Raises NotAllowed, StarterFileError, ManufacturerFileError.
    """
    require_everywhere(actor, Permission.EDIT_CATALOG)
    summary, digest = StarterSummary(), _digest()
    if only_if_new and ReferenceLoad.objects.filter(system="starter", sha256=digest).exists():
        return summary
    shipped = read_starter_types()
    _load_types(shipped, summary)
    unknown_manufacturer()
    _load_manufacturers(read_manufacturers(), summary)
    ReferenceLoad.objects.create(system="starter", edition=shipped[0].edition, file_name="starter", sha256=digest, counts=asdict(summary))
    return summary


def _digest() -> str:
    """SHA-256 over the shipped files, in name order."""
    found = hashlib.sha256()
    for path in sorted([*STARTER_FOLDER.glob("*.yaml"), MANUFACTURER_FILE]):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


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


def _load_manufacturers(shipped: Sequence[KnownManufacturer], summary: StarterSummary) -> None:
    """Add makers nobody answers for yet, then the mergers of those, then the aliases that are free."""
    found = resolve_many([one.name for one in shipped])
    missing = [one for one in shipped if found[one.name].manufacturer_id is None]
    Manufacturer.objects.bulk_create(
        [Manufacturer(name=one.name, name_key=company_key(one.name), country=one.country) for one in missing], batch_size=500
    )
    summary.read += len(shipped)
    summary.created += len(missing)
    summary.unchanged += len(shipped) - len(missing)
    stored = {maker.name_key: maker for maker in Manufacturer.objects.filter(name_key__in=[company_key(one.name) for one in shipped])}
    _merge_added(missing, stored)
    _add_aliases(shipped, stored)


def _merge_added(missing: Sequence[KnownManufacturer], stored: Mapping[str, Manufacturer]) -> None:
    merged = []
    for one in missing:
        if one.merged_into and (successor := stored.get(company_key(one.merged_into))):
            maker = stored[company_key(one.name)]
            maker.merged_into_id = successor.merged_into_id or successor.pk
            merged.append(maker)
    Manufacturer.objects.bulk_update(merged, ["merged_into"], batch_size=500)
    Manufacturer.objects.filter(merged_into__merged_into__isnull=False).update(
        merged_into=Subquery(Manufacturer.objects.filter(pk=OuterRef("merged_into")).values("merged_into")[:1])
    )


def _add_aliases(shipped: Sequence[KnownManufacturer], stored: Mapping[str, Manufacturer]) -> None:
    """Aliases that were here before and were taken away stay away: the history knows them."""
    wanted = {
        company_key(alias): (stored[company_key(one.name)], alias)
        for one in shipped
        if company_key(one.name) in stored
        for alias in one.aliases
    }
    taken = set(Manufacturer.objects.filter(name_key__in=wanted).values_list("name_key", flat=True))
    events: Any = ManufacturerAlias._meta.get_field("events").related_model
    taken |= set(events.objects.filter(alias_key__in=wanted).values_list("alias_key", flat=True))
    ManufacturerAlias.objects.bulk_create(
        [
            ManufacturerAlias(manufacturer=maker, alias=alias, alias_key=key, source="starter")
            for key, (maker, alias) in wanted.items()
            if key not in taken
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
