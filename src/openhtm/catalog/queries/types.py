"""Device types and the nomenclatures: lists and what a free text means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from openhtm.catalog.models import DeviceModel, DeviceType, EmdnTerm, GmdnTerm, GudidIdentifier, GudidRecord, ProductCode
from openhtm.catalog.queries.models import read_di
from openhtm.catalog.rules.texts import clean
from openhtm.core.text import fold


@dataclass(frozen=True, slots=True)
class TypeMatch:
    """What a text was taken for. ``method``: code, name, synonym or none."""

    device_type_id: int | None
    name: str
    method: str
    evidence: str


def resolve_types(texts: Iterable[str]) -> dict[str, TypeMatch]:
    """Say which device type each text means: its code, its name or a synonym, accents and case aside. One statement."""
    wanted = list(dict.fromkeys(texts))
    known: dict[str, TypeMatch] = {}
    rows = list(DeviceType.objects.filter(active=True).order_by("pk").values_list("pk", "code", "name", "synonyms")) if wanted else []
    for method, words in (("name", lambda row: [row[2]]), ("code", lambda row: [row[1]]), ("synonym", lambda row: row[3])):
        for row in rows:
            for word in words(row):
                known.setdefault(fold(word), TypeMatch(row[0], row[2], method, word))
    return {text: known.get(fold(clean(text))) or TypeMatch(None, "", "none", clean(text)[:200]) for text in wanted}


def type_list(
    *, q: str = "", high_risk: bool | None = None, category: str = "", source: str = "", with_inactive: bool = False
) -> QuerySet[DeviceType]:
    """Device types by part of name or synonym, or by a code of any nomenclature. Order by ``name``, ``pk``."""
    rows = DeviceType.objects.all() if with_inactive else DeviceType.objects.filter(active=True)
    if high_risk is not None:
        rows = rows.filter(high_risk=high_risk)
    if category:
        rows = rows.filter(category=category)
    if source:
        rows = rows.filter(source=source)
    for word in clean(q).split()[:8]:
        code = word.upper()
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(synonyms__icontains=word)
            | Q(product_code=code)
            | Q(gmdn=code)
            | Q(emdn__startswith=code)
            | Q(umdns=code)
            | Q(code=word.lower())
        )
    return rows


def categories() -> list[str]:
    """Every category in use, in order. One statement."""
    return list(DeviceType.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct())


def models_per_type(type_ids: Iterable[int]) -> dict[int, int]:
    """Numbers of active models of the types of one page. One statement."""
    rows = DeviceModel.objects.filter(device_type__in=list(type_ids), active=True).values_list("device_type")
    return dict(rows.annotate(n=Count("pk")).order_by())


def product_code_list(*, q: str = "", device_class: str = "", life_sustaining: bool | None = None) -> QuerySet[ProductCode]:
    """FDA product codes by code, part of the name, or regulation number. Order by ``code``."""
    rows = ProductCode.objects.all()
    if device_class:
        rows = rows.filter(device_class=device_class)
    if life_sustaining is not None:
        rows = rows.filter(life_sustaining=life_sustaining)
    for word in clean(q).split()[:8]:
        rows = rows.filter(Q(name__icontains=word) | Q(code=word.upper()) | Q(regulation_number=word))
    return rows


def emdn_list(*, q: str = "", parent: str | None = None) -> QuerySet[EmdnTerm]:
    """EMDN nodes by code or part of the term, or those directly below ``parent`` (empty: the top). Order by ``code``."""
    rows = EmdnTerm.objects.all()
    if parent is not None:
        rows = rows.filter(parent_id=parent) if parent else rows.filter(parent__isnull=True)
    for word in clean(q).split()[:8]:
        rows = rows.filter(Q(term__icontains=word) | Q(code__startswith=word.upper()))
    return rows


def emdn_above(code: str) -> list[EmdnTerm]:
    """The nodes from the top down to ``code``, itself included. One statement."""
    return list(EmdnTerm.objects.filter(code__in=[code[:length] for length in range(1, len(code) + 1)]).order_by("level", "code"))


def gmdn_list(*, q: str = "") -> QuerySet[GmdnTerm]:
    """GMDN terms by code or part of the name. Order by ``code``."""
    rows = GmdnTerm.objects.all()
    for word in clean(q).split()[:8]:
        rows = rows.filter(Q(name__icontains=word) | Q(code=word))
    return rows


def gudid_list(*, q: str = "", product_code: str = "") -> QuerySet[GudidRecord]:
    """GUDID records by a whole identifier, or by words of brand, model, catalogue number and company. Order by ``pk``."""
    rows = GudidRecord.objects.all()
    if product_code:
        rows = rows.filter(product_codes__contains=[product_code.upper()])
    text = clean(q)
    if text and (di := read_di(text)[1]) and " " not in text:
        carriers = GudidIdentifier.objects.filter(di=di).values("record")
        return rows.filter(Q(pk__in=carriers) | Q(catalog_number__iexact=text) | Q(version_or_model__iexact=text))
    for word in text.split()[:8]:
        rows = rows.filter(
            Q(brand_name__icontains=word)
            | Q(version_or_model__icontains=word)
            | Q(catalog_number__icontains=word)
            | Q(company_name__icontains=word)
        )
    return rows
