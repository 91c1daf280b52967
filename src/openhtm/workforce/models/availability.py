"""When people are there: shifts, public holidays by calendar, and absences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.sites.models import Facility
from openhtm.workforce.models.people import StaffMember

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class AbsenceKind(models.TextChoices):
    LEAVE = "leave", "Leave"
    SICK = "sick", "Sick"
    TRAINING = "training", "Training"
    OTHER = "other", "Other"


@tracked()
class ShiftPattern(models.Model):
    """Hours of a day and the days of the week on which they are worked, such as Monday to Friday from 7 to 15:30."""

    name = models.CharField(max_length=80)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: everywhere.")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), help_text="Days of the week, Monday is 1.")
    starts_at = models.TimeField()
    ends_at = models.TimeField(help_text="At or before the start: on the next day.")
    break_min = models.PositiveSmallIntegerField(default=0, help_text="Unpaid minutes in between.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "facility"],
                name="shift_pattern_once",
                nulls_distinct=False,
                violation_error_message="There is already a shift of that name.",
            ),
            models.CheckConstraint(
                name="shift_pattern_weekdays",
                condition=Q(weekdays__contained_by=[1, 2, 3, 4, 5, 6, 7], weekdays__len__gte=1),
                violation_error_message="Choose at least one day of the week.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class HolidayCalendar(models.Model):
    """A list of days on which nobody is expected, at one facility or at all."""

    name = models.CharField(max_length=80, unique=True)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: at all facilities.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


@tracked()
class Holiday(models.Model):
    """One day of a calendar."""

    calendar = models.ForeignKey(HolidayCalendar, models.CASCADE, related_name="days")
    on = models.DateField(help_text="The day.")
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "on"], name="holiday_once", violation_error_message="This calendar already has that day."
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.on}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def visible_to(self, actor: Actor) -> AbsenceQuerySet:
        """Absences of staff the actor may see. Why somebody is away is for ``Permission.VIEW_STAFF_RECORDS`` only."""
        return self.filter(staff__in=StaffMember.objects.visible_to(actor))

    def standing(self) -> AbsenceQuerySet:
        return self.filter(cancelled_at__isnull=True)


@tracked()
class Absence(models.Model):
    """Days on which a person is not at work."""

    staff = models.ForeignKey(StaffMember, models.CASCADE, related_name="absences")
    kind = models.CharField(max_length=10, choices=AbsenceKind.choices, default=AbsenceKind.LEAVE, help_text="Personal: seen by few.")
    from_on = models.DateField(help_text="First day away.")
    until_on = models.DateField(help_text="First day back.")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["from_on", "pk"]
        indexes = [models.Index(fields=["from_on", "id"], name="absence_list")]  # the list, by day
        constraints = [
            models.CheckConstraint(
                name="absence_period",
                condition=Q(until_on__gt=F("from_on")),
                violation_error_message="The day back must come after the first day away.",
            ),
            models.CheckConstraint(
                name="absence_kind_known",
                condition=Q(kind__in=AbsenceKind.values),
                violation_error_message="Choose one of the kinds offered.",
            ),
            ExclusionConstraint(
                name="absence_no_overlap",
                expressions=[
                    ("staff", RangeOperators.EQUAL),
                    (
                        Func(F("from_on"), F("until_on"), Value("[)"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(cancelled_at__isnull=True),
                violation_error_message="This person is already away in that time.",
            ),
        ]
