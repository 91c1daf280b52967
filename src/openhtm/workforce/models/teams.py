"""Teams, skills and the hours people have."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.sites.models import Facility
from openhtm.workforce.models.availability import ShiftPattern
from openhtm.workforce.models.people import StaffMember

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class Specialty(models.TextChoices):
    """What a team knows best."""

    GENERAL = "general", "General"
    BIOMED = "biomed", "Biomedical"
    IMAGING = "imaging", "Imaging"
    LABORATORY = "laboratory", "Laboratory"
    DIALYSIS = "dialysis", "Dialysis"
    STERILIZATION = "sterilization", "Sterilization"
    NETWORKING = "networking", "Networked devices"


@tracked()
class Skill(models.Model):
    """A kind of work that not everybody can do. Procedures name it by ``code``."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    source = models.CharField(max_length=30, default="local", help_text="starter or local.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, actor: Actor) -> TeamQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(Q(facility_id__in=reach.touched_facility_ids) | Q(facility__isnull=True))


@tracked()
class Team(models.Model):
    """People who share a queue of work, such as Imaging North."""

    name = models.CharField(max_length=80)
    facility = models.ForeignKey(
        Facility, models.PROTECT, null=True, blank=True, related_name="teams", help_text="Empty: works everywhere."
    )
    specialty = models.CharField(max_length=20, choices=Specialty.choices, default=Specialty.GENERAL)
    active = models.BooleanField(default=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                "facility",
                name="team_name_once",
                nulls_distinct=False,
                violation_error_message="There is already a team of that name.",
            ),
            models.CheckConstraint(
                name="team_specialty_known",
                condition=Q(specialty__in=Specialty.values),
                violation_error_message="Choose one of the specialties offered.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class TeamMember(models.Model):
    """A person in a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    staff = models.ForeignKey(StaffMember, models.CASCADE, related_name="team_memberships")
    lead = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "staff"], name="team_member_once")]


class StaffHoursQuerySet(models.QuerySet["StaffHours"]):
    def in_force(self, on: date) -> StaffHoursQuerySet:
        """The lines that hold on a day; a person has at most one."""
        return self.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on)

    def of_people_here(self, on: date) -> StaffHoursQuerySet:
        """The lines that hold on a day, of those who work here that day."""
        return self.in_force(on).filter(staff__in=StaffMember.objects.here_on(on))


@tracked()
class StaffHours(models.Model):
    """Hours a person has for work on devices each week, and what one of them costs. In force from a day on."""

    staff = models.ForeignKey(StaffMember, models.CASCADE, related_name="hours")
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+")
    weekly_min = models.PositiveIntegerField(help_text="Minutes a week that can be booked on work, after meetings, training and leave.")
    paid_weekly_min = models.PositiveIntegerField(
        null=True, blank=True, help_text="Paid minutes a week, everything included; empty: only the bookable minutes are known."
    )
    shift = models.ForeignKey(ShiftPattern, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: Monday to Friday.")
    loaded_rate_cents = models.PositiveIntegerField(null=True, blank=True, help_text="Cost of an hour, benefits included.")
    skills = ArrayField(models.SlugField(max_length=40), default=list, blank=True, help_text="Codes of skills.")
    effective_from = models.DateField(default=timezone.localdate)
    effective_to = models.DateField(null=True, blank=True, help_text="First day on which it no longer holds.")

    objects = StaffHoursQuerySet.as_manager()

    class Meta:
        ordering = ["staff", "-effective_from", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["staff", "effective_from"], name="staff_hours_once"),
            models.CheckConstraint(
                name="staff_hours_week",
                condition=Q(weekly_min__lte=10_080) & (Q(paid_weekly_min__isnull=True) | Q(paid_weekly_min__lte=10_080)),
                violation_error_message="A week has 10,080 minutes.",
            ),
            models.CheckConstraint(
                name="staff_hours_bookable_within_paid",
                condition=Q(paid_weekly_min__isnull=True) | Q(weekly_min__lte=models.F("paid_weekly_min")),
                violation_error_message="More hours can be booked than are paid: raise the paid hours or leave them empty.",
            ),
            models.CheckConstraint(
                name="staff_hours_period",
                condition=Q(effective_to__isnull=True) | Q(effective_to__gt=models.F("effective_from")),
                violation_error_message="The end must come after the start.",
            ),
            ExclusionConstraint(
                name="staff_hours_no_overlap",
                expressions=[
                    ("staff", RangeOperators.EQUAL),
                    (
                        Func(F("effective_from"), F("effective_to"), Value("[)"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="This person has other hours in that time already.",
            ),
        ]
