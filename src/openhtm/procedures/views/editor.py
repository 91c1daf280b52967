"""The editor of a draft: one form that posts the whole draft, with or without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures import queries
from openhtm.procedures.forms import act_on, content_of
from openhtm.procedures.models import Procedure, ProcedureVersion, VersionStatus
from openhtm.procedures.rules.limits import CONFIDENCES, ORIGINS
from openhtm.procedures.rules.preview import preview_raw
from openhtm.procedures.rules.safety.vocabulary import vocabulary
from openhtm.procedures.rules.steps import KINDS, PERIODS, PHASES, SEVERITIES, VERDICTS, applied_part_types, conditions, standards
from openhtm.procedures.rules.units import units
from openhtm.procedures.services import authoring
from openhtm.procedures.views.common import HOME, actor_with, url_of
from openhtm.testers.rules.kinds import tester_kinds

_SALT = "openhtm.procedures.pictures"
_STEP = re.compile(r"steps\[(\d{1,3})\]\.?(.*)")
_HEAD_WORDS = {
    "purpose": "Purpose", "instructions": "Instructions", "tools": "Tools", "tester_kinds": "Testers", "consumables": "Consumables",
    "est_minutes": "Usual time", "skill": "Skill", "safety_notes": "Safety notes", "oem": "Manufacturer's document", "steps": "Steps",
    "change_note": "What is new",
}  # fmt: skip


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, code: str) -> HttpResponse:
    """Show the draft; a post saves it, or only carries out a button such as "move up" and shows the form again."""
    actor = actor_with(request, Permission.EDIT_PROCEDURES)
    procedure = queries.get_procedure(code=code)
    version = procedure.versions.filter(status=VersionStatus.DRAFT).first()
    if version is None:
        messages.info(request, "There is no draft. Start a new version first.")
        return redirect(url_of(procedure))
    if request.method == "GET":
        return _show(request, version, raw=version.content, note=version.change_note, based_on=version.content_hash)
    raw, pictures = content_of(request.POST), _pictures(request)
    refusal = _take_files(request, actor, raw, pictures)
    wanted = request.POST.get("do", "")
    if refusal is None and wanted in ("save", "submit"):
        refusal = _save(request, actor, procedure, raw, pictures, submit=wanted == "submit")
        if refusal is None:
            return redirect("procedures:draft" if wanted == "save" else "procedures:procedure", code)
    raw["steps"], focus = act_on(raw["steps"], wanted, new_kind=_kind(request))
    return _show(
        request,
        version,
        raw=raw,
        note=request.POST.get("change_note", ""),
        based_on=request.POST.get("based_on", "")[:64],
        pictures=pictures,
        refusal=refusal,
        focus=focus,
    )


def _save(
    request: HttpRequest, actor: Actor, procedure: Procedure, raw: Mapping[str, Any], pictures: Mapping[str, str], *, submit: bool
) -> DomainError | None:
    try:
        authoring.save_draft(
            actor=actor,
            code=procedure.code,
            content=raw,
            change_note=request.POST.get("change_note", ""),
            based_on=request.POST.get("based_on", "")[:64],
            pictures=pictures,
        )
        if submit:
            authoring.submit_draft(actor=actor, code=procedure.code)
    except (Invalid, Conflict, authoring.WrongStage) as refusal:
        return refusal
    messages.success(request, "Handed over for review. Somebody else reads it now." if submit else "Draft saved.")
    return None


def _kind(request: HttpRequest) -> str:
    kind = request.POST.get("new_kind", "")
    return kind if kind in KINDS else "pass_fail"


def _pictures(request: HttpRequest) -> dict[str, str]:
    """The names of pictures taken since the draft was saved, as this form carries them, sealed."""
    try:
        found = signing.loads(request.POST.get("pictures", ""), salt=_SALT, max_age=7 * 24 * 3600)
    except signing.BadSignature:
        return {}
    return dict(found)


def _take_files(request: HttpRequest, actor: Actor, raw: Mapping[str, Any], pictures: dict[str, str]) -> DomainError | None:
    """Keep the pictures that came with the form and name them in their steps."""
    for number, step in zip(request.POST.getlist("step"), raw["steps"], strict=False):
        for file in request.FILES.getlist(f"s{number}-picture"):
            name = (file.name or "picture")[:200]
            try:
                sha = authoring.keep_picture(actor=actor, file_name=name, content=cast(BinaryIO, file))
            except DomainError as refusal:
                if refusal.status in (403, 404):
                    raise
                return refusal
            pictures[sha] = name
            shown = [image for image in step.get("images", []) if image["sha256"] != sha]
            step["images"] = [*shown, {"sha256": sha}]
    return None


def _show(
    request: HttpRequest,
    version: ProcedureVersion,
    *,
    raw: Mapping[str, Any],
    note: str,
    based_on: str,
    pictures: Mapping[str, str] | None = None,
    refusal: DomainError | None = None,
    focus: int = -1,
) -> HttpResponse:
    errors = _errors(refusal)
    by_step: dict[int, list[str]] = {}
    for path, texts in errors.items():
        if found := _STEP.match(path):
            by_step.setdefault(int(found[1]), []).extend(texts)
    kept = set(version.files.values_list("file__sha256", flat=True))
    context = {
        "procedure": version.procedure,
        "version": version,
        "raw": raw,
        "blocks": [_block(at, step, by_step.get(at, []), focus, kept) for at, step in enumerate(raw["steps"])],
        "problems": _problems(errors, raw["steps"]),
        "note": note,
        "based_on": based_on,
        "pictures": signing.dumps(dict(pictures or {}), salt=_SALT),
        "steps": preview_raw(raw["steps"]),
        "choices": _choices(raw),
        "trail": [HOME, (version.procedure.name, url_of(version.procedure))],
    }
    return render(request, "procedures/editor.html", context, status=422 if refusal else 200)


def _errors(refusal: DomainError | None) -> dict[str, list[str]]:
    if refusal is None:
        return {}
    return refusal.errors if isinstance(refusal, Invalid) else {"": [refusal.sentence]}


def _problems(errors: Mapping[str, list[str]], steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Each problem as (where in words, sentence, anchor), in the order found."""
    found = []
    for path, texts in errors.items():
        step = _STEP.match(path)
        if step:
            at = int(step[1])
            title = str(steps[at].get("title") or "without a title") if at < len(steps) else ""
            where, anchor = f"Step {at + 1}, {title}: {step[2].replace('.', ' ')}".rstrip(": "), f"step-{at + 1}"
        else:
            head = path.split(".")[0].split("[")[0]
            where, anchor = _HEAD_WORDS.get(head, path), f"field-{head}"
        found += [(where, text, anchor) for text in texts]
    return found


