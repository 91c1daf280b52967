"""Mappings of a site's own: each change is a new version, so that a file can be read again as it was."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked


@tracked()
class FileMapping(models.Model):
    """One version of a mapping of tester files. The text never changes; the newest version that is not retired counts."""

    code = models.SlugField(max_length=200)
    number = models.PositiveIntegerField(help_text="Counted from 1 for each code.")
    title = models.CharField(max_length=200)
    format = models.CharField(max_length=3, help_text="xml or csv.")
    text = models.TextField(max_length=65_536, help_text="YAML, as docs/how-to/import-tester-files.md describes.")
    sha256 = models.CharField(max_length=64, help_text="SHA-256 of the mapping's content, as files name it.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    added_by_name = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by_name = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["code", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["code", "number"], name="file_mapping_once"),
            models.CheckConstraint(
                name="file_mapping_retired_by_somebody",
                condition=Q(retired_at__isnull=True, retired_by_name="") | Q(retired_at__isnull=False) & ~Q(retired_by_name=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.code}, version {self.number})"
