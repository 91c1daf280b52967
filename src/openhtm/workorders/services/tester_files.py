"""Files that testers write: kept as they came, once for each facility and mapping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from openhtm.documents.rules.file_names import clean_file_name
from openhtm.documents.services import store_original
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.testers.models import Tester
from openhtm.testers.rules.files.model import FileLimits
from openhtm.workorders.models import TesterFile

MAX_BYTES = FileLimits().max_bytes


@transaction.atomic
def keep_tester_file(
    *,
    actor: Actor,
    facility: Facility,
    content: bytes,
    file_name: str,
    mapping: str,
    mapping_sha256: str,
    tester: Tester | None,
    problems: Sequence[dict[str, Any]],
    counts: dict[str, Any],
    now: datetime,
) -> tuple[TesterFile, bool]:
    """Keep a file and return its record, and whether it is new: the same content, facility and mapping are one record.

    Up to five statements. Raises NotAllowed, FileTooLarge.
    """
    require(actor, Permission.DO_WORK, at=facility.pk, place=facility.name)
    stored = store_original(content=content, file_name=file_name, actor=actor, max_bytes=MAX_BYTES)
    return TesterFile.objects.get_or_create(
        file=stored,
        facility=facility,
        mapping_sha256=mapping_sha256,
        defaults={
            "file_name": clean_file_name(file_name)[:200], "mapping": mapping[:200], "tester": tester, "problems": list(problems), "counts": counts,
            "received_by_id": actor.user_id, "received_at": now,
        },
    )  # fmt: skip


def name_tester(*, file: TesterFile, tester: Tester | None) -> None:
    """Say which instrument wrote the file. The caller holds its lock and has checked the right. One statement."""
    file.tester = tester
    file.save(update_fields=["tester"])


def mark_applied(*, file: TesterFile, now: datetime) -> None:
    """Write down that results of the file were stored. The caller holds its lock. One statement."""
    file.applied_at = now
    file.save(update_fields=["applied_at"])
