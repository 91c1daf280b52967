"""Device models, their identifiers, and what a device identifier means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, Q, QuerySet, SmallIntegerField, When

from openhtm.catalog.models import DeviceModel, GudidIdentifier, GudidRecord, ModelIdentifier
from openhtm.catalog.rules.official.gudid import stored_di
from openhtm.catalog.rules.texts import clean
from openhtm.catalog.rules.udi import ParsedUdi, parse, parse_di
from openhtm.core.text import company_key

UNNAMED = Case(When(name="", then=1), default=0, output_field=SmallIntegerField())
"""Sorts models whose name is not known after all others."""


@dataclass(frozen=True, slots=True)
class DiMatch:
    """What a device identifier stands for: a model of ours, else a GUDID record, else nothing we know.

    ``also`` are further models that carry the same identifier. ``warnings`` are sentences about the identifier itself.
    """

    di: str
    issuer: str
    model: DeviceModel | None = None
    record: GudidRecord | None = None
    also: tuple[DeviceModel, ...] = ()
    warnings: tuple[str, ...] = ()


def lookup_di(text: str) -> DiMatch:
    """Find what ``text``, a device identifier or a whole UDI, stands for. Two statements at most."""
    issuer, di, warnings = read_di(text)
    if not di:
        return DiMatch("", "", warnings=("This is no device identifier of GS1, HIBCC or ICCBBA.",))
    models = list(
        DeviceModel.objects.filter(identifiers__di=di)
        .select_related("manufacturer", "device_type")
        .order_by("-active", "pk")
        .distinct()[:20]
    )
    if models:
        return DiMatch(di, issuer, model=models[0], also=tuple(models[1:]), warnings=warnings)
    return DiMatch(di, issuer, record=records_of_di([di]).first(), warnings=warnings)


def read_di(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Return (issuer, identifier as stored, sentences of warning); both empty if ``text`` holds none. No statement."""
    issuer, di, warnings = parse_di(text[:200])
    if di is None:
        found: ParsedUdi = parse(text)
        issuer, di, warnings = found.issuer, found.di, found.warnings
        if di:
            di = stored_di(di, issuer=issuer or "")
    return issuer or "", (di or "")[:30], tuple(warning.message for warning in warnings)


def records_of_di(dis: Iterable[str]) -> QuerySet[GudidRecord]:
    """GUDID records that carry one of the identifiers, primary ones first."""
    carriers = GudidIdentifier.objects.filter(di__in=list(dis)).values("record")
    return GudidRecord.objects.filter(pk__in=carriers).order_by("pk")


def model_list(
    *,
    q: str = "",
    manufacturer_id: int | None = None,
    device_type_id: int | None = None,
    high_risk: bool | None = None,
    with_inactive: bool = False,
) -> QuerySet[DeviceModel]:
    """Models by part of name, catalogue number or brand, or by a whole identifier. Order by ``pk`` or ``unnamed``, ``name``, ``pk``."""
    rows = DeviceModel.objects.select_related("manufacturer", "device_type").annotate(unnamed=UNNAMED)
    if not with_inactive:
        rows = rows.filter(active=True)
    if manufacturer_id is not None:
        rows = rows.filter(manufacturer_id=manufacturer_id)
    if device_type_id is not None:
        rows = rows.filter(device_type_id=device_type_id)
    if high_risk is not None:
        rows = rows.filter(device_type__high_risk=high_risk) if high_risk else rows.exclude(device_type__high_risk=True)
    for word in clean(q).split()[:8]:
        rows = rows.filter(_says(word))
    return rows


def _says(word: str) -> Q:
    said = Q(name__icontains=word) | Q(catalog_number__icontains=word) | Q(brand_name__icontains=word)
    if key := company_key(word):
        said |= Q(manufacturer__name_key__contains=key)
    if di := read_di(word)[1]:
        said |= Q(pk__in=ModelIdentifier.objects.filter(di=di).values("device_model"))
    return said


@dataclass(frozen=True, slots=True)
class ModelFound:
    """A stored model that answers to a wanted one; ``place`` is the index of the wanted one."""

    place: int
    model_id: int
    device_type_id: int | None
    same_catalog_number: bool


def models_named(wanted: Sequence[tuple[int, str, str]]) -> list[ModelFound]:
    """Find active models by (manufacturer id, name, catalogue number), letter case aside. One statement for all."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.place - 1, m.id, m.device_type_id, upper(m.catalog_number) = upper(w.catalog_number)
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) WITH ORDINALITY AS w(maker, name, catalog_number, place)
            JOIN catalog_devicemodel AS m ON m.manufacturer_id = w.maker AND upper(m.name) = upper(w.name)
            WHERE m.active ORDER BY w.place, m.id
            """,
            [list(column) for column in zip(*wanted, strict=True)] if wanted else [[], [], []],
        )
        return [ModelFound(*row) for row in cursor.fetchall()]
