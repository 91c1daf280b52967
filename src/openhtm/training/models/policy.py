"""The policy: lines that say which clinical staff must be trained on what, how soon and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.sites.models import Facility

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class PolicyQuerySet(models.QuerySet["TrainingPolicy"]):
    def visible_to(self, actor: Actor) -> PolicyQuerySet:
        """Lines for everywhere, and for facilities in which the actor holds a role."""
        reach = actor.reach()
        return self if reach.everywhere else self.filter(Q(facility__isnull=True) | Q(facility_id__in=reach.touched_facility_ids))


@tracked()
class TrainingPolicy(models.Model):
    """A line of the policy, in force in ``[effective_from, effective_to)``. It is about a type, a model, or all that is high-risk."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: everywhere.")
    device_type = models.ForeignKey(DeviceType, models.PROTECT, null=True, blank=True, related_name="+")
    device_model = models.ForeignKey(DeviceModel, models.PROTECT, null=True, blank=True, related_name="+")
    high_risk = models.BooleanField(default=False, help_text="About every type of high-risk equipment.")
    each_model = models.BooleanField(default=False, help_text="Every model counts by itself.")
    repeat_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Months after which it is due again; empty: once.")
    roll_out_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days after the first device came into service by which people are to be trained; empty: at once."
    )
    source = models.CharField(max_length=300)
    edition = models.CharField(max_length=20, blank=True)
    confidence = models.CharField(max_length=10, default="local")
    shipped = models.BooleanField(default=False, help_text="Came with OpenHTM; ended rather than changed.")
    effective_from = models.DateField(default=timezone.localdate)
    effective_to = models.DateField(null=True, blank=True, help_text="First day on which it no longer holds.")
    ended_reason = models.CharField(max_length=200, blank=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="training_policy_one_target",
                condition=Q(device_type__isnull=False, device_model__isnull=True, high_risk=False)
                | Q(device_type__isnull=True, device_model__isnull=False, high_risk=False)
                | Q(device_type__isnull=True, device_model__isnull=True, high_risk=True),
                violation_error_message="A line is about one type, one model, or high-risk equipment.",
            ),
            models.CheckConstraint(
                name="training_policy_period",
                condition=Q(effective_to__isnull=True) | Q(effective_to__gte=F("effective_from")),
                violation_error_message="The end must not come before the start.",
            ),
            models.CheckConstraint(
                name="training_policy_months",
                condition=Q(repeat_months__isnull=True) | Q(repeat_months__gte=1, repeat_months__lte=120),
                violation_error_message="Give 1 to 120 months.",
            ),
            models.CheckConstraint(
                name="training_policy_days",
                condition=Q(roll_out_days__isnull=True) | Q(roll_out_days__lte=730),
                violation_error_message="Give up to 730 days.",
            ),
            models.UniqueConstraint(
                "code",
                "facility",
                "effective_from",
                name="training_policy_once",
                nulls_distinct=False,
                violation_error_message="A line of this code begins on that day already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
