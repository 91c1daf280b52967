"""What the audit room stores beyond the history tables: runs of the invariant checks and their findings."""

from django.db import models
from django.utils import timezone


class InvariantRun(models.Model):
    """One pass over the invariants, by the nightly job or by ``openhtm doctor``."""

    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    findings = models.JSONField(default=list, help_text="List of {code, message, rows}.")

    class Meta:
        ordering = ["-started_at", "-pk"]
