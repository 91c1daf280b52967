"""Devices as the target of an import: what ``exchange`` asks of this room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from openhtm.catalog.rules import udi
from openhtm.exchange.models import ImportRun
from openhtm.exchange.rules.mapping import Check, Profile, TargetField
from openhtm.exchange.services.targets import Stager, Tell
from openhtm.identity.actor import Actor
from openhtm.inventory.rules import import_fields
from openhtm.inventory.services import import_apply
from openhtm.inventory.services.importing import DeviceStager


class DeviceTarget:
    """Rows become devices."""

    code = "devices"

    def fields(self) -> Sequence[TargetField]:
        return import_fields.device_fields()

    def profiles(self) -> Mapping[str, Profile]:
        return import_fields.shipped_profiles()

    def checks(self) -> Mapping[str, Check]:
        return {"udi": _is_udi}

    def stager(self, *, run: ImportRun, profile: Profile, columns: Mapping[str, str], actor: Actor, now: datetime) -> Stager:
        return DeviceStager(run=run, profile=profile, columns=columns, actor=actor, now=now)

    def apply(self, *, run: ImportRun, actor: Actor, now: datetime, tell: Tell) -> dict[str, int]:
        return import_apply.apply_devices(run=run, actor=actor, now=now, tell=tell)

    def applied(self, *, run: ImportRun, counts: Mapping[str, Any]) -> None:
        import_apply.after_commit(counts)


def _is_udi(text: str) -> bool:
    """A whole UDI with more than a bare device identifier: that alone is the field of its own."""
    read = udi.parse(text)
    return read.error is None and bool(read.di) and len(read.elements) > 1
