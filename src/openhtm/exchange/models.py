"""Staged imports, export jobs, and requests that may be repeated without harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


@tracked()
class ImportProfile(models.Model):
    """A saved way of reading one kind of file: columns, constants, words for missing, date order, keys."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    target = models.CharField(max_length=30, default="devices")
    definition = models.JSONField(help_text="exchange.rules.mapping.Profile as JSON.")
    shipped = models.BooleanField(default=False, help_text="Comes with OpenHTM; copied when changed.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class RunStatus(models.TextChoices):
    UPLOADED = "uploaded", "Uploaded"
    CHECKING = "checking", "Checking"
    CHECKED = "checked", "Checked, nothing written yet"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Applied"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed, nothing written"


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def visible_to(self, actor: Actor) -> ImportRunQuerySet:
        """Runs at facilities where the actor may import. A run for all facilities needs the right everywhere."""
        facilities = actor.facilities_for(Permission.IMPORT_DEVICES)
        return self if facilities is None else self.filter(facility_id__in=facilities)


@tracked(exclude=["progress_done", "progress_total", "progress_text"])
class ImportRun(models.Model):
    """One file on its way in: uploaded, checked row by row, then applied in one transaction."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    target = models.CharField(max_length=30, default="devices")
    facility = models.ForeignKey(
        Facility, models.PROTECT, null=True, related_name="+", help_text="Where new devices go; empty: the file says."
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    profile = models.ForeignKey(ImportProfile, models.PROTECT, null=True, related_name="runs")
    definition = models.JSONField(default=dict, help_text="The profile as used, so that later edits do not rewrite the past.")
    plan = models.JSONField(
        default=dict, help_text="What applying adds besides devices: models, places, departments, site fields; and notes."
    )
    status = models.CharField(max_length=12, choices=RunStatus.choices, default=RunStatus.UPLOADED)
    counts = models.JSONField(default=dict, help_text="read, created, updated, unchanged, conflicts, refused, warnings.")
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    progress_text = models.CharField(max_length=120, blank=True)
    cancel_requested = models.BooleanField(default=False)
    failure = models.TextField(blank=True, help_text="Why it failed, in words for the person who started it.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.CheckConstraint(name="import_run_status_known", condition=Q(status__in=RunStatus.values))]

    def __str__(self) -> str:
        return f"{self.file_name} {self.created_at:%Y-%m-%d}"


class RowAction(models.TextChoices):
    CREATE = "create", "Create"
    UPDATE = "update", "Update"
    UNCHANGED = "unchanged", "Unchanged"
    CONFLICT = "conflict", "Conflict"
    REFUSED = "refused", "Refused"


class ImportRow(models.Model):
    """One line of the file as read, what it means, and what it would change."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows")
    row_number = models.PositiveIntegerField(help_text="Line in the file, 1-based, as a spreadsheet shows it.")
    source = models.JSONField(help_text="Cell texts by header, unchanged.")
    values = models.JSONField(default=dict, help_text="Normalised values by field code.")
    action = models.CharField(max_length=10, choices=RowAction.choices)
    matched_by = models.CharField(max_length=40, blank=True, help_text="Which key found the device.")
    target_id = models.BigIntegerField(null=True, help_text="Primary key of the device found or created.")
    difference = models.JSONField(default=dict, help_text="{field: [before, after]}.")
    problems = models.JSONField(default=list, help_text="List of {column, field, value, severity, code, message}.")

    class Meta:
        ordering = ["run", "row_number"]
        constraints = [models.UniqueConstraint(fields=["run", "row_number"], name="import_row_once")]
        indexes = [models.Index(fields=["run", "action", "row_number"], name="import_row_action")]


class RepeatableRequest(models.Model):
    """A creation under a key chosen by the client: sent again it answers the same and creates nothing."""

    requester = models.CharField(max_length=80, help_text="user:<id> or token:<id>.")
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of route and body: the same key with other content is refused.")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["requester", "key"], name="repeatable_request_once")]
