"""Coded lists, targets and templates of work over the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Text, given
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workorders.api.shapes import Code, KindCode, PriorityCode, actor_of
from openhtm.workorders.models import CodeList, ServiceTarget, WorkCode, WorkTemplate
from openhtm.workorders.services import codes, targets, templates

router = Router(tags=["work orders"])
ListCode = Literal[tuple(CodeList.values)]  # type: ignore[valid-type]
PathCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class WorkCodeOut(Schema):
    """One entry of a coded list."""

    list: str
    code: str
    label: str
    meaning: str
    group: str = Field(description="Failure codes: direct, indirect or none, for who can act on it.")
    for_corrective: bool
    for_scheduled: bool
    stops_clock: bool
    productive: bool
    position: int
    source: str
    edition: str
    active: bool


class CodeQuery(Schema):
    list: ListCode | None = None  # type: ignore[valid-type]
    retired: bool = Field(default=False, description="true: also those no longer offered.")


@router.get("/work-codes", response={200: list[WorkCodeOut], **REFUSALS}, operation_id="list_work_codes", summary="Coded lists")
def list_work_codes(request: HttpRequest, query: Query[CodeQuery]) -> Any:
    """Codes of failures, problems, causes, resolutions, reasons to wait or to cancel, and kinds of labour."""
    require(actor_of(request), Permission.VIEW_WORK)
    found = WorkCode.objects.all() if query.retired else WorkCode.objects.filter(active=True)
    found = found.filter(list=query.list) if query.list else found
    return list(found.values(*WorkCodeOut.model_fields))


class WorkCodeIn(Body):
    """Only what is sent is changed. A new code needs its label."""

    label: Annotated[Text, Field(max_length=120)] = ""
    meaning: Annotated[Text, Field(max_length=400)] = ""
    group: Annotated[Text, Field(max_length=40)] = ""
    for_corrective: bool = True
    for_scheduled: bool = True
    stops_clock: bool = False
    productive: bool = True
    position: Annotated[int, Field(ge=0, le=32_767)] = 100
    active: bool = True


@router.put(
    "/work-codes/{list}/{code}", response={200: WorkCodeOut, **REFUSALS}, operation_id="save_work_code", summary="Add or change a code"
)
def save_work_code(request: HttpRequest, list: ListCode, code: PathCode, payload: WorkCodeIn) -> Any:  # type: ignore[valid-type]
    """Add an entry, or change it; from then on it is the site's own. Entries are retired (active false), never deleted."""
    entry = codes.save_code(actor=actor_of(request), list=list, code=code, values=given(payload))
    return {name: getattr(entry, name) for name in WorkCodeOut.model_fields}


class TargetOut(Schema):
    """Minutes until somebody answers and until it is done; null: no target."""

    facility: str | None = Field(description="Code; null: everywhere.")
    priority: int
    response_min: int | None
    completion_min: int | None
    source: str


def _target_out(target: ServiceTarget) -> dict[str, Any]:
    plain = {name: getattr(target, name) for name in ("priority", "response_min", "completion_min", "source")}
    return plain | {"facility": target.facility.code if target.facility else None}


@router.get("/work-targets", response={200: list[TargetOut], **REFUSALS}, operation_id="list_work_targets", summary="Targets")
def list_work_targets(request: HttpRequest) -> Any:
    """Targets by priority, everywhere and of the facilities the caller sees."""
    actor = actor_of(request)
    require(actor, Permission.VIEW_WORK)
    own = ServiceTarget.objects.filter(facility__in=Facility.objects.visible_to(actor)) | ServiceTarget.objects.filter(
        facility__isnull=True
    )
    return [_target_out(target) for target in own.select_related("facility")]


TargetMinutes = Annotated[int, Field(ge=1, le=targets.MAX_MINUTES)]


