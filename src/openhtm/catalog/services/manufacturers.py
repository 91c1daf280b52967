"""Manufacturers: their names, other names, and mergers in which nothing that was ever a name stops resolving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from openhtm.catalog.models import DeviceModel, Manufacturer, ManufacturerAlias, ModelDocument, ModelIdentifier
from openhtm.catalog.queries import manufacturers as queries
from openhtm.catalog.rules.events import ModelsChanged, ModelsMerged
from openhtm.catalog.rules.mergers import unify
from openhtm.catalog.rules.texts import clean
from openhtm.catalog.services.checks import assign, check_fields
from openhtm.core.errors import DomainError, Invalid
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.core.text import company_key
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission

DETAILS = ("country", "website", "support_phone", "support_email")


class CannotMerge(DomainError):
    """These two manufacturers cannot become one."""

    code = "cannot-merge-manufacturers"
    message = "{reason}"


@transaction.atomic
def add_manufacturer(*, name: str, actor: Actor, aliases: Sequence[str] = (), **details: str) -> Manufacturer:
    """Add a manufacturer. Raises NotAllowed, and Invalid when the name, or what is left of it as a key, is taken."""
    require(actor, Permission.EDIT_CATALOG)
    maker = Manufacturer()
    assign(maker, {"name": name, **details}, allowed=("name", *DETAILS))
    maker.name_key = _free_key(maker.name)
    check_fields(maker, ["name"])
    with refuse_readably():
        maker.save()
    for alias in aliases:
        _add_alias(maker, alias, source=actor.name)
    return maker


@transaction.atomic
def edit_manufacturer(*, manufacturer_id: int, changes: Mapping[str, Any], actor: Actor) -> Manufacturer:
    """Change name or details; the old name becomes an alias. Raises DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.EDIT_CATALOG)
    maker = Manufacturer.objects.select_for_update().get(pk=manufacturer_id)
    old_name = maker.name
    changed = assign(maker, changes, allowed=("name", *DETAILS))
    if "name" in changed:
        maker.name_key = _free_key(maker.name, but=maker.pk)
        changed.append("name_key")
    if changed:
        with refuse_readably():
            maker.save(update_fields=changed)
    if "name" in changed and company_key(old_name) != maker.name_key:
        ManufacturerAlias.objects.filter(manufacturer=maker, alias_key=maker.name_key).delete()
        _add_alias(maker, old_name, source="rename")
    return maker


@transaction.atomic
def add_alias(*, manufacturer_id: int, alias: str, actor: Actor, source: str = "") -> ManufacturerAlias:
    """Let ``alias`` resolve to the manufacturer. Raises DoesNotExist, NotAllowed, Invalid when it means somebody else."""
    require(actor, Permission.EDIT_CATALOG)
    maker = Manufacturer.objects.select_for_update().get(pk=manufacturer_id)
    return _add_alias(maker, alias, source=source or actor.name)


@transaction.atomic
def remove_alias(*, alias_id: int, actor: Actor) -> None:
    """Take another name away; the manufacturer's own name always resolves. Raises DoesNotExist, NotAllowed."""
    require(actor, Permission.EDIT_CATALOG)
    ManufacturerAlias.objects.get(pk=alias_id).delete()


def _add_alias(maker: Manufacturer, alias: str, *, source: str) -> ManufacturerAlias:
    row = ManufacturerAlias(manufacturer=maker, source=source[:60])
    assign(row, {"alias": alias}, allowed=("alias",))
    if company_key(row.alias) == maker.name_key:
        raise Invalid({"alias": [f"{row.alias} already resolves to {maker.name} by its own name."]})
    row.alias_key = _free_key(row.alias, field="alias")
    check_fields(row, ["alias"])
    with refuse_readably():
        row.save()
    return row


