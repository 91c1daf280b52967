"""Procedures that come from outside: the packs we ship, and those of other hospitals.

What was changed here is never overwritten; what stays behind is reported by code and reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from openhtm.catalog.models import DeviceType
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.models import Procedure, ProcedurePack, ProcedureVersion, VersionStatus
from openhtm.procedures.queries import build_pack
from openhtm.procedures.rules.content import changed_meanings, content_hash, dump, parse
from openhtm.procedures.rules.events import ProcedureReleased
from openhtm.procedures.rules.packs import PackFile, PackProcedure, read_pack, starter_packs, write_pack

STARTER = "starter"
_OPEN = (VersionStatus.DRAFT, VersionStatus.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Kept:
    """A procedure of the file that was left alone, and why."""

    code: str
    reason: str


@dataclass(slots=True)
class PackSummary:
    """What loading did with the procedures read; ``kept`` were left alone, ``unknown_types`` are not in this catalogue."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: list[Kept] = field(default_factory=list)
    unknown_types: list[str] = field(default_factory=list)

    def as_json_dict(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "kept": [{"code": one.code, "reason": one.reason} for one in self.kept],
            "unknown_types": self.unknown_types,
        }


@transaction.atomic
def load_starter_packs(*, actor: Actor, only_if_new: bool = False, now: datetime | None = None) -> PackSummary:
    """Add the shipped procedures, released; bring older editions up to date; leave alone what was changed here.

    Running it again changes nothing. About twenty statements; ``only_if_new`` answers with one if these very editions are
    there. Raises NotAllowed, PackError.
    """
    require_everywhere(actor, Permission.RELEASE_PROCEDURES)
    files = starter_packs()
    if only_if_new and ProcedurePack.objects.filter(sha256__in=[one.sha256 for one in files]).count() == len(files):
        return PackSummary()
    return _store(files, source=STARTER, status=VersionStatus.RELEASED, actor=actor, now=now or timezone.now())


@transaction.atomic
def import_pack(*, actor: Actor, data: bytes | str, release: bool = False, now: datetime | None = None) -> PackSummary:
    """Read a pack file and store its procedures as drafts in review; with ``release`` in force at once.

    ``release`` is for somebody who trusts the whole file, such as a hospital setting up its second server: it needs the right to
    release everywhere. A procedure that was changed here, has an open draft or belongs to another pack is left alone and reported.
    Raises NotAllowed, PackError (all problems of the file).
    """
    require(actor, Permission.EDIT_PROCEDURES)
    if release:
        require_everywhere(actor, Permission.RELEASE_PROCEDURES)
    file = read_pack(data)
    status = VersionStatus.RELEASED if release else VersionStatus.IN_REVIEW
    return _store([file], source=file.pack.pack[:30], status=status, actor=actor, now=now or timezone.now())


@dataclass(slots=True)
class _Batch:
    """One loading: what is stored, what is to be written."""

    source: str
    status: VersionStatus
    actor: Actor
    now: datetime
    stored: dict[str, Procedure]
    versions: Mapping[int, Sequence[ProcedureVersion]]
    names: dict[str, str]
    summary: PackSummary = field(default_factory=PackSummary)
    added: list[Procedure] = field(default_factory=list)
    changed: list[Procedure] = field(default_factory=list)
    fresh: list[ProcedureVersion] = field(default_factory=list)
    linked: list[PackProcedure] = field(default_factory=list)


def _store(files: Sequence[PackFile], *, source: str, status: VersionStatus, actor: Actor, now: datetime) -> PackSummary:
    packs = _stored_packs(files, actor=actor, now=now)
    batch = _begin([one for file in files for one in file.pack.procedures], source=source, status=status, actor=actor, now=now)
    for file in files:
        for one in file.pack.procedures:
            _sort_in(batch, one, packs[file.sha256])
    with refuse_readably():
        _write(batch)
    _count(files, packs, batch.summary)
    return batch.summary


