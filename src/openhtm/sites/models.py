"""The organisation and its places: facilities, location tree, departments, and who provides service."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GistIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper

from openhtm.core.fields import LtreeField
from openhtm.core.history import tracked
from openhtm.core.ids import public_code

if TYPE_CHECKING:
    from openhtm.sites.scope import Scoped


def known_time_zone(name: str) -> None:
    """Refuse a name that the time zone database does not hold."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("%(name)s is not a time zone. Use a name such as America/New_York.", params={"name": name})


@tracked()
class Organisation(models.Model):
    """The hospital group. Its settings hold where no facility says otherwise."""

    name = models.CharField(max_length=200, unique=True)
    currency = models.CharField(max_length=3, default="USD", help_text="ISO 4217 code for costs, such as USD or EUR.")
    risk_profile = models.CharField(max_length=60, default="fennigkoh-smith", help_text="Code of the risk score shown by default.")
    synthetic = models.BooleanField(default=False, help_text="True for the demo hospital: nothing in it is real.")

    def __str__(self) -> str:
        return self.name


class FacilityQuerySet(models.QuerySet["Facility"]):
    def visible_to(self, actor: Scoped) -> FacilityQuerySet:
        """The facilities in which the actor holds any role."""
        reach = actor.reach()
        return self if reach.everywhere else self.filter(pk__in=reach.touched_facility_ids)


@tracked()
class Facility(models.Model):
    """A hospital, clinic or laboratory: the unit rights are given for."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="facilities")
    code = models.CharField(max_length=20, help_text="Short and permanent, such as NORTH.")
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[known_time_zone])
    address = models.TextField(blank=True)
    certification_number = models.CharField(max_length=20, blank=True, help_text="CMS certification number (CCN).")
    active = models.BooleanField(default=True)

    objects = FacilityQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "facilities"
        constraints = [
            models.UniqueConstraint(Upper("code"), name="facility_code_once", violation_error_message="Another facility has this code."),
            models.UniqueConstraint(Lower("name"), name="facility_name_once", violation_error_message="Another facility has this name."),
        ]

    def __str__(self) -> str:
        return self.name


class LocationKind(models.TextChoices):
    BUILDING = "building", "Building"
    FLOOR = "floor", "Floor"
    AREA = "area", "Area"
    ROOM = "room", "Room"


class LocationQuerySet(models.QuerySet["Location"]):
    def visible_to(self, actor: Scoped) -> LocationQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(facility_id__in=reach.touched_facility_ids)

    def within(self, location: Location) -> LocationQuerySet:
        """The location and everything below it. One index scan on ``path``."""
        return self.filter(path__within=location.path)


@tracked()
class Location(models.Model):
    """A place in a facility's tree. ``path`` is owned by ``services`` and rebuilt when a subtree moves."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="locations")
    parent = models.ForeignKey("self", models.PROTECT, related_name="children", null=True, blank=True)
    kind = models.CharField(max_length=10, choices=LocationKind.choices)
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=40, blank=True, help_text="Room or area number as printed on the door.")
    path = LtreeField(default="", editable=False, help_text="Primary keys from the top down, joined by dots.")
    full_name = models.CharField(max_length=600, default="", editable=False, help_text="Names from the top down.")
    public_code = models.CharField(max_length=12, unique=True, default=public_code, editable=False)
    active = models.BooleanField(default=True)

    objects = LocationQuerySet.as_manager()

    class Meta:
        ordering = ["full_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "facility",
                F("parent"),
                Lower("name"),
                name="location_name_once_in_parent",
                nulls_distinct=False,
                violation_error_message="This place already has one of that name.",
            ),
            models.CheckConstraint(
                name="location_kind_known",
                condition=Q(kind__in=LocationKind.values),
                violation_error_message="Choose building, floor, area or room.",
            ),
            models.CheckConstraint(
                name="location_not_its_own_parent",
                condition=~Q(parent=F("pk")),
                violation_error_message="A place cannot lie within itself.",
            ),
        ]
        indexes = [
            GistIndex(OpClass(F("path"), name="gist_ltree_ops"), name="location_path"),  # the devices of a whole building
            models.Index(fields=["facility", "full_name"], name="location_facility_name"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.name


class DepartmentQuerySet(models.QuerySet["Department"]):
    def visible_to(self, actor: Scoped) -> DepartmentQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(facility_id__in=reach.touched_facility_ids)


@tracked()
class Department(models.Model):
    """The clinical owner of devices: a cost centre with somebody to call."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="departments")
    code = models.CharField(max_length=30, blank=True)
    name = models.CharField(max_length=120)
    cost_centre = models.CharField(max_length=40, blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    contact_email = models.EmailField(blank=True)
    active = models.BooleanField(default=True)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "facility",
                Lower("name"),
                name="department_name_once",
                violation_error_message="This facility already has a department of that name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProviderKind(models.TextChoices):
    IN_HOUSE = "in_house", "In-house department"
    MANUFACTURER = "manufacturer", "Manufacturer"
    INDEPENDENT = "independent", "Independent service organisation"


@tracked()
class ServiceProvider(models.Model):
    """Who maintains a device: CMS asks for it on every inventory line (S&C 14-07)."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=ProviderKind.choices, default=ProviderKind.INDEPENDENT)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="service_provider_name_once",
                violation_error_message="Another service provider has this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
