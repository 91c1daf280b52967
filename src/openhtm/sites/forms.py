"""Forms of the sites room. They check shape only; the services decide."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.db.models import QuerySet

from openhtm.sites.models import Facility, Location, LocationKind, ProviderKind

ACTIVE_CHOICES = [("", "Active and inactive"), ("yes", "Active"), ("no", "Inactive")]


def _zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class OrganisationForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200)
    currency = forms.RegexField(
        label="Currency", regex=r"^[A-Z]{3}$", max_length=3, initial="USD", help_text="ISO 4217 code for costs, such as USD or EUR."
    )
    risk_profile = forms.SlugField(
        label="Risk score", max_length=60, initial="fennigkoh-smith", help_text="Code of the risk score shown by default."
    )


class FacilityForm(forms.Form):
    code = forms.CharField(label="Code", max_length=20, help_text="Short and permanent, such as NORTH.")
    name = forms.CharField(label="Name", max_length=200)
    time_zone = forms.ChoiceField(label="Time zone", choices=_zones, initial="UTC", help_text="Times on its pages are shown in this zone.")
    address = forms.CharField(label="Address", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    certification_number = forms.CharField(
        label="Certification number", max_length=20, required=False, help_text="CMS certification number (CCN)."
    )


class LocationForm(forms.Form):
    kind = forms.ChoiceField(label="Kind", choices=LocationKind.choices)
    name = forms.CharField(label="Name", max_length=120)
    code = forms.CharField(label="Number", max_length=40, required=False, help_text="Room or area number as printed on the door.")


class MoveForm(forms.Form):
    """Where a place goes. An empty choice is the top of its facility."""

    parent = forms.ModelChoiceField(
        label="Into", queryset=Location.objects.none(), required=False, to_field_name="public_code", empty_label="The facility itself"
    )

    def __init__(self, *args: Any, choices: QuerySet[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = choices  # type: ignore[attr-defined]


class DepartmentForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    code = forms.CharField(label="Code", max_length=30, required=False)
    cost_centre = forms.CharField(label="Cost centre", max_length=40, required=False)
    contact_name = forms.CharField(label="Contact", max_length=120, required=False)
    contact_phone = forms.CharField(label="Phone", max_length=40, required=False)
    contact_email = forms.EmailField(label="E-mail", max_length=254, required=False)


class NewDepartmentForm(DepartmentForm):
    facility = forms.ModelChoiceField(label="Facility", queryset=Facility.objects.none())
    field_order = ["facility"]

    def __init__(self, *args: Any, facilities: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facility"].queryset = facilities  # type: ignore[attr-defined]


class ProviderForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200)
    kind = forms.ChoiceField(label="Kind", choices=ProviderKind.choices, initial=ProviderKind.INDEPENDENT)
    phone = forms.CharField(label="Phone", max_length=40, required=False)
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
