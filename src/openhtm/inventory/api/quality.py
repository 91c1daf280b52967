"""Data quality over the API: findings, duplicates, risk inputs, site fields and saved views."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from openhtm.core.errors import Invalid, NotFound
from openhtm.core.pagination import keyset_page
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Cursor, Key, Limit, PageOut, Text, given
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import CustomField, Device, RiskProfile, SavedView
from openhtm.inventory.queries import detail, duplicates, findings
from openhtm.inventory.services import custom_fields, merging, quality, risk, saved_views
from openhtm.sites.models import Facility

router = Router(tags=["quality"])
Number = Annotated[Text, Field(min_length=1, max_length=40)]
Reason = Annotated[Text, Field(max_length=400)]
Code = Annotated[Text, Field(min_length=1, max_length=40)]


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _found(actor: Actor, control_number: str) -> Device:
    if "\0" in control_number or len(control_number) > 80:
        raise NotFound(kind="device", name="of that number")
    return detail.device_by_number(actor=actor, number=control_number)


class FindingOut(Schema):
    code: str = Field(examples=["missing_serial"])
    label: str
    count: int
    count_is_exact: bool
    url: str = Field(description="The page that shows the rows.")


class FactOut(Schema):
    code: str
    label: str
    missing: int
    percent: float | None = Field(description="Devices of which it is recorded; null without devices.")


class FindingsOut(Schema):
    """What is missing or doubtful in the records the caller sees."""

    items: list[FindingOut]
    devices: int = Field(description="In the inventory.")
    completeness_percent: float | None = Field(description="Mean over the facts CMS expects (S&C 14-07).")
    facts: list[FactOut]
    counted_at: dt.datetime | None = Field(description="Null: counted now. Large inventories are counted every ten minutes.")


@router.get("/quality/findings", response={200: FindingsOut, **REFUSALS}, operation_id="list_findings", summary="Data-quality findings")
def list_findings(request: HttpRequest) -> dict[str, Any]:
    """Every kind of finding with its number, and how complete the records are."""
    actor = _actor(request)
    require(actor, Permission.RESOLVE_QUALITY)
    found = findings.overview(actor=actor, today=timezone.localdate())
    return {
        "items": [
            {
                "code": line.code,
                "label": line.label,
                "count": getattr(line.number, "value", line.number),
                "count_is_exact": getattr(line.number, "exact", True),
                "url": line.url,
            }
            for line in found.findings
        ],
        "devices": found.whole.total,
        "completeness_percent": found.whole.percent,
        "facts": [{"code": p.code, "label": p.label, "missing": p.missing, "percent": p.percent} for p in found.whole.parts],
        "counted_at": found.counted.counted_at,
    }


class QualityCandidateOut(Schema):
    first: str = Field(description="Control number of the older record.")
    second: str
    method: Literal["serial", "udi", "mac"]
    evidence: str
    found_at: dt.datetime


class CandidateList(PageOut):
    items: list[QualityCandidateOut]


@router.get("/quality/duplicates", response={200: CandidateList, **REFUSALS}, operation_id="list_duplicates", summary="Doubtful pairs")
def list_duplicates(request: HttpRequest, cursor: Cursor | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Pairs of records that may be one device, both of which the caller sees."""
    actor = _actor(request)
    require(actor, Permission.RESOLVE_QUALITY)
    rows = duplicates.candidates(actor).values("id", "first__control_number", "second__control_number", "method", "evidence", "found_at")
    page = keyset_page(rows, order=("id",), cursor=cursor, limit=limit)
    items = [row | {"first": row["first__control_number"], "second": row["second__control_number"]} for row in page.rows]
    return {"items": items, "next_cursor": page.next_cursor, "previous_cursor": page.previous_cursor}


class DifferentIn(Body):
    first: Number
    second: Number
    reason: Reason = ""


class DecisionOut(Schema):
    first: str
    second: str
    verdict: Literal["different", "merged"]
    decided_at: dt.datetime


@router.post(
    "/quality/duplicates/different", response={200: DecisionOut, **REFUSALS}, operation_id="decide_different", summary="Different devices"
)
def decide_different(request: HttpRequest, payload: DifferentIn) -> dict[str, Any]:
    """Keep for ever that two records are different devices."""
    decided = quality.decide_different(actor=_actor(request), control_numbers=(payload.first, payload.second), reason=payload.reason)
    return {"first": str(decided.first), "second": str(decided.second), "verdict": decided.verdict, "decided_at": decided.decided_at}


class QualityMergeIn(Body):
    """Which record stays, and whose value stands for each fact. Facts not named stay as the survivor has them."""

    survivor: Number
    loser: Number
    choices: dict[Annotated[Text, Field(max_length=60)], Literal["survivor", "loser"]] = Field(
        default={}, description="By fact: model, serial_number, udi, location, department, custom.<key> and so on."
    )
    reason: Annotated[Reason, Field(min_length=1)]


class MergedOut(Schema):
    control_number: str
    former_numbers: list[str]


