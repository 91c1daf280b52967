"""Forms of the identity room. They check shape only; the services decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.models import ROLE_CHOICES
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.identity.services.passwords import MAX_LENGTH
from openhtm.identity.services.people import RoleGift
from openhtm.identity.services.tokens import DEFAULT_DAYS, MAX_DAYS, TokenWish
from openhtm.sites.models import Department, Facility, ServiceProvider


def _password(label: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=MAX_LENGTH, strip=False, widget=widget, help_text=help_text)


class LogInForm(forms.Form):
    username = forms.CharField(
        label="User name",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = _password("Password", "current-password")


class PasswordForm(forms.Form):
    old = _password("Present password", "current-password")
    new = _password("New password", "new-password", "At least 12 characters; a sentence is easy to remember.")
    again = _password("New password again", "new-password")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("new") and values.get("again") and values["new"] != values["again"]:
            self.add_error("again", "This differs from the new password above. Type both alike.")
        return values


class PersonForm(forms.Form):
    full_name = forms.CharField(label="Name", max_length=120)
    username = forms.CharField(label="User name", max_length=60, help_text="What this person types to log in.")
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
    phone = forms.CharField(label="Phone", max_length=40, required=False)


class RoleForm(forms.Form):
    """A role at a facility. Which fields a role needs is decided by the service."""

    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES)
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none(), required=False)
    department = forms.ModelChoiceField(
        label="Department", queryset=Department.objects.none(), required=False, help_text="Requesters: only this department's devices."
    )
    provider = forms.ModelChoiceField(
        label="Service provider",
        queryset=ServiceProvider.objects.none(),
        required=False,
        help_text="Vendor technicians: whose devices they see.",
    )
    valid_until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Surveyors need one; empty: for good."
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        managed = actor.facilities_for(Permission.MANAGE_PEOPLE)
        facilities, departments = Facility.objects.visible_to(actor), Department.objects.visible_to(actor).select_related("facility")
        if managed is not None:
            facilities, departments = facilities.filter(pk__in=managed), departments.filter(facility_id__in=managed)
            self.fields["facility"].required = True
        self._offer("facility", facilities.filter(active=True))
        self._offer("department", departments.filter(active=True))
        self._offer("provider", ServiceProvider.objects.filter(active=True))
        self.fields["facility"].empty_label = "Every facility" if managed is None else "Choose one"  # type: ignore[attr-defined]
        self.fields["department"].label_from_instance = lambda row: f"{row.name} ({row.facility.code})"  # type: ignore[attr-defined]

    def _offer(self, name: str, queryset: Any) -> None:
        self.fields[name].queryset = queryset  # type: ignore[attr-defined]


class NewPersonForm(PersonForm, RoleForm):
    is_service_account = forms.BooleanField(
        label="Service account", required=False, help_text="Cannot log in; only its API tokens work. For other systems, not for people."
    )
    field_order = ["full_name", "username", "email", "phone", "role", "facility", "department", "provider", "valid_until"]


class TokenForm(forms.Form):
    name = forms.CharField(label="Name", max_length=100, help_text="What uses it, such as Export to the data warehouse.")
    role = forms.ChoiceField(label="Role", required=False)
    facility = forms.ModelChoiceField(
        label="Facility", queryset=Facility.objects.none(), required=False, empty_label="All facilities of the account"
    )
    read_only = forms.BooleanField(
        label="Read only", required=False, help_text="It can look at everything in its scope and change nothing."
    )
    days = forms.IntegerField(label="Valid for", min_value=1, max_value=MAX_DAYS, initial=DEFAULT_DAYS, help_text="Days, one year at most.")

    def __init__(self, *args: Any, roles: list[Role], facilities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = [choice for choice in ROLE_CHOICES if choice[0] in roles]
        self.fields["role"].choices = [("", "All roles of the account"), *held]  # type: ignore[attr-defined]
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]


def gift_of(values: dict[str, Any]) -> RoleGift:
    """What a valid RoleForm asks for. The last day counts whole, in UTC."""
    day = values.get("valid_until")
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=timezone.get_current_timezone()) if day else None
    return RoleGift(
        role=Role(values["role"]),
        facility_id=_key(values.get("facility")),
        department_id=_key(values.get("department")),
        provider_id=_key(values.get("provider")),
        valid_until=end,
    )


def wish_of(values: dict[str, Any]) -> TokenWish:
    """What a valid TokenForm asks for."""
    return TokenWish(
        name=values["name"],
        role=Role(values["role"]) if values["role"] else None,
        facility_id=_key(values.get("facility")),
        read_only=values["read_only"],
        days=values["days"],
    )


def _key(record: Any) -> int | None:
    return record.pk if record else None
