"""Whom a name means, and lists of manufacturers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Upper

from openhtm.catalog.models import DeviceModel, Manufacturer, ManufacturerAlias
from openhtm.catalog.rules.manufacturers import Candidate, KnownManufacturer, KnownManufacturers
from openhtm.catalog.rules.mergers import ModelFacts, unify
from openhtm.catalog.rules.texts import clean
from openhtm.core.text import company_key, fold

_NOTHING_SAID = frozenset(
    ["", "unknown", "n/a", "na", "ni", "none", "-", "--", "?", "no data", "not known", "unbekannt", "desconocido", "s/d", "s/n"]
)


@dataclass(frozen=True, slots=True)
class ManufacturerMatch:
    """What a name was taken for.

    ``method``: exact, key (same but for case, accents and legal form), alias, unknown (the text says nothing), similar
    (nobody for certain; ``candidates`` are proposals) or none. ``name`` is that of the manufacturer of today.
    """

    manufacturer_id: int | None
    name: str
    method: str
    evidence: str
    candidates: tuple[Candidate, ...] = ()


def resolve_manufacturer(name: str) -> ManufacturerMatch:
    """Say which manufacturer ``name`` means, by what, and what it resembles if that is nobody. Five statements at most."""
    found = resolve_many([name])[name]
    if found.method != "none":
        return found
    candidates = known_manufacturers().alike(company_key(name))
    if not candidates:
        return found
    evidence = f"{found.evidence!r} resembles {candidates[0].resembles!r}"
    return ManufacturerMatch(None, "", "similar", evidence, candidates)


def known_manufacturers() -> KnownManufacturers:
    """Every name in use, as the rules compare them. Two statements; one row for each name."""
    aliases: dict[int, list[str]] = {}
    makers = list(Manufacturer.objects.order_by("pk").values_list("pk", "name", "name_key", "merged_into__name"))
    names = {key for _, _, key, _ in makers}
    for pk, alias, key in ManufacturerAlias.objects.order_by("pk").values_list("manufacturer_id", "alias", "alias_key"):
        if key not in names:
            aliases.setdefault(pk, []).append(alias)
    return KnownManufacturers(
        KnownManufacturer(name, aliases=tuple(aliases.get(pk, ())), merged_into=successor) for pk, name, _, successor in makers
    )


def resolve_many(names: Iterable[str]) -> dict[str, ManufacturerMatch]:
    """Resolve many names at once; every name is answered, without proposals. At most three statements.

    Names are compared by ``core.text.company_key``: accents, case, punctuation and legal forms do not count. A merged
    manufacturer answers with its successor.
    """
    texts = list(dict.fromkeys(names))
    keys = {text: company_key(clean(text)) for text in texts}
    silent = {text for text in texts if fold(clean(text)) in _NOTHING_SAID or not keys[text]}
    found = _by_name({keys[text] for text in texts if text not in silent})
    if rest := {keys[text] for text in texts if text not in silent} - set(found):
        found |= _by_alias(rest)
    nobody = _unknown() if silent else None
    return {text: nobody if text in silent and nobody else _answer(text, found.get(keys[text])) for text in texts}


def _answer(text: str, match: ManufacturerMatch | None) -> ManufacturerMatch:
    if match is None:
        return ManufacturerMatch(None, "", "none", clean(text)[:200])
    return replace(match, method="exact") if match.method == "key" and match.evidence == text else match


def _by_name(keys: set[str]) -> dict[str, ManufacturerMatch]:
    rows = Manufacturer.objects.filter(name_key__in=keys).values_list("name_key", "pk", "name", "merged_into_id", "merged_into__name")
    return {
        key: ManufacturerMatch(
            successor or pk, successor_name or name, "key", f"{name}, merged into {successor_name}" if successor else name
        )
        for key, pk, name, successor, successor_name in rows
    }


def _by_alias(keys: set[str]) -> dict[str, ManufacturerMatch]:
    maker = "manufacturer__"
    rows = ManufacturerAlias.objects.filter(alias_key__in=keys).values_list(
        "alias_key", "alias", "source", f"{maker}pk", f"{maker}name", f"{maker}merged_into_id", f"{maker}merged_into__name"
    )
    return {
        key: ManufacturerMatch(successor or pk, successor_name or name, "alias", f"{alias} ({source})" if source else alias)
        for key, alias, source, pk, name, successor, successor_name in rows
    }


def _unknown() -> ManufacturerMatch:
    found = Manufacturer.objects.filter(is_unknown=True).values_list("pk", "name").first()
    pk, name = found or (None, "")
    return ManufacturerMatch(pk, name, "unknown", "the text names nobody")


def holder_of_key(key: str) -> Manufacturer | None:
    """The manufacturer that answers to ``key`` by its name or an alias. One statement."""
    return Manufacturer.objects.filter(Q(name_key=key) | Q(aliases__alias_key=key)).order_by("pk").first()


def manufacturer_list(*, q: str = "", with_merged: bool = False) -> QuerySet[Manufacturer]:
    """Manufacturers whose name or another name contains ``q``, with ``models`` counted. Order by ``name_key``, ``pk``."""
    rows = Manufacturer.objects.all() if with_merged else Manufacturer.objects.filter(merged_into__isnull=True)
    if text := clean(q):
        key = company_key(text) or fold(text)
        rows = rows.filter(
            Q(pk__in=ManufacturerAlias.objects.filter(alias_key__contains=key).values("manufacturer")) | Q(name_key__contains=key)
        )
    return rows


def counted(makers: Iterable[Manufacturer]) -> dict[int, tuple[int, int]]:
    """Numbers of (active models, aliases) for the manufacturers of one page. Two statements."""
    ids = [maker.pk for maker in makers]
    models = DeviceModel.objects.filter(manufacturer__in=ids, active=True).values_list("manufacturer").annotate(n=Count("pk")).order_by()
    aliases = ManufacturerAlias.objects.filter(manufacturer__in=ids).values_list("manufacturer").annotate(n=Count("pk")).order_by()
    of_models, of_aliases = dict(models), dict(aliases)
    return {pk: (of_models.get(pk, 0), of_aliases.get(pk, 0)) for pk in ids}


@dataclass(frozen=True, slots=True)
class MergerPreview:
    """What merging would do: models that move, names of models found on both sides, and names that move."""

    moving: int
    same: list[str]
    aliases: list[str]


def merger_preview(*, source: Manufacturer, target: Manufacturer) -> MergerPreview:
    """Foretell ``services.manufacturers.merge_manufacturers`` by the same rule. Three statements."""
    facts = {pk: model_facts(pk) for pk in (source.pk, target.pk)}
    pairs = unify(facts[source.pk], facts[target.pk])
    given_up = {old for old, _ in pairs}
    same = [model.name or model.catalog_number or "(model unknown)" for model in facts[source.pk] if model.model_id in given_up]
    names = [source.name, *source.aliases.values_list("alias", flat=True)]
    return MergerPreview(len(facts[source.pk]) - len(same), same, names)


def model_facts(manufacturer_id: int) -> list[ModelFacts]:
    """All models of a manufacturer, as mergers compare them. One statement."""
    rows = (
        DeviceModel.objects.filter(manufacturer_id=manufacturer_id)
        .annotate(n=Upper("name"), c=Upper("catalog_number"))
        .order_by("pk")
        .values_list("pk", "n", "c", "device_type_id")
    )
    return [ModelFacts(*row) for row in rows]
