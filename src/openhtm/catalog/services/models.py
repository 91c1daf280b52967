"""Device models and their identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from openhtm.catalog.models import DeviceModel, DeviceType, IdentifierKind, Manufacturer, ModelIdentifier
from openhtm.catalog.queries.models import models_named, read_di
from openhtm.catalog.rules.events import ModelsChanged
from openhtm.catalog.rules.matching import Candidate, choose_model
from openhtm.catalog.rules.texts import clean
from openhtm.catalog.rules.udi import has_valid_gtin_check
from openhtm.catalog.services.checks import assign, check_fields
from openhtm.catalog.services.manufacturers import ensure_manufacturers
from openhtm.core.errors import Invalid
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission

FIELDS = (
    "name", "catalog_number", "brand_name", "device_type_id", "description", "expected_life_years", "list_price_cents", "support_ends_on",
    "end_of_life_on", "end_of_support_source", "mri_safety", "active",
)  # fmt: skip


@transaction.atomic
def add_model(*, manufacturer_id: int, actor: Actor, **fields: Any) -> DeviceModel:
    """Add a device model. Raises Manufacturer.DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.EDIT_CATALOG)
    model = DeviceModel(manufacturer=current_manufacturer(manufacturer_id))
    _set(model, fields)
    if not model.name and not model.catalog_number and not model.device_type_id:
        raise Invalid({"name": ["Give a name, a catalogue number, or at least the type."]})
    with refuse_readably():
        model.save()
    return model


@transaction.atomic
def edit_model(*, model_id: int, changes: Mapping[str, Any], actor: Actor) -> DeviceModel:
    """Change a model; if its type changes, its devices follow. Raises DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.EDIT_CATALOG)
    model = DeviceModel.objects.select_for_update(of=("self",)).get(pk=model_id)
    wanted = dict(changes)
    changed = []
    if (maker_id := wanted.pop("manufacturer_id", model.manufacturer_id)) != model.manufacturer_id:
        model.manufacturer = current_manufacturer(maker_id)
        changed.append("manufacturer")
    changed += _set(model, wanted)
    if changed:
        with refuse_readably():
            model.save(update_fields=changed)
    if "device_type_id" in changed:
        publish(ModelsChanged(model_ids=frozenset([model.pk])))
    return model


def current_manufacturer(manufacturer_id: int) -> Manufacturer:
    """Return the manufacturer, or the successor it was merged into. Raises Invalid if there is none."""
    maker = Manufacturer.objects.select_related("merged_into").filter(pk=manufacturer_id).first()
    if maker is None:
        raise Invalid({"manufacturer": ["There is no such manufacturer."]})
    return maker.merged_into or maker


def _set(model: DeviceModel, changes: Mapping[str, Any]) -> list[str]:
    if (type_id := changes.get("device_type_id")) and not DeviceType.objects.filter(pk=type_id).exists():
        raise Invalid({"device_type": ["There is no such device type."]})
    changed = assign(model, changes, allowed=FIELDS)
    if (model.list_price_cents or 0) < 0:
        raise Invalid({"list_price_cents": ["A price cannot be negative."]})
    return changed


@dataclass(frozen=True, slots=True)
class AddedIdentifier:
    """A stored identifier and what deserves a look about it, in sentences."""

    identifier: ModelIdentifier
    warnings: tuple[str, ...]


@transaction.atomic
def add_identifier(
    *, model_id: int, text: str, actor: Actor, kind: str = IdentifierKind.PRIMARY, quantity: int | None = None
) -> AddedIdentifier:
    """Give a model one more UDI-DI, from a bare identifier or a whole scanned UDI. A wrong check digit is a warning.

    Raises DeviceModel.DoesNotExist, NotAllowed, Invalid.
    """
    require(actor, Permission.EDIT_CATALOG)
    model = DeviceModel.objects.select_for_update(of=("self",)).get(pk=model_id)
    issuer, di, warnings = read_di(clean(text))
    if not di:
        raise Invalid({"di": ["This is no device identifier of GS1, HIBCC or ICCBBA. Scan the code again, or type the number under it."]})
    identifier = ModelIdentifier(
        device_model=model, di=di, issuer=issuer, kind=kind, quantity=quantity, check_valid=issuer != "GS1" or has_valid_gtin_check(di)
    )
    check_fields(identifier, ["di", "issuer", "kind", "quantity"])
    with refuse_readably():
        identifier.save()
    return AddedIdentifier(identifier, warnings)


@transaction.atomic
def edit_identifier(*, identifier_id: int, changes: Mapping[str, Any], actor: Actor) -> ModelIdentifier:
    """Change the kind of an identifier or the number of devices in its package. Raises DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.EDIT_CATALOG)
    identifier = ModelIdentifier.objects.select_for_update(of=("self",)).get(pk=identifier_id)
    changed = assign(identifier, changes, allowed=("kind", "quantity"))
    if changed:
        with refuse_readably():
            identifier.save(update_fields=changed)
    return identifier


