"""What a hospital says of its own about the forecast: other assumptions, projects to come, and scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.staffing.rules.assumptions import shipped
from openhtm.staffing.rules.scenario import CHANGE_LABELS, ChangeKind
from openhtm.workforce.models import StaffMember

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class PlacedQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, actor: Actor) -> PlacedQuerySet:
        """Rows of facilities where the actor may see the forecast; those for everywhere if they may see any."""
        places = actor.facilities_for(Permission.VIEW_STAFFING)
        if places is None:
            return self
        return self.filter(Q(facility_id__in=places) | Q(facility__isnull=True)) if places else self.none()


@tracked()
class AssumptionOverride(models.Model):
    """A value in place of a shipped assumption, from a day on; the newest that holds counts, a facility's before everybody's."""

    key = models.SlugField(max_length=40, help_text="Which assumption.")
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: everywhere.")
    value = models.DecimalField(max_digits=10, decimal_places=3)
    reason = models.CharField(max_length=400)
    effective_from = models.DateField(default=timezone.localdate)
    withdrawn = models.BooleanField(default=False, help_text="The shipped value holds again from that day.")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    objects = PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["key", "-effective_from", "-pk"]
        constraints = [
            models.CheckConstraint(name="assumption_override_key_known", condition=Q(key__in=[one.key for one in shipped().assumptions])),
            models.CheckConstraint(name="assumption_override_says_why", condition=~Q(reason="")),
        ]


@tracked()
class StaffingProject(models.Model):
    """Work that is neither scheduled nor a repair, such as replacing all pumps: hours of one skill over a period."""

    name = models.CharField(max_length=120)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: for all facilities.")
    skill = models.SlugField(max_length=40, blank=True, help_text="Code of the skill; empty: any.")
    hours = models.PositiveIntegerField()
    from_on = models.DateField(help_text="First day.")
    until_on = models.DateField(help_text="First day after it.")
    note = models.CharField(max_length=400, blank=True)
    active = models.BooleanField(default=True)

    objects = PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["from_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="staffing_project_period",
                condition=Q(until_on__gt=F("from_on")),
                violation_error_message="The end must come after the start.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class Scenario(models.Model):
    """A named set of changes to compare the forecast with."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    name = models.CharField(max_length=120)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: for all facilities.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    active = models.BooleanField(default=True)

    objects = PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


@tracked()
class ScenarioChange(models.Model):
    """One change of a scenario, from a day on."""

    scenario = models.ForeignKey(Scenario, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=[(kind.value, label) for kind, label in CHANGE_LABELS.items()])
    from_on = models.DateField()
    amount = models.DecimalField(max_digits=8, decimal_places=2, default=0, help_text="Paid hours a week of a hire; else percent.")
    skill = models.SlugField(max_length=40, blank=True, help_text="Empty: all skills.")
    staff = models.ForeignKey(StaffMember, models.PROTECT, null=True, blank=True, related_name="+", help_text="Who leaves.")

    class Meta:
        ordering = ["from_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="scenario_change_kind_known",
                condition=Q(kind__in=[kind.value for kind in ChangeKind]),
            ),
            models.CheckConstraint(
                name="scenario_change_names_who_leaves",
                condition=Q(kind="leave", staff__isnull=False) | ~Q(kind="leave") & Q(staff__isnull=True),
                violation_error_message="Say who leaves, and name nobody in other changes.",
            ),
            models.CheckConstraint(
                name="scenario_change_amount",
                condition=~Q(kind="hire") & Q(amount__gte=-100, amount__lte=1000) | Q(kind="hire", amount__gt=0, amount__lte=168),
                violation_error_message="A hire has 1 to 168 paid hours a week; other changes are from -100 to 1,000 percent.",
            ),
        ]
