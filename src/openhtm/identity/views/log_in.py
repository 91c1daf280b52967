"""Logging in and out, and one's own password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from openhtm.identity.addresses import client_address
from openhtm.identity.forms import LogInForm, PasswordForm
from openhtm.identity.middleware import begin_session
from openhtm.identity.services.log_in import TooManyTries, WrongNameOrPassword, check_log_in
from openhtm.identity.services.passwords import change_password as change_own_password
from openhtm.identity.views.common import who
from openhtm.ui.editing import add_refusal, edit_page

BACKEND = "django.contrib.auth.backends.ModelBackend"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """The one page that needs no session. A success gets a new session key and goes to ``next`` if that is ours."""
    target = _safe_target(request)
    if request.method != "POST" and who(request) is not None:
        return redirect(target)
    form, status = LogInForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = check_log_in(**form.cleaned_data, address=client_address(request), now=timezone.now())
            except (WrongNameOrPassword, TooManyTries) as refusal:
                add_refusal(form, refusal)
                status = refusal.status
            else:
                login(request, user, backend=BACKEND)
                begin_session(request.session)
                return redirect(target)
    return render(request, "identity/log_in.html", {"form": form, "next": target}, status=status)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("identity:log-in")


@sensitive_post_parameters("old", "new", "again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password. Other sessions end; this one goes on under a new key."""
    forced = bool(getattr(request, "must_change_password", False))

    def save(values: dict) -> str:
        user = change_own_password(actor=who(request), old=values["old"], new=values["new"])
        request.session.cycle_key()
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        messages.success(request, "Your password is changed. Other devices were logged out.")
        return reverse("home" if forced else "identity:profile")

    form = PasswordForm(request.POST or None)
    context = {"forced": forced, "back": reverse("identity:profile")}
    return edit_page(request, form=form, save=save, template="identity/password.html", context=context)


def _safe_target(request: HttpRequest) -> str:
    """``next`` if it is an address of this site, else the start page."""
    target = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return target if safe else reverse("home")
