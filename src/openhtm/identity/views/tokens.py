"""Pages of API tokens, and one's own profile."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.identity import queries
from openhtm.identity.actor import require
from openhtm.identity.forms import TokenForm, wish_of
from openhtm.identity.models import ApiToken, User
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.identity.services import tokens
from openhtm.identity.services.log_in import name_key
from openhtm.identity.views.common import FORM, role_words, secret_once, trail, who
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.editing import edit_page


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Who I am here: my roles, my tokens, my latest log-ins."""
    actor = who(request)
    user = get_object_or_404(User, pk=actor.user_id)
    facts = {
        "me": user,
        "roles": [(row, role_words(row)) for row in queries.assignments(actor, user_id=user.pk)],
        "tokens": queries.tokens(actor, user_id=user.pk),
        "log_ins": queries.recent_log_ins(username_key=name_key(user.username)),
        "may_use_tokens": actor.may(Permission.USE_TOKENS),
        "now": timezone.now(),
    }
    return render(request, "identity/profile.html", facts)


@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.USE_TOKENS)
    state = lists.text_of(request, "live")
    found = queries.tokens(actor, live={"yes": True, "no": False, "soon": True}.get(state))
    if state == "soon":
        found = found.filter(expires_at__lt=timezone.now() + queries.EXPIRES_SOON)
    page = keyset_page(found, order=("-created_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "page": page,
        "pager": lists.pager(request, page, count=count_up_to(found), noun="tokens"),
        "trail": trail(("API tokens", "")),
        "state": state,
        "now": timezone.now(),
    }
    return render(request, "identity/token_list.html", facts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_add(request: HttpRequest) -> HttpResponse:
    """Make a token of one's own."""
    actor = who(request)
    require(actor, Permission.USE_TOKENS)
    form = TokenForm(request.POST or None, roles=sorted(actor.roles), facilities=Facility.objects.visible_to(actor))

    def save(values: dict) -> HttpResponse:
        token, secret = tokens.create_own_token(actor=actor, wish=wish_of(values), now=timezone.now())
        return _secret_page(request, token, secret)

    back = reverse("identity:profile")
    context = {"title": "Make an API token", "trail": [("My profile", back), ("Make an API token", "")], "back": back}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_add_for(request: HttpRequest, user_id: int) -> HttpResponse:
    """Make a token for a service account."""
    actor = who(request)
    require(actor, Permission.VIEW_PEOPLE)
    user = get_object_or_404(User.objects.visible_to(actor), pk=user_id)
    require(actor, Permission.MANAGE_TOKENS)
    roles = [Role(role) for role in user.role_assignments.values_list("role", flat=True)]
    form = TokenForm(request.POST or None, roles=roles, facilities=Facility.objects.visible_to(actor))

    def save(values: dict) -> HttpResponse:
        token, secret = tokens.create_service_token(actor=actor, user_id=user.pk, wish=wish_of(values), now=timezone.now())
        return _secret_page(request, token, secret)

    back = reverse("identity:user-detail", args=[user.pk])
    context = {"title": f"Make a token for {user.full_name}", "trail": trail((user.full_name, back), ("Token", "")), "back": back}
    return edit_page(request, form=form, save=save, template=FORM, context=context)


@require_POST
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = tokens.revoke_token(actor=who(request), token_id=token_id, now=timezone.now())
    messages.success(request, f"{token.name} no longer works.")
    if token.user_id == who(request).user_id:
        return redirect("identity:profile")
    return redirect("identity:user-detail", user_id=token.user_id)


def _secret_page(request: HttpRequest, token: ApiToken, secret: str) -> HttpResponse:
    back = reverse("identity:user-detail", args=[token.user_id])
    if token.user_id == who(request).user_id:
        back = reverse("identity:profile")
    return secret_once(
        request,
        title=f"Token {token.name}",
        trail=[("API tokens", reverse("identity:token-list")), (token.name, "")],
        label="Bearer token",
        secret=secret,
        note="Copy it now into the system that will use it. Only its digest is kept, so it cannot be shown again.",
        back=back,
    )
