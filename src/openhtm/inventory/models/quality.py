"""What is doubtful in the records: devices recorded twice, what people decided about them, and how much is missing."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.inventory.models.device import Device
from openhtm.sites.models import Facility


class DuplicateCandidate(models.Model):
    """Two devices that may be one. Derived: ``services.quality.refresh_duplicates`` owns and rebuilds this table."""

    first = models.ForeignKey(Device, models.CASCADE, related_name="+", help_text="The older record.")
    second = models.ForeignKey(Device, models.CASCADE, related_name="+")
    method = models.CharField(
        max_length=20,
        choices=[
            ("serial", "Same manufacturer and serial number"),
            ("udi", "Same UDI and serial number"),
            ("mac", "Same MAC address"),
        ],
    )
    evidence = models.CharField(max_length=200)
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "method"], name="duplicate_candidate_once"),
            models.CheckConstraint(name="duplicate_candidate_ordered", condition=Q(first__lt=F("second"))),
        ]


@tracked()
class DuplicateDecision(models.Model):
    """A person's verdict on a pair: different devices for ever, or merged."""

    first = models.ForeignKey(Device, models.CASCADE, related_name="+")
    second = models.ForeignKey(Device, models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=10, choices=[("different", "Different devices"), ("merged", "Merged")])
    reason = models.CharField(max_length=400, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)
    undo = models.JSONField(default=dict, blank=True, help_text="What a merge moved and overwrote, so that it can be taken back.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"],
                name="duplicate_decision_once",
                violation_error_message="This pair was already decided.",
            ),
            models.CheckConstraint(name="duplicate_decision_ordered", condition=Q(first__lt=F("second"))),
        ]


class InventoryFigure(models.Model):
    """How many devices of a facility a figure counts. Derived: ``services.figures`` owns and rebuilds this table."""

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="+")
    code = models.CharField(max_length=40, help_text="As in inventory.queries.figures.")
    number = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        ordering = ["facility", "code"]
        constraints = [models.UniqueConstraint(fields=["facility", "code"], name="inventory_figure_once")]
