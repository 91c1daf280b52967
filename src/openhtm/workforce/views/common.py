"""What the pages of people share: who asks, whom the page is about, and one page for a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui.editing import Save, edit_page
from openhtm.workforce.models import StaffMember
from openhtm.workforce.services.access import is_oneself


def who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def person_of(request: HttpRequest, staff_id: int) -> StaffMember:
    """The person of a page. Raises NotAllowed for who may see no staff and is not that person, Http404 outside of scope."""
    actor, known = who(request), StaffMember.objects.select_related("facility", "provider", "user")
    if not actor.may(Permission.VIEW_STAFF):
        own = known.filter(pk=staff_id, user_id=actor.user_id).first() if actor.user_id else None
        if own is None:
            require(actor, Permission.VIEW_STAFF)
        else:
            return own
    return get_object_or_404(known.filter(pk__in=StaffMember.objects.visible_to(actor)), pk=staff_id)


def address(staff: StaffMember, *, tab: str = "", own: bool = False) -> str:
    """The person's page, or one's own, with a tab open."""
    here = reverse("workforce:me") if own else reverse("workforce:person", args=[staff.pk])
    return f"{here}?tab={tab}" if tab else here


def back_to(request: HttpRequest, staff: StaffMember, *, tab: str = "") -> str:
    """Where a form leads back to: one's own page for oneself."""
    return address(staff, tab=tab, own=is_oneself(who(request), staff))


def trail(request: HttpRequest, staff: StaffMember, *steps: tuple[str, str]) -> list[tuple[str, str]]:
    first = [("Staff", reverse("workforce:staff-list"))] if who(request).may(Permission.VIEW_STAFF) else []
    return [*first, (staff.full_name, back_to(request, staff)), *steps]


def form_page(request: HttpRequest, staff: StaffMember, *, form: forms.Form, save: Save, title: str, tab: str) -> HttpResponse:
    """One form about a person; files may come with it."""
    context: dict[str, Any] = {
        "title": title, "trail": trail(request, staff, (title, "")), "back": back_to(request, staff, tab=tab), "with_files": True,
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template="workforce/form.html", context=context)
