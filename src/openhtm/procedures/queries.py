"""Procedures as lists and pages need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from openhtm.core.errors import NotFound
from openhtm.procedures.models import Procedure, ProcedurePack, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.content import parse
from openhtm.procedures.rules.packs import Interval, Pack, PackProcedure

TABS = ("released", "drafts", "review", "retired")
_S = VersionStatus


def procedure_list(
    *, tab: str = "", q: str = "", kind: str = "", device_type: str = "", source: str = "", changed: bool | None = None
) -> QuerySet[Procedure]:
    """Procedures by name, each with ``released_number``, ``est_min``, ``open_number``, ``open_status``, ``open_reviewed``.

    ``q`` finds words of name and code; ``tab`` is one of TABS or "" for all.
    """
    found = Procedure.objects.annotate(
        released_number=_of_version([_S.RELEASED], "number"),
        est_min=_of_version([_S.RELEASED, _S.DRAFT, _S.IN_REVIEW], "est_min"),
        open_number=_of_version([_S.DRAFT, _S.IN_REVIEW], "number"),
        open_status=_of_version([_S.DRAFT, _S.IN_REVIEW], "status"),
        open_reviewed=_of_version([_S.IN_REVIEW], "reviewed_at"),
    ).order_by("name", "pk")
    for word in q.split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(code__icontains=word) | _type_named(word))
    found = found.filter(kind=kind) if kind else found
    found = found.filter(Exists(_types().filter(devicetype__code=device_type))) if device_type else found
    found = found.filter(source=source) if source else found
    found = found if changed is None else found.filter(locally_changed=changed)
    return found.filter(_in_tab(tab)) if tab else found


def _of_version(statuses: Sequence[str], column: str) -> Subquery:
    versions = ProcedureVersion.objects.filter(procedure=OuterRef("pk"), status__in=statuses).order_by("number")
    return Subquery(versions.values(column)[:1])


def _types() -> QuerySet[Any]:
    return Procedure.device_types.through.objects.filter(procedure_id=OuterRef("pk"))


def _type_named(word: str) -> Exists:
    return Exists(_types().filter(devicetype__name__icontains=word))


def _in_tab(tab: str) -> Q:
    def has(*statuses: str) -> Exists:
        return Exists(ProcedureVersion.objects.filter(procedure=OuterRef("pk"), status__in=statuses))

    if tab == "released":
        return Q(has(_S.RELEASED))
    if tab == "drafts":
        return Q(has(_S.DRAFT))
    if tab == "review":
        return Q(has(_S.IN_REVIEW))
    return ~Q(has(_S.RELEASED, _S.DRAFT, _S.IN_REVIEW))


def tab_counts() -> dict[str, int]:
    """How many procedures each tab holds. One statement."""
    return Procedure.objects.aggregate(**{tab: Count("pk", filter=_in_tab(tab)) for tab in TABS})


def sources() -> list[str]:
    """Where the procedures come from. One statement."""
    return sorted(Procedure.objects.order_by().values_list("source", flat=True).distinct())


def types_per_procedure(keys: Sequence[int]) -> dict[int, list[str]]:
    """The names of the device types of each procedure. One statement."""
    found: dict[int, list[str]] = {}
    rows = Procedure.device_types.through.objects.filter(procedure_id__in=keys).order_by("devicetype__name")
    for key, name in rows.values_list("procedure_id", "devicetype__name"):
        found.setdefault(key, []).append(name)
    return found


def type_codes(keys: Sequence[int]) -> dict[int, list[str]]:
    """The codes of the device types of each procedure. One statement."""
    return _codes(Procedure.device_types.through, keys, "procedure_id", "devicetype__code")


def get_procedure(*, code: str) -> Procedure:
    """Return one procedure. Raises NotFound."""
    found = Procedure.objects.filter(code=code).first()
    if found is None:
        raise NotFound(kind="procedure", name=code)
    return found


def versions_of(procedure: Procedure) -> list[ProcedureVersion]:
    """Every version with the people behind it, the newest first. One statement."""
    return list(procedure.versions.select_related("drafted_by", "reviewed_by", "released_by", "pack").order_by("-number"))


def get_version(*, code: str, number: int) -> ProcedureVersion:
    """Return one version with its procedure. Raises NotFound."""
    found = ProcedureVersion.objects.select_related("procedure", "drafted_by", "reviewed_by", "released_by", "pack")
    version = found.filter(procedure__code=code, number=number).first()
    if version is None:
        raise NotFound(kind="version", name=f"{number} of {code}")
    return version


def pack_list() -> QuerySet[ProcedurePack]:
    return ProcedurePack.objects.select_related("loaded_by").order_by("-pk")


def build_pack(*, codes: Sequence[str], pack: str, title: str, version: str, source: str, licence: str = "") -> Pack:
    """Gather the released versions of ``codes`` (empty: of all) into a pack, by code. Four statements. Raises NotFound."""
    found = ProcedureVersion.objects.filter(status=_S.RELEASED).select_related("procedure").order_by("procedure__code")
    versions = list(found.filter(procedure__code__in=codes) if codes else found)
    there = {one.procedure.code for one in versions}
    if missing := [code for code in codes if code not in there]:
        raise NotFound(kind="released procedure", name=", ".join(missing[:5]))
    keys = [one.procedure_id for one in versions]
    types = _codes(Procedure.device_types.through, keys, "procedure_id", "devicetype__code")
    covers = _codes(Procedure.covers.through, keys, "from_procedure_id", "to_procedure__code")
    procedures = tuple(_exported(one, types.get(one.procedure_id, ()), covers.get(one.procedure_id, ())) for one in versions)
    return Pack(pack=pack, title=title, version=version, source=source, licence=licence, procedures=procedures)


def _codes(through: Any, keys: Sequence[int], own: str, other: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, code in (
        through.objects.filter(**{f"{own}__in": keys}).annotate(own=F(own), other=F(other)).order_by("other").values_list("own", "other")
    ):
        found.setdefault(key, []).append(code)
    return found


def _exported(version: ProcedureVersion, types: Sequence[str], covers: Sequence[str]) -> PackProcedure:
    procedure, months = version.procedure, version.procedure.suggested_interval_months
    interval = Interval(months, procedure.interval_source or "not stated", "site") if months else None
    return PackProcedure(
        code=procedure.code,
        name=procedure.name,
        kind=procedure.kind,
        content=parse(version.content),
        device_types=tuple(types),
        covers=tuple(covers),
        interval=interval,
        change_note=version.change_note,
    )
