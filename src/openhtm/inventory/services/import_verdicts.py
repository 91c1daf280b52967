"""One row of a device import against what is stored: the columns to write, and the difference a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openhtm.catalog.rules.texts import clean
from openhtm.core.text import control_number_key, number_key
from openhtm.exchange.rules.rows import ReadRow
from openhtm.exchange.rules.values import Value
from openhtm.inventory.queries.importing import Held
from openhtm.inventory.rules import device_fields
from openhtm.inventory.rules.import_matching import CONTROL_NUMBER, KEY_LABELS, Match
from openhtm.inventory.rules.import_values import NOTE_BREAK, Said, shown
from openhtm.inventory.rules.status import STATUS_LABELS, Status, refuse_change
from openhtm.inventory.services.import_lookups import Lookups, ModelKey, Ref
from openhtm.sites.services.importing import MAX_NAME, path_of_text

NO_MATCH = Match(None, "")
MAX_NOTE = 10_000
_APART = frozenset({"custom", "high_risk_override", "high_risk_reason"})
"""Columns that the difference tells under other names."""


@dataclass(slots=True)
class Draft:
    """A row as it is understood so far."""

    row: ReadRow
    columns: dict[str, Any]
    interface: dict[str, Any]
    said: list[Said]
    from_udi: dict[str, Any] = field(default_factory=dict)
    site_values: dict[str, Any] = field(default_factory=dict)
    holders: list[Held] = field(default_factory=list)
    match: Match = NO_MATCH
    stored: dict[str, Any] | None = None
    type_id: int | None = None
    type_stated: bool = False
    model_key: ModelKey | None = None
    repeated: bool = False
    _serial: str | None = None

    def text(self, name: str) -> str:
        value: Value | None = self.row.values.get(name)
        return str(value.value) if value is not None and value.value else ""

    @property
    def maker_text(self) -> str:
        return self.text("manufacturer")

    def serial_key(self) -> str:
        if self._serial is None:
            self._serial = _number_key(self.columns.get("serial_number") or self.from_udi.get("serial_number") or "")
        return self._serial

    def di(self) -> str:
        return self.columns.get("udi_di") or self.from_udi.get("udi_di") or ""

    def other_numbers(self) -> list[str]:
        value = self.row.values.get("alternate_number")
        return [control_number_key(number) for number in value.value] if value is not None else []

    def wanted_model(self, lookups: Lookups) -> ModelKey | None:
        """The model the row means, or None if the device keeps, or a UDI-DI gives, its model."""
        maker, name, catalog = self.maker_text, clean(self.text("model"))[:200], clean(self.text("catalog_number"))[:100]
        stored = self.stored
        if stored is None:
            if not maker and not name and not catalog and lookups.model_of_di(self.columns.get("udi_di", "")) is not None:
                return None
            return ModelKey(maker, lookups.maker(maker).manufacturer_id, name, catalog, self.type_id)
        type_id = self.type_id if self.type_stated else None
        match = lookups.maker(maker) if maker else None
        maker_id = match.manufacturer_id if match else stored["manufacturer_id"]
        if match and match.method == "unknown":
            maker_id, maker = stored["manufacturer_id"], ""
        same_maker = maker_id == stored["manufacturer_id"]
        if same_maker and _answers(stored, name, catalog, type_id):
            return None
        if same_maker:
            name, catalog = (
                name or stored["model"],
                catalog or (stored["catalog_number"] if not name or _same(name, stored["model"]) else ""),
            )
            maker = maker or stored["manufacturer"]
        return ModelKey(
            maker, maker_id, name, catalog, type_id or (stored["device_type_id"] if same_maker and _same(name, stored["model"]) else None)
        )


def _number_key(text: str) -> str:
    """``core.text.number_key``, without the detour over accents where there are none."""
    return text.upper() if text.isascii() and text.isalnum() else number_key(text)


def _same(left: str, right: str) -> bool:
    return left.upper() == right.upper()


def _answers(stored: Mapping[str, Any], name: str, catalog: str, type_id: int | None) -> bool:
    """True if the device's own model is what the row names; what the row leaves blank does not count."""
    named = (not name or _same(name, stored["model"])) and (not catalog or _same(catalog, stored["catalog_number"]))
    return named and (type_id is None or type_id == stored["device_type_id"])


