"""Pages of people: list, account, roles."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, NotAllowed
from openhtm.core.pagination import count_up_to, keyset_page
from openhtm.identity import queries
from openhtm.identity.actor import Actor, Grant, require
from openhtm.identity.forms import NewPersonForm, PersonForm, RoleForm, gift_of
from openhtm.identity.models import ROLE_CHOICES, User
from openhtm.identity.rules.granting import covers, may_give
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.identity.services import accounts, passwords, people
from openhtm.identity.views.common import FORM, role_words, secret_once, trail, who
from openhtm.sites.models import Facility
from openhtm.ui import lists, parts
from openhtm.ui.editing import edit_page

ACTIVE = [("yes", "Active"), ("no", "Closed"), ("", "Active and closed")]
PERSON_FIELDS = ("full_name", "username", "email", "phone")


@require_safe
def user_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_PEOPLE)
    q, role, facility, active = (lists.text_of(request, name) for name in ("q", "role", "facility", "active"))
    found = queries.people(actor, q=q, role=role, facility=facility, active={"yes": True, "no": False}.get(active))
    page = keyset_page(found, order=("full_name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "rows": [(user, [role_words(held) for held in user.shown_roles]) for user in page.rows],
        "pager": lists.pager(request, page, count=count_up_to(found), noun="people"),
        "chips": lists.chips(
            request, [("q", "named", q), ("role", "role", role), ("facility", "at", facility), ("active", "active", active)]
        ),
        "roles": ROLE_CHOICES,
        "facility_choices": Facility.objects.visible_to(actor),
        "chosen": {"q": q, "role": role, "facility": facility, "active": active},
        "active_choices": ACTIVE,
        "may_manage": actor.may(Permission.MANAGE_PEOPLE),
        "may_see_tokens": actor.may(Permission.USE_TOKENS),
    }
    return render(request, "identity/user_list.html", facts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def user_add(request: HttpRequest) -> HttpResponse:
    """Add a person with a first role; the one-time password appears once on the answer."""
    actor = who(request)
    require(actor, Permission.MANAGE_PEOPLE)

    def save(values: dict) -> HttpResponse:
        fields = {name: values[name] for name in PERSON_FIELDS}
        user, password = people.add_person(actor=actor, gift=gift_of(values), service=values["is_service_account"], **fields)
        if password is None:
            return redirect("identity:user-detail", user_id=user.pk)
        return _password_page(request, user, password)

    context = {"title": "Add person", "trail": trail(("Add person", "")), "back": reverse("identity:user-list")}
    return edit_page(request, form=NewPersonForm(request.POST or None, actor=actor), save=save, template=FORM, context=context)


@require_safe
def user_detail(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_PEOPLE)
    user = _found(actor, user_id)
    held = list(queries.assignments(actor, user_id=user.pk))
    facts = {
        "person_shown": user,
        "trail": trail((user.full_name, "")),
        "facts": _facts(user),
        "roles": [(row, role_words(row), may_give(actor.grants, role=Role(row.role), facility_id=row.facility_id)) for row in held],
        "tokens": queries.tokens(actor, user_id=user.pk),
        "now": timezone.now(),
        "may_manage": _may_manage(actor, user),
        "may_give": actor.may(Permission.MANAGE_PEOPLE),
        "may_make_token": user.is_service_account and actor.may(Permission.MANAGE_TOKENS),
        "may_revoke": actor.may(Permission.MANAGE_TOKENS) or user.pk == actor.user_id,
    }
    return render(request, "identity/user_detail.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def user_edit(request: HttpRequest, user_id: int) -> HttpResponse:
    actor, user = who(request), _manageable(request, user_id)
    initial = {name: getattr(user, name) for name in PERSON_FIELDS}

    def save(values: dict) -> str:
        accounts.update_account(actor=actor, user_id=user.pk, **values)
        return _address(user)

    context = {
        "title": f"Change {user.full_name}",
        "trail": trail((user.full_name, _address(user)), ("Change", "")),
        "back": _address(user),
    }
    return edit_page(request, form=PersonForm(request.POST or None, initial=initial), save=save, template=FORM, context=context)


@require_POST
def user_active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Post ``active`` = yes or no."""
    actor, active = who(request), request.POST.get("active") == "yes"
    try:
        user = accounts.set_account_active(actor=actor, user_id=user_id, active=active)
    except NotAllowed:
        raise
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"The account of {user.full_name} is {'open' if active else 'closed'} now.")
    return redirect("identity:user-detail", user_id=user_id)


@never_cache
@require_POST
def user_reset_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """Make a one-time password and show it once."""
    password = passwords.reset_password(actor=who(request), user_id=user_id)
    return _password_page(request, _found(who(request), user_id), password)


@require_http_methods(["GET", "HEAD", "POST"])
def role_add(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_PEOPLE)
    user = _found(actor, user_id)
    require(actor, Permission.MANAGE_PEOPLE)

    def save(values: dict) -> str:
        people.assign_role(actor=actor, user_id=user.pk, gift=gift_of(values))
        return _address(user)

    context = {
        "title": f"Give {user.full_name} a role",
        "trail": trail((user.full_name, _address(user)), ("Role", "")),
        "back": _address(user),
    }
    return edit_page(request, form=RoleForm(request.POST or None, actor=actor), save=save, template=FORM, context=context)


@require_POST
def role_revoke(request: HttpRequest, user_id: int, assignment_id: int) -> HttpResponse:
    try:
        people.revoke_role(actor=who(request), assignment_id=assignment_id)
    except accounts.LastAdministrator as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "The role was taken away.")
    if User.objects.visible_to(who(request)).filter(pk=user_id).exists():
        return redirect("identity:user-detail", user_id=user_id)
    return redirect("identity:user-list")


def _found(actor: Actor, user_id: int) -> User:
    return get_object_or_404(User.objects.visible_to(actor), pk=user_id)


def _manageable(request: HttpRequest, user_id: int) -> User:
    actor = who(request)
    require(actor, Permission.VIEW_PEOPLE)
    user = _found(actor, user_id)
    require(actor, Permission.MANAGE_PEOPLE)
    accounts.refuse_beyond(actor, user)
    return user


def _may_manage(actor: Actor, user: User) -> bool:
    if not actor.may(Permission.MANAGE_PEOPLE):
        return False
    held = [Grant(Role(role), facility) for role, facility in user.role_assignments.values_list("role", "facility_id")]
    return covers(actor.grants, held) if held else actor.may_everywhere(Permission.MANAGE_PEOPLE)


def _address(user: User) -> str:
    return reverse("identity:user-detail", args=[user.pk])


def _password_page(request: HttpRequest, user: User, password: str) -> HttpResponse:
    return secret_once(
        request,
        title=f"One-time password of {user.full_name}",
        trail=trail((user.full_name, _address(user)), ("One-time password", "")),
        label=f"User name {user.username}",
        secret=password,
        note="Hand it over in person. It must be changed at the first log-in, and it is shown only now.",
        back=_address(user),
    )


def _facts(user: User) -> list[parts.Fact]:
    return [
        parts.Fact(label="User name", value=user.username, mono=True, copy=True),
        parts.Fact(label="E-mail", value=user.email),
        parts.Fact(label="Phone", value=user.phone),
        parts.Fact(label="Kind", value="Service account" if user.is_service_account else "Person"),
    ]
