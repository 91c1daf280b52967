"""Lists of visits as files for spreadsheets: exactly what the list shows, every visit, streamed."""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from openhtm.exchange.rules.export import OutCell, write_csv, write_xlsx
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models.visit import VisitQuerySet
from openhtm.workorders.rules.kinds import number_text

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK, PIECE = 2000, 500
COLUMNS: dict[str, str] = {
    "control_number": "device__control_number", "device_type": "device__device_type__name", "manufacturer": "device__device_model__manufacturer__name",
    "model": "device__device_model__name", "serial_number": "device__serial_number", "high_risk": "device__high_risk", "facility": "device__facility__code",
    "department": "device__department__name", "location": "device__location__full_name", "procedure": "schedule__procedure__code",
    "every": "schedule__every_n", "unit": "schedule__every_unit", "opens_on": "opens_on", "due_on": "due_on", "on_time_until": "on_time_until",
    "grace_until": "grace_until", "state": "state", "performed_on": "performed_on", "timing": "timing", "last_attempt": "outcome",
    "attempts": "attempts_count", "policy_compliant": "policy_compliant", "work_order": "work_order__number",
}  # fmt: skip
"""Column of the file and where it comes from."""


def export_response(*, actor: Actor, visits: VisitQuerySet, kind: str, sentence: str, now: datetime) -> HttpResponseBase:
    """Return the file of these visits as ``csv`` or ``xlsx``. Raises NotAllowed."""
    require(actor, Permission.VIEW_SCHEDULES)
    name = f"visits-{now:%Y-%m-%d}.{kind}"
    if kind == "xlsx":
        about = [("Visits", sentence), ("Written", now.strftime("%Y-%m-%d %H:%M %Z")), ("By", actor.name)]
        target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        with transaction.atomic():
            write_xlsx(target, columns=list(COLUMNS), rows=_rows(visits), sheet="Visits", about=about)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=name, content_type=XLSX)
    response = StreamingHttpResponse(_pieces(visits), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _rows(visits: VisitQuerySet) -> Iterator[list[OutCell]]:
    """Yield one row for each visit, by due day, through a cursor on the server."""
    for row in visits.order_by("due_on", "pk").values(*COLUMNS.values()).iterator(chunk_size=CHUNK):
        yield [number_text(row[name]) if column == "work_order" and row[name] else row[name] for column, name in COLUMNS.items()]


def _pieces(visits: VisitQuerySet) -> Iterator[str]:
    """Yield the CSV in pieces of some hundred rows; a byte order mark comes first, for Excel."""
    with transaction.atomic():  # a cursor on the server lives in a transaction
        stream, header = iter(_rows(visits)), len(_written(()))
        yield "\ufeff" + _written(())
        while taken := list(itertools.islice(stream, PIECE)):
            yield _written(taken)[header:]


def _written(lines: Iterable[Sequence[OutCell]]) -> str:
    with io.StringIO(newline="") as stream:
        write_csv(stream, columns=list(COLUMNS), rows=lines)
        return stream.getvalue()
