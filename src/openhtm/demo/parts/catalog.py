"""Manufacturers with their misspellings, device models with identifiers and documents."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator

from openhtm.catalog.models import (
    DeviceModel,
    DeviceType,
    DocumentKind,
    Issuer,
    Manufacturer,
    ManufacturerAlias,
    ModelDocument,
    ModelIdentifier,
)
from openhtm.catalog.rules.starter import StarterType, read_starter_types
from openhtm.catalog.services.starter import load_starter
from openhtm.core.text import company_key
from openhtm.demo.parts.demo import Demo, ModelFacts
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.identity import example_gtin
from openhtm.demo.rules.life import last_sold_on
from openhtm.demo.rules.plan import data

SOURCE = "demo"
WITHOUT_MODEL = 12  # makers of whom some devices have no readable model name


def build(demo: Demo) -> None:
    """Load the starter catalogue and add the demo's models. About twenty statements."""
    load_starter(actor=demo.actor)
    starters = {one.code: one for one in read_starter_types()}
    types = {one.code: one for one in DeviceType.objects.filter(code__in=starters)}
    for one in starters.values():
        for place in one.typical_places if one.code in types else ():
            demo.places_of_types.setdefault(place, []).append(one.code)
    makers = _makers(demo)
    models = [_Draft(number, *draft) for number, draft in enumerate(_drafts(starters, types), start=1)]
    stored = DeviceModel.objects.bulk_create([draft.as_model(makers, types[draft.starter.code]) for draft in models])
    for draft, model in zip(models, stored, strict=True):
        demo.models.setdefault(draft.starter.code, []).append(draft.facts(model.pk, types[draft.starter.code]))
    _add_identifiers(models, stored)
    _add_documents(models, stored)
    _add_unknown(demo, makers, starters, types)
    demo.counts |= {"device types": len(types), "manufacturers": len(makers), "device models": len(models) + WITHOUT_MODEL}


class _Draft:
    """One model before it has a key. Everything about it follows from its maker's and its own name."""

    def __init__(self, number: int, starter: StarterType, maker: str, name: str, introduced: int, factor: float) -> None:
        self.number, self.starter, self.maker, self.name, self.introduced = number, starter, maker, name, introduced
        self.price_cents = max(int(starter.typical_price_usd * factor / 10) * 10, 20) * 100
        self.di = example_gtin(int(hashlib.sha256(f"{maker}|{name}|{starter.code}".encode()).hexdigest(), 16) % 10**9)
        self.chance = Chance.of(0, "model", maker, name, starter.code)

    def as_model(self, makers: dict[str, Manufacturer], kind: DeviceType) -> DeviceModel:
        sold_until = last_sold_on(self.introduced)
        return DeviceModel(
            manufacturer=makers[self.maker],
            name=self.name,
            device_type=kind,
            catalog_number=f"DEMO-{self.number:05d}",
            expected_life_years=self.starter.expected_life_years,
            list_price_cents=int(self.price_cents * 1.15) // 100 * 100,
            end_of_life_on=sold_until,
            support_ends_on=sold_until and sold_until.replace(year=sold_until.year + 3),
            end_of_support_source="Invented for the demo hospital" if sold_until else "",
            source=SOURCE,
        )

    def facts(self, pk: int, kind: DeviceType) -> ModelFacts:
        return ModelFacts(
            pk, self.maker, self.name, self.introduced, self.price_cents, self.starter.expected_life_years, self.di, self._versions(),
            kind.code, kind.pk, kind.high_risk, self.starter.networked, bool(self.starter.aem_ineligible),
        )  # fmt: skip

    def _versions(self) -> tuple[str, ...]:
        """Invented versions, oldest first; types without software have none."""
        if not (self.starter.networked or self.starter.typical_price_usd >= 2500):
            return ()
        major = 1 + self.chance.randrange(4)
        steps = 3 + self.chance.randrange(4)
        return tuple(f"{major + step // 2}.{self.chance.randrange(3) + step % 2 * 3}.{self.chance.randrange(9)}" for step in range(steps))


