"""The training plan as a file for spreadsheets: what is proposed and what is planned, with its cost."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from openhtm.competence.queries.cover import Scope
from openhtm.competence.queries.training import planned, proposals
from openhtm.competence.rules.cover import COVER_LABELS, Cover
from openhtm.exchange.rules.export import OutCell, write_csv, write_xlsx
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = ("state", "person", "device_type", "high_risk", "coverage", "training", "cost", "currency", "working_min", "due_on", "done_on")


def plan_file(*, actor: Actor, scope: Scope, kind: str, now: datetime, currency: str) -> HttpResponseBase:
    """Return the plan as ``csv`` or ``xlsx``; costs are amounts. About fifteen statements. Raises NotAllowed."""
    require(actor, Permission.VIEW_STAFF)
    rows = [*_proposed(actor, scope, now, currency), *_planned(actor, currency)]
    name = f"training-plan-{now:%Y-%m-%d}.{kind}"
    if kind == "xlsx":
        about = [("Training plan", "Proposed and planned"), ("Written", now.strftime("%Y-%m-%d %H:%M %Z")), ("By", actor.name)]
        target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        write_xlsx(target, columns=COLUMNS, rows=rows, sheet="Training", about=about)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=name, content_type=XLSX)
    with io.StringIO(newline="") as stream:
        write_csv(stream, columns=COLUMNS, rows=rows)
        text = stream.getvalue()
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")  # a byte order mark comes first, for Excel
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _proposed(actor: Actor, scope: Scope, now: datetime, currency: str) -> Iterator[list[OutCell]]:
    found = proposals(actor=actor, scope=scope, on=timezone.localdate(now))
    for one in found.plan.proposals:
        kind, offer, course = found.types[one.type_id], found.offers.get(one.type_id), one.course
        yield [
            "proposed", found.staff.get(one.staff_id, ""), kind.name, kind.high_risk, COVER_LABELS[one.cover], str(offer or ""),
            _amount(course.cost_cents if course else None), currency, course.minutes if course else None, None, None,
        ]  # fmt: skip


def _planned(actor: Actor, currency: str) -> Iterator[list[OutCell]]:
    for one in planned(actor=actor).order_by("pk"):
        state = "done" if one.done_on else "given up" if one.given_up_on else "planned"
        yield [
            state, str(one.staff), one.device_type.name, one.device_type.high_risk, COVER_LABELS[Cover(one.because)], one.title,
            _amount(one.cost_cents), currency, one.minutes, one.due_on, one.done_on,
        ]  # fmt: skip


def _amount(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents) / 100