class TargetIn(Body):
    response_min: TargetMinutes | None = None
    completion_min: TargetMinutes | None = None
    facility: Annotated[Text, Field(max_length=20)] | None = Field(default=None, description="Code; left out: everywhere.")


@router.put("/work-targets/{priority}", response={200: TargetOut, **REFUSALS}, operation_id="set_work_target", summary="Set a target")
def set_work_target(request: HttpRequest, priority: PriorityCode, payload: TargetIn) -> Any:
    """Set the targets of a priority. Orders that are open keep theirs."""
    actor = actor_of(request)
    require(actor, Permission.MANAGE_WORK_LISTS)
    target = targets.set_target(
        actor=actor, priority=priority, response_min=payload.response_min, completion_min=payload.completion_min,
        facility_id=_facility_id(actor, payload.facility),
    )  # fmt: skip
    return _target_out(target)


def _facility_id(actor: Actor, code: str | None) -> int | None:
    if not code:
        return None
    found = Facility.objects.visible_to(actor).filter(code__iexact=code).values_list("pk", flat=True).first()
    if found is None:
        raise Invalid({"facility": [f"There is no facility {code} that you can see."]})
    return found


class TemplateOut(Schema):
    """A prepared order."""

    id: int
    name: str
    kind: str
    title: str
    description: str
    priority: int
    est_min: int | None
    skill: str
    team_id: int | None
    procedures: list[str]
    requires_return_test: bool
    source: str
    active: bool


def _template_out(template: WorkTemplate) -> dict[str, Any]:
    plain = {name: getattr(template, name) for name in TemplateOut.model_fields if name != "procedures"}
    return plain | {"procedures": sorted(procedure.code for procedure in template.procedures.all())}


@router.get("/work-templates", response={200: list[TemplateOut], **REFUSALS}, operation_id="list_work_templates", summary="Templates")
def list_work_templates(request: HttpRequest) -> Any:
    """Prepared orders by kind. Two statements."""
    require(actor_of(request), Permission.VIEW_WORK)
    return [_template_out(template) for template in WorkTemplate.objects.prefetch_related("procedures")]


class TemplateFields(Body):
    description: Annotated[Text, Field(max_length=10_000)] = ""
    priority: PriorityCode = 3
    est_min: Annotated[int, Field(ge=0, le=100_000)] | None = None
    skill: Code = ""
    team_id: Key | None = None
    procedures: Annotated[list[Annotated[Text, Field(max_length=80)]], Field(max_length=20)] | None = None
    requires_return_test: bool = False
    active: bool = True


class TemplateIn(TemplateFields):
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    kind: KindCode  # type: ignore[valid-type]
    title: Annotated[Text, Field(min_length=1, max_length=200)]


class TemplateChange(TemplateFields):
    """Only what is sent is changed."""

    name: Annotated[Text, Field(min_length=1, max_length=120)] = ""
    kind: KindCode = "corrective"  # type: ignore[valid-type]
    title: Annotated[Text, Field(min_length=1, max_length=200)] = ""


@router.post("/work-templates", response={201: TemplateOut, **REFUSALS}, operation_id="add_work_template", summary="Add a template")
def add_work_template(request: HttpRequest, payload: TemplateIn) -> Any:
    """Add a prepared order."""
    return Status(201, _template_out(_saved(request, given(payload))))


@router.patch(
    "/work-templates/{template_id}",
    response={200: TemplateOut, **REFUSALS},
    operation_id="change_work_template",
    summary="Change a template",
)
def change_work_template(request: HttpRequest, template_id: Key, payload: TemplateChange) -> Any:
    """Change what is sent; active false retires it."""
    return _template_out(_saved(request, given(payload), template_id))


def _saved(request: HttpRequest, sent: dict[str, Any], template_id: int | None = None) -> WorkTemplate:
    procedures = sent.pop("procedures", None)
    return templates.save_template(actor=actor_of(request), values=sent, template_id=template_id, procedure_codes=procedures)
