"""The catalogue's front page: how much is in it, and which official lists are loaded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from openhtm.catalog.queries.home import counts, latest_loads
from openhtm.catalog.views.common import reader
from openhtm.identity.rules.permissions import Permission


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    actor = reader(request)
    context = {"counts": counts(), "loads": latest_loads(), "may_edit": actor.may(Permission.EDIT_CATALOG)}
    return render(request, "catalog/home.html", context)