def _drafts(starters: dict[str, StarterType], types: dict[str, DeviceType]) -> Iterator[tuple[StarterType, str, str, int, float]]:
    """Yield (type, maker, model, year, price factor): named models where we know some, else two invented ones."""
    named, invented = data("models")["models"], data("models")["generic"]["makers"]
    for code in sorted(types):
        starter, chance = starters[code], Chance.of(0, "generic", code)
        if code in named:
            for entry in named[code]:
                maker, name, year, factor = entry.split("|")
                yield starter, maker, name, int(year), float(factor)
            continue
        first = chance.randrange(len(invented))
        for offset in (0, 1):
            maker = invented[(first + offset) % len(invented)]
            model = f"{maker[:2].upper()}-{chance.randrange(100, 990)} {starter.name.split(',')[0]}"
            yield starter, maker, model, 2004 + chance.randrange(14), 0.85 + 0.3 * offset


def _makers(demo: Demo) -> dict[str, Manufacturer]:
    """Return every maker by name; those already in the catalogue under that name or an alias are taken from there."""
    named = {entry.split("|")[0] for entries in data("models")["models"].values() for entry in entries}
    wanted = sorted(named | set(data("models")["generic"]["makers"]))
    keys = {name: company_key(name) for name in wanted}
    known = {one.name_key: one for one in Manufacturer.objects.filter(name_key__in=keys.values())}
    known |= {
        a.alias_key: a.manufacturer for a in ManufacturerAlias.objects.filter(alias_key__in=keys.values()).select_related("manufacturer")
    }
    new = [Manufacturer(name=name, name_key=keys[name]) for name in wanted if keys[name] not in known]
    known |= {one.name_key: one for one in Manufacturer.objects.bulk_create(new)}
    makers = {name: known[keys[name]] for name in wanted}
    _add_aliases(makers)
    return makers


def _add_aliases(makers: dict[str, Manufacturer]) -> None:
    aliases = [(alias, company_key(alias), makers[maker]) for maker, names in data("models")["aliases"].items() for alias in names]
    taken = set(Manufacturer.objects.values_list("name_key", flat=True)) | set(
        ManufacturerAlias.objects.values_list("alias_key", flat=True)
    )
    ManufacturerAlias.objects.bulk_create(
        ManufacturerAlias(manufacturer=maker, alias=alias, alias_key=key, source=SOURCE)
        for alias, key, maker in aliases
        if key not in taken
    )


def _add_identifiers(drafts: list[_Draft], models: list[DeviceModel]) -> None:
    ModelIdentifier.objects.bulk_create(
        ModelIdentifier(device_model=model, di=draft.di, issuer=Issuer.GS1) for draft, model in zip(drafts, models, strict=True)
    )


def _add_documents(drafts: list[_Draft], models: list[DeviceModel]) -> None:
    """Instructions for most models, a service manual for many: some have none, which is a finding."""
    documents = []
    for draft, model in zip(drafts, models, strict=True):
        for kind, share in ((DocumentKind.IFU, 0.8), (DocumentKind.SERVICE_MANUAL, 0.55)):
            if draft.chance.maybe(share):
                documents.append(
                    ModelDocument(
                        device_model=model,
                        kind=kind,
                        title=f"{DocumentKind(kind).label} (synthetic)",
                        revision=draft.chance.pick("ABCDE"),
                        issued_on=dt.date(draft.introduced + draft.chance.randrange(3), 1 + draft.chance.randrange(12), 1),
                        language="en",
                        url=f"https://documents.example.org/{draft.di}/{kind}.pdf",
                    )
                )
    ModelDocument.objects.bulk_create(documents)


def _add_unknown(demo: Demo, makers: dict[str, Manufacturer], starters: dict[str, StarterType], types: dict[str, DeviceType]) -> None:
    """Models nobody could read: a known maker without a model name, for the most common types."""
    chance = demo.chance("unknown models")
    codes = chance.sample(sorted(set(data("models")["models"]) & set(types)), WITHOUT_MODEL)
    for number, code in enumerate(codes, start=1):
        maker = data("models")["models"][code][0].split("|")[0]
        draft = _Draft(90_000 + number, starters[code], maker, "", 2005, 1.0)
        model = draft.as_model(makers, types[code])
        model.catalog_number, model.end_of_life_on, model.support_ends_on, model.end_of_support_source = "", None, None, ""
        model.save()
        demo.unreadable[code] = draft.facts(model.pk, types[code])
