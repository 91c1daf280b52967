"""What the texts of an import refer to: facilities, places, makers, models, types. Every text is asked for once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from openhtm.catalog.models import DeviceType, ModelIdentifier
from openhtm.catalog.queries.manufacturers import ManufacturerMatch, known_manufacturers, resolve_many
from openhtm.catalog.queries.models import models_named
from openhtm.catalog.queries.types import resolve_types
from openhtm.catalog.rules.matching import Candidate, choose_model
from openhtm.catalog.rules.texts import clean
from openhtm.core.text import company_key, fold
from openhtm.exchange.models import ImportRun
from openhtm.exchange.rules.mapping import Profile
from openhtm.exchange.rules.values import Value
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import CustomField
from openhtm.inventory.rules.import_values import TYPE_CODES, Said
from openhtm.sites.models import Department, Facility, Location, Organisation, ServiceProvider
from openhtm.sites.services.importing import MAX_NAME, kinds_below, path_key, path_of_text


class Ref(NamedTuple):
    """Something referred to: stored under ``pk``, or ``new``, a place in the run's plan."""

    pk: int | None
    new: int | None = None


class ModelKey(NamedTuple):
    """A model as a row means it. ``maker_id`` None: the maker is new and is named by ``maker``."""

    maker: str
    maker_id: int | None
    name: str
    catalog_number: str
    device_type_id: int | None

    def folded(self) -> tuple[Any, ...]:
        return (self.maker_id or self.maker, self.name.upper(), self.catalog_number.upper(), self.device_type_id)


@dataclass(slots=True)
class Plan:
    """What the file would add besides devices. Entries are kept in order; ``used`` are those a row really needs."""

    entries: list[Any] = field(default_factory=list)
    places: dict[Any, int] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def ref(self, key: Any, entry: Any) -> Ref:
        if key not in self.places:
            self.places[key] = len(self.entries)
            self.entries.append(entry)
        return Ref(None, self.places[key])


