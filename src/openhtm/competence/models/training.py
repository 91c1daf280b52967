"""What training costs, and who is to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.catalog.models import DeviceType
from openhtm.competence.models.records import BASIS_CHOICES, Competency
from openhtm.competence.rules.cover import COVER_LABELS
from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.workforce.models import StaffMember

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


@tracked()
class TrainingOffer(models.Model):
    """A way to learn a kind of device: for one type, for a family of types, or for any. The most specific one counts."""

    title = models.CharField(max_length=160)
    device_type = models.ForeignKey(DeviceType, models.PROTECT, null=True, blank=True, related_name="training_offers")
    category = models.CharField(max_length=60, blank=True, help_text="A family of types; empty with no type: any.")
    basis = models.CharField(max_length=14, choices=BASIS_CHOICES, default="vendor_school")
    given_by = models.CharField(max_length=120, blank=True)
    cost_cents = models.BigIntegerField(null=True, blank=True, help_text="For one person, travel included; empty: not known.")
    minutes = models.PositiveIntegerField(default=0, help_text="Working time of one person.")
    valid_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Months that what was learnt holds; empty: no end.")
    source = models.CharField(max_length=200, default="local")
    edition = models.CharField(max_length=60, blank=True)
    confidence = models.CharField(max_length=10, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device_type", "category"],
                condition=Q(active=True),
                name="training_offer_once",
                nulls_distinct=False,
                violation_error_message="There is already an offer for this. Change that one, or take it out of use first.",
            ),
            models.CheckConstraint(
                name="training_offer_for_one",
                condition=Q(device_type__isnull=True) | Q(category=""),
                violation_error_message="An offer is for one type or for a family, not both.",
            ),
            models.CheckConstraint(
                name="training_offer_cost_not_negative",
                condition=Q(cost_cents__isnull=True) | Q(cost_cents__gte=0),
                violation_error_message="The cost cannot be below zero.",
            ),
            models.CheckConstraint(
                name="training_offer_holds_a_month",
                condition=Q(valid_months__isnull=True) | Q(valid_months__gte=1),
                violation_error_message="What was learnt holds at least a month.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PlannedTrainingQuerySet(models.QuerySet["PlannedTraining"]):
    def visible_to(self, actor: Actor) -> PlannedTrainingQuerySet:
        return self.filter(staff__in=StaffMember.objects.visible_to(actor))

    def ahead(self) -> PlannedTrainingQuerySet:
        """Neither done nor given up."""
        return self.filter(done_on__isnull=True, given_up_on__isnull=True)


@tracked()
class PlannedTraining(models.Model):
    """An accepted proposal: somebody is to learn a type, for a reason and at a cost as they stood that day."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="planned_training")
    device_type = models.ForeignKey(DeviceType, models.PROTECT, related_name="planned_training")
    offer = models.ForeignKey(TrainingOffer, models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=160, help_text="The training as it was called then.")
    cost_cents = models.BigIntegerField(null=True, blank=True, help_text="As planned; empty: not known.")
    minutes = models.PositiveIntegerField(default=0)
    because = models.CharField(
        max_length=16, choices=[(cover.value, label) for cover, label in COVER_LABELS.items()], help_text="How the type was covered then."
    )
    due_on = models.DateField(null=True, blank=True, help_text="By when it should be done.")
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    planned_at = models.DateTimeField(default=timezone.now)
    done_on = models.DateField(null=True, blank=True)
    competency = models.ForeignKey(
        Competency, models.PROTECT, null=True, blank=True, related_name="+", help_text="What was granted for it."
    )
    given_up_on = models.DateField(null=True, blank=True)
    given_up_reason = models.CharField(max_length=400, blank=True)

    objects = PlannedTrainingQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "device_type"],
                condition=Q(done_on__isnull=True, given_up_on__isnull=True),
                name="planned_training_once",
                violation_error_message="This is already planned for this person.",
            ),
            models.CheckConstraint(
                name="planned_training_done_or_given_up",
                condition=Q(done_on__isnull=True) | Q(given_up_on__isnull=True),
                violation_error_message="It is done or given up, not both.",
            ),
            models.CheckConstraint(
                name="planned_training_given_up_with_reason",
                condition=Q(given_up_on__isnull=True) | ~Q(given_up_reason=""),
                violation_error_message="Say why it is given up.",
            ),
        ]
