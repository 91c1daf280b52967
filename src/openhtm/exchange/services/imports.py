"""The life of an import: uploaded, checked, applied, or given up. The work itself is in ``running``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from openhtm.core.errors import DomainError, Invalid
from openhtm.documents.rules.file_names import clean_file_name
from openhtm.documents.rules.media import CSV, TEXT, XLSX
from openhtm.documents.services import store_file
from openhtm.exchange.models import ImportProfile, ImportRun, RunStatus
from openhtm.exchange.rules.mapping import Profile
from openhtm.exchange.services import reading
from openhtm.exchange.services.targets import target_named
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility

LOCK_SPACE = 0x1A9047  # advisory locks of import runs
WAITING = "Waiting for its turn"
BUSY = frozenset({RunStatus.CHECKING, RunStatus.APPLYING})
RECHECKABLE = frozenset({RunStatus.UPLOADED, RunStatus.CHECKED, RunStatus.CANCELLED, RunStatus.FAILED})
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,58}")


class RunNotReady(DomainError):
    """The import is not at the point where this can be done (409)."""

    code = "import-not-ready"
    status = 409
    message = "{file} is {state}. {remedy}"


@transaction.atomic
def create_run(
    *, actor: Actor, content: Any, file_name: str, facility_id: int | None, target: str = "devices", profile: str | None = None
) -> ImportRun:
    """Keep the file and find out how it can be read; nothing is imported yet. ``content``: bytes, or anything with ``read``.

    ``facility_id`` None: the file names the facility of each row, which needs the right everywhere. ``profile`` is the
    code of a saved one; without it the best that fits is taken, else names and contents decide.
    Raises Facility.DoesNotExist, NotAllowed, NotFound, FileRefused, UnreadableFile.
    """
    if facility_id is None:
        require_everywhere(actor, Permission.IMPORT_DEVICES)
    else:
        facility = Facility.objects.visible_to(actor).get(pk=facility_id)
        require(actor, Permission.IMPORT_DEVICES, at=facility.pk, place=facility.name)
    name = clean_file_name(file_name)[:200]
    kinds = {CSV.media_type, TEXT.media_type, XLSX.media_type}
    stored = store_file(content=content, file_name=name, actor=actor, allowed=kinds, max_bytes=settings.IMPORT_MAX_BYTES)
    run = ImportRun(target=target, facility_id=facility_id, file=stored, file_name=name, created_by_id=actor.user_id)
    wanted = reading.profile_named(target, profile) if profile else None
    proposal = reading.propose(run, profile=wanted)
    run.definition = reading.definition_of(proposal.profile)
    run.profile = _stored_profile(target, proposal.saved_as)
    run.save(force_insert=True)
    return run


def _stored_profile(target: str, code: str) -> ImportProfile | None:
    """Return the row of a profile; a shipped one gets its row when it is first used."""
    if not code:
        return None
    shipped = target_named(target).profiles().get(code)
    if shipped is None:
        return ImportProfile.objects.filter(code=code, target=target).first()
    row, _ = ImportProfile.objects.get_or_create(
        code=code, defaults={"name": shipped.label, "target": target, "definition": reading.definition_of(shipped), "shipped": True}
    )
    return row


def visible_run(*, actor: Actor, public_id: UUID | str) -> ImportRun:
    """Return a run the actor may work on. One statement. Raises ImportRun.DoesNotExist, NotAllowed."""
    require(actor, Permission.IMPORT_DEVICES)
    return ImportRun.objects.visible_to(actor).select_related("file", "facility", "profile", "created_by").get(public_id=public_id)


@transaction.atomic
def configure_run(*, actor: Actor, public_id: UUID | str, profile: Profile, save_as: str = "") -> ImportRun:
    """Say how the file is to be read; with ``save_as`` the profile is kept under that name for the next file.

    What was checked before is forgotten. Raises ImportRun.DoesNotExist, NotAllowed, RunNotReady, BadProfile, Invalid.
    """
    run = _locked(actor, public_id, states=RECHECKABLE, remedy="It cannot be read in another way any more.")
    table = reading.open_run(run, profile=profile)
    table.reader(profile)
    run.definition = reading.definition_of(profile)
    if save_as:
        run.profile = save_profile(actor=actor, name=save_as, profile=profile, target=run.target)
        run.definition = run.profile.definition
    run.status, run.counts, run.plan, run.failure = RunStatus.UPLOADED, {}, {}, ""
    run.save(update_fields=["definition", "profile", "status", "counts", "plan", "failure"])
    return run


@transaction.atomic
def save_profile(*, actor: Actor, name: str, profile: Profile, target: str = "devices") -> ImportProfile:
    """Keep a profile under a name. One of the same name is replaced, a shipped one never. Raises NotAllowed, Invalid."""
    require(actor, Permission.IMPORT_DEVICES)
    label = " ".join(name.split())[:120]
    code = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:59]
    if not _CODE.fullmatch(code):
        raise Invalid({"name": ["Give a name with letters or digits."]})
    if code in target_named(target).profiles():
        raise Invalid({"name": [f"{code} is a profile that comes with OpenHTM. Choose another name."]})
    kept = Profile(**{**{part: getattr(profile, part) for part in Profile.__dataclass_fields__}, "name": code, "label": label})
    row, _ = ImportProfile.objects.update_or_create(
        code=code,
        defaults={"name": label, "target": target, "definition": reading.definition_of(kept), "shipped": False},
        create_defaults={
            "name": label, "target": target, "definition": reading.definition_of(kept), "shipped": False, "created_by_id": actor.user_id
        },
    )  # fmt: skip
    return row


@transaction.atomic
def request_check(*, actor: Actor, public_id: UUID | str) -> ImportRun:
    """Have every row checked by a background job. Raises ImportRun.DoesNotExist, NotAllowed, RunNotReady."""
    run = _locked(actor, public_id, states=RECHECKABLE, remedy="Its rows cannot be checked again.")
    _defer(run, "exchange.check_import")
    return run


@transaction.atomic
def request_apply(*, actor: Actor, public_id: UUID | str) -> ImportRun:
    """Have the checked rows written by a background job, all or none. Raises as ``request_check``."""
    run = _locked(actor, public_id, states=frozenset({RunStatus.CHECKED}), remedy="Check it first.")
    _defer(run, "exchange.apply_import")
    return run


def _defer(run: ImportRun, task: str) -> None:
    ImportRun.objects.filter(pk=run.pk).update(cancel_requested=False, progress_text=WAITING, progress_done=0, progress_total=0)
    try:
        with transaction.atomic():
            app.configure_task(name=task, queue="imports", queueing_lock=f"import-{run.pk}").defer(run_id=run.pk)
    except AlreadyEnqueued:
        pass  # asked twice: the first job does it


@transaction.atomic
def cancel_run(*, actor: Actor, public_id: UUID | str) -> ImportRun:
    """Stop a run: at once if nothing works on it, else at the worker's next step. An applied run stays applied."""
    run = _locked(actor, public_id, states=frozenset(RunStatus) - {RunStatus.APPLIED}, remedy="It cannot be stopped any more.")
    if run.status in BUSY and is_worked_on(run):
        ImportRun.objects.filter(pk=run.pk).update(cancel_requested=True)
    else:
        ImportRun.objects.filter(pk=run.pk).update(
            status=RunStatus.CANCELLED, cancel_requested=True, progress_text="", finished_at=timezone.now()
        )
    run.refresh_from_db()
    return run