class Lookups:
    """The references of one run. ``learn`` asks for many texts at once; the other methods answer from memory."""

    def __init__(self, *, run: ImportRun, profile: Profile, actor: Actor) -> None:
        self.run, self.profile, self.actor = run, profile, actor
        allowed = actor.facilities_for(Permission.IMPORT_DEVICES)
        self.facilities = {one.pk: one for one in Facility.objects.visible_to(actor) if allowed is None or one.pk in allowed}
        self.scope: frozenset[int] | None = None if allowed is None else frozenset(self.facilities)
        self._facility_words = {fold(word): pk for pk, one in self.facilities.items() for word in (one.name, one.code)}
        organisation = Organisation.objects.first()
        self.currency = organisation.currency if organisation else "USD"
        self.types = {row[0]: row for row in DeviceType.objects.values_list("pk", "name", "high_risk", *TYPE_CODES.values())}
        self._type_words: dict[str, int | None] = {}
        self._makers: dict[str, ManufacturerMatch] = {}
        self._resembling: dict[str, str] = {}
        self._models: dict[tuple[Any, ...], Ref] = {}
        self._by_di: dict[str, int | None] = {}
        self._departments: dict[int, dict[str, int]] = {}
        self._locations: dict[int, dict[str, list[int]]] = {}
        self._location_kinds: dict[int, dict[str, str]] = {}
        self._places: dict[tuple[str, int, str], Ref | Said | None] = {}
        self._providers = {fold(name): pk for name, pk in ServiceProvider.objects.order_by("active", "-pk").values_list("name", "pk")}
        rows = CustomField.objects.filter(active=True).values_list("key", "kind", "required", "choices")
        self.site_fields = {key: (kind, required, list(choices)) for key, kind, required, choices in rows}
        self.plans = {name: Plan() for name in ("models", "departments", "locations", "providers")}

    def learn(self, makers: Iterable[str], type_texts: Iterable[str], dis: Iterable[str]) -> None:
        """Ask for the makers, types and UDI-DIs not met before. Five statements at most."""
        if fresh := [text for text in dict.fromkeys(makers) if text not in self._makers]:
            self._makers |= resolve_many(fresh)
            self._find_resembling([text for text in fresh if self._makers[text].method == "none"])
        if words := [text for text in dict.fromkeys(type_texts) if text not in self._type_words]:
            self._type_words |= {text: match.device_type_id for text, match in resolve_types(words).items()}
        if unknown := [di for di in dict.fromkeys(dis) if di not in self._by_di]:
            self._by_di |= dict.fromkeys(unknown)
            rows = ModelIdentifier.objects.filter(di__in=unknown, device_model__active=True).order_by("di", "device_model_id")
            several: dict[str, set[int]] = {}
            for di, model_id in rows.values_list("di", "device_model_id"):
                several.setdefault(di, set()).add(model_id)
            self._by_di |= {di: next(iter(models)) for di, models in several.items() if len(models) == 1}

    def _find_resembling(self, texts: Sequence[str]) -> None:
        if texts:
            known = known_manufacturers()
            for text in texts:
                if alike := known.alike(company_key(clean(text))):
                    self._resembling[text] = alike[0].resembles

    def maker(self, text: str) -> ManufacturerMatch:
        return self._makers[text]

    def maker_evidence(self, text: str) -> str:
        """How a maker was recognised, in words; empty where the name is its own."""
        match = self._makers[text]
        return f"{text} is {match.name}, by {match.evidence}" if match.method in ("key", "alias") and match.name != text else ""

    def type_name(self, type_id: int) -> str:
        return str(self.types[type_id][1])

    def maker_name(self, text: str) -> str:
        """Today's name of a maker as a row writes it; the text itself if the maker is new or was never asked for."""
        match = self._makers.get(text)
        return (match.name if match else "") or text

    def maker_remark(self, text: str) -> Said | None:
        if text in self._resembling:
            message = (
                f"{text} is not known and will be added. It resembles {self._resembling[text]}; add it there as another name if it is."
            )
            return Said("manufacturer", "maker-resembles", message, "warning")
        return None

    def model_of_di(self, di: str) -> int | None:
        return self._by_di.get(di)

    def facility(self, text: str) -> int | None:
        return self._facility_words.get(fold(text))

    def device_type(self, values: dict[str, Value]) -> tuple[int | None, bool, list[Said]]:
        """Return the type a row means, whether a column states it, and remarks. Codes must mean one single type."""
        said: list[Said] = []
        found: int | None = None
        if "device_type" in values:
            text = values["device_type"].value
            found = self._type_words.get(text) or self._type_by_code(text)
            if found is None:
                message = f"{text[:80]} is no known device type; the model stays without one. Add it to the catalogue, or as a synonym."
                said.append(Said("device_type", "type-unknown", message, "warning"))
        for place, name in enumerate(TYPE_CODES):
            if found is None and name in values:
                code = str(values[name].value).upper()
                matching = [pk for pk, row in self.types.items() if row[3 + place] == code]
                found = matching[0] if len(matching) == 1 else None
        if found is not None:
            return found, True, said
        guess = self._type_words.get(values["description"].value) if "description" in values else None
        return guess, False, said

    def _type_by_code(self, text: str) -> int | None:
        code = text.strip().upper()
        matching = [pk for pk, row in self.types.items() if code and code in row[3:]]
        return matching[0] if len(matching) == 1 else None

    def learn_models(self, keys: Iterable[ModelKey]) -> None:
        """Find the models not met before. One statement."""
        fresh = {key.folded(): key for key in keys if key.folded() not in self._models}
        known = [key for key in fresh.values() if key.maker_id is not None]
        candidates: dict[int, list[Candidate]] = {}
        if known:
            for row in models_named([(key.maker_id or 0, key.name, key.catalog_number) for key in known]):
                candidates.setdefault(row.place, []).append(Candidate(row.model_id, row.device_type_id, row.same_catalog_number))
        for place, key in enumerate(known):
            match = choose_model(candidates.get(place, []), catalog_number=key.catalog_number, device_type_id=key.device_type_id)
            if match is not None and (key.device_type_id is None or match.device_type_id == key.device_type_id):
                self._models[key.folded()] = Ref(match.model_id)
        for key in fresh.values():
            if key.folded() not in self._models:
                entry = [key.maker, key.name, key.catalog_number, key.device_type_id]
                self._models[key.folded()] = self.plans["models"].ref(key.folded(), entry)

    def model(self, key: ModelKey) -> Ref:
        return self._models[key.folded()]

    def may_add_models(self) -> str:
        """Why a new model is refused, or nothing."""
        if self.profile.on_new_model == "refuse":
            return "This model is not in the catalogue, and the profile adds none. Add it to the catalogue first."
        if not self.actor.may(Permission.EDIT_CATALOG):
            return "This model is not in the catalogue, and your role may not add it. Ask a clinical engineer."
        return ""

    def department(self, facility_id: int, text: str) -> Ref | Said | None:
        return self._once("department", facility_id, text, self._department)

    def location(self, facility_id: int, text: str) -> Ref | Said | None:
        return self._once("location", facility_id, text, self._location)

    def _once(self, name: str, facility_id: int, text: str, find: Callable[[int, str], Ref | Said | None]) -> Ref | Said | None:
        key = (name, facility_id, text)
        if key not in self._places:
            self._places[key] = find(facility_id, text)
        return self._places[key]

    def _department(self, facility_id: int, text: str) -> Ref | Said | None:
        """Two statements a facility for the first one."""
        if facility_id not in self._departments:
            rows = Department.objects.filter(facility_id=facility_id).order_by("active", "-pk").values_list("pk", "name", "code")
            words = {fold(code): pk for pk, _, code in rows if code}
            self._departments[facility_id] = words | {fold(name): pk for pk, name, _ in rows}
        found = self._departments[facility_id].get(fold(text))
        if found is not None:
            return Ref(found)
        if len(text) > MAX_NAME:
            return Said("department", "too-long", f"A department's name has at most {MAX_NAME} characters. Shorten it.")
        return self._missing("department", text, facility_id) or self.plans["departments"].ref(
            (facility_id, fold(text)), [facility_id, text]
        )

    def _location(self, facility_id: int, text: str) -> Ref | Said | None:
        """A path from the top, the name or code of one single place, or a new place."""
        self._learn_locations(facility_id)
        known = self._locations[facility_id]
        parts = tuple(part[:MAX_NAME].rstrip() for part in path_of_text(text))
        if not parts:
            return None
        found = known.get(path_key(text.split(" › "))) or known.get(path_key(parts), [])  # a slash may be part of a name
        if len(found) > 1:
            message = f"{len(found)} places are called {text[:60]}. Write the whole path, such as Main / 4 / Room 401; it is left empty."
            return Said("location", "place-ambiguous", message, "warning")
        if found:
            return Ref(found[0])
        if not self._fits(facility_id, parts):
            return Said("location", "place-too-deep", "Write at most building, floor, area and room, parted by ' / '.")
        missing = self._missing("location", text, facility_id)
        return missing or self.plans["locations"].ref((facility_id, path_key(parts)), [facility_id, list(parts)])

    def _learn_locations(self, facility_id: int) -> None:
        if facility_id in self._locations:
            return
        words: dict[str, list[int]] = {}
        kinds: dict[str, str] = {}
        rows = (
            Location.objects.filter(facility_id=facility_id)
            .order_by("-active", "pk")
            .values_list("pk", "full_name", "name", "code", "kind")
        )
        for pk, full_name, name, code, kind in rows:
            path = path_key(full_name.split(" › "))
            kinds[path] = kind
            for word in {fold(name), fold(code)} - {"", path}:
                words.setdefault(word, []).append(pk)
        words |= {path_key(full_name.split(" › ")): [pk] for pk, full_name, *_ in rows}  # a whole path is never ambiguous
        self._locations[facility_id], self._location_kinds[facility_id] = words, kinds

    def _fits(self, facility_id: int, parts: Sequence[str]) -> bool:
        kinds = self._location_kinds[facility_id]
        for depth in range(len(parts) - 1, -1, -1):
            kind = kinds.get(path_key(parts[:depth])) if depth else None
            if kind or not depth:
                return kinds_below(kind, len(parts) - depth) is not None
        return False

    def provider(self, text: str) -> Ref | Said | None:
        found = self._providers.get(fold(text))
        if found is not None:
            return Ref(found)
        return self._missing("service_provider", text, None) or self.plans["providers"].ref(fold(text), text[:200])

    def _missing(self, name: str, text: str, facility_id: int | None) -> Said | None:
        """What happens to a place, department or provider that is not known: None if it will be added."""
        word = name.replace("_", " ")
        if self.profile.on_missing == "refuse":
            return Said(name, "not-known", f"There is no {word} {text[:60]}. Add it first, or let the profile add what is missing.")
        if self.profile.on_missing == "warn":
            return Said(name, "left-empty", f"There is no {word} {text[:60]}; it is left empty, as the profile says.", "warning")
        if not self.actor.may(Permission.EDIT_SITES, at=facility_id):
            return Said(name, "left-empty", f"There is no {word} {text[:60]} and your role may not add it; it is left empty.", "warning")
        return None
