"""What the catalogue's lists and forms have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from openhtm.catalog.forms import CatalogForm
from openhtm.core.errors import DomainError, Invalid
from openhtm.core.pagination import BadCursor, count_up_to, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.parts import Chip, Pager

PAGE_ROWS = 50
TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing a list can be narrowed by: its parameter, label, and (value, words) of its choices."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row. ``kind`` is the class that tells a phone what it is: tag, lead, state or num."""

    content: Any
    kind: str = ""

    @property
    def labelled(self) -> bool:
        """Whether a phone shows the column's name beside it."""
        return self.kind in ("", "num")


@dataclass(frozen=True, slots=True)
class Action:
    label: str
    url: str
    icon: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything a list page shows besides its rows."""

    title: str
    search: str
    columns: Sequence[tuple[str, str]]
    cells: Callable[[list[Any]], list[list[Cell]]]
    order: tuple[str, ...]
    filters: Sequence[Filter] = ()
    actions: Sequence[Action] = ()
    empty_title: str = "Nothing here yet"
    empty_detail: str = ""
    note: str = ""
    trail: Sequence[tuple[str, str]] = field(default=(("Catalogue", "/catalog/"),))


def reader(request: HttpRequest) -> Actor:
    """Return who asks. Raises NotAllowed unless they may see the catalogue."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.VIEW_CATALOG)
    return actor


def editor(request: HttpRequest) -> Actor:
    """Return who asks. Raises NotAllowed unless they may change the catalogue."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor, Permission.EDIT_CATALOG)
    return actor


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, also when that is nothing; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def text_of(request: HttpRequest, name: str, limit: int = 200) -> str:
    """Return a parameter of the address, cut, without characters that no database holds."""
    return request.GET.get(name, "")[:limit].replace("\0", "")


def chosen(request: HttpRequest, one: Filter) -> str:
    """Return the value of a filter, or "" if it is none of its choices."""
    value = request.GET.get(one.name, "")
    return value if value in {code for code, _ in one.choices} else ""


def show_list(request: HttpRequest, queryset: Any, listing: Listing) -> HttpResponse:
    """Render one page of ``queryset``. Two statements, and those of ``listing.cells``."""
    note = listing.note
    try:
        page = keyset_page(queryset, order=listing.order, cursor=request.GET.get("cursor"), limit=PAGE_ROWS)
    except BadCursor:
        page = keyset_page(queryset, order=listing.order, limit=PAGE_ROWS)
        note = "The list starts anew: its old position could not be read."
    count = count_up_to(queryset)
    context = {
        "listing": listing,
        "q": text_of(request, "q"),
        "count": count,
        "rows": [list(zip([label for label, _ in listing.columns], row, strict=True)) for row in listing.cells(page.rows)],
        "chips": _chips(request, listing),
        "filters": [(one, chosen(request, one)) for one in listing.filters],
        "pager": Pager(
            shown=f"{len(page.rows)} of {count}" if page.rows else "",
            note=note,
            label=f"Pages of {listing.title}",
            first_url=_address(request.GET, cursor=None) if page.previous_cursor else "",
            previous_url=_address(request.GET, cursor=page.previous_cursor) if page.previous_cursor else "",
            next_url=_address(request.GET, cursor=page.next_cursor) if page.next_cursor else "",
        ),
    }
    return render(request, "catalog/list.html", context)


def _chips(request: HttpRequest, listing: Listing) -> list[Chip]:
    found = []
    if words := text_of(request, "q"):
        found.append(Chip(label="with", value=words, remove_url=_address(request.GET, cursor=None, without="q")))
    narrowed = [(one, chosen(request, one)) for one in listing.filters]
    found += [
        Chip(label=one.label, value=dict(one.choices)[value], remove_url=_address(request.GET, cursor=None, without=one.name))
        for one, value in narrowed
        if value
    ]
    return found


def _address(query: QueryDict, *, cursor: str | None, without: str = "") -> str:
    wanted = query.copy()
    wanted.pop("cursor", None)
    wanted.pop(without, None)
    if cursor:
        wanted["cursor"] = cursor
    return "?" + wanted.urlencode()


def form_page(
    request: HttpRequest,
    *,
    form: CatalogForm,
    act: Callable[[dict[str, Any]], tuple[str, str]],
    context: dict[str, Any],
    template: str = "",
) -> HttpResponse:
    """Show ``form``; on POST call ``act`` with its values, which answers (what to say, where to go). 422 if refused."""
    refused = request.method == "POST"
    if refused and form.is_valid():
        try:
            said, url = act(form.values())
        except Invalid as refusal:
            form.take(refusal)
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            form.add_error(None, refusal.sentence)
        else:
            messages.success(request, said)
            return redirect(url)
    return render(request, template or "catalog/form.html", context | {"form": form}, status=422 if refused else 200)
