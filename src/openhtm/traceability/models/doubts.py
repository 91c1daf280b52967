"""Work that follows from a tester found out of tolerance."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.inventory.models import Device
from openhtm.testers.models import Calibration
from openhtm.workorders.models import WorkOrder


@tracked()
class DoubtOrder(models.Model):
    """The order that tests a device again because of a calibration finding: one for each device and finding."""

    calibration = models.ForeignKey(Calibration, models.PROTECT, related_name="doubt_orders", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="+", db_index=False)
    in_doubt = models.ForeignKey(
        WorkOrder, models.PROTECT, related_name="+", db_index=False, help_text="The order with the result that is most in doubt."
    )
    order = models.OneToOneField(WorkOrder, models.PROTECT, related_name="doubt", help_text="The order that tests it again.")
    results = models.PositiveIntegerField(help_text="Results of the device in doubt when it was opened.")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    opened_by_name = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["calibration", "device"]
        constraints = [
            models.UniqueConstraint(
                fields=["calibration", "device"],
                name="doubt_order_once",
                violation_error_message="This device has its order because of this finding already.",
            ),
            models.CheckConstraint(name="doubt_order_is_another", condition=~Q(order=F("in_doubt"))),
        ]
        indexes = [models.Index(fields=["in_doubt"], name="doubt_order_in_doubt")]
