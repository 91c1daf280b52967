"""Testers: the instruments results are measured with. Each is a device; here is what makes its readings count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.inventory.models import Device

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class TesterQuerySet(models.QuerySet["Tester"]):
    def visible_to(self, actor: Actor) -> TesterQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(device__in=Device.objects.visible_to(actor))


@tracked()
class Tester(models.Model):
    """A device used to measure others. ``calibration_due_on`` and ``calibrated_on`` are caches of its newest calibration."""

    device = models.OneToOneField(Device, models.PROTECT, related_name="tester")
    kinds = ArrayField(models.SlugField(max_length=40), help_text="Tester kinds it serves as, such as safety_analyzer.")
    calibration_interval_months = models.PositiveSmallIntegerField(default=12)
    calibrated_on = models.DateField(null=True, blank=True, editable=False)
    calibration_due_on = models.DateField(null=True, blank=True, editable=False, help_text="Last day on which its readings count.")
    usable = models.BooleanField(default=True, help_text="No: set aside by a person, whatever the calibration says.")
    not_usable_reason = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)

    objects = TesterQuerySet.as_manager()

    class Meta:
        ordering = ["device__control_number"]
        constraints = [
            models.CheckConstraint(
                name="tester_set_aside_has_reason",
                condition=Q(usable=True) | ~Q(not_usable_reason=""),
                violation_error_message="Say why this tester may not be used.",
            )
        ]
        indexes = [models.Index(fields=["calibration_due_on"], name="tester_due")]

    def __str__(self) -> str:
        return str(self.device)


@tracked()
class TesterQuantity(models.Model):
    """What a tester measures: range and accuracy as its certificate states them."""

    tester = models.ForeignKey(Tester, models.CASCADE, related_name="quantities")
    quantity = models.SlugField(max_length=40, help_text="Such as leakage_current or energy.")
    unit = models.CharField(max_length=20)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    accuracy = models.CharField(max_length=80, blank=True, help_text="As printed, such as ±1 % of reading ±1 µA.")

    class Meta:
        ordering = ["quantity", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["tester", "quantity", "unit"], name="tester_quantity_once"),
            models.CheckConstraint(
                name="tester_quantity_range",
                condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lt=F("high")),
                violation_error_message="The lower end of the range must be below the upper end.",
            ),
        ]


class CalibrationVerdict(models.TextChoices):
    IN_TOLERANCE = "in_tolerance", "In tolerance"
    ADJUSTED = "adjusted", "Out of tolerance as found, adjusted"
    OUT_OF_TOLERANCE = "out_of_tolerance", "Out of tolerance"


class Calibration(models.Model):
    """One calibration of a tester: appended, never changed. A correction supersedes."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    tester = models.ForeignKey(Tester, models.PROTECT, related_name="calibrations", db_index=False)
    performed_on = models.DateField()
    due_on = models.DateField(help_text="Last day on which readings count.")
    verdict = models.CharField(max_length=20, choices=CalibrationVerdict.choices)
    laboratory = models.CharField(max_length=200)
    certificate_number = models.CharField(max_length=80)
    certificate = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")
    as_found = models.TextField(max_length=4000, blank=True, help_text="Readings as found, where the certificate gives them.")
    quantities = ArrayField(models.SlugField(max_length=40), default=list, help_text="Quantities found out of tolerance.")
    error_percent = models.FloatField(
        null=True, blank=True, help_text="Largest error found, in percent of the reading, without its sign. Empty: not recorded."
    )
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        ordering = ["-performed_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="calibration_due_after_performed",
                condition=Q(due_on__gt=F("performed_on")),
                violation_error_message="The due day must come after the day of calibration.",
            ),
            models.CheckConstraint(
                name="calibration_error_possible",
                condition=Q(error_percent__isnull=True) | Q(error_percent__gte=0, error_percent__lte=1000),
                violation_error_message="Give the error in percent of the reading, from 0 to 1000.",
            ),
        ]
        indexes = [models.Index(fields=["tester", "-performed_on"], name="calibration_tester")]