def _block(at: int, step: Mapping[str, Any], wrong: Sequence[str], focus: int, kept: set[str]) -> dict[str, Any]:
    """One step as the form shows it, with room for another option."""
    safety = step.get("electrical_safety") or {}
    images = [{"sha": one["sha256"], "caption": one.get("caption", ""), "stored": one["sha256"] in kept} for one in step.get("images", [])]
    heading = step["kind"] == "heading"
    return {
        "at": at,
        "number": at + 1,
        "step": step,
        "kind_label": KINDS.get(step["kind"], step["kind"]),
        "required": step.get("required", not heading),
        "na_needs_reason": step.get("na_needs_reason", True),
        "show_previous": step.get("show_previous", not heading),
        "has_phase": step["kind"] in ("number", "pass_fail", "choice"),
        "wrong": wrong,
        "open": bool(wrong) or at == focus,
        "focus": at == focus,
        "options": [*step.get("options", []), {}] if step["kind"] == "choice" else [],
        "limit_from": (step.get("number") or {})
        .get("limit", {})
        .get("from", "standard" if (step.get("number") or {}).get("limit") else ""),
        "standard": f"{safety.get('standard')}|{safety.get('edition')}",
        "images": images,
        "applied_parts": _chosen_first(applied_part_types().items(), safety.get("applied_parts", [])),
        "methods": _chosen_first(conditions("method").items(), safety.get("methods", [])),
        "tests": _chosen_first([(one.code, one.label) for one in vocabulary().tests.values()], safety.get("tests", [])),
    }


def _chosen_first(known: Iterable[tuple[str, str]], chosen: Sequence[str]) -> list[tuple[str, str]]:
    """Put what is ticked first, in the order it was written, so that saving does not change that order."""
    places = {code: at for at, code in enumerate(chosen)}
    return sorted(known, key=lambda one: places.get(one[0], len(places)))


def _choices(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kinds": KINDS.items(),
        "phases": PHASES.items(),
        "severities": SEVERITIES.items(),
        "verdicts": VERDICTS.items(),
        "periods": PERIODS.items(),
        "units": [(one.code, f"{one.symbol or one.code} {one.label}", one.family) for one in units().values()],
        "origins": ORIGINS.items(),
        "confidences": CONFIDENCES.items(),
        "standards": [f"{name}|{edition}" for name, editions in standards().items() for edition in editions],
        "device_classes": conditions("device_class").items(),
        "configurations": conditions("configuration").items(),
        "equipment": conditions("equipment").items(),
        "tester_kinds": _chosen_first([(kind.code, kind.name) for kind in tester_kinds().values()], raw.get("tester_kinds", [])),
    }


@require_POST
def live_preview(request: HttpRequest, code: str) -> HttpResponse:
    """Answer the preview of what the form holds at this moment; nothing is stored."""
    actor_with(request, Permission.EDIT_PROCEDURES)
    procedure = queries.get_procedure(code=code)
    raw = content_of(request.POST)
    return render(
        request,
        "procedures/_phone.html",
        {"procedure": procedure, "steps": preview_raw(raw["steps"]), "notes": raw.get("safety_notes", [])},
    )
