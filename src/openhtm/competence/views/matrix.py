"""The matrix of people and device types, and the list of types by how well they are covered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.competence.asking import actor_of, read_scope
from openhtm.competence.queries import cover as cover_queries
from openhtm.competence.queries import matrix as queries
from openhtm.competence.queries.cover import TypeCover, coverage, figures_of
from openhtm.competence.queries.policies import coverage_targets
from openhtm.competence.rules.cover import COVER_LABELS, COVER_TONES, SINGLE_POINTS, WANTING, Cover
from openhtm.competence.rules.levels import LEVEL_LABELS, Level
from openhtm.competence.views.staff import leaves_words
from openhtm.core.pagination import BadCursor, count_of_page, keyset_page
from openhtm.core.text import key_of
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import lists, parts
from openhtm.ui.rules import formats
from openhtm.workforce.models import StaffMember

COLUMNS = 20
LETTERS = {Level.OBSERVED: "O", Level.ASSISTED: "A", Level.INDEPENDENT: "I", Level.INSTRUCTOR: "T"}
LETTER_WORDS = [(LETTERS[level], level.value, label.lower()) for level, label in LEVEL_LABELS.items()]
TABS = (
    ("Matrix", "competence:matrix"),
    ("Coverage", "competence:coverage"),
    ("Training plan", "competence:plan"),
    ("Planned training", "competence:planned"),
    ("Policies", "competence:policies"),
    ("Courses", "competence:offers"),
)
STATES: dict[str, frozenset[Cover]] = {
    "wanting": WANTING,
    "none": frozenset({Cover.NONE}),
    "single": SINGLE_POINTS,
    "leaving": frozenset({Cover.SINGLE_LEAVING, Cover.SOON_NONE}),
    "soon": frozenset({Cover.SOON_NONE, Cover.SOON_SINGLE}),
    "enough": frozenset({Cover.ENOUGH}),
}
STATE_WORDS = {
    "wanting": "Lacking people",
    "none": "Nobody can",
    "single": "Only one can",
    "leaving": "The last ones go soon",
    "soon": "Soon too few",
    "enough": "Covered",
}


def tabs(current: str) -> list[parts.Tab]:
    return [parts.Tab(label=label, url=reverse(route), current=route == current) for label, route in TABS]


@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """One page of people against one page of types, the worst covered types first. Nine statements, whatever there is."""
    actor, today = actor_of(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    scope, choices = read_scope(request, actor)
    covered = coverage(scope=scope, on=today)
    shown_types, types_pager = _type_page(request, _narrowed(covered, lists.text_of(request, "state")))
    people = queries.staff_in(actor=actor, scope=scope, on=today, q=lists.text_of(request, "q", max_length=80))
    rows = people.select_related("facility")
    try:
        page = keyset_page(rows, order=("full_name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    except BadCursor:
        page = keyset_page(rows, order=("full_name", "pk"), limit=lists.limit_of(request))
    cells = queries.cells(staff_ids=[one.pk for one in page.rows], type_ids=[one.type_id for one in shown_types], on=today)
    context = {
        "tabs": tabs("competence:matrix"),
        "choices": choices,
        "q": lists.text_of(request, "q", max_length=80),
        "state": lists.text_of(request, "state"),
        "states": STATE_WORDS.items(),
        "figures": _figures(covered, request),
        "columns": [_column(one) for one in shown_types],
        "lines": [_line(person, shown_types, cells, actor=actor, today=today) for person in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, people), noun="people"),
        "types_pager": types_pager,
        "legend": LETTER_WORDS,
        "may_sign": actor.may(Permission.SIGN_COMPETENCIES),
    }
    return render(request, "competence/matrix.html", context)


def _narrowed(found: Sequence[TypeCover], state: str) -> list[TypeCover]:
    wanted = STATES.get(state)
    return [one for one in found if wanted is None or one.cover in wanted]


def _type_page(request: HttpRequest, found: Sequence[TypeCover]) -> tuple[list[TypeCover], dict[str, Any]]:
    """The types of one page of columns. ``types`` counts pages from 1; beyond the last one the last is shown."""
    pages = max(-(-len(found) // COLUMNS), 1)
    number = min(max(key_of(request.GET.get("types")) or 1, 1), pages)
    first = (number - 1) * COLUMNS
    shown = list(found[first : first + COLUMNS])
    cursor = request.GET.get("cursor")

    def address(page: int) -> str:
        return lists.with_query(request, types=str(page), cursor=cursor)

    words = f"Types {first + 1:,} to {first + len(shown):,} of {len(found):,}" if shown else "No type"
    return shown, {
        "words": words,
        "previous_url": address(number - 1) if number > 1 else "",
        "next_url": address(number + 1) if number < pages else "",
    }


def _figures(found: Sequence[TypeCover], request: HttpRequest) -> list[dict[str, Any]]:
    figures = figures_of(found)
    query = request.GET.copy()
    for name in ("cursor", "types", "state", "q"):
        query.pop(name, None)

    def figure(value: int, label: str, state: str, tone: str) -> dict[str, Any]:
        query["state"] = state
        return {
            "value": value,
            "label": label,
            "url": f"{reverse('competence:coverage')}?{query.urlencode()}",
            "tone": tone if value else "",
        }

    return [
        figure(figures.none, "types nobody can service", "none", "late"),
        figure(figures.single, "types that hang on one person", "single", "due"),
        figure(figures.leaving, "types whose last people go soon", "leaving", "late"),
        figure(figures.wanting, f"of {figures.types:,} types lack people", "wanting", ""),
    ]


def _column(one: TypeCover) -> dict[str, Any]:
    return {
        "id": one.type_id,
        "name": one.name,
        "url": reverse("competence:type", args=[one.type_id]),
        "tone": COVER_TONES[one.cover],
        "state": COVER_LABELS[one.cover],
        "people": one.numbers.now,
        "high_risk": one.high_risk,
    }


def _line(person: StaffMember, types: Sequence[TypeCover], cells: queries.Cells, *, actor: Actor, today: date) -> dict[str, Any]:
    url = reverse("competence:person", args=[person.pk])
    return {
        "name": person.full_name,
        "where": person.facility.name if person.facility else "Works everywhere",
        "leaves": leaves_words(actor, person),
        "url": url,
        "cells": [_cell(person, one, f"{url}/types/{one.type_id}", cells.at(person.pk, one.type_id), today) for one in types],
    }


def _cell(person: StaffMember, kind: TypeCover, url: str, cell: queries.Cell | None, today: date) -> dict[str, str]:
    """``url`` is joined by the caller: a thousand look-ups of routes would be a fifth of the page."""
    name = f"{person.full_name}, {kind.name}"
    if cell is None:
        return {"url": url, "mark": "", "kind": "none", "label": f"{name}: nothing"}
    if cell.lapsed or cell.level is None:
        return {"url": url, "mark": "–", "kind": "lapsed", "label": f"{name}: ran out {formats.day(cell.until) if cell.until else ''}"}
    until = f", until {formats.day(cell.until)}" if cell.until else ""
    some = ", some models only" if cell.models_only else ""
    kind_of = cell.level.value if not _soon(cell.until, today) else "ending"
    mark = LETTERS[cell.level] + ("*" if cell.models_only else "")
    return {"url": url, "mark": mark, "kind": kind_of, "label": f"{name}: {LEVEL_LABELS[cell.level].lower()}{some}{until}"}


def _soon(until: date | None, today: date) -> bool:
    return until is not None and (until - today).days <= 90


@require_safe
def coverage_list(request: HttpRequest) -> HttpResponse:
    """Types by how well they are covered, the worst first. Six statements."""
    actor, today = actor_of(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    scope, choices = read_scope(request, actor)
    targets = coverage_targets()
    covered = coverage(scope=scope, on=today, targets=targets)
    state = lists.text_of(request, "state")
    found = _narrowed(covered, state)
    size = lists.limit_of(request)
    pages = max(-(-len(found) // size), 1)
    number = min(max(key_of(request.GET.get("page")) or 1, 1), pages)
    shown = found[(number - 1) * size : number * size]
    counts = cover_queries.device_counts([one.type_id for one in shown], scope=scope)
    context = {
        "tabs": tabs("competence:coverage"),
        "choices": choices,
        "state": state if state in STATES else "",
        "states": STATE_WORDS.items(),
        "figures": _figures(covered, request),
        "rows": [_cover_row(one, counts.get(one.type_id, 0)) for one in shown],
        "pager": parts.Pager(
            shown=f"{len(shown):,} of {len(found):,} types",
            previous_url=lists.with_query(request, page=str(number - 1)) if number > 1 else "",
            next_url=lists.with_query(request, page=str(number + 1)) if number < pages else "",
        ),
        "targets": targets,
    }
    return render(request, "competence/coverage.html", context)


def _cover_row(one: TypeCover, devices: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "category": one.category,
        "url": reverse("competence:type", args=[one.type_id]),
        "tone": COVER_TONES[one.cover],
        "state": COVER_LABELS[one.cover],
        "high_risk": one.high_risk,
        "numbers": one.numbers,
        "devices": devices,
        "devices_url": f"/devices?type={one.code}&status=in_inventory",
        "only": one.only_name,
        "only_url": reverse("competence:person", args=[one.only_staff_id]) if one.only_staff_id else "",
        "only_words": _only_words(one),
        "missing": one.missing,
    }


def _only_words(one: TypeCover) -> str:
    if not one.only_until:
        return ""
    return f"{'leaves' if one.only_leaves else 'sign-off ends'} {formats.day(one.only_until)}"


urlpatterns = [
    path("competence", matrix, name="matrix"),
    path("competence/coverage", coverage_list, name="coverage"),
]
