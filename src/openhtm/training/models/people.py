"""Clinical staff: the people who use devices, and the places in which their unit uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.sites.models import Department, Location

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


def of_units(actor: Actor, department: str = "department") -> Q:
    """What lies in units the actor sees: whole facilities, or own departments. ``department`` is the path to the unit."""
    reach = actor.reach()
    if reach.everywhere:
        return Q()
    return Q(**{f"{department}__facility_id__in": reach.facility_ids}) | Q(**{f"{department}_id__in": reach.department_ids})


class ClinicianQuerySet(models.QuerySet["Clinician"]):
    def visible_to(self, actor: Actor) -> ClinicianQuerySet:
        """People of units the actor sees, and oneself."""
        mine = Q(user_id=actor.user_id) if actor.user_id is not None else Q(pk__in=[])
        return self if actor.reach().everywhere else self.filter(of_units(actor) | mine)


@tracked(exclude=["name_key"])
class Clinician(models.Model):
    """Somebody of the clinical staff who uses devices: a name, an employee number and a unit. Needs no account."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="clinicians", db_index=False, help_text="The unit they work in."
    )
    full_name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120, editable=False, help_text="Words of the name in order of the alphabet, to compare.")
    employee_number = models.CharField(max_length=40, blank=True, help_text="As on the badge; empty if unknown.")
    job_title = models.CharField(max_length=80, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="clinician",
        help_text="Their account, if they have one.",
    )
    started_on = models.DateField(null=True, blank=True, help_text="First day in the unit; empty if unknown.")
    left_on = models.DateField(null=True, blank=True, help_text="First day on which they no longer work here.")

    objects = ClinicianQuerySet.as_manager()

    class Meta:
        ordering = ["full_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Upper("employee_number"),
                name="clinician_number_once",
                condition=~Q(employee_number=""),
                violation_error_message="Somebody else has this employee number.",
            ),
            models.CheckConstraint(
                name="clinician_period",
                condition=Q(left_on__isnull=True) | Q(started_on__isnull=True) | Q(left_on__gt=F("started_on")),
                violation_error_message="The last day must come after the first.",
            ),
            models.CheckConstraint(name="clinician_has_name", condition=~Q(full_name=""), violation_error_message="Give a name."),
        ]
        indexes = [
            models.Index(fields=["department", "full_name"], name="clinician_department"),
            models.Index(fields=["name_key"], name="clinician_name_key"),
        ]

    def __str__(self) -> str:
        return self.full_name


@tracked()
class UnitPlace(models.Model):
    """A place in which a unit works: devices that stand there are used by its people, whoever owns them."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="training_places")
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "location"], name="unit_place_once")]
