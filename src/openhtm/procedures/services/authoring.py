"""Writing a procedure: draft, review by somebody else, release. Released content never changes; a change is a new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.errors import Conflict, DomainError, Invalid, NotFound
from openhtm.core.events import publish
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.documents.models import StoredFile
from openhtm.documents.rules.media import JPEG, PNG, WEBP
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.models import Procedure, ProcedureFile, ProcedureKind, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.content import Content, ContentError, changed_meanings, content_hash, parse
from openhtm.procedures.rules.events import ProcedureReleased
from openhtm.procedures.services.loading import version_values

LOCAL = "local"
OPEN = (VersionStatus.DRAFT, VersionStatus.IN_REVIEW)
MOST_PICTURE_BYTES = 10 * 1024 * 1024
_FIELDS = ("name", "kind", "suggested_interval_months", "interval_source", "active")
_FIRST_STEP = {"key": "condition", "kind": "pass_fail", "title": "Physical condition"}


class WrongStage(DomainError):
    """The version is not where this move begins (409)."""

    code = "procedure-wrong-stage"
    status = 409
    message = "{name} has no version that is {wanted}. Load the page again to see where it stands."


class SamePerson(DomainError):
    """Whoever wrote a version cannot review it."""

    code = "procedure-same-person"
    message = "You wrote on this version of {name}. Somebody else must review it."


class NotReviewed(DomainError):
    """A version is released only after its review."""

    code = "procedure-not-reviewed"
    message = "Version {number} of {name} must be reviewed by somebody else before it is released."


@transaction.atomic
def add_procedure(
    *,
    actor: Actor,
    name: str,
    code: str = "",
    kind: str = ProcedureKind.MAINTENANCE,
    suggested_interval_months: int | None = None,
    interval_source: str = "",
    device_types: Sequence[str] = (),
    now: datetime | None = None,
) -> ProcedureVersion:
    """Add a procedure of our own with a first draft of one step; return the draft. Raises NotAllowed, Invalid."""
    require(actor, Permission.EDIT_PROCEDURES)
    now = now or timezone.now()
    procedure = Procedure(
        code=code or _free_code(name), name=name.strip(), kind=kind, suggested_interval_months=suggested_interval_months,
        interval_source=interval_source, source=LOCAL, created_at=now,
    )  # fmt: skip
    refuse_unclean(procedure)
    types = _types(device_types)
    try:
        first = parse({"purpose": f"Say what {procedure.name} is for.", "steps": [_FIRST_STEP]})
    except ContentError as wrong:  # about the name, the only part that is not ours
        raise Invalid({"name": [f"{problem.sentence} {problem.remedy}".strip() for problem in wrong.problems]}) from wrong
    with refuse_readably():
        procedure.save(force_insert=True)
    procedure.device_types.set(types)
    return _new_version(procedure, first, actor=actor, number=1, now=now)


@transaction.atomic
def start_draft(*, actor: Actor, code: str, now: datetime | None = None) -> ProcedureVersion:
    """Return the open draft; where there is none, a new one: a copy of the released version, or of the last one.

    Raises Procedure.DoesNotExist, NotAllowed, WrongStage while a version is in review.
    """
    require(actor, Permission.EDIT_PROCEDURES)
    procedure = _locked(code)
    versions = list(procedure.versions.order_by("-number"))
    open_one = next((version for version in versions if version.status in OPEN), None)
    if open_one and open_one.status == VersionStatus.DRAFT:
        return open_one
    if open_one:
        raise WrongStage(name=procedure.name, wanted="a draft")
    source = next((version for version in versions if version.status == VersionStatus.RELEASED), versions[0])
    draft = _new_version(procedure, parse(source.content), actor=actor, number=versions[0].number + 1, now=now or timezone.now())
    draft.oem_document_id = source.oem_document_id
    draft.save(update_fields=["oem_document"])
    ProcedureFile.objects.bulk_create(
        ProcedureFile(version=draft, file_id=one.file_id, file_name=one.file_name, caption=one.caption) for one in source.files.all()
    )
    return draft


def _new_version(procedure: Procedure, content: Content, *, actor: Actor, number: int, now: datetime) -> ProcedureVersion:
    version = ProcedureVersion(procedure=procedure, number=number, drafted_by_id=actor.user_id, drafted_at=now, **version_values(content))
    with refuse_readably():
        version.save(force_insert=True)
    return version


@transaction.atomic
def save_draft(
    *,
    actor: Actor,
    code: str,
    content: object,
    change_note: str = "",
    based_on: str = "",
    pictures: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> ProcedureVersion:
    """Store the whole content of the draft. ``content`` is plain JSON; ``based_on`` the hash it was written on ("": not compared).

    ``pictures`` are file names by SHA-256 of files that ``keep_picture`` took. Raises NotAllowed, WrongStage, Conflict, and
    Invalid with every problem by its path, such as ``steps[3].number.limit.low``.
    """
    require(actor, Permission.EDIT_PROCEDURES)
    procedure = _locked(code)
    draft = _stage(procedure, VersionStatus.DRAFT)
    if based_on and based_on != draft.content_hash:
        raise Conflict(what=f"The draft of {procedure.name}")
    wanted = read_content(content)
    _refuse_changed_meanings(procedure, wanted)
    _set_pictures(draft, wanted, pictures or {})
    if content_hash(wanted) != draft.content_hash:
        draft.pack_id = None
    for name, value in version_values(wanted).items():
        setattr(draft, name, value)
    draft.change_note, draft.drafted_by_id, draft.drafted_at = change_note.strip(), actor.user_id, now or timezone.now()
    refuse_unclean(draft, fields=["change_note"])
    draft.save(update_fields=[*version_values(wanted), "change_note", "drafted_by", "drafted_at", "pack"])
    return draft


def read_content(raw: object) -> Content:
    """Read content somebody wrote. Raises Invalid with every problem by its path."""
    try:
        return parse(raw)
    except ContentError as wrong:
        raise Invalid(_by_path(wrong.problems)) from wrong


def _refuse_changed_meanings(procedure: Procedure, wanted: Content) -> None:
    released = procedure.versions.filter(status=VersionStatus.RELEASED).first()
    if released and (problems := changed_meanings(released=parse(released.content), draft=wanted)):
        raise Invalid(_by_path(problems))


def _by_path(problems: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in problems:
        found.setdefault(one.path, []).append(f"{one.sentence} {one.remedy}".strip())
    return found


def keep_picture(*, actor: Actor, file_name: str, content: BinaryIO | bytes) -> str:
    """Keep a picture for a step and return its SHA-256, which the content then names. Raises NotAllowed, FileTooLarge, FileRefused."""
    require(actor, Permission.EDIT_PROCEDURES)
    return store_file(
        content=content,
        file_name=file_name,
        actor=actor,
        allowed={PNG.media_type, JPEG.media_type, WEBP.media_type},
        max_bytes=MOST_PICTURE_BYTES,
    ).sha256


@transaction.atomic
def add_picture(*, actor: Actor, code: str, file_name: str, content: BinaryIO | bytes) -> str:
    """Keep a picture with the draft of a procedure and return its SHA-256. Raises NotAllowed, WrongStage, FileTooLarge, FileRefused."""
    require(actor, Permission.EDIT_PROCEDURES)
    draft = _stage(_locked(code), VersionStatus.DRAFT)
    sha = keep_picture(actor=actor, file_name=file_name, content=content)
    stored = StoredFile.objects.get(sha256=sha)
    ProcedureFile.objects.get_or_create(version=draft, file=stored, defaults={"file_name": file_name[:200]})
    return sha


def _set_pictures(draft: ProcedureVersion, wanted: Content, fresh: Mapping[str, str]) -> None:
    """Make the files of ``draft`` those its steps name. Only pictures of this procedure or just uploaded ones count."""
    captions = {image.sha256: image.caption for step in wanted.steps for image in step.images}
    own = dict(ProcedureFile.objects.filter(version__procedure=draft.procedure_id).values_list("file__sha256", "file_name"))
    names = own | dict(fresh)
    missing = [f"steps[{at}].images" for at, step in enumerate(wanted.steps) for image in step.images if image.sha256 not in names]
    if missing:
        raise Invalid({path: ["This picture is not here. Add the file again, or take it out."] for path in missing})
    files = dict(StoredFile.objects.filter(sha256__in=captions).values_list("sha256", "pk"))
    draft.files.all().delete()
    ProcedureFile.objects.bulk_create(
        ProcedureFile(version=draft, file_id=files[sha], file_name=names[sha][:200], caption=caption)
        for sha, caption in captions.items()
        if sha in files
    )


@transaction.atomic
def discard_draft(*, actor: Actor, code: str) -> None:
    """Throw the draft away. A procedure that never had anything else goes with it. Raises NotAllowed, WrongStage."""
    require(actor, Permission.EDIT_PROCEDURES)
    procedure = _locked(code)
    _stage(procedure, VersionStatus.DRAFT).delete()
    if not procedure.versions.exists():
        procedure.delete()


@transaction.atomic
def submit_draft(*, actor: Actor, code: str) -> ProcedureVersion:
    """Hand the draft over for review; nobody changes it meanwhile. Raises NotAllowed, WrongStage."""
    require(actor, Permission.EDIT_PROCEDURES)
    return _move(_stage(_locked(code), VersionStatus.DRAFT), VersionStatus.IN_REVIEW)


@transaction.atomic
def send_back(*, actor: Actor, code: str) -> ProcedureVersion:
    """Return the version in review to its writer; a review it had is void. Raises NotAllowed, WrongStage."""
    require(actor, Permission.EDIT_PROCEDURES)
    version = _stage(_locked(code), VersionStatus.IN_REVIEW)
    version.reviewed_by_id = version.reviewed_at = None
    return _move(version, VersionStatus.DRAFT, "reviewed_by", "reviewed_at")


@transaction.atomic
def review_version(*, actor: Actor, code: str, now: datetime | None = None) -> ProcedureVersion:
    """Say that the version in review is right. Whoever wrote on it cannot. Raises NotAllowed, WrongStage, SamePerson."""
    require(actor, Permission.EDIT_PROCEDURES)
    procedure = _locked(code)
    version = _stage(procedure, VersionStatus.IN_REVIEW)
    if wrote_on(actor=actor, version=version):
        raise SamePerson(name=procedure.name)
    version.reviewed_by_id, version.reviewed_at = actor.user_id, now or timezone.now()
    return _move(version, VersionStatus.IN_REVIEW, "reviewed_by", "reviewed_at")


def wrote_on(*, actor: Actor, version: ProcedureVersion) -> bool:
    """Tell whether ``actor`` saved this version as its draft: the history knows those whom the next one overwrote. One statement."""
    events: Any = version._meta.get_field("events").related_model
    return actor.user_id == version.drafted_by_id or events.objects.filter(pgh_obj_id=version.pk, drafted_by_id=actor.user_id).exists()


@transaction.atomic
def release_version(*, actor: Actor, code: str, now: datetime | None = None) -> ProcedureVersion:
    """Put the reviewed version in force and retire the one before it. Work that has begun keeps its version.

    Of two people at once, the second is told that nothing waits any more. Raises NotAllowed, WrongStage, NotReviewed, Invalid.
    """
    require(actor, Permission.RELEASE_PROCEDURES)
    now = now or timezone.now()
    procedure = _locked(code)
    version = _stage(procedure, VersionStatus.IN_REVIEW)
    if version.reviewed_at is None:
        raise NotReviewed(name=procedure.name, number=version.number)
    _refuse_changed_meanings(procedure, parse(version.content))
    procedure.versions.filter(status=VersionStatus.RELEASED).update(status=VersionStatus.RETIRED, retired_at=now)
    version.released_by_id, version.released_at = actor.user_id, now
    _move(version, VersionStatus.RELEASED, "released_by", "released_at")
    if procedure.source != LOCAL and version.pack_id is None:
        procedure.locally_changed = True
    procedure.active = True
    procedure.save(update_fields=["locally_changed", "active"])
    publish(ProcedureReleased(procedure_id=procedure.pk, version_id=version.pk))
    return version


@transaction.atomic
def retire_procedure(*, actor: Actor, code: str, now: datetime | None = None) -> Procedure:
    """Take the procedure out of use: no new work gets it, old results keep it. Raises NotAllowed, WrongStage."""
    require(actor, Permission.RELEASE_PROCEDURES)
    procedure = _locked(code)
    _stage(procedure, VersionStatus.RELEASED)
    procedure.versions.filter(status=VersionStatus.RELEASED).update(status=VersionStatus.RETIRED, retired_at=now or timezone.now())
    procedure.active = False
    procedure.save(update_fields=["active"])
    return procedure


@transaction.atomic
def change_procedure(*, actor: Actor, code: str, changes: Mapping[str, Any]) -> Procedure:
    """Change what stands above the versions: name, kind, suggested interval and who suggests it. Raises NotAllowed, Invalid."""
    require(actor, Permission.EDIT_PROCEDURES)
    procedure = _locked(code)
    differing = {name: value for name, value in changes.items() if name in _FIELDS and getattr(procedure, name) != value}
    for name, value in differing.items():
        setattr(procedure, name, value)
    procedure.locally_changed = procedure.locally_changed or (bool(differing) and procedure.source != LOCAL)
    refuse_unclean(procedure, fields=differing)
    with refuse_readably():
        procedure.save(update_fields=[*differing, "locally_changed"])
    return procedure


@transaction.atomic
def set_links(
    *,
    actor: Actor,
    code: str,
    device_types: Sequence[str] | None = None,
    device_models: Sequence[int] | None = None,
    covers: Sequence[str] | None = None,
) -> Procedure:
    """Say for which types and models the procedure is, and which lesser procedures are done with it; None leaves as it is.

    Taking a link away counts as a local change, adding one does not. Raises NotAllowed, Invalid.
    """
    require(actor, Permission.EDIT_PROCEDURES)
    procedure = _locked(code)
    wanted = {
        "device_types": None if device_types is None else _types(device_types),
        "device_models": None if device_models is None else _models(device_models),
        "covers": None if covers is None else _procedures(covers, but=procedure),
    }
    for name, keys in wanted.items():
        if keys is None:
            continue
        links = getattr(procedure, name)
        taken = set(links.values_list("pk", flat=True)) - set(keys)
        procedure.locally_changed = procedure.locally_changed or (bool(taken) and procedure.source != LOCAL)
        links.set(keys)
    procedure.save(update_fields=["locally_changed"])
    return procedure


def _types(codes: Sequence[str]) -> list[int]:
    return _known("device_types", codes, dict(DeviceType.objects.filter(code__in=codes).values_list("code", "pk")))


def _models(keys: Sequence[int]) -> list[int]:
    return _known("device_models", keys, {pk: pk for pk in DeviceModel.objects.filter(pk__in=keys).values_list("pk", flat=True)})


def _procedures(codes: Sequence[str], *, but: Procedure) -> list[int]:
    found = dict(Procedure.objects.filter(code__in=codes).values_list("code", "pk"))
    if but.code in found:
        raise Invalid({"covers": ["A procedure does not cover itself."]})
    return _known("covers", codes, found)


def _known(field: str, wanted: Sequence[Any], found: Mapping[Any, int]) -> list[int]:
    if missing := [str(one) for one in wanted if one not in found]:
        raise Invalid({field: [f"Not known: {', '.join(missing[:10])}."]})
    return sorted(found.values())


def _locked(code: str) -> Procedure:
    """Take hold of a procedure, so that two moves follow one another. Raises NotFound."""
    procedure = Procedure.objects.select_for_update(of=("self",)).filter(code=code).first()
    if procedure is None:
        raise NotFound(kind="procedure", name=code)
    return procedure


def _stage(procedure: Procedure, status: VersionStatus) -> ProcedureVersion:
    version = procedure.versions.filter(status=status).first()
    if version is None:
        raise WrongStage(name=procedure.name, wanted=status.label.lower())
    return version


def _move(version: ProcedureVersion, status: VersionStatus, *fields: str) -> ProcedureVersion:
    version.status = status
    with refuse_readably():
        version.save(update_fields=["status", *fields])
    return version


def _free_code(name: str) -> str:
    base = slugify(name)[:70] or "procedure"
    taken = set(Procedure.objects.filter(code__startswith=base).values_list("code", flat=True))
    return base if base not in taken else next(code for n in range(2, len(taken) + 3) if (code := f"{base}-{n}") not in taken)
