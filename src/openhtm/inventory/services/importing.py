"""Judging the rows of a device import: what each means, which device it is, what it would change. Nothing is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from openhtm.catalog.rules import udi
from openhtm.exchange.models import ImportRun, RowAction
from openhtm.exchange.rules.mapping import BadProfile, Profile
from openhtm.exchange.rules.rows import ReadRow
from openhtm.exchange.rules.tables import Row
from openhtm.exchange.rules.values import Value
from openhtm.exchange.services.targets import Staged
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.queries import importing as queries
from openhtm.inventory.rules import import_values
from openhtm.inventory.rules.import_fields import FIELDS_OF
from openhtm.inventory.rules.import_matching import CONTROL_NUMBER, KEY_LABELS, Match, decide
from openhtm.inventory.rules.import_values import CUSTOM, KEPT_AS_SITE_FIELDS, Said, shown
from openhtm.inventory.services.import_lookups import Lookups
from openhtm.inventory.services.import_verdicts import Draft, Verdict

_SITE_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SERIAL_KEYS = frozenset({"manufacturer+serial_number", "udi", "udi_di+serial_number"})


@dataclass(slots=True)
class _Seen:
    """Where this file named something first, so that it does not name it twice."""

    numbers: dict[str, int] = field(default_factory=dict)
    devices: dict[int, int] = field(default_factory=dict)
    serials: dict[tuple[Any, str], int] = field(default_factory=dict)


class DeviceStager:
    """One run's rows, judged some thousand at a time: about fifteen statements for each call of ``judge``."""

    def __init__(self, *, run: ImportRun, profile: Profile, columns: Mapping[str, str], actor: Actor, now: datetime) -> None:
        if unknown := [key for key in profile.key_order if key not in KEY_LABELS]:
            raise BadProfile(reason=f"unknown keys: {', '.join(unknown)}; known are {', '.join(KEY_LABELS)}")
        self.run, self.profile, self.columns, self.actor, self.now = run, profile, columns, actor, now
        self.lookups = Lookups(run=run, profile=profile, actor=actor)
        self.seen = _Seen()
        self.filled: set[str] = set()
        self.today = {pk: now.astimezone(ZoneInfo(one.time_zone)).date() for pk, one in self.lookups.facilities.items()}
        self.site_fields, self.left_out = self._site_fields()

    def _site_fields(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the site fields to be added (key to label), and those that are not kept (key to the reason)."""
        wanted = {name.removeprefix(CUSTOM): label for name, label in self.columns.items() if name.startswith(CUSTOM)}
        wanted |= {key: label for key, label in KEPT_AS_SITE_FIELDS.items() if key in self.columns}
        if wrong := [key for key in wanted if not _SITE_KEY.fullmatch(key)]:
            raise BadProfile(reason=f"{wrong[0]} cannot be the key of a site field: small letters, digits and _, at most 40")
        missing = {key: label for key, label in wanted.items() if key not in self.lookups.site_fields}
        if not missing:
            return {}, {}
        if self.profile.on_missing == "refuse":
            raise BadProfile(
                reason=f"these site fields do not exist: {', '.join(missing)}. Define them, or let the profile add what is missing"
            )
        may = self.actor.may_everywhere(Permission.MANAGE_CUSTOM_FIELDS) or self.actor.may(Permission.MANAGE_CUSTOM_FIELDS)
        if self.profile.on_missing == "warn" or not may:
            return {}, dict.fromkeys(missing, "There is no such site field" + ("" if may else " and your role may not add it"))
        self.lookups.site_fields |= {key: ("text", False, []) for key in missing}
        return missing, {}

    def plan(self) -> dict[str, Any]:
        """Return what applying adds besides the devices; each list keeps its places, with None where nothing is needed."""
        plans = {
            name: [entry if place in plan.used else None for place, entry in enumerate(plan.entries)]
            for name, plan in self.lookups.plans.items()
        }
        makers = {entry[0]: None for entry in plans["models"] if entry and self.lookups.maker(entry[0]).method in ("none", "similar")}
        return plans | {
            "columns": sorted(self.filled),
            "manufacturers": list(makers),
            "site_fields": [[key, label.rpartition(" / ")[2][:80]] for key, label in self.site_fields.items()],
            "left_out": [f"{self.columns.get(CUSTOM + key, key)}: {why}; its values are not kept." for key, why in self.left_out.items()],
        }

    def judge(self, rows: Sequence[tuple[ReadRow, Row]]) -> list[Staged]:
        """Say what each row would do."""
        drafts = [self._draft(row) for row, _ in rows]
        self.lookups.learn(
            (one.maker_text for one in drafts),
            (text for one in drafts for name in ("device_type", "description") if (text := one.text(name))),
            (one.columns["udi_di"] for one in drafts if one.columns.get("udi_di")),
        )
        self._match(drafts)
        ids = {one.match.device_id for one in drafts if one.match.device_id is not None}
        stored = queries.stored_devices(ids) if ids else {}
        for one in drafts:
            one.stored = stored.get(one.match.device_id or 0)
            one.type_id, one.type_stated, said = self.lookups.device_type(one.row.values)
            one.said += said
            one.model_key = one.wanted_model(self.lookups)
        self.lookups.learn_models(one.model_key for one in drafts if one.model_key)
        about = self._about(drafts, ids)
        staged = [self._staged(one, about) for one in drafts]
        fresh = [one for one in staged if one.action == RowAction.CREATE]
        for new, pk in zip(fresh, queries.reserved_ids(len(fresh)), strict=True):
            new.target_id = pk
        return staged

    def _about(self, drafts: Sequence[Draft], ids: set[int]) -> dict[str, dict[int, Any]]:
        """Numbers, addresses and notes of the devices met, where the file says anything of the kind."""
        return {
            "numbers": queries.stored_numbers(ids) if ids and any("alternate_number" in one.row.values for one in drafts) else {},
            "interfaces": queries.stored_interfaces(ids) if ids and any(one.interface for one in drafts) else {},
            "notes": queries.stored_notes(ids) if ids and any("notes" in one.row.values for one in drafts) else {},
        }

    def _draft(self, row: ReadRow) -> Draft:
        meant = import_values.meant(row.values, currency=self.lookups.currency)
        draft = Draft(row=row, columns=meant.columns, interface=meant.interface, said=meant.said)
        if carrier := meant.columns.get("udi_carrier"):
            read = udi.parse(carrier)
            if read.error is not None:
                draft.said.append(Said("udi", "udi-unreadable", f"{read.error.message} (character {read.error.position + 1})"))
            else:
                draft.said += [Said("udi", warning.code, warning.message, "warning") for warning in read.warnings]
                found = {
                    "udi_di": read.di, "udi_serial": read.serial, "serial_number": read.serial, "lot": read.lot,
                    "udi_expires_on": read.expires_on, "manufactured_on": read.manufactured_on, "software_version": read.software_version,
                }  # fmt: skip
                draft.from_udi = {name: value for name, value in found.items() if value and not draft.columns.get(name)}
        draft.site_values = self._site_values(row.values)
        return draft

    def _site_values(self, values: Mapping[str, Value]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in values.items():
            key = name.removeprefix(CUSTOM) if name.startswith(CUSTOM) else name if name in KEPT_AS_SITE_FIELDS else None
            if key is not None and key in self.lookups.site_fields:
                kind, _required, choices = self.lookups.site_fields[key]
                found[key] = import_values.site_value(value.value, kind=kind, choices=choices)
        return found

    def _match(self, drafts: Sequence[Draft]) -> None:
        """Find the device of each row by the profile's keys. Four statements."""
        order = self.profile.key_order
        numbers = {one.columns["control_number"] for one in drafts if one.columns.get("control_number")}
        held = queries.holders_of_numbers(numbers) if numbers else {}
        serials = {key for one in drafts if (key := one.serial_key())} if _SERIAL_KEYS & set(order) else set()
        by_serial = queries.devices_by_serial(serials, facilities=self.lookups.scope)
        others: dict[str, set[int]] = {}
        if "alternate_number" in order:
            keys = {key for one in drafts for key in one.other_numbers()}
            others = queries.devices_by_other_number(keys, facilities=self.lookups.scope)
        for one in drafts:
            one.holders = held.get(one.columns.get("control_number", ""), [])
            found = self._found(one, by_serial, others)
            identity = {
                row.device_id: {CONTROL_NUMBER: True, "manufacturer+serial_number": bool(row.serial_key), "udi": bool(row.udi_di)}
                for rows in (by_serial.get(one.serial_key(), []),)
                for row in rows
            }
            for devices in found.values():
                for pk in devices:
                    identity.setdefault(pk, {CONTROL_NUMBER: True})
            one.match = decide(order, found, identity=identity)

    def _found(
        self, one: Draft, by_serial: Mapping[str, list[queries.Identity]], others: Mapping[str, set[int]]
    ) -> dict[str, frozenset[int]]:
        """Devices by each key that the row fills."""
        found: dict[str, frozenset[int]] = {}
        if one.columns.get("control_number"):
            found[CONTROL_NUMBER] = frozenset(held.device_id for held in one.holders)
        serial, di = one.serial_key(), one.di()
        same = by_serial.get(serial, []) if serial else []
        maker = self.lookups.maker(one.maker_text)
        if serial and one.maker_text and maker.method != "unknown":
            found["manufacturer+serial_number"] = frozenset(row.device_id for row in same if row.manufacturer_id == maker.manufacturer_id)
        if serial and di:
            carriers = frozenset(row.device_id for row in same if row.udi_di == di)
            found |= {"udi": carriers, "udi_di+serial_number": carriers}
        if numbers := one.other_numbers():
            bearers = [others.get(key, set()) for key in numbers]
            found["alternate_number"] = frozenset().union(*bearers)
        return found

    def _staged(self, one: Draft, about: Mapping[str, Mapping[int, Any]]) -> Staged:
        facility_id = self._facility(one)
        verdict = Verdict(draft=one, lookups=self.lookups, facility_id=facility_id, file_name=self.run.file_name, about=about)
        problems = [*self._of_reader(one), *self._repeated(one)]
        today = self.today.get(facility_id or 0, self.now.date())
        if one.match.conflict:
            one.said.append(self._in_conflict(one.match))
        elif one.stored is None:
            verdict.create(today=today)
        else:
            verdict.update(today=today)
        problems += [self._problem(said, one) for said in one.said]
        action = _action(one, verdict, problems)
        if action in (RowAction.CREATE, RowAction.UPDATE):
            verdict.use_refs()
            self.filled |= verdict.columns()
        values = verdict.values() if action in (RowAction.CREATE, RowAction.UPDATE, RowAction.CONFLICT) else {}
        return Staged(
            row_number=one.row.number,
            action=action,
            source={},
            values=values,
            matched_by=one.match.key,
            target_id=one.match.device_id,
            difference=verdict.difference if action in (RowAction.UPDATE, RowAction.CREATE) else {},
            problems=problems,
        )

    def _facility(self, one: Draft) -> int | None:
        """The facility of the row; problems are added to its remarks."""
        text = one.text("facility")
        named = self.lookups.facility(text) if text else None
        chosen = self.run.facility_id
        if chosen is not None:
            here = self.lookups.facilities.get(chosen)
            if text and named is None:
                said = f"{text[:60]} is no facility here; the device goes to {here}, as chosen for this file."
                one.said.append(Said("facility", "facility-chosen", said, "warning"))
            elif named not in (None, chosen):
                one.said.append(
                    Said("facility", "other-facility", f"The row belongs to {text[:60]}, this import goes to {here}. Take it out.")
                )
            return chosen
        if text and named is None:
            one.said.append(
                Said("facility", "facility-unknown", f"There is no facility {text[:60]} that you may import for. Correct the name.")
            )
        elif not text and one.stored is not None:
            return int(one.stored["facility_id"])
        elif not text and len(self.lookups.facilities) == 1:
            return next(iter(self.lookups.facilities))
        elif not text:
            one.said.append(Said("facility", "required", "Facility is missing. Fill the cell, or choose one facility for the whole file."))
        return named

    def _of_reader(self, one: Draft) -> Iterable[dict[str, Any]]:
        for severity, found in (("error", one.row.problems), ("warning", one.row.warnings)):
            for problem in found:
                if problem.code == "required" and problem.field == CONTROL_NUMBER:
                    continue  # judged with the other keys
                yield {
                    "column": problem.column or self._column(problem.field), "field": problem.field, "value": problem.value,
                    "severity": severity, "code": problem.code, "message": problem.message,
                }  # fmt: skip

    def _repeated(self, one: Draft) -> Iterable[dict[str, Any]]:
        """Conflicts and warnings because an earlier row of the file names the same."""
        number, row = one.columns.get("control_number"), one.row.number
        first = self.seen.numbers.setdefault(number, row) if number else row
        if first == row and one.match.device_id is not None:
            first = self.seen.devices.setdefault(one.match.device_id, row)
        if first != row:
            one.repeated = True
            what = f"control number {number}" if number and self.seen.numbers.get(number) == first else "device"
            yield self._problem(Said(CONTROL_NUMBER, "repeated", f"Row {first} is about the same {what}. Keep one of the two."), one)
            return
        if (serial := one.serial_key()) and one.match.device_id is None:
            maker = self.lookups.maker(one.maker_text).manufacturer_id or one.maker_text
            first = self.seen.serials.setdefault((maker, serial), row)
            if first != row:
                one.repeated = not number
                message = f"Row {first} has the same manufacturer and serial number. If it is the same device, keep one of the two."
                yield self._problem(Said("serial_number", "serial-repeated", message, "error" if one.repeated else "warning"), one)

    def _in_conflict(self, match: Match) -> Said:
        kind, _, key = match.conflict.partition(":")
        if kind == "ambiguous":
            message = f"Several devices have this {KEY_LABELS[match.key]}. Give the control number of the one that is meant."
            return Said(match.key.partition("+")[0], "ambiguous", message)
        message = f"The {KEY_LABELS[match.key]} and the {KEY_LABELS[key]} are those of two different devices. Correct one of them."
        return Said(key.partition("+")[0], "keys-contradict", message)

    def _problem(self, said: Said, one: Draft) -> dict[str, Any]:
        name = said.field.partition(".")[0] if said.field.startswith("custom.") else said.field
        name = CUSTOM + said.field.partition(".")[2] if said.field.startswith("custom.") else FIELDS_OF.get(name, name)
        value = one.row.values.get(name)
        text = "" if value is None else _as_text(value.value)
        return {
            "column": self._column(name), "field": name, "value": text[:200], "severity": said.severity, "code": said.code,
            "message": said.message,
        }  # fmt: skip

    def _column(self, name: str) -> str:
        return self.columns.get(name, "")


def _action(one: Draft, verdict: Verdict, problems: Sequence[Mapping[str, Any]]) -> str:
    if one.match.conflict or one.repeated or verdict.conflict:
        return RowAction.CONFLICT
    if any(problem["severity"] == "error" for problem in problems):
        return RowAction.REFUSED
    if one.stored is None:
        return RowAction.CREATE
    return RowAction.UPDATE if verdict.difference else RowAction.UNCHANGED


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        if hasattr(value, "amount"):
            return f"{value.amount:f}"
        return "; ".join(map(str, value))
    return str(shown(value))