def _stored_packs(files: Sequence[PackFile], *, actor: Actor, now: datetime) -> dict[str, ProcedurePack]:
    """The record of each file, by its hash; a file that was read before keeps its record."""
    rows = [
        ProcedurePack(
            code=file.pack.pack, version=file.pack.version, title=file.pack.title, source=file.pack.source, licence=file.pack.licence,
            sha256=file.sha256, loaded_at=now, loaded_by_id=actor.user_id,
        )
        for file in files
    ]  # fmt: skip
    ProcedurePack.objects.bulk_create(rows, ignore_conflicts=True)
    return {pack.sha256: pack for pack in ProcedurePack.objects.filter(sha256__in=[file.sha256 for file in files])}


def _begin(wanted: Sequence[PackProcedure], *, source: str, status: VersionStatus, actor: Actor, now: datetime) -> _Batch:
    codes = [one.code for one in wanted]
    stored = {one.code: one for one in Procedure.objects.filter(code__in=codes).select_for_update(of=("self",)).order_by("pk")}
    versions: dict[int, list[ProcedureVersion]] = defaultdict(list)
    for version in ProcedureVersion.objects.filter(procedure__code__in=codes).order_by("procedure_id", "-number"):
        versions[version.procedure_id].append(version)
    names = {name.upper(): code for name, code in Procedure.objects.values_list("name", "code")}
    return _Batch(source=source, status=status, actor=actor, now=now, stored=stored, versions=versions, names=names)


def _sort_in(batch: _Batch, one: PackProcedure, pack: ProcedurePack) -> None:
    """Decide what becomes of one procedure of the file."""
    batch.summary.read += 1
    procedure = batch.stored.get(one.code)
    versions = batch.versions.get(procedure.pk, ()) if procedure else ()
    standing = {version.content_hash for at, version in enumerate(versions) if at == 0 or version.status == VersionStatus.RELEASED}
    same = content_hash(one.content) in standing
    if reason := _reason_to_keep(batch, one, procedure, versions, same=same):
        batch.summary.kept.append(Kept(one.code, reason))
        return
    if procedure is None:
        procedure = Procedure(code=one.code, source=batch.source, created_at=batch.now, **_values(one))
        batch.added.append(procedure)
        batch.names[one.name.upper()] = one.code
    else:
        touched = _overwrite(procedure, one)
        batch.changed += [procedure] if touched else []
        batch.summary.updated += touched or not same
        batch.summary.unchanged += same and not touched
    if not same:
        batch.linked.append(one)
        batch.fresh.append(_version(batch, one, procedure, pack, number=versions[0].number + 1 if versions else 1))


def _overwrite(procedure: Procedure, one: PackProcedure) -> bool:
    """Give ``procedure`` the name and all else the file says of it. Tell whether that changed anything."""
    differing = {name: value for name, value in _values(one).items() if getattr(procedure, name) != value}
    for name, value in differing.items():
        setattr(procedure, name, value)
    return bool(differing)


def _values(one: PackProcedure) -> dict[str, Any]:
    interval = one.interval
    return {
        "name": one.name,
        "kind": one.kind,
        "suggested_interval_months": interval.months if interval else None,
        "interval_source": interval.source if interval else "",
    }


def _reason_to_keep(
    batch: _Batch, one: PackProcedure, procedure: Procedure | None, versions: Sequence[ProcedureVersion], *, same: bool
) -> str:
    namesake = batch.names.get(one.name.upper())
    if namesake not in (None, one.code):
        return f"Another procedure here, {namesake}, has the same name."
    if procedure is None:
        return ""
    if procedure.source != batch.source:
        return f"The procedure of this code here comes from {procedure.source}."
    if procedure.locally_changed:
        return "It was changed here."
    if not same and any(version.status in _OPEN for version in versions):
        return "A draft of it is open."
    released = next((version for version in versions if version.status == VersionStatus.RELEASED), None)
    problems = changed_meanings(released=parse(released.content), draft=one.content) if released and not same else ()
    return problems[0].sentence if problems else ""


