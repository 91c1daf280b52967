"""Procedures: versioned checklists, their packs, and the tables of limits they judge by."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType, ModelDocument
from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile


@tracked()
class ProcedurePack(models.Model):
    """A file of procedures that was read in: who wrote it, which version, and its hash."""

    code = models.SlugField(max_length=80)
    version = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    source = models.CharField(max_length=200)
    licence = models.CharField(max_length=80, blank=True)
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(default=timezone.now)
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-loaded_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["code", "version", "sha256"], name="procedure_pack_once")]


class ProcedureKind(models.TextChoices):
    MAINTENANCE = "maintenance", "Scheduled maintenance"
    SAFETY_TEST = "safety_test", "Safety test"
    CALIBRATION = "calibration", "Calibration"
    ACCEPTANCE = "acceptance", "Acceptance"
    RETURN_TO_SERVICE = "return_to_service", "Return to service"
    OTHER = "other", "Other"


@tracked()
class Procedure(models.Model):
    """What is done to a kind of device. Its text lives in versions."""

    code = models.SlugField(max_length=80, unique=True, help_text="Stable and used in packs and links.")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=ProcedureKind.choices, default=ProcedureKind.MAINTENANCE)
    device_types = models.ManyToManyField(DeviceType, related_name="procedures", blank=True)
    device_models = models.ManyToManyField(DeviceModel, related_name="procedures", blank=True)
    covers = models.ManyToManyField(
        "self", symmetrical=False, related_name="covered_by", blank=True, help_text="Lesser procedures done with it."
    )
    suggested_interval_months = models.PositiveSmallIntegerField(null=True, blank=True)
    interval_source = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=30, default="local", help_text="starter, local or the code of a pack.")
    locally_changed = models.BooleanField(default=False, help_text="A newer edition of its pack does not overwrite it.")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(Upper("name"), name="procedure_name_once", violation_error_message="Another procedure has this name.")
        ]

    def __str__(self) -> str:
        return self.name


class VersionStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    RELEASED = "released", "Released"
    RETIRED = "retired", "Retired"


@tracked()
class ProcedureVersion(models.Model):
    """One version of a procedure. ``content`` is what ``rules.content`` reads; released content never changes."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=VersionStatus.choices, default=VersionStatus.DRAFT)
    content = models.JSONField(help_text="Steps and all else of the checklist; docs/reference/procedure-packs.md.")
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical content.")
    est_min = models.PositiveSmallIntegerField(default=30, help_text="Estimated minutes; a copy of the content's.")
    skill = models.SlugField(max_length=40, blank=True, help_text="A copy of the content's.")
    oem_document = models.ForeignKey(ModelDocument, models.PROTECT, null=True, blank=True, related_name="+")
    oem_document_title = models.CharField(max_length=200, blank=True)
    oem_document_revision = models.CharField(max_length=80, blank=True)
    change_note = models.CharField(max_length=400, blank=True)
    pack = models.ForeignKey(ProcedurePack, models.PROTECT, null=True, blank=True, related_name="versions")
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField(default=timezone.now)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["procedure", "-number"]
        triggers = [
            pgtrigger.Protect(
                name="released_content_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["released", "retired"])
                & pgtrigger.Q(old__content_hash__df=pgtrigger.F("new__content_hash")),
            ),
            pgtrigger.Protect(
                name="never_deleted_once_released",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["released", "retired"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["procedure", "number"], name="procedure_version_number_once"),
            models.UniqueConstraint(
                fields=["procedure"],
                condition=Q(status="released"),
                name="procedure_one_released",
                violation_error_message="Another version of this procedure is released. Retire it first.",
            ),
            models.UniqueConstraint(
                fields=["procedure"],
                condition=Q(status__in=["draft", "in_review"]),
                name="procedure_one_draft",
                violation_error_message="This procedure already has a draft.",
            ),
            models.CheckConstraint(
                name="procedure_version_released_by_somebody",
                condition=~Q(status="released") | Q(released_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.procedure} v{self.number}"


@tracked()
class ProcedureFile(models.Model):
    """A picture or file that a version's steps show."""

    version = models.ForeignKey(ProcedureVersion, models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    caption = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["version", "file"], name="procedure_file_once")]
