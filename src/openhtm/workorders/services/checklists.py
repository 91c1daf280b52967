"""Checklists of an order: adding one, finishing it, photos of its steps."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.documents.models import StoredFile
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.models import ProcedureVersion, VersionStatus
from openhtm.procedures.rules.steps import Step
from openhtm.workorders.models import Checklist, Purpose, WorkOrder
from openhtm.workorders.queries.checklists import standings, visible_checklists
from openhtm.workorders.queries.evidence import contents_of
from openhtm.workorders.rules.checklists import OUTCOME_LABELS, Standing, refuse_outcome
from openhtm.workorders.services.failures import Failure, repair
from openhtm.workorders.services.shared import lock_order, log, refuse_settled

PHOTO_TYPES = {"image/jpeg", "image/png", "image/webp"}
PHOTO_MAX_BYTES = 15 * 2**20


class ChecklistNotFinished(DomainError):
    """Required steps of the checklist have no answer yet."""

    code = "checklist-not-finished"
    message = "{count} of the required steps still need an answer: {steps}. Answer them, or skip them with the reason."


class ChecklistEmpty(DomainError):
    """Nothing was recorded on the checklist, so it cannot be finished."""

    code = "checklist-empty"
    message = "Nothing has been recorded on {checklist} yet."


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished checklist and the repair orders that were opened with it."""

    checklist: Checklist
    standing: Standing
    repairs: tuple[WorkOrder, ...]


@transaction.atomic
def add_checklist(*, actor: Actor, number: int, procedure_code: str, purpose: str = Purpose.WORK, now: datetime | None = None) -> Checklist:
    """Add the released version of a procedure to an order. Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, Invalid."""
    now = now or timezone.now()
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    refuse_settled(order)
    if purpose not in Purpose.values:
        raise Invalid({"purpose": [f"Choose one of: {', '.join(Purpose.values)}."]})
    released = ProcedureVersion.objects.filter(procedure__code=procedure_code, status=VersionStatus.RELEASED)
    version = released.select_related("procedure").defer("content").first()
    if version is None:
        raise Invalid({"procedure": [f"There is no released procedure {procedure_code[:80]}."]})
    if Checklist.objects.filter(work_order=order, version=version, purpose=purpose).exists():
        raise Invalid({"procedure": ["This checklist is on the order already."]})
    last = Checklist.objects.filter(work_order=order).order_by("-position").values_list("position", flat=True).first() or 0
    with refuse_readably():
        made = Checklist.objects.create(work_order=order, version=version, purpose=purpose, position=last + 1, added_at=now)
    log(order, "checklist_added", actor=actor, now=now, after=str(version)[:200])
    return made


@transaction.atomic
def finish_checklist(
    *, actor: Actor, uid: uuid.UUID, outcome: str = "", open_repair: bool = False, now: datetime | None = None
) -> Finished:
    """Say that a checklist is done. ``outcome`` left out: what the results say; a person may judge worse, never better.

    ``open_repair`` opens a repair order for minor failures too. Finishing twice changes nothing but the outcome.
    Raises Checklist.DoesNotExist, NotAllowed, OrderSettled, ChecklistEmpty, ChecklistNotFinished, Invalid.
    """
    now = now or timezone.now()
    checklist = visible_checklists(actor).get(uid=uid)
    order = lock_order(actor=actor, number=checklist.work_order.number, permission=Permission.DO_WORK)
    refuse_settled(order)
    [stands] = standings([checklist]).values()
    steps = steps_of(checklist)
    _refuse_unfinished(checklist, stands, steps)
    wanted = outcome or stands.outcome
    if refusal := refuse_outcome(wanted=wanted, proposed=stands.outcome):
        raise Invalid({"outcome": [refusal]})
    checklist.finished_at, checklist.finished_by_id, checklist.outcome = now, actor.user_id, wanted
    checklist.save(update_fields=["finished_at", "finished_by", "outcome"])
    log(order, "checklist_finished", actor=actor, now=now, after=wanted, text=f"{checklist.version}: {OUTCOME_LABELS[wanted]}")
    repairs = []
    if open_repair and stands.failed:
        titles = [step.title for key, step in steps.items() if key in stands.failed]
        repairs = repair(failures=[Failure(order, titles)], actor=actor, now=now, take_out=bool(stands.critical))
    return Finished(checklist, stands, tuple(repairs))


def _refuse_unfinished(checklist: Checklist, stands: Standing, steps: dict[str, Step]) -> None:
    if not stands.answered:
        raise ChecklistEmpty(checklist=checklist.version)
    if stands.missing:
        named = [steps[key].title for key in stands.missing[:3]]
        more = f" and {len(stands.missing) - 3} more" if len(stands.missing) > 3 else ""
        raise ChecklistNotFinished(count=len(stands.missing), steps=", ".join(named) + more)


def steps_of(checklist: Checklist) -> dict[str, Step]:
    """Return the steps of a checklist's version by key, in their order. At most one statement."""
    content = contents_of({checklist.version_id: checklist.version.content_hash})[checklist.version_id]
    return {step.key: step for step in content.steps}


def refresh_finished(checklists: Iterable[Checklist]) -> None:
    """Bring the outcome of finished checklists in line after results arrived later. Nothing unless one was finished."""
    finished = list({one.pk: one for one in checklists if one.finished_at}.values())
    if not finished:
        return
    stands = standings(finished)
    changed = [one for one in finished if one.outcome != stands[one.pk].outcome]
    for one in changed:
        one.outcome = stands[one.pk].outcome
    if changed:
        Checklist.objects.bulk_update(changed, ["outcome"])


def store_photo(*, actor: Actor, number: int, content: BinaryIO | bytes, file_name: str) -> StoredFile:
    """Keep a photo of the work on an order, so that a result can name it by its hash.

    Raises WorkOrder.DoesNotExist, NotAllowed, FileRefused (not a picture), FileTooLarge.
    """
    order = WorkOrder.objects.visible_to(actor).select_related("facility").get(number=number)
    require(actor, Permission.DO_WORK, at=order.facility_id, place=order.facility.name)
    return store_file(content=content, file_name=file_name, actor=actor, allowed=PHOTO_TYPES, max_bytes=PHOTO_MAX_BYTES)
