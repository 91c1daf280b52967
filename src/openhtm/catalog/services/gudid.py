"""A model of ours from a GUDID record."""

from __future__ import annotations

from django.db import transaction

from openhtm.catalog.models import DeviceModel, DeviceType, GudidRecord, ModelIdentifier
from openhtm.catalog.services.models import ModelWanted, ensure_models
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission


@transaction.atomic
def model_from_gudid(*, record_id: int, actor: Actor, device_type_id: int | None = None) -> DeviceModel:
    """Return the model that stands for the record, adding it, its manufacturer and its identifiers where they are missing.

    Without ``device_type_id`` the type is taken from the record's product codes if exactly one active type has one of
    them. Doing it twice changes nothing. Raises GudidRecord.DoesNotExist, NotAllowed.
    """
    require(actor, Permission.EDIT_CATALOG)
    record = GudidRecord.objects.get(pk=record_id)
    type_id = device_type_id or _only_type(record.product_codes)
    known = DeviceModel.objects.filter(gudid_record_key=record.record_key, active=True).order_by("pk").first()
    if known is None:
        wanted = ModelWanted(record.company_name, record.version_or_model or record.brand_name, record.catalog_number, type_id)
        (model_id,) = ensure_models(wanted=[wanted], actor=actor, source="gudid")
        known = DeviceModel.objects.select_for_update(of=("self",)).get(pk=model_id)
        _fill(known, record)
    ModelIdentifier.objects.bulk_create(
        [
            ModelIdentifier(
                device_model=known, di=one.di, issuer=one.issuer, kind=one.kind, quantity=one.quantity, check_valid=one.check_valid
            )
            for one in record.identifiers.order_by("pk")
        ],
        ignore_conflicts=True,
    )
    return known


def _only_type(product_codes: list[str]) -> int | None:
    found = list(DeviceType.objects.filter(product_code__in=product_codes, active=True).values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def _fill(model: DeviceModel, record: GudidRecord) -> None:
    """Add what the record knows and the model does not say yet."""
    known = {
        "brand_name": record.brand_name[:200],
        "description": record.description,
        "mri_safety": record.mri_safety,
        "gudid_record_key": record.record_key,
    }
    filled = [name for name, value in known.items() if value and not getattr(model, name)]
    for name in filled:
        setattr(model, name, known[name])
    if filled:
        model.save(update_fields=filled)
