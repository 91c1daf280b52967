"""The list of procedures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from openhtm.catalog.models import DeviceType
from openhtm.core.pagination import BadCursor, count_up_to, keyset_page
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures import queries
from openhtm.procedures.models import Procedure, ProcedureKind
from openhtm.procedures.views.common import actor_with, stage_mark, text_of, url_of
from openhtm.ui.parts import Chip, Pager, Tab

TAB_LABELS = {"released": "Released", "drafts": "Drafts", "review": "To review", "retired": "Retired"}
SOURCE_WORDS = {"starter": "shipped", "local": "our own"}
PAGE_ROWS = 50
_FILTERS = ("q", "kind", "type", "source")


@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    """Seven statements for any number of rows."""
    actor = actor_with(request, Permission.VIEW_PROCEDURES)
    tab = text_of(request, "tab") if text_of(request, "tab") in TAB_LABELS else "released"
    kind = text_of(request, "kind") if text_of(request, "kind") in ProcedureKind.values else ""
    sources = queries.sources()
    chosen = {"q": text_of(request, "q"), "kind": kind, "type": text_of(request, "type", 80), "source": text_of(request, "source", 30)}
    found = queries.procedure_list(tab=tab, q=chosen["q"], kind=kind, device_type=chosen["type"], source=chosen["source"])
    try:
        page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=PAGE_ROWS)
    except BadCursor:
        page = keyset_page(found, order=("name", "pk"), limit=PAGE_ROWS)
    count, counts = count_up_to(found), queries.tab_counts()
    context = {
        "tab": tab,
        "tabs": [
            Tab(label=words, url=_address(request, tab=name), current=name == tab, count=counts[name]) for name, words in TAB_LABELS.items()
        ],
        "chosen": chosen,
        "kinds": ProcedureKind.choices,
        "sources": [(one, SOURCE_WORDS.get(one, f"pack {one}")) for one in sources],
        "types": _types_used(),
        "chips": _chips(request, chosen),
        "rows": _rows(page.rows),
        "count": count,
        "pager": Pager(
            shown=f"{len(page.rows)} of {count}",
            label="Pages of procedures",
            first_url=_address(request) if page.previous_cursor else "",
            previous_url=_address(request, cursor=page.previous_cursor) if page.previous_cursor else "",
            next_url=_address(request, cursor=page.next_cursor) if page.next_cursor else "",
        ),
        "may_edit": actor.may(Permission.EDIT_PROCEDURES),
    }
    return render(request, "procedures/list.html", context)


def _types_used() -> list[tuple[str, str]]:
    return list(DeviceType.objects.filter(procedures__isnull=False).distinct().order_by("name").values_list("code", "name"))


def _rows(procedures: list[Procedure]) -> list[dict[str, Any]]:
    """Finished rows. One statement for the types of them all."""
    types = queries.types_per_procedure([one.pk for one in procedures])
    return [_row(one, types.get(one.pk, [])) for one in procedures]


def _row(one: Any, types: list[str]) -> dict[str, Any]:
    stages = [stage_mark("released", number=one.released_number)] if one.released_number else []
    if one.open_number:
        stages.append(stage_mark(one.open_status, number=one.open_number, reviewed=bool(one.open_reviewed)))
    return {
        "name": one.name,
        "url": url_of(one),
        "code": one.code,
        "kind": one.get_kind_display(),
        "types": "; ".join(types[:2]) + (f" and {len(types) - 2} more" if len(types) > 2 else ""),
        "stages": stages or [stage_mark("retired")],
        "est_min": one.est_min,
        "interval": f"{one.suggested_interval_months}\N{NO-BREAK SPACE}months" if one.suggested_interval_months else "",
        "source": SOURCE_WORDS.get(one.source, f"pack {one.source}") + (", changed here" if one.locally_changed else ""),
    }


def _chips(request: HttpRequest, chosen: dict[str, str]) -> list[Chip]:
    words = {
        "q": ("with", chosen["q"]),
        "kind": ("kind", dict(ProcedureKind.choices).get(chosen["kind"], "")),
        "type": ("for", chosen["type"]),
        "source": ("source", SOURCE_WORDS.get(chosen["source"], chosen["source"])),
    }
    return [Chip(label=label, value=value, remove_url=_address(request, without=name)) for name, (label, value) in words.items() if value]


def _address(request: HttpRequest, *, tab: str = "", cursor: str = "", without: str = "") -> str:
    wanted = request.GET.copy()
    wanted.pop("cursor", None)
    wanted.pop(without, None)
    for name, value in (("tab", tab), ("cursor", cursor)):
        if value:
            wanted[name] = value
    return f"{reverse('procedures:procedure-list')}?{wanted.urlencode()}"