@transaction.atomic
def remove_identifier(*, identifier_id: int, actor: Actor) -> None:
    """Take a wrong identifier away from its model. Raises DoesNotExist, NotAllowed."""
    require(actor, Permission.EDIT_CATALOG)
    ModelIdentifier.objects.get(pk=identifier_id).delete()


@dataclass(frozen=True, slots=True)
class ModelWanted:
    """A model as an import names it. ``manufacturer`` is free text; a type is optional."""

    manufacturer: str
    name: str = ""
    catalog_number: str = ""
    device_type_id: int | None = None


@transaction.atomic
def ensure_models(*, wanted: Sequence[ModelWanted], actor: Actor, source: str = "import") -> list[int]:
    """Return the model's id for each of ``wanted``, in order, adding what is missing. About ten statements for any number.

    Manufacturers are resolved, or added. A stored model without a type takes the wanted one, and its devices follow.
    Asking twice changes nothing the second time. Raises NotAllowed if something had to be added.
    """
    makers = ensure_manufacturers(names=[one.manufacturer for one in wanted], actor=actor)
    keys = [_Key(makers[one.manufacturer], clean(one.name)[:200], clean(one.catalog_number)[:100], one.device_type_id) for one in wanted]
    distinct = list({key.folded(): key for key in reversed(keys)}.values())
    found = _found(distinct)
    missing = [key for key in distinct if key.folded() not in found]
    typed = {found[key.folded()].model_id: key.device_type_id for key in distinct if _fills(found.get(key.folded()), key)}
    if missing or typed:
        require(actor, Permission.EDIT_CATALOG)
        _add(missing, source)
        _fill_types(typed)
        found |= _found([*missing, *(key for key in distinct if key.folded() not in found or _fills(found[key.folded()], key))])
    return [found[key.folded()].model_id for key in keys]


@dataclass(frozen=True, slots=True)
class _Key:
    manufacturer_id: int
    name: str
    catalog_number: str
    device_type_id: int | None

    def folded(self) -> tuple[int, str, str, int | None]:
        return self.manufacturer_id, self.name.upper(), self.catalog_number.upper(), self.device_type_id


def _found(keys: Sequence[_Key]) -> dict[tuple[int, str, str, int | None], Candidate]:
    """Match all keys in one statement. An untyped model is promised to one type only; further types get their own."""
    candidates: dict[int, list[Candidate]] = {}
    for row in models_named([(key.manufacturer_id, key.name, key.catalog_number) for key in keys]):
        candidates.setdefault(row.place, []).append(Candidate(row.model_id, row.device_type_id, row.same_catalog_number))
    chosen: dict[tuple[int, str, str, int | None], Candidate] = {}
    promised: set[int] = set()
    for place, key in enumerate(keys):
        offered = [one for one in candidates.get(place, []) if one.model_id not in promised or key.device_type_id is None]
        match = choose_model(offered, catalog_number=key.catalog_number, device_type_id=key.device_type_id)
        if match is not None:
            chosen[key.folded()] = match
            if _fills(match, key):
                promised.add(match.model_id)
    return chosen


def _fills(match: Candidate | None, key: _Key) -> bool:
    return match is not None and match.device_type_id is None and key.device_type_id is not None


def _add(missing: Sequence[_Key], source: str) -> None:
    DeviceModel.objects.bulk_create(
        [
            DeviceModel(
                manufacturer_id=key.manufacturer_id,
                name=key.name,
                catalog_number=key.catalog_number,
                device_type_id=key.device_type_id,
                source=source,
            )
            for key in missing
        ],
        ignore_conflicts=True,  # somebody else added it meanwhile
        batch_size=2000,
    )


def _fill_types(typed: Mapping[int, int | None]) -> None:
    if typed:
        rows = [DeviceModel(pk=pk, device_type_id=type_id) for pk, type_id in typed.items()]
        DeviceModel.objects.bulk_update(rows, ["device_type"], batch_size=2000)
        publish(ModelsChanged(model_ids=frozenset(typed)))
