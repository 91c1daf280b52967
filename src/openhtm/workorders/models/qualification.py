"""Who was qualified: overrides that two people stand for, and the qualification stamped on closed work."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.catalog.models import DeviceType
from openhtm.competence.rules.guard import ACT_LABELS
from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.workforce.models import StaffMember
from openhtm.workorders.models.order import WorkOrder
from openhtm.workorders.models.records import APPEND_ONLY

ACTS = [(act.value, label) for act, label in ACT_LABELS.items()]


@tracked()
class QualificationOverride(models.Model):
    """Leave for one person to do one act without the qualification asked for: one person asks, another confirms."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    act = models.CharField(max_length=12, choices=ACTS)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, blank=True, related_name="overrides")
    device_type = models.ForeignKey(
        DeviceType, models.PROTECT, null=True, blank=True, related_name="+", help_text="For a decision: the type it is about."
    )
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="overrides", help_text="Who may do it all the same.")
    missing = models.CharField(max_length=400, help_text="What was missing on the day it was asked for.")
    reason = models.CharField(max_length=400)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    asked_by_name = models.CharField(max_length=120)
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    confirmed_by_name = models.CharField(max_length=120, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    declined_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    declined_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=400, blank=True)
    used_at = models.DateTimeField(null=True, blank=True, help_text="For a decision: when it was made. Another one needs another override.")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        triggers = [
            pgtrigger.Protect(
                name="asked_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("act", "work_order", "device_type", "staff", "reason", "asked_by", "asked_at"),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(
                name="override_one_subject",
                condition=Q(act="aem_decision", work_order__isnull=True, device_type__isnull=False)
                | (~Q(act="aem_decision") & Q(work_order__isnull=False, device_type__isnull=True)),
                violation_error_message="An override is for one order, or for a decision on one device type.",
            ),
            models.CheckConstraint(name="override_act_known", condition=Q(act__in=[code for code, _ in ACTS])),
            models.CheckConstraint(
                name="override_reason_given", condition=~Q(reason=""), violation_error_message="Say why it has to be this person."
            ),
            models.CheckConstraint(
                name="override_second_person",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
                violation_error_message="Another person must confirm it.",
            ),
            models.CheckConstraint(
                name="override_confirmed_in_full",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="override_decided_once",
                condition=Q(confirmed_at__isnull=True) | Q(declined_at__isnull=True),
                violation_error_message="It was decided already.",
            ),
            models.CheckConstraint(
                name="override_declined_with_reason",
                condition=Q(declined_at__isnull=True) | (Q(declined_by__isnull=False) & ~Q(decline_reason="")),
                violation_error_message="Say why it is declined.",
            ),
            models.UniqueConstraint(
                fields=["act", "work_order", "device_type", "staff"],
                condition=Q(declined_at__isnull=True, used_at__isnull=True),
                nulls_distinct=False,
                name="override_once",
                violation_error_message="This was asked for already.",
            ),
        ]


class ClosingQualification(models.Model):
    """What whoever did the work was qualified by on the day of the work, written when the order was closed. A second closing adds another."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="qualifications")
    performer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, null=True, related_name="+", db_index=False)
    performer_name = models.CharField(max_length=120, help_text="Their name as it was then.")
    company = models.CharField(max_length=200, blank=True, help_text="The company that did the work, if it was one.")
    on = models.DateField(help_text="The day it was judged for.")
    outcome = models.CharField(max_length=5, help_text="ok, warn or block, by the policy in force then.")
    words = models.CharField(max_length=600, blank=True, help_text="What it rests on, or what was missing.")
    facts = models.JSONField(
        default=dict,
        help_text="Roles, skills, competencies for the work and credentials of the performer on that day; the policy judged by.",
    )
    override = models.ForeignKey(QualificationOverride, models.PROTECT, null=True, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-recorded_at", "-pk"]
        indexes = [models.Index(fields=["performer", "-recorded_at"], name="closing_performer", condition=Q(performer__isnull=False))]
