"""Writing a checked import: everything by sets of rows, inside one transaction that the caller holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max, Min

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
from openhtm.inventory.services.figures import refresh_figures
from openhtm.inventory.services.quality import refresh_duplicates
from openhtm.sites.services.importing import ensure_departments, ensure_locations, ensure_providers

SLICE_ROWS = 10_000
NAMED_IN_EVENT = 10_000
ANALYSE_FROM = 5_000


def apply_devices(*, run: ImportRun, actor: Actor, now: datetime, tell: Tell) -> dict[str, int]:
    """Write the rows of ``run`` that create or update. About twelve statements for every 10,000 rows.

    What changed since the check is not overwritten: such rows become conflicts. Returns the counts by outcome.
    Raises NotAllowed if the actor has lost a right, Invalid if the database refuses a row.
    """
    if run.facility_id is not None:
        require(actor, Permission.IMPORT_DEVICES, at=run.facility_id)
    tell(0, 0, "Adding places and models")
    _add_references(run, actor)
    first, last = _range(run)
    totals = _Totals()
    with connection.cursor() as cursor:
        tell(0, last - first, "Looking for changes since the check")
        cursor.execute(sql.GATHER_WORDS)
        cursor.execute(sql.LOCK, {"run": run.pk})
        cursor.execute(sql.MAKE_TODO)
        facts = _facts(run, actor, now)
        statements = (("devices", sql.insert_devices(run.plan.get("columns", ()))), *sql.SLICE)
        for start in range(first, last, SLICE_ROWS):
            cut = facts | {"start": first, "first": start, "last": start + SLICE_ROWS}
            _write_slice(cursor, statements, cut, totals, _saying(tell, start - first, last - first))
    _tell_others(run, totals, now)
    return {"created": totals.created, "updated": totals.updated, "conflicts": run.counts.get("conflicts", 0) + totals.late}


@dataclass(slots=True)
class _Totals:
    """What was written so far. ``ids`` None: too many to name."""

    created: int = 0
    updated: int = 0
    late: int = 0
    ids: set[int] | None = field(default_factory=set)


def _saying(tell: Tell, done: int, total: int) -> Callable[[str], None]:
    return lambda what: tell(done, total, f"Writing {what}")


def _range(run: ImportRun) -> tuple[int, int]:
    """First row and one past the last row that is to be written."""
    found = run.rows.filter(action__in=("create", "update")).aggregate(first=Min("row_number"), last=Max("row_number"))
    return (0, 0) if found["first"] is None else (found["first"], found["last"] + 1)


def _write_slice(
    cursor: Any, statements: Sequence[tuple[str, str]], facts: dict[str, Any], totals: _Totals, saying: Callable[[str], None]
) -> None:
    """Write some thousand rows. A fixed number of statements."""
    saying("devices")
    cursor.execute(sql.CLEAR_TODO)
    cursor.execute(sql.FILL_TODO, facts)
    if facts["first"] == facts["start"]:
        cursor.execute(sql.ANALYSE_TODO)  # one slice is like another
    totals.late += _refuse_late(cursor, facts)
    _give_numbers(cursor, facts)
    cursor.execute("SELECT count(*) FILTER (WHERE action = 'create'), count(*) FROM import_todo")
    created, written = cursor.fetchone()
    totals.created, totals.updated = totals.created + created, totals.updated + written - created
    with refuse_readably():
        for what, statement in statements:
            saying(what)
            cursor.execute(statement, facts)
    if totals.ids is not None:
        cursor.execute("SELECT device_id FROM import_todo")
        totals.ids.update(row[0] for row in cursor.fetchall())
        totals.ids = totals.ids if len(totals.ids) <= NAMED_IN_EVENT else None


def _facts(run: ImportRun, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "run": run.pk, "now": now, "actor": actor.user_id, "actor_name": actor.name[:120], "reason": f"Import of {run.file_name}"[:400],
        "source": f"import {run.file_name}"[:60],
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
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS import_ref (kind text, place int, id bigint) ON COMMIT DROP")
        cursor.execute("TRUNCATE import_ref")
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
    if typed := [pk for pk, (_m, _n, _c, type_id) in zip(ids, entries, strict=True) if type_id is not None]:
        refresh_types(model_ids=typed)
    return ids


def _add_site_fields(entries: Sequence[Sequence[str]], actor: Actor) -> None:
    if not entries:
        return
    require(actor, Permission.MANAGE_CUSTOM_FIELDS)
    fields = [CustomField(key=key, label=label[:80] or key, kind="text", help_text="Added by an import.") for key, label in entries]
    CustomField.objects.bulk_create(fields, ignore_conflicts=True)


_CHANGED = "The device was changed after this file was checked. Check the file again to see both."
_TAKEN = "The control number was given to another device after this file was checked. Check the file again."


def _refuse_late(cursor: Any, facts: Mapping[str, Any]) -> int:
    """Turn rows that the check judged on other facts into conflicts. Their devices are locked."""
    late = 0
    for statement, message in ((sql.CHANGED_MEANWHILE, _CHANGED), (sql.TAKEN_MEANWHILE, _TAKEN)):
        cursor.execute(statement, {"run": facts["run"], "message": message})
        late += cursor.rowcount
    return late


def _give_numbers(cursor: Any, facts: Mapping[str, Any]) -> None:
    """Give the next free control numbers to new devices without one."""
    cursor.execute(sql.WITHOUT_NUMBER)
    missing, again = bool(cursor.fetchone()[0]), list[int]()
    while missing:
        cursor.execute(sql.NUMBER_NEW, {"again": again})
        cursor.execute(sql.TAKEN_NUMBERS, facts)
        again = [row[0] for row in cursor.fetchall()]
        missing = bool(again)


def _tell_others(run: ImportRun, totals: _Totals, now: datetime) -> None:
    if totals.created + totals.updated:
        if totals.ids is not None:
            refresh_duplicates(totals.ids, now=now)
        ids = None if totals.ids is None else frozenset(totals.ids)
        publish(DevicesChanged(device_ids=ids, source=f"import {run.public_id}"))


def after_commit(counts: Mapping[str, int]) -> None:
    """After a large import, bring the planner's statistics, the doubtful pairs and the stored figures in line."""
    written = counts.get("created", 0) + counts.get("updated", 0)
    if written >= ANALYSE_FROM:
        with connection.cursor() as cursor:
            cursor.execute(sql.SORT_WORDS)
            cursor.execute("ANALYZE inventory_device, inventory_statuschange, inventory_devicemove, catalog_devicemodel")
    if written > NAMED_IN_EVENT:
        refresh_duplicates()
    if written >= ANALYSE_FROM:
        refresh_figures()
