"""Writing a checked import: everything by sets of rows, inside one transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from openhtm.catalog.services.models import ModelWanted, ensure_models
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.exchange.models import ImportRun
from openhtm.exchange.services.targets import Tell
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import CustomField
from openhtm.inventory.rules.events import DevicesChanged
from openhtm.inventory.services import import_sql as sql
from openhtm.inventory.services.derived import refresh_types
from openhtm.sites.services.importing import ensure_departments, ensure_locations, ensure_providers

SLICE_ROWS = 10_000
NAMED_IN_EVENT = 10_000
ANALYSE_FROM = 5_000
_DEFAULTS: dict[str, Any] = {
    "description": "", "serial_number": "", "lot": "", "udi_carrier": "", "udi_di": "", "udi_serial": "", "ownership": "owned", "owner_name": "",
    "status": "in_service", "maintenance_strategy": "unknown", "high_risk_reason": "", "software_version": "", "acquired_precision": "day",
    "purchase_order": "", "supplier": "", "custom": {},
}  # fmt: skip


def apply_devices(*, run: ImportRun, actor: Actor, now: datetime, tell: Tell) -> dict[str, int]:
    """Write the rows of ``run`` that create or update. About twelve statements for every 10,000 rows.

    What changed since the check is not overwritten: such rows become conflicts. Returns the counts by outcome.
    Raises NotAllowed if the actor has lost a right, Invalid if the database refuses a row.
    """
    if run.facility_id is not None:
        require(actor, Permission.IMPORT_DEVICES, at=run.facility_id)
    tell(0, 0, "Adding places and models")
    _add_references(run, actor)
    with connection.cursor() as cursor:
        cursor.execute(sql.BEGIN, {"run": run.pk})
        cursor.execute(sql.INDEX)
        cursor.execute(sql.ANALYSE)
        tell(0, 0, "Looking for changes since the check")
        late = _refuse_late(cursor, run)
        cursor.execute(sql.REMEMBER)
        _give_numbers(cursor)
        cursor.execute("SELECT count(*), min(row_number), max(row_number), count(*) FILTER (WHERE action = 'create') FROM import_todo")
        total, first, last, created = cursor.fetchone()
        facts = _facts(run, actor, now)
        with refuse_readably():
            for start in range(first or 0, (last or -1) + 1, SLICE_ROWS):
                for what, statement in sql.SLICE:
                    tell(min(start - first, total), total, f"Writing {what}")
                    cursor.execute(statement, facts | {"first": start, "last": start + SLICE_ROWS})
        tell(total, total, "Linking rows and devices")
        cursor.execute(sql.LINK, {"run": run.pk})
        _tell_others(cursor, run, total)
    counts = {"created": created, "updated": total - created}
    return counts | {"conflicts": run.counts.get("conflicts", 0) + late}


def _facts(run: ImportRun, actor: Actor, now: datetime) -> dict[str, Any]:
    defaults = _DEFAULTS | {"created_at": now.isoformat(), "updated_at": now.isoformat()}
    return {
        "run": run.pk, "now": now, "actor": actor.user_id, "actor_name": actor.name[:120], "reason": f"Import of {run.file_name}"[:400],
        "source": f"import {run.file_name}"[:60], "defaults": orjson.dumps(defaults).decode(),
    }  # fmt: skip


def _add_references(run: ImportRun, actor: Actor) -> None:
    """Add what the plan names and keep the ids in the temporary table ``import_ref``."""
    plan = run.plan
    makers = plan.get("models", [])
    fresh = {
        "model": _ids(makers, lambda found: _models(found, actor)),
        "department": _ids(plan.get("departments", []), lambda found: ensure_departments(actor=actor, wanted=[(f, n) for f, n in found])),
        "location": _ids(plan.get("locations", []), lambda found: ensure_locations(actor=actor, wanted=[(f, tuple(p)) for f, p in found])),
        "service_provider": _ids(plan.get("providers", []), lambda found: ensure_providers(actor=actor, names=found)),
    }
    _add_site_fields(plan.get("site_fields", []), actor)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE import_ref (kind text, place int, id bigint) ON COMMIT DROP")
        with cursor.copy("COPY import_ref FROM STDIN") as copy:
            for kind, ids in fresh.items():
                for place, pk in ids.items():
                    copy.write_row((kind, place, pk))
        cursor.execute("ANALYZE import_ref")


def _ids(entries: Sequence[Any], ensure: Any) -> dict[int, int]:
    """Ids by place in the plan; a place without entry is not needed by any row."""
    wanted = {place: entry for place, entry in enumerate(entries) if entry is not None}
    return dict(zip(wanted, ensure(list(wanted.values())), strict=True)) if wanted else {}


def _models(entries: Sequence[Sequence[Any]], actor: Actor) -> list[int]:
    wanted = [ModelWanted(manufacturer=m, name=n, catalog_number=c, device_type_id=t) for m, n, c, t in entries]
    ids = ensure_models(wanted=wanted, actor=actor, source="import")
    refresh_types(model_ids=ids)
    return ids


def _add_site_fields(entries: Sequence[Sequence[str]], actor: Actor) -> None:
    if not entries:
        return
    require(actor, Permission.MANAGE_CUSTOM_FIELDS)
    fields = [CustomField(key=key, label=label[:80] or key, kind="text", help_text="Added by an import.") for key, label in entries]
    CustomField.objects.bulk_create(fields, ignore_conflicts=True)


_CHANGED = "The device was changed after this file was checked. Check the file again to see both."
_TAKEN = "The control number was given to another device after this file was checked. Check the file again."


def _refuse_late(cursor: Any, run: ImportRun) -> int:
    """Lock the devices to be updated, and turn rows that the check judged on other facts into conflicts."""
    cursor.execute(sql.LOCK)
    late = 0
    for statement, message in ((sql.CHANGED_MEANWHILE, _CHANGED), (sql.TAKEN_MEANWHILE, _TAKEN)):
        cursor.execute(statement, {"run": run.pk, "message": message})
        late += cursor.rowcount
    return late


def _give_numbers(cursor: Any) -> None:
    cursor.execute(sql.GIVE_IDS)
    cursor.execute(sql.WITHOUT_NUMBER)
    while cursor.fetchone()[0]:
        cursor.execute(sql.NUMBER_NEW)
        cursor.execute(sql.TAKEN_NUMBERS)


def _tell_others(cursor: Any, run: ImportRun, total: int) -> None:
    if not total:
        return
    ids: frozenset[int] | None = None
    if total <= NAMED_IN_EVENT:
        cursor.execute("SELECT device_id FROM import_todo")
        ids = frozenset(row[0] for row in cursor.fetchall())
    publish(DevicesChanged(device_ids=ids, source=f"import {run.public_id}"))


def after_commit(counts: Mapping[str, int]) -> None:
    """Bring the planner's statistics in line after a large import."""
    if counts.get("created", 0) + counts.get("updated", 0) < ANALYSE_FROM:
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_device, inventory_statuschange, inventory_devicemove, catalog_devicemodel")
