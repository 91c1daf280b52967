"""Lists of devices as files that spreadsheets open and that the import reads back."""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO

from django.db import transaction

from openhtm.exchange.rules.export import OutCell, write_csv, write_xlsx
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models.device import DeviceQuerySet
from openhtm.inventory.queries.export import export_columns, export_rows

_PIECE = 500


def exported(*, actor: Actor, queryset: DeviceQuerySet, columns: Sequence[str] = ()) -> tuple[list[str], DeviceQuerySet]:
    """Return the columns the actor may take out and the devices they may take them out of. Raises NotAllowed.

    Costs and addresses leave only if the actor may see them everywhere the list reaches, devices only from facilities
    where the actor may export.
    """
    require(actor, Permission.EXPORT_DEVICES)
    reach = actor.facilities_for(Permission.EXPORT_DEVICES)
    if reach is not None:
        queryset = queryset.filter(facility_id__in=reach)
    allowed = export_columns(
        costs=_everywhere(actor, Permission.VIEW_COSTS, reach), addresses=_everywhere(actor, Permission.VIEW_NETWORK, reach)
    )
    chosen = [name for name in allowed if name in set(columns)]
    return (["control_number", *(name for name in chosen if name != "control_number")] if chosen else allowed), queryset


def _everywhere(actor: Actor, permission: Permission, reach: frozenset[int] | None) -> bool:
    held = actor.facilities_for(permission)
    return held is None or (reach is not None and reach <= held)


def csv_pieces(columns: Sequence[str], queryset: DeviceQuerySet) -> Iterator[str]:
    """Yield the CSV in pieces of some hundred rows; a byte order mark comes first, for Excel."""
    with transaction.atomic():  # a cursor on the server lives in a transaction
        yield from _pieces(columns, export_rows(queryset, columns))


def _pieces(columns: Sequence[str], rows: Iterable[Sequence[OutCell]]) -> Iterator[str]:
    stream, header = iter(rows), len(_written(columns, ()))
    yield "\ufeff" + _written(columns, ())
    while taken := list(itertools.islice(stream, _PIECE)):
        yield _written(columns, taken)[header:]


def _written(columns: Sequence[str], rows: Iterable[Sequence[OutCell]]) -> str:
    with io.StringIO(newline="") as stream:
        write_csv(stream, columns=columns, rows=rows)
        return stream.getvalue()


def xlsx_file(columns: Sequence[str], queryset: DeviceQuerySet, *, about: Sequence[tuple[str, str]]) -> IO[bytes]:
    """Return an open temporary file with the workbook, at its start. Constant memory; the file vanishes when closed."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    with transaction.atomic():
        write_xlsx(target, columns=columns, rows=export_rows(queryset, columns), about=about)
    target.seek(0)
    return target


def about_export(*, sentence: str, actor: Actor, now: datetime) -> list[tuple[str, str]]:
    """What the second sheet says: which devices, when, who."""
    return [
        ("Devices", sentence),
        ("Written", now.strftime("%Y-%m-%d %H:%M %Z")),
        ("By", actor.name),
        ("Read back with", "Imports, profile openhtm"),
    ]
