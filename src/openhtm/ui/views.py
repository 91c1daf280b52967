"""The theme switch, and the style page that shows every component to developers."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from openhtm.ui import showcase
from openhtm.ui.context import THEME_COOKIE, THEMES

_YEAR_S = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark on this browser (``theme``), or follow the system again; back to ``next``."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        secure = request.is_secure()
        response.set_cookie(THEME_COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", secure=secure, httponly=True)
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


@require_GET
def style(request: HttpRequest) -> HttpResponse:
    """Every component in all its states. Raises Http404 unless developing or on a demo."""
    _only_for_developers()
    return render(request, "ui/style/page.html", showcase.context(request))


@require_GET
def style_job(request: HttpRequest) -> HttpResponse:
    """The job component advancing by a quarter each time it asks."""
    _only_for_developers()
    done = min(int(request.GET.get("done", "0") if request.GET.get("done", "0").isdecimal() else "0"), 1000)
    values: dict[str, Any] = {"state": showcase.running_job(done + 250)}
    return render(request, "ui/style/job.html", values)


def _only_for_developers() -> None:
    if not (settings.DEBUG or settings.DEMO):
        raise Http404
