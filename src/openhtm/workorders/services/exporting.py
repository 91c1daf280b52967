"""Lists of orders as files for spreadsheets: exactly what the list shows, every order, streamed."""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from openhtm.exchange.rules.export import OutCell, write_csv, write_xlsx
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models.order import WorkOrderQuerySet
from openhtm.workorders.rules.kinds import number_text

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK, PIECE = 2000, 500
COLUMNS: dict[str, str] = {
    "number": "number", "title": "title", "kind": "kind", "status": "status", "priority": "priority", "origin": "origin",
    "control_number": "device__control_number", "device_type": "device__device_type__name", "manufacturer": "device__device_model__manufacturer__name",
    "model": "device__device_model__name", "serial_number": "device__serial_number", "facility": "facility__code", "location": "location__full_name",
    "department": "department__name", "assigned_to": "assigned_user__full_name", "team": "assigned_team__name", "company": "assigned_provider__name",
    "opened_at": "opened_at", "opens_on": "opens_on", "due_on": "due_on", "on_time_until": "on_time_until", "grace_until": "grace_until",
    "target_at": "completion_due_at", "planned_on": "planned_on", "started_at": "started_at", "completed_at": "completed_at", "closed_at": "closed_at",
    "incident": "incident", "failure_code": "failure__code", "problem": "problem__code", "cause": "cause__code", "resolution": "resolution__code",
    "hold_reason": "hold_reason__code", "hold_until": "hold_until", "work_done": "work_done", "labour_min": "labour_min", "labour_cost": "labour_cents",
    "parts_cost": "parts_cents", "vendor_cost": "vendor_cents", "other_cost": "other_cents",
}  # fmt: skip
"""Column of the file and where it comes from. Costs are amounts, not cents."""
COSTS = frozenset({"labour_cost", "parts_cost", "vendor_cost", "other_cost"})


def export_response(
    *, actor: Actor, orders: WorkOrderQuerySet, kind: str, sentence: str, now: datetime, only_head: bool = False
) -> HttpResponseBase:
    """Return the file of these orders as ``csv`` or ``xlsx``. Costs leave only if the actor may see them everywhere in reach."""
    require(actor, Permission.VIEW_WORK)
    columns = [name for name in COLUMNS if name not in COSTS or _costs_everywhere(actor)]
    name = f"work-{now:%Y-%m-%d}.{kind}"
    media = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    if only_head:
        return HttpResponse(content_type=media)
    if kind == "xlsx":
        about = [("Orders", sentence), ("Written", now.strftime("%Y-%m-%d %H:%M %Z")), ("By", actor.name)]
        target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        with transaction.atomic():
            write_xlsx(target, columns=columns, rows=rows(orders, columns), sheet="Orders", about=about)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=name, content_type=media)
    response = StreamingHttpResponse(_pieces(columns, orders), content_type=media)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def rows(orders: WorkOrderQuerySet, columns: Sequence[str]) -> Iterator[list[OutCell]]:
    """Yield one row for each order, newest number first, through a cursor on the server."""
    names = [COLUMNS[column] for column in columns]
    for row in orders.order_by("-number").values(*names).iterator(chunk_size=CHUNK):
        yield [_cell(column, row[name]) for column, name in zip(columns, names, strict=True)]


def _cell(column: str, value: Any) -> OutCell:
    if column == "number":
        return number_text(value)
    return Decimal(value) / 100 if column in COSTS and value is not None else value


def _costs_everywhere(actor: Actor) -> bool:
    held, seen = actor.facilities_for(Permission.VIEW_COSTS), actor.facilities_for(Permission.VIEW_WORK)
    return held is None or (seen is not None and seen <= held)


def _pieces(columns: Sequence[str], orders: WorkOrderQuerySet) -> Iterator[str]:
    """Yield the CSV in pieces of some hundred rows; a byte order mark comes first, for Excel."""
    with transaction.atomic():  # a cursor on the server lives in a transaction
        stream, header = iter(rows(orders, columns)), len(_written(columns, ()))
        yield "\ufeff" + _written(columns, ())
        while taken := list(itertools.islice(stream, PIECE)):
            yield _written(columns, taken)[header:]


def _written(columns: Sequence[str], lines: Iterable[Sequence[OutCell]]) -> str:
    with io.StringIO(newline="") as stream:
        write_csv(stream, columns=columns, rows=lines)
        return stream.getvalue()
