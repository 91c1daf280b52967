"""Evidence: checklists, results, signatures. Results are made by the client, appended once, and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.inventory.models import Device
from openhtm.procedures.models import ProcedureVersion
from openhtm.sites.models import Facility
from openhtm.testers.models import Tester
from openhtm.workorders.models.order import WorkOrder

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Purpose(models.TextChoices):
    WORK = "work", "The work itself"
    RETURN_TO_SERVICE = "return_to_service", "Return-to-service test"


@tracked()
class Checklist(models.Model):
    """A procedure version to be carried out on an order. Work in progress keeps its version."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="checklists")
    version = models.ForeignKey(ProcedureVersion, models.PROTECT, related_name="checklists")
    purpose = models.CharField(max_length=20, choices=Purpose.choices, default=Purpose.WORK)
    position = models.PositiveSmallIntegerField(default=1)
    added_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True, help_text="Every required step has a result, and somebody said so.")
    finished_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    outcome = models.CharField(max_length=20, blank=True, help_text="Attempt outcome code; empty while under way.")

    class Meta:
        ordering = ["work_order", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["work_order", "version", "purpose"], name="checklist_once")]


class ReviewReason(models.TextChoices):
    FAILED = "failed", "A step failed"
    NEAR_LIMIT = "near_limit", "More than 90 % of a limit"
    SKIPPED = "skipped", "A step was skipped"
    TESTER_EXPIRED = "tester_expired", "The tester's calibration had expired"
    LATE_ENTRY = "late_entry", "Entered long after it was measured"
    CLOCK = "clock", "The clock of the phone was wrong"
    AFTER_CLOSING = "after_closing", "Arrived after the order was closed"
    CORRECTED = "corrected", "A result was corrected"
    ADJUSTED = "adjusted", "Adjusted: as left differs from as found"


class Result(models.Model):
    """One measured or judged step, with everything it was judged by. Appended only; a correction supersedes."""

    uid = models.UUIDField(
        primary_key=True, default=uuid7, editable=False, help_text="Made by the client (UUIDv7); sending it twice stores it once."
    )
    checklist = models.ForeignKey(Checklist, models.PROTECT, related_name="results", db_index=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="results", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="results", db_index=False)
    step_key = models.CharField(max_length=80)
    phase = models.CharField(max_length=10, blank=True, help_text="as_found or as_left; empty for a step with one value.")
    kind = models.CharField(max_length=20, help_text="Kind of the step.")
    number = models.FloatField(null=True, help_text="In ``unit``, as converted.")
    unit = models.CharField(max_length=20, blank=True)
    entered = models.CharField(max_length=60, blank=True, help_text="What was typed, with its unit.")
    choice = models.CharField(max_length=40, blank=True, help_text="pass, fail, na, skipped or the code of a choice.")
    text = models.CharField(max_length=4000, blank=True, help_text="Remark, or the reason for skipping.")
    files = ArrayField(models.CharField(max_length=64), default=list, help_text="SHA-256 of photos.")
    detail = models.JSONField(default=dict, help_text="Safety tests: conditions, polarity, mains; consumables: lot and expiry.")
    verdict = models.CharField(max_length=10, help_text="pass, fail, recorded, invalid, na or skipped.")
    limit = models.JSONField(default=dict, help_text="Limit, comparator, standard, edition, source and confidence it was judged by.")
    share_of_limit = models.FloatField(null=True, help_text="Value by limit; above 0.9 it is shown as near.")
    tester = models.ForeignKey(Tester, models.PROTECT, null=True, related_name="results", db_index=False)
    tester_due_on = models.DateField(null=True, help_text="Calibration due of the tester, as it was then.")
    review_reasons = ArrayField(models.CharField(max_length=20), default=list)
    performer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    performer_name = models.CharField(max_length=120)
    qualification = models.JSONField(
        default=dict, help_text="Roles, skills, competencies for the work and credentials of the performer on that day."
    )
    measured_at = models.DateTimeField(help_text="By the clock of the client.")
    received_at = models.DateTimeField(default=timezone.now)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    reason = models.CharField(max_length=400, blank=True, help_text="Why it supersedes.")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what the client sent: tells a repetition from another content.")
    source_file = models.ForeignKey("TesterFile", models.PROTECT, null=True, related_name="results", db_index=False)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["measured_at", "uid"]
        indexes = [
            models.Index(fields=["checklist", "step_key", "measured_at"], name="result_checklist"),
            models.Index(fields=["work_order"], name="result_order"),
            models.Index(
                fields=["device", "step_key", "-measured_at"], name="result_device_step", condition=Q(device__isnull=False)
            ),  # previous values
            models.Index(fields=["tester", "measured_at"], name="result_tester", condition=Q(tester__isnull=False)),  # reverse traceability
        ]