def _version(batch: _Batch, one: PackProcedure, procedure: Procedure, pack: ProcedurePack, *, number: int) -> ProcedureVersion:
    version = ProcedureVersion(
        procedure=procedure, number=number, status=batch.status, pack=pack, drafted_at=batch.now, drafted_by_id=batch.actor.user_id,
        change_note=one.change_note or f"{pack.title}, edition {pack.version}"[:400], **version_values(one.content),
    )  # fmt: skip
    if batch.status == VersionStatus.RELEASED:
        version.released_at, version.released_by_id = batch.now, batch.actor.user_id
    return version


def version_values(content: Any) -> dict[str, Any]:
    """Return the columns of a version that its content decides."""
    oem = content.oem
    return {
        "content": dump(content),
        "content_hash": content_hash(content),
        "est_min": content.est_minutes,
        "skill": content.skill,
        "oem_document_title": oem.title if oem else "",
        "oem_document_revision": oem.revision if oem else "",
    }


def _write(batch: _Batch) -> None:
    Procedure.objects.bulk_create(batch.added)
    Procedure.objects.bulk_update(batch.changed, ["name", "kind", "suggested_interval_months", "interval_source"])
    if batch.status == VersionStatus.RELEASED:
        outdated = ProcedureVersion.objects.filter(
            procedure_id__in=[version.procedure_id or version.procedure.pk for version in batch.fresh], status=VersionStatus.RELEASED
        )
        outdated.update(status=VersionStatus.RETIRED, retired_at=batch.now)
    ProcedureVersion.objects.bulk_create(batch.fresh)
    _link_types(batch)
    _link_covered(batch)
    batch.summary.created += len(batch.added)
    if batch.status == VersionStatus.RELEASED:
        for version in batch.fresh:
            publish(ProcedureReleased(procedure_id=version.procedure_id, version_id=version.pk))


def _link_types(batch: _Batch) -> None:
    """Add the types the file names; a link somebody made here stays."""
    known = dict(DeviceType.objects.values_list("code", "pk"))
    wanted = {(one.code, code) for one in batch.linked for code in one.device_types}
    batch.summary.unknown_types = sorted({code for _, code in wanted if code not in known})
    own = _keys(batch)
    Link = Procedure.device_types.through
    Link.objects.bulk_create(
        [Link(procedure_id=own[code], devicetype_id=known[kind]) for code, kind in sorted(wanted) if kind in known], ignore_conflicts=True
    )


def _link_covered(batch: _Batch) -> None:
    own = _keys(batch)
    named: Collection[str] = {code for one in batch.linked for code in one.covers}
    known = dict(Procedure.objects.filter(code__in=named).values_list("code", "pk"))
    Link = Procedure.covers.through
    Link.objects.bulk_create(
        [
            Link(from_procedure_id=own[one.code], to_procedure_id=known[code])
            for one in batch.linked
            for code in one.covers
            if code in known and code != one.code
        ],
        ignore_conflicts=True,
    )


def _keys(batch: _Batch) -> dict[str, int]:
    return {one.code: one.pk for one in [*batch.stored.values(), *batch.added]}


def _count(files: Sequence[PackFile], packs: Mapping[str, ProcedurePack], summary: PackSummary) -> None:
    """Leave on each new record what loading it did (of the whole call, when several files were read at once)."""
    records = [packs[file.sha256] for file in files if not packs[file.sha256].counts]
    for record in records:
        record.counts = {name: value for name, value in summary.as_json_dict().items() if name not in ("kept", "unknown_types")}
        record.counts["kept"] = len(summary.kept)
    ProcedurePack.objects.bulk_update(records, ["counts"])


def export_pack(
    *, actor: Actor, codes: Sequence[str] = (), pack: str = "procedures", title: str = "Procedures", version: str = "", source: str = ""
) -> str:
    """Return the pack file of the released versions of ``codes`` (empty: of all). Reading it elsewhere gives the same content.

    ``version`` defaults to today's date. Raises NotAllowed, NotFound, PackError if a name given is not usable.
    """
    require(actor, Permission.VIEW_PROCEDURES)
    today = timezone.now().date().isoformat()
    found = build_pack(codes=codes, pack=pack, title=title, version=version or today, source=source or "OpenHTM")
    text = write_pack(found)
    read_pack(text)
    return text