@router.post("/quality/duplicates/merge", response={200: MergedOut, **REFUSALS}, operation_id="merge_devices", summary="Merge two records")
def merge_devices(request: HttpRequest, payload: QualityMergeIn) -> dict[str, Any]:
    """Merge one record into another. Every number of both keeps leading to it."""
    merged = merging.merge_devices(actor=_actor(request), **payload.model_dump())
    return {"control_number": merged.control_number, "former_numbers": list(merged.alternate_numbers.values_list("number", flat=True))}


class ReasonIn(Body):
    reason: Annotated[Reason, Field(min_length=1)]


@router.post(
    "/devices/{control_number}/unmerge", response={200: MergedOut, **REFUSALS}, operation_id="unmerge_device", summary="Take a merge back"
)
def unmerge_device(request: HttpRequest, control_number: str, payload: ReasonIn) -> dict[str, Any]:
    """Let a merged record stand for itself again."""
    if "\0" in control_number or len(control_number) > 80:
        raise NotFound(kind="device", name="of that number")
    device = merging.unmerge_devices(actor=_actor(request), loser=control_number, reason=payload.reason)
    return {"control_number": device.control_number, "former_numbers": list(device.alternate_numbers.values_list("number", flat=True))}


class ScoreOut(Schema):
    """A risk score with its reasons. It never decides whether a device is on the inventory."""

    profile: str
    name: str
    family: str
    value: float | None = Field(description="Null while any input is unknown.")
    why_unknown: str
    verdict: str
    explanation: list[str]
    missing: list[str]
    own_inputs: dict[str, float] | None = Field(description="Inputs set for this device; null: all as its type says.")
    own_reason: str | None


@router.get("/devices/{control_number}/risk", response={200: list[ScoreOut], **REFUSALS}, operation_id="device_risk", summary="Risk scores")
def device_risk(request: HttpRequest, control_number: str) -> Any:
    """The device's score by every current profile."""
    actor = _actor(request)
    require(actor, Permission.VIEW_DEVICES)
    return [_score_out(one) for one in detail.risk_scores(_found(actor, control_number))]


def _score_out(one: detail.ShownScore) -> dict[str, Any]:
    return {
        "profile": one.profile.code,
        "name": one.profile.name,
        "family": one.family,
        "value": one.score.value,
        "why_unknown": one.why_unknown,
        "verdict": one.score.verdict,
        "explanation": list(one.score.explanation),
        "missing": list(one.score.missing),
        "own_inputs": one.overridden.inputs if one.overridden else None,
        "own_reason": one.overridden.reason if one.overridden else None,
    }


class RiskProfileOut(Schema):
    """A scoring model as data, with who says so."""

    code: str
    edition: str
    name: str
    source: str
    confidence: str
    effective_from: dt.date
    effective_to: dt.date | None = Field(description="Null: it is the current edition.")
    shipped: bool
    definition: dict[str, Any] = Field(description="Factors, weights, thresholds and interval rules.")


@router.get("/risk-profiles", response={200: list[RiskProfileOut], **REFUSALS}, operation_id="list_risk_profiles", summary="Risk profiles")
def list_risk_profiles(request: HttpRequest, past: bool = False) -> Any:
    """The current risk profiles by code; with past=true earlier editions too."""
    require(_actor(request), Permission.VIEW_DEVICES)
    found = RiskProfile.objects.all() if past else RiskProfile.objects.filter(effective_to__isnull=True)
    return list(found.values(*RiskProfileOut.model_fields))


class RiskInputsIn(Body):
    inputs: dict[Annotated[Text, Field(max_length=60)], Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]]
    reason: Annotated[Reason, Field(min_length=1)]


@router.put(
    "/devices/{control_number}/risk/{family}",
    response={200: list[ScoreOut], **REFUSALS},
    operation_id="set_device_risk",
    summary="Set risk inputs",
)
def set_device_risk(request: HttpRequest, control_number: str, family: str, payload: RiskInputsIn) -> Any:
    """Set what this device scores by where it differs from its type. Factors not given stay as the type says."""
    actor = _actor(request)
    device = _found(actor, control_number)
    risk.set_risk_inputs(actor=actor, control_number=device.control_number, family=family, inputs=payload.inputs, reason=payload.reason)
    return [_score_out(one) for one in detail.risk_scores(device, family=family)]


@router.post(
    "/devices/{control_number}/risk/{family}/clear",
    response={200: list[ScoreOut], **REFUSALS},
    operation_id="clear_device_risk",
    summary="Score by the type again",
)
def clear_device_risk(request: HttpRequest, control_number: str, family: str, payload: ReasonIn) -> Any:
    """Drop the inputs set for this device."""
    if "\0" in family:
        raise Invalid({"family": ["Remove the NUL character."]})
    actor = _actor(request)
    device = _found(actor, control_number)
    risk.clear_risk_inputs(actor=actor, control_number=device.control_number, family=family, reason=payload.reason)
    return [_score_out(one) for one in detail.risk_scores(device, family=family)]