@tracked()
class HeldResult(models.Model):
    """Something sent as a result that could not be stored as one: kept as it came, for a person to settle."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    claimed_uid = models.CharField(max_length=60, blank=True, db_index=True, help_text="The id the client gave.")
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="held_results")
    facility_id_at = models.BigIntegerField(null=True, help_text="Facility of the order, for who may see it.")
    payload = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    reason = models.CharField(max_length=40, help_text="Stable code of why it was held.")
    sentence = models.CharField(max_length=400)
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    received_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decision = models.CharField(max_length=20, blank=True, help_text="stored or discarded.")
    decision_note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["claimed_uid", "fingerprint"], name="held_result_once")]
        indexes = [models.Index(fields=["-received_at"], name="held_result_open", condition=Q(settled_at__isnull=True))]


class SignatureMeaning(models.TextChoices):
    PERFORMED = "performed", "I performed this work"
    REVIEWED = "reviewed", "I reviewed this work"
    RELEASED = "released", "I release this device for use"
    ACCEPTED_REPORT = "accepted_report", "I accept this service report"


class Signature(models.Model):
    """Who signed what, when and with which meaning. ``content_hash`` is of what was signed; a later change shows."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="signatures")
    meaning = models.CharField(max_length=20, choices=SignatureMeaning.choices)
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    signer_name = models.CharField(max_length=120)
    signer_roles = ArrayField(models.CharField(max_length=20), default=list)
    method = models.CharField(max_length=20, default="password", help_text="How the signer proved who they are.")
    content_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["signed_at", "pk"]


class TesterFileQuerySet(models.QuerySet["TesterFile"]):
    def visible_to(self, actor: Actor) -> TesterFileQuerySet:
        """Files of whole facilities, and what one brought oneself."""
        reach = actor.reach()
        if reach.everywhere:
            return self
        mine = Q(received_by_id=actor.user_id) if actor.user_id else Q(pk__in=[])
        return self.filter(Q(facility_id__in=reach.facility_ids) | mine)


@tracked()
class TesterFile(models.Model):
    """A file from a tester as it came, and what it was read by. Its rows: room traceability."""

    __test__ = False  # not a test case, whatever a test runner thinks of the name

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", db_index=False)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    mapping = models.CharField(max_length=200, help_text="Code of the mapping it was read with.")
    mapping_sha256 = models.CharField(max_length=64, help_text="SHA-256 of that mapping, so that a later change of it shows.")
    tester = models.ForeignKey(Tester, models.PROTECT, null=True, related_name="+", help_text="Named by whoever brought the file.")
    problems = models.JSONField(default=list, help_text="What concerns the whole file.")
    counts = models.JSONField(default=dict, help_text="Rows read, unusable and left out on purpose, and whether the end was reached.")
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    received_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True, blank=True, help_text="When its results were last stored.")

    objects = TesterFileQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["file", "facility", "mapping_sha256"], name="tester_file_once")]
        indexes = [models.Index(fields=["facility", "-received_at", "-id"], name="tester_file_facility")]
