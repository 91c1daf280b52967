"""Results in doubt as files for spreadsheets: every one, the worst first. Read by a cursor; the file is made whole before it is sent."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase

from openhtm.exchange.rules.export import OutCell, write_csv, write_xlsx
from openhtm.identity.actor import Actor
from openhtm.traceability.models import DoubtOrder
from openhtm.traceability.queries.doubts import Finding
from openhtm.traceability.rules.doubts import FARTHEST_PPM, RANK_LABELS, Rank
from openhtm.workorders.rules.kinds import number_text

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = (
    "doubt", "control_number", "high_risk", "device_type", "model", "facility", "order", "procedure", "step", "measured_at", "verdict", "reading",
    "unit", "share_of_limit", "margin_percent", "performer", "result", "new_order", "new_order_status",
)  # fmt: skip
_FIELDS = (
    "rank", "device__control_number", "device__high_risk", "device__device_type__name", "device__device_model__name", "facility",
    "work_order__number", "checklist__version__procedure__name", "step_key", "measured_at", "verdict", "number", "unit", "share_of_limit", "margin",
    "performer_name", "uid", "device_id",
)  # fmt: skip
CHUNK = 2000


def doubts_response(*, actor: Actor, finding: Finding, found: QuerySet[Any], kind: str, now: datetime) -> HttpResponseBase:
    """Return the results of ``found`` as ``csv`` or ``xlsx``, with what became of each device. Two statements and a cursor."""
    name = f"in-doubt-{finding.tester.device.control_number}-{finding.until_on:%Y-%m-%d}.{kind}".replace('"', "").replace("/", "-")
    if kind == "xlsx":
        about = [
            ("Tester", finding.tester.device.control_number), ("Found out of tolerance on", finding.until_on.isoformat()),
            ("In doubt since", finding.since_on.isoformat() if finding.since_on else "the first result"), ("Written", now.strftime("%Y-%m-%d %H:%M %Z")),
            ("By", actor.name),
        ]  # fmt: skip
        target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
        with transaction.atomic():
            write_xlsx(target, columns=COLUMNS, rows=rows(finding, found), sheet="In doubt", about=about)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=name, content_type=XLSX)
    with io.StringIO(newline="") as stream, transaction.atomic():
        write_csv(stream, columns=COLUMNS, rows=rows(finding, found), bom=True)
        response = HttpResponse(stream.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def rows(finding: Finding, found: QuerySet[Any]) -> Iterator[list[OutCell]]:
    """Yield one row for each result, the worst first. Two statements."""
    orders = {
        device: (number_text(number), status)
        for device, number, status in DoubtOrder.objects.filter(calibration=finding.calibration).values_list(
            "device_id", "order__number", "order__status"
        )
    }
    names = [name if name != "facility" else "work_order__facility__code" for name in _FIELDS]
    for row in found.order_by("rank", "margin", "uid").values_list(*names).iterator(chunk_size=CHUNK):
        cells = dict(zip(_FIELDS, row, strict=True))
        margin, order = cells.pop("margin"), orders.get(cells.pop("device_id"), ("", ""))
        cells["rank"] = RANK_LABELS[Rank(cells["rank"])]
        cells["work_order__number"] = number_text(cells["work_order__number"])
        cells["uid"] = str(cells["uid"])
        told: list[OutCell] = list(cells.values())
        told.insert(COLUMNS.index("margin_percent"), None if margin > FARTHEST_PPM else margin / 10_000)
        yield [*told, *order]