def _free_key(name: str, *, but: int | None = None, field: str = "name") -> str:
    """Return the key of ``name``. Raises Invalid if it has none, or another manufacturer answers to it."""
    key = company_key(name)
    if not key:
        raise Invalid({field: ["Give a name with letters or digits in it."]})
    if (taken := queries.holder_of_key(key)) and taken.pk != but:
        raise Invalid({field: [f"{name} already stands for {taken.name}. Choose that one, or merge the two."]})
    return key


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merger did: models that moved as they were, and pairs (given up, standing for it)."""

    manufacturer: Manufacturer
    moved: int
    unified: tuple[tuple[int, int], ...]


@transaction.atomic
def merge_manufacturers(*, source_id: int, target_id: int, actor: Actor) -> Merged:
    """Merge ``source_id`` into ``target_id``. The source stays, points to its successor, and its names resolve to it.

    Its models move along. Where the target has a model of the same name, catalogue number and type, identifiers and
    documents join that one, devices follow (``ModelsMerged``), and the emptied model is kept inactive.
    A fixed number of statements. Raises DoesNotExist, NotAllowed, CannotMerge.
    """
    require(actor, Permission.EDIT_CATALOG)
    makers = {maker.pk: maker for maker in Manufacturer.objects.select_for_update().filter(pk__in=(source_id, target_id)).order_by("pk")}
    if len(makers) < len({source_id, target_id}):
        raise Manufacturer.DoesNotExist
    source, target = makers[source_id], makers[target_id]
    _check_merger(source, target)
    pairs = unify(queries.model_facts(source_id), queries.model_facts(target_id))
    retyped = _join_models(pairs)
    moved = DeviceModel.objects.filter(manufacturer=source).exclude(pk__in=[old for old, _ in pairs]).update(manufacturer=target)
    ManufacturerAlias.objects.filter(manufacturer=source).update(manufacturer=target)
    ManufacturerAlias.objects.bulk_create(
        [ManufacturerAlias(manufacturer=target, alias=source.name, alias_key=source.name_key, source="merge")], ignore_conflicts=True
    )
    Manufacturer.objects.filter(merged_into=source).update(merged_into=target)  # one step from any old name to its successor
    source.merged_into = target
    source.save(update_fields=["merged_into"])
    publish(ModelsMerged(pairs=tuple(pairs)))
    if retyped:
        publish(ModelsChanged(model_ids=frozenset(retyped)))
    return Merged(target, moved, tuple(pairs))


def _check_merger(source: Manufacturer, target: Manufacturer) -> None:
    if source.pk == target.pk:
        raise CannotMerge(reason="A manufacturer cannot be merged into itself. Choose another one.")
    if source.is_unknown or target.is_unknown:
        raise CannotMerge(reason="The record for an unknown manufacturer takes part in no merger. Change the models one by one.")
    for maker in (source, target):
        if maker.merged_into_id:
            raise CannotMerge(reason=f"{maker.name} was merged before. Choose its successor.")


_FILLED = (
    "brand_name", "description", "expected_life_years", "list_price_cents", "support_ends_on", "end_of_life_on", "end_of_support_source",
    "gudid_record_key", "mri_safety", "device_type_id",
)  # fmt: skip


def _join_models(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Move identifiers and documents, fill what the staying model lacks; return the models that got a type."""
    if not pairs:
        return []
    found = DeviceModel.objects.in_bulk([pk for pair in pairs for pk in pair])
    retyped, staying = [], {}
    for old_id, new_id in pairs:
        old, new = found[old_id], found[new_id]
        if new.device_type_id is None and old.device_type_id is not None:
            retyped.append(new_id)
        for name in _FILLED:
            if getattr(new, name) in (None, ""):
                setattr(new, name, getattr(old, name))
        old.active = False
        staying[new_id] = new
    DeviceModel.objects.bulk_update(staying.values(), [name.removesuffix("_id") for name in _FILLED])
    DeviceModel.objects.filter(pk__in=[old for old, _ in pairs]).update(active=False)
    _move_identifiers(dict(pairs))
    _move_documents(dict(pairs))
    return retyped


def _move_identifiers(successor: Mapping[int, int]) -> None:
    rows = list(ModelIdentifier.objects.filter(device_model_id__in=[*successor, *successor.values()]).order_by("pk"))
    taken = {(row.device_model_id, row.di) for row in rows if row.device_model_id not in successor}
    moving: list[ModelIdentifier] = []
    spare: list[ModelIdentifier] = []
    for row in rows:
        if row.device_model_id not in successor:
            continue
        row.device_model_id = successor[row.device_model_id]
        (spare if (row.device_model_id, row.di) in taken else moving).append(row)
        taken.add((row.device_model_id, row.di))
    ModelIdentifier.objects.bulk_update(moving, ["device_model"], batch_size=2000)
    ModelIdentifier.objects.filter(pk__in=[row.pk for row in spare]).delete()


def _move_documents(successor: Mapping[int, int]) -> None:
    """Documents of the same kind, title and revision stay with the inactive model: two files may differ."""
    rows = list(ModelDocument.objects.filter(device_model_id__in=[*successor, *successor.values()]).order_by("pk"))
    taken = {_place(row) for row in rows if row.device_model_id not in successor}
    moving = []
    for row in rows:
        if row.device_model_id in successor:
            place = (successor[row.device_model_id], *_place(row)[1:])
            if place not in taken:
                taken.add(place)
                row.device_model_id = place[0]
                moving.append(row)
    ModelDocument.objects.bulk_update(moving, ["device_model"], batch_size=2000)


def _place(row: ModelDocument) -> tuple[int, str, str, str]:
    return row.device_model_id, row.kind, row.title, row.revision


@transaction.atomic
def ensure_manufacturers(*, names: Iterable[str], actor: Actor) -> dict[str, int]:
    """Return the manufacturer's id for each of ``names``, adding those that do not resolve. At most five statements.

    A name that says nothing (empty, ``N/A``) gets the record for an unknown manufacturer. Raises NotAllowed.
    """
    wanted = list(dict.fromkeys(names))
    found = queries.resolve_many(wanted)
    missing = [name for name in wanted if found[name].manufacturer_id is None]
    if not missing:
        return {name: _id(found[name]) for name in wanted}
    require(actor, Permission.EDIT_CATALOG)
    named = [name for name in missing if found[name].method != "unknown"]
    fresh = {key: Manufacturer(name=clean(name)[:200], name_key=key) for name in reversed(named) if (key := company_key(clean(name)[:200]))}
    Manufacturer.objects.bulk_create(fresh.values(), ignore_conflicts=True)
    again = queries.resolve_many(clean(name)[:200] for name in named)
    unknown = unknown_manufacturer().pk
    ids = {name: again[clean(name)[:200]].manufacturer_id for name in named}
    return {name: found[name].manufacturer_id or ids.get(name) or unknown for name in wanted}


def _id(match: queries.ManufacturerMatch) -> int:
    assert match.manufacturer_id is not None
    return match.manufacturer_id


def unknown_manufacturer() -> Manufacturer:
    """Return the one record that stands for an unknown maker; make it if the starter catalogue was never loaded."""
    found = Manufacturer.objects.filter(is_unknown=True).first()
    return found or Manufacturer.objects.create(name="Unknown manufacturer", name_key="unknown manufacturer", is_unknown=True)
