"""What is kept of people without log-in: how often something came from where, so that it can be slowed down."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class PublicTry(models.Model):
    """One try at something that needs no log-in: a report, a remark, a code that was looked up. Kept for a week."""

    target = models.CharField(max_length=40, blank=True, help_text="What it was about, such as device:12; empty for a code nobody knows.")
    address = models.GenericIPAddressField(null=True, help_text="Network address it came from; empty if it is not known.")
    at = models.DateTimeField(default=timezone.now, help_text="When it came.")

    class Meta:
        indexes = [
            models.Index(fields=["address", "-at"], name="public_try_address"),
            models.Index(fields=["target", "-at"], name="public_try_target", condition=~models.Q(target="")),
            models.Index(fields=["at"], name="public_try_at"),
        ]
