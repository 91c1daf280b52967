"""What the API of procedures answers and takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from openhtm.core.schema import Body, Line, PageOut, Text
from openhtm.procedures.models import Procedure, ProcedurePack, ProcedureVersion

Kind = Literal["maintenance", "safety_test", "calibration", "acceptance", "return_to_service", "other"]
Stage = Literal["draft", "in_review", "released", "retired"]
Slug = Annotated[Text, Field(max_length=80, pattern=r"^[-a-zA-Z0-9_]+$")]
Months = Annotated[int, Field(ge=1, le=240)]
Codes = Annotated[list[Slug], Field(max_length=500)]
CODE_EXAMPLE = Field(examples=["defibrillator-pm"])


class ProcedureOut(Schema):
    code: str = CODE_EXAMPLE
    name: str
    kind: Kind
    device_types: list[str] = Field(description="Codes of the device types it is for.")
    suggested_interval_months: int | None
    interval_source: str
    source: str = Field(description="starter, local or the code of a pack.")
    locally_changed: bool = Field(description="A newer edition of its pack does not overwrite it.")
    active: bool
    released_version: int | None = Field(description="The version in force.")
    open_version: int | None = Field(description="The version that is being written or reviewed.")
    open_stage: Literal["draft", "in_review"] | None
    reviewed: bool = Field(description="The open version has been reviewed and can be released.")
    est_min: int | None = Field(description="Usual time at the device, in minutes.")


class ProcedureList(PageOut):
    items: list[ProcedureOut]


class ProcedureDetail(ProcedureOut):
    device_models: list[int] = Field(description="Keys of the models it is for besides its types.")
    covers: list[str] = Field(description="Codes of lesser procedures that count as done with it.")


class ProcedureFields(Body):
    kind: Kind = "maintenance"
    suggested_interval_months: Months | None = None
    interval_source: Line = ""
    device_types: Codes = []


class ProcedureIn(ProcedureFields):
    name: Annotated[Line, Field(min_length=1)]
    code: Slug | None = Field(default=None, description="Made from the name if it is missing.")
    client_key: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Your own key of this creation: sending it again answers the same and adds nothing."
    )


class ProcedureChange(ProcedureFields):
    """Only what is sent is changed."""

    name: Annotated[Line, Field(min_length=1)] = ""
    device_models: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(max_length=500)] = []
    covers: Codes = []


class VersionOut(Schema):
    number: int
    status: Stage
    content_hash: str = Field(description="SHA-256 of the canonical content.")
    est_min: int
    skill: str
    change_note: str
    pack: str | None = Field(description="Code of the pack it came with, unchanged.")
    drafted_by: str | None
    drafted_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    released_by: str | None
    released_at: datetime | None
    retired_at: datetime | None


class VersionDetail(VersionOut):
    content: dict[str, Any] = Field(description="As in docs/reference/procedure-packs.md.")


class VersionList(Schema):
    items: list[VersionOut]


class DraftIn(Body):
    content: dict[str, Any] = Field(description="The whole content, as in docs/reference/procedure-packs.md.")
    change_note: Annotated[Text, Field(max_length=400)] = ""
    based_on: Annotated[Text, Field(max_length=64)] = Field(
        default="", description="content_hash it was written on; refused if it changed."
    )


class ProcedureMoveIn(Body):
    move: Literal["start_draft", "submit", "send_back", "review", "release", "retire", "discard_draft"]


class DifferenceOut(Schema):
    step: str = Field(description="Title of the step; empty for what stands above the steps.")
    what: str
    before: str
    after: str


class DifferenceList(Schema):
    version: int
    compared_with: int | None = Field(description="null where there is no earlier version.")
    items: list[DifferenceOut]


class PackIn(Body):
    file: Annotated[Text, Field(max_length=4_000_000)] = Field(description="The text of the pack file, YAML.")
    release: bool = Field(default=False, description="Put in force at once; needs the right to release in the whole organisation.")


class KeptOut(Schema):
    code: str
    reason: str


class PackResult(Schema):
    read: int
    created: int
    updated: int
    unchanged: int
    kept: list[KeptOut] = Field(description="Left alone, and why.")
    unknown_types: list[str] = Field(description="Device types of the file that this catalogue lacks.")


class PackOut(Schema):
    code: str
    version: str
    title: str
    source: str
    licence: str
    sha256: str
    loaded_at: datetime


class PackList(PageOut):
    items: list[PackOut]


class PackFileOut(Schema):
    file: str = Field(description="The pack file, YAML, sealed with its hash.")


class PictureOut(Schema):
    sha256: str = Field(description="Name it in the images of a step.")


def procedure_out(one: Any, types: Sequence[str]) -> dict[str, Any]:
    """Return a row of ``queries.procedure_list`` under the names of the contract. No statement."""
    same = ("code", "name", "kind", "suggested_interval_months", "interval_source", "source", "locally_changed", "active", "est_min")
    return {name: getattr(one, name) for name in same} | {
        "device_types": list(types),
        "released_version": one.released_number,
        "open_version": one.open_number,
        "open_stage": one.open_status,
        "reviewed": one.open_reviewed is not None,
    }


def detail_out(one: Procedure) -> dict[str, Any]:
    """Three statements."""
    types = list(one.device_types.order_by("code").values_list("code", flat=True))
    return procedure_out(one, types) | {
        "device_models": list(one.device_models.order_by("pk").values_list("pk", flat=True)),
        "covers": list(one.covers.order_by("code").values_list("code", flat=True)),
    }


def version_out(one: ProcedureVersion) -> dict[str, Any]:
    """No statement if people and pack were joined."""
    same = ("number", "status", "content_hash", "est_min", "skill", "change_note", "drafted_at", "reviewed_at", "released_at", "retired_at")
    people: Mapping[str, Any] = {name: getattr(one, name) for name in ("drafted_by", "reviewed_by", "released_by")}
    names = {name: str(person) if person else None for name, person in people.items()}
    return {name: getattr(one, name) for name in same} | names | {"pack": one.pack.code if one.pack else None}


def pack_out(one: ProcedurePack) -> dict[str, Any]:
    return {name: getattr(one, name) for name in PackOut.model_fields}