class Verdict:
    """What a draft does to the device it matched, or to the inventory."""

    def __init__(
        self, *, draft: Draft, lookups: Lookups, facility_id: int | None, file_name: str, about: Mapping[str, Mapping[int, Any]]
    ) -> None:
        self.draft, self.lookups, self.facility_id, self.file_name, self.about = draft, lookups, facility_id, file_name, about
        self.set: dict[str, Any] = {}
        self.refs: dict[str, int] = {}
        self.numbers: list[tuple[str, str]] = []
        self.interface: dict[str, Any] = {}
        self.note = ""
        self.difference: dict[str, list[Any]] = {}
        self.conflict = False
        self._used: list[tuple[str, int]] = []

    def create(self, *, today: date) -> None:
        """A new device."""
        draft = self.draft
        self.set = dict(draft.columns) | draft.from_udi
        self._identified()
        self._model_of_new()
        self._places(self.facility_id, None)
        self._judge({**self.set, "custom": draft.site_values}, today)
        found = device_fields.custom_problems(draft.site_values, self.lookups.site_fields)
        draft.said += [Said(one.field, one.code, one.message, one.severity) for one in found]
        if draft.site_values:
            self.set["custom"] = draft.site_values
        self._high_risk_of_new()
        self.numbers = [(n, k) for n, k in self._wanted_numbers() if k != self.set.get("control_number")]
        self.interface, self.note = dict(draft.interface), self._note(())
        self._tell_new()

    def _tell_new(self) -> None:
        """Put every value of a new device into the difference; places are there already, by the names of the row."""
        draft = self.draft
        told: dict[str, Any] = {name: shown(value) for name, value in self.set.items() if not name.endswith("_id") and name not in _APART}
        if (key := draft.model_key) is not None:
            told |= {"manufacturer": self.lookups.maker_name(key.maker), "model": key.name, "catalog_number": key.catalog_number}
            told["device_type"] = self.lookups.type_name(key.device_type_id) if key.device_type_id else ""
        told["high_risk"] = self.set.get("high_risk_override")
        told |= {f"custom:{name}": value for name, value in draft.site_values.items()}
        told |= {"alternate_number": "; ".join(number for number, _ in self.numbers), "notes": self.note, **self.interface}
        self.difference |= {name: [None, value] for name, value in told.items() if value not in (None, "")}

    def _identified(self) -> None:
        """A device without control number gets the next one, if something else would find it again."""
        draft = self.draft
        if draft.holders:
            said = "This control number is taken by a device that you may not change. Choose another."
            draft.said.append(Said(CONTROL_NUMBER, "taken", said))
        if self.set.get("control_number"):
            return
        if draft.serial_key() and (draft.maker_text or draft.di()):
            said = "The control number is missing; the next free one will be given."
            draft.said.append(Said(CONTROL_NUMBER, "number-assigned", said, "warning"))
        else:
            said = "Nothing identifies this device. Fill the control number, or manufacturer and serial number."
            draft.said.append(Said(CONTROL_NUMBER, "required", said))

    def _model_of_new(self) -> None:
        if self.draft.model_key is None:
            self.set["device_model_id"] = self.lookups.model_of_di(self.draft.columns.get("udi_di", ""))
            return
        self._model(self.lookups.model(self.draft.model_key))

    def _model(self, ref: Ref) -> None:
        if ref.pk is not None:
            self.set["device_model_id"] = ref.pk
            return
        if why := self.lookups.may_add_models():
            self.draft.said.append(Said("model", "model-not-known", why))
        elif remark := self.lookups.maker_remark(self.draft.maker_text):
            self.draft.said.append(remark)
        self._refer("models", "model", ref)

    def _refer(self, plan: str, name: str, ref: Ref) -> None:
        assert ref.new is not None
        self.refs[name] = ref.new
        self._used.append((plan, ref.new))

    def columns(self) -> set[str]:
        """The columns of the device that this row fills."""
        return {*self.set, *(f"{name if name != 'model' else 'device_model'}_id" for name in self.refs)}

    def use_refs(self) -> None:
        """Mark what this row needs as needed."""
        for plan, place in self._used:
            self.lookups.plans[plan].used.add(place)

    def _high_risk_of_new(self) -> None:
        wanted = self.draft.row.values.get("high_risk")
        kind = self.lookups.types.get(self.draft.type_id or 0)
        if wanted is not None and wanted.value != bool(kind and kind[2]):
            self._override(wanted.value)

    def _override(self, wanted: bool) -> None:
        self.set["high_risk_override"], self.set["high_risk_reason"] = wanted, f"As stated in {self.file_name}"[:200]

    def update(self, *, today: date) -> None:
        """The device is known: only what differs is written, and blank cells never erase."""
        draft, stored = self.draft, self.draft.stored
        assert stored is not None
        if self._stands_elsewhere(stored):
            return
        self._own_number(stored)
        wanted = dict(draft.columns)
        if wanted.get("udi_carrier") and wanted["udi_carrier"] != stored["udi_carrier"]:
            wanted = {**draft.from_udi, **wanted}
        self.set = {name: value for name, value in wanted.items() if stored[name] != value}
        if "acquired_precision" in self.set and "acquired_on" not in wanted:
            del self.set["acquired_precision"]
        for name in self.set:
            self.difference[name] = [shown(stored[name]), shown(self.set[name])]
        self._status(stored)
        self._model_of_known(stored)
        self._places(stored["facility_id"], stored)
        self._site_values_of_known(stored)
        self._high_risk_of_known(stored)
        self._judge({**{name: stored[name] for name in device_fields.LABELS if name in stored}, **self.set}, today, only=set(self.set))
        self._beside(stored)

    def _stands_elsewhere(self, stored: Mapping[str, Any]) -> bool:
        scope = self.lookups.scope
        if scope is not None and stored["facility_id"] not in scope:
            self.draft.said.append(
                Said(CONTROL_NUMBER, "taken", "This control number is taken by a device that you may not change. Choose another.")
            )
            return True
        if self.facility_id is not None and stored["facility_id"] != self.facility_id:
            said = f"The device stands at {stored['facility']}. Move it there first, or import this row for {stored['facility']}."
            self.draft.said.append(Said("facility", "stands-elsewhere", said))
            self.conflict = True
            return True
        return False

    def _own_number(self, stored: Mapping[str, Any]) -> None:
        number = self.draft.columns.get("control_number")
        if not number or number == stored["control_number"]:
            return
        if self.draft.match.key == CONTROL_NUMBER:
            said = f"{number} is the former number of {stored['control_number']}; the row is read as that device."
            del self.draft.columns["control_number"]
        else:
            key, before = KEY_LABELS[self.draft.match.key], stored["control_number"]
            said = f"Found by {key}: {before} becomes {number}, the old number stays searchable."
        self.draft.said.append(Said(CONTROL_NUMBER, "renumbered", said, "warning"))

    def _status(self, stored: Mapping[str, Any]) -> None:
        if "status" not in self.set:
            return
        before, after = Status(stored["status"]), Status(self.set["status"])
        refusal = refuse_change(before=before, after=after, reason="import")
        if refusal:
            ways = ", ".join(STATUS_LABELS[one].lower() for one in refusal.allowed) or "nothing else"
            said = f"{STATUS_LABELS[before]} cannot become {STATUS_LABELS[after].lower()}; it can become {ways}. Change it step by step."
            self.draft.said.append(Said("status", refusal.code, said))

    def _model_of_known(self, stored: Mapping[str, Any]) -> None:
        key = self.draft.model_key
        if key is None:
            return
        ref = self.lookups.model(key)
        if ref.pk == stored["device_model_id"]:
            return
        self._model(ref)
        before = [stored["manufacturer"], stored["model"], stored["catalog_number"]]
        after = [self.lookups.maker_name(key.maker) or stored["manufacturer"], key.name, key.catalog_number]
        self.difference["model"] = [" ".join(filter(None, before)), " ".join(filter(None, after))]
        if key.device_type_id and key.device_type_id != stored["device_type_id"]:
            self.difference["device_type"] = [stored["device_type"], self.lookups.type_name(key.device_type_id)]

    def _places(self, facility_id: int | None, stored: Mapping[str, Any] | None) -> None:
        if facility_id is not None:
            for name in ("department", "location"):
                if text := self.draft.text(name):
                    self._place(name, text, getattr(self.lookups, name)(facility_id, text), stored)
            self._shortened(self.draft.text("location"))
        if text := self.draft.text("service_provider"):
            self._place("service_provider", text, self.lookups.provider(text), stored)

    def _shortened(self, text: str) -> None:
        if len(text) > MAX_NAME and any(len(part) > MAX_NAME for part in path_of_text(text)):
            said = f"The name of a place has at most {MAX_NAME} characters; the rest is cut off."
            self.draft.said.append(Said("location", "shortened", said, "warning"))

    def _place(self, name: str, text: str, found: Ref | Said | None, stored: Mapping[str, Any] | None) -> None:
        if isinstance(found, Said):
            self.draft.said.append(found)
        elif found is not None and not (stored and found.pk is not None and found.pk == stored[f"{name}_id"]):
            if found.pk is not None:
                self.set[f"{name}_id"] = found.pk
            else:
                self._refer({"service_provider": "providers"}.get(name, f"{name}s"), name, found)
            self.difference[name] = [stored[name] if stored else None, text]

    def _site_values_of_known(self, stored: Mapping[str, Any]) -> None:
        old = stored["custom"] or {}
        fresh = {key: value for key, value in self.draft.site_values.items() if old.get(key) != value}
        if not fresh:
            return
        found = device_fields.custom_problems(fresh, {key: self.lookups.site_fields[key] for key in fresh})
        self.draft.said += [Said(one.field, one.code, one.message, one.severity) for one in found]
        self.set["custom"] = old | fresh
        for key, value in fresh.items():
            self.difference[f"custom:{key}"] = [old.get(key), value]

    def _high_risk_of_known(self, stored: Mapping[str, Any]) -> None:
        wanted = self.draft.row.values.get("high_risk")
        if wanted is not None and wanted.value != stored["high_risk"]:
            self._override(wanted.value)
            self.difference["high_risk"] = [stored["high_risk"], wanted.value]

    def _beside(self, stored: Mapping[str, Any]) -> None:
        """Other numbers, network address and note: what is there already adds nothing."""
        pk = stored["pk"]
        known = self.about["numbers"].get(pk, set())
        self.numbers = [(n, k) for n, k in self._wanted_numbers() if k not in known and k != stored["control_number"]]
        if self.numbers:
            self.difference["alternate_number"] = [None, "; ".join(number for number, _ in self.numbers)]
        self._interface(self.about["interfaces"].get(pk, []))
        self.note = self._note(self.about["notes"].get(pk, ()))
        if self.note:
            self.difference["notes"] = [None, self.note]

    def _wanted_numbers(self) -> Iterable[tuple[str, str]]:
        value = self.draft.row.values.get("alternate_number")
        for number in value.value if value is not None else ():
            if len(number) > 80:
                self.draft.said.append(Said("alternate_number", "too-long", "A number has at most 80 characters. Shorten it."))
            yield number, control_number_key(number)

    def _interface(self, stored: list[dict[str, Any]]) -> None:
        wanted = self.draft.interface
        if not wanted:
            return
        same = next(
            (one for name in ("mac_address", "ip_address", "hostname") for one in stored if wanted.get(name) and _equal(one, wanted, name)),
            None,
        )
        before = same or {}
        changed = {name: value for name, value in wanted.items() if _plain(before.get(name)) != _plain(value)}
        if changed:
            self.interface = {"id": before.get("pk"), **wanted}
            for name, value in changed.items():
                self.difference[name] = [_plain(before.get(name)) or None, value]

    def _note(self, stored: Iterable[str]) -> str:
        text = self.draft.text("notes")
        if len(text) > MAX_NOTE:
            self.draft.said.append(Said("notes", "too-long", f"A note has at most {MAX_NOTE:,} characters. Shorten it."))
        known = list(stored)
        return "" if text in known or text == NOTE_BREAK.join(known) else text

    def _judge(self, values: Mapping[str, Any], today: date, only: set[str] | None = None) -> None:
        """The rules of the form. Of a known device only what the row changes is judged."""
        for one in device_fields.problems_of(values, today=today):
            if only is None or one.field in only:
                self.draft.said.append(Said(one.field, one.code, one.message, one.severity))

    def values(self) -> dict[str, Any]:
        """What applying needs, as JSON."""
        stored = self.draft.stored
        found: dict[str, Any] = {"set": {name: shown(value) for name, value in self.set.items()}, "facility": self.facility_id}
        if self.refs:
            found["refs"] = self.refs
        if self.numbers:
            found["numbers"] = self.numbers
        if self.interface:
            found["interface"] = self.interface
        if self.note:
            found["note"] = self.note
        if stored is not None:
            found["seen"] = stored["updated_at"].isoformat()
        if self.draft.maker_text and (evidence := self.lookups.maker_evidence(self.draft.maker_text)):
            found["evidence"] = {"manufacturer": evidence}
        return found


def _plain(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _equal(stored: Mapping[str, Any], wanted: Mapping[str, Any], name: str) -> bool:
    return _plain(stored.get(name)) == _plain(wanted[name])