def _locked(actor: Actor, public_id: UUID | str, *, states: frozenset[str], remedy: str) -> ImportRun:
    """The run, locked against another request. A run whose worker died counts as failed."""
    require(actor, Permission.IMPORT_DEVICES)
    run = ImportRun.objects.visible_to(actor).select_related("file").select_for_update(of=("self",)).get(public_id=public_id)
    state = effective_status(run)
    if state not in states:
        raise RunNotReady(file=run.file_name, state=RunStatus(state).label.lower(), remedy=remedy)
    return run


def effective_status(run: ImportRun) -> str:
    """The status, or ``failed`` if the run's worker was killed. At most one statement."""
    return RunStatus.FAILED if run.status in BUSY and not is_worked_on(run) else run.status


def is_worked_on(run: ImportRun) -> bool:
    """True while a worker holds the run's lock, which the database frees when the worker dies. One statement."""
    return bool(worked_on([run.pk]))


def worked_on(run_ids: list[int]) -> set[int]:
    """Those of ``run_ids`` that a worker holds at this moment. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid::bigint = ANY(%s)"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_SPACE, run_ids],
        )
        return {row[0] for row in cursor.fetchall()}


def close_abandoned() -> int:
    """Mark runs whose worker was killed as failed: nothing of them was written. Two statements. Returns how many."""
    busy = list(ImportRun.objects.filter(status__in=BUSY).values_list("pk", flat=True))
    dead = set(busy) - worked_on(busy)
    return ImportRun.objects.filter(pk__in=dead, status__in=BUSY).update(
        status=RunStatus.FAILED, failure=ABANDONED, progress_text="", finished_at=timezone.now()
    )


ABANDONED = "The work stopped half-way, as when the server was switched off. Nothing was written. Check the file again."


def problem_counts(run: ImportRun) -> Mapping[str, Any]:
    """The counts as pages show them; zero where nothing was counted yet."""
    names = ("read", "created", "updated", "unchanged", "conflicts", "refused", "warnings")
    return {name: int(run.counts.get(name, 0)) for name in names}