FieldKindCode = Literal["text", "number", "date", "choice", "yes_no"]


class CustomFieldOut(Schema):
    key: str = Field(description="Permanent.", examples=["fleet_number"])
    label: str
    kind: FieldKindCode
    choices: list[str]
    help_text: str
    required: bool
    position: int
    active: bool


class _FieldValues(Body):
    choices: Annotated[list[Annotated[Text, Field(max_length=80)]], Field(max_length=200)] = []
    help_text: Annotated[Text, Field(max_length=200)] = ""
    required: bool = False
    position: Annotated[int, Field(ge=0, le=32_767)] = 100


class CustomFieldIn(_FieldValues):
    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Annotated[Text, Field(min_length=1, max_length=80)]
    kind: FieldKindCode


class CustomFieldChange(_FieldValues):
    label: Annotated[Text, Field(min_length=1, max_length=80)] = ""
    active: bool = True


@router.get(
    "/custom-fields",
    response={200: list[CustomFieldOut], **REFUSALS},
    operation_id="list_custom_fields",
    summary="Site fields",
    tags=["settings"],
)
def list_custom_fields(request: HttpRequest) -> Any:
    """Every field the site adds to devices, in order, those out of use included."""
    require(_actor(request), Permission.VIEW_DEVICES)
    return list(CustomField.objects.values(*CustomFieldOut.model_fields))


@router.post(
    "/custom-fields",
    response={201: CustomFieldOut, **REFUSALS},
    operation_id="add_custom_field",
    summary="Add a site field",
    tags=["settings"],
)
def add_custom_field(request: HttpRequest, payload: CustomFieldIn) -> Any:
    """Add a field for the whole organisation. Its key and kind are permanent; the same key again is refused."""
    values = payload.model_dump()
    return Status(201, custom_fields.add_custom_field(actor=_actor(request), key=values.pop("key"), kind=values.pop("kind"), values=values))


@router.patch(
    "/custom-fields/{key}",
    response={200: CustomFieldOut, **REFUSALS},
    operation_id="change_custom_field",
    summary="Change a site field",
    tags=["settings"],
)
def change_custom_field(request: HttpRequest, key: str, payload: CustomFieldChange) -> Any:
    """Change what is sent. Out of use, a field hides and devices keep what they hold."""
    if "\0" in key:
        raise NotFound(kind="field", name="of that key")
    return custom_fields.change_custom_field(actor=_actor(request), key=key, values=given(payload))


class SavedViewOut(Schema):
    id: int
    name: str
    query: str = Field(description="Filters as in the address of the device list.")
    columns: list[str]
    shared_with: str | None = Field(description="Code of the facility it is shared with.")


class SavedViewIn(Body):
    name: Annotated[Text, Field(min_length=1, max_length=60)]
    query: Annotated[Text, Field(max_length=1000)] = ""
    columns: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=40)] = []
    shared_with: Annotated[Text, Field(max_length=20)] | None = None


@router.get(
    "/saved-views",
    response={200: list[SavedViewOut], **REFUSALS},
    operation_id="list_saved_views",
    summary="Saved views",
    tags=["settings"],
)
def list_saved_views(request: HttpRequest) -> Any:
    """The caller's own views of the device list."""
    actor = _actor(request)
    require(actor, Permission.VIEW_DEVICES)
    return [_view_out(view) for view in SavedView.objects.filter(owner_id=actor.user_id, page="devices").select_related("shared_with")]


def _view_out(view: SavedView) -> dict[str, Any]:
    shared = view.shared_with.code if view.shared_with else None
    return {"id": view.pk, "name": view.name, "query": view.query, "columns": view.columns, "shared_with": shared}


@router.post(
    "/saved-views",
    response={200: SavedViewOut, 201: SavedViewOut, **REFUSALS},
    operation_id="save_view",
    summary="Save a view",
    tags=["settings"],
)
def save_view(request: HttpRequest, payload: SavedViewIn) -> Any:
    """Save a list under a name. 201, or 200 if a view of that name was replaced."""
    actor = _actor(request)
    facility = None
    if payload.shared_with:
        facility = Facility.objects.visible_to(actor).filter(code__iexact=payload.shared_with).first()
        if facility is None:
            raise Invalid({"shared_with": [f"There is no facility {payload.shared_with} that you can see."]})
    view, new = saved_views.save_view(
        actor=actor,
        name=payload.name,
        query=payload.query,
        columns=payload.columns,
        shared_with_id=facility.pk if facility else None,
    )
    return Status(201 if new else 200, _view_out(view))


@router.delete(
    "/saved-views/{view_id}", response={204: None, **REFUSALS}, operation_id="remove_view", summary="Remove a view", tags=["settings"]
)
def remove_view(request: HttpRequest, view_id: Key) -> Any:
    """Remove a view of the caller's own."""
    saved_views.remove_view(actor=_actor(request), view_id=view_id)
    return Status(204, None)
