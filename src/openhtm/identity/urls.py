"""Addresses of the identity room."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import IntConverter

from openhtm.identity.views import log_in, people, tokens


class AccountConverter(IntConverter):
    """A primary key within 64 bits; anything longer is no address of ours."""

    regex = "[0-9]{1,18}"


register_converter(AccountConverter, "account")

app_name = "identity"
urlpatterns: list[URLPattern | URLResolver] = [
    path("log-in", log_in.log_in, name="log-in"),
    path("log-out", log_in.log_out, name="log-out"),
    path("password", log_in.change_password, name="change-password"),
    path("profile", tokens.profile, name="profile"),
    path("people/", people.user_list, name="user-list"),
    path("people/add", people.user_add, name="user-add"),
    path("people/<account:user_id>", people.user_detail, name="user-detail"),
    path("people/<account:user_id>/edit", people.user_edit, name="user-edit"),
    path("people/<account:user_id>/active", people.user_active, name="user-active"),
    path("people/<account:user_id>/reset-password", people.user_reset_password, name="user-reset-password"),
    path("people/<account:user_id>/roles/add", people.role_add, name="role-add"),
    path("people/<account:user_id>/roles/<account:assignment_id>/revoke", people.role_revoke, name="role-revoke"),
    path("people/<account:user_id>/tokens/add", tokens.token_add_for, name="token-add-for"),
    path("tokens/", tokens.token_list, name="token-list"),
    path("tokens/add", tokens.token_add, name="token-add"),
    path("tokens/<account:token_id>/revoke", tokens.token_revoke, name="token-revoke"),
]
