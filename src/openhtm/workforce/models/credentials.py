"""Certifications people hold and the journals that keep them alive."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.workforce.models.people import StaffMember


class CredentialTier(models.TextChoices):
    CANDIDATE = "candidate", "Candidate"
    FULL = "full", "Full"
    RETIRED = "retired", "Retired"
    EMERITUS = "emeritus", "Emeritus"


class CredentialStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    WITHDRAWN = "withdrawn", "Withdrawn"


def _said(by: str, at: str) -> Q:
    """Who and when are known together or not at all."""
    return Q(**{f"{by}__isnull": True, f"{at}__isnull": True}) | Q(**{f"{by}__isnull": False, f"{at}__isnull": False})


@tracked()
class Credential(models.Model):
    """A certification of a person. Whether it is current on a day follows from its days and its status."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="credentials", db_index=False)
    programme = models.CharField(max_length=40, help_text="Code of the programme, such as CBET.")
    tier = models.CharField(max_length=10, choices=CredentialTier.choices, default=CredentialTier.FULL)
    number = models.CharField(max_length=60, blank=True, help_text="As the certifying body gives it.")
    issued_on = models.DateField(help_text="First day it was held.")
    expires_on = models.DateField(null=True, blank=True, help_text="Last day it is valid; empty: it does not end by itself.")
    cycle_started_on = models.DateField(null=True, blank=True, help_text="First day of the present reporting period.")
    evidence = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", help_text="The certificate.")
    evidence_name = models.CharField(max_length=200, blank=True, help_text="Name of the file as it was sent.")
    status = models.CharField(max_length=10, choices=CredentialStatus.choices, default=CredentialStatus.ACTIVE)
    status_since = models.DateField(null=True, blank=True, help_text="First day of the suspension or withdrawal.")
    status_reason = models.CharField(max_length=200, blank=True, help_text="Why it is suspended or withdrawn, such as military service.")
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="Who saw the certificate."
    )
    verified_at = models.DateTimeField(null=True, blank=True, help_text="When the certificate was seen.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["programme", "-issued_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "programme"],
                name="credential_once",
                condition=~Q(status=CredentialStatus.WITHDRAWN),
                violation_error_message="This person has this certification already: change or renew it.",
            ),
            models.CheckConstraint(
                name="credential_expires_after_issue",
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                violation_error_message="A certification cannot expire before it starts.",
            ),
            models.CheckConstraint(
                name="credential_cycle_after_issue",
                condition=Q(cycle_started_on__isnull=True)
                | (Q(cycle_started_on__gte=F("issued_on")) & (Q(expires_on__isnull=True) | Q(cycle_started_on__lte=F("expires_on")))),
                violation_error_message="The reporting period starts between the first and the last day of the certification.",
            ),
            models.CheckConstraint(
                name="credential_cycle_in_time",
                condition=Q(cycle_started_on__isnull=True) | Q(cycle_started_on__lte=dt.date(2200, 1, 1)),
                violation_error_message="The reporting period cannot begin after the year 2200.",
            ),
            models.CheckConstraint(
                name="credential_codes_known",
                condition=Q(tier__in=CredentialTier.values, status__in=CredentialStatus.values),
                violation_error_message="Choose one of the tiers and states offered.",
            ),
            models.CheckConstraint(
                name="credential_not_active_says_why",
                condition=Q(status=CredentialStatus.ACTIVE, status_since__isnull=True, status_reason="")
                | (~Q(status=CredentialStatus.ACTIVE) & Q(status_since__isnull=False) & ~Q(status_reason="")),
                violation_error_message="Say since when and why it is suspended or withdrawn.",
            ),
            models.CheckConstraint(
                name="credential_verified_by_and_at",
                condition=_said("verified_by", "verified_at"),
                violation_error_message="Who saw the certificate and when belong together.",
            ),
        ]
        indexes = [
            models.Index(fields=["staff", "programme"], name="credential_staff"),
            models.Index(fields=["expires_on"], name="credential_expires", condition=Q(status="active")),
        ]

    def __str__(self) -> str:
        return self.programme


@tracked()
class CeuEntry(models.Model):
    """Units earned for a renewal. A correction withdraws the entry and adds another."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    credential = models.ForeignKey(Credential, models.PROTECT, related_name="ceus", db_index=False)
    category = models.SlugField(max_length=40, help_text="Code of a category of the programme's renewal.")
    units = models.DecimalField(max_digits=6, decimal_places=2, help_text="As entered; what a cap cuts is kept here and does not count.")
    done_on = models.DateField(help_text="Day of the activity, or its last.")
    title = models.CharField(max_length=200, help_text="What was done, and where.")
    evidence = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", help_text="The proof of attendance.")
    evidence_name = models.CharField(max_length=200, blank=True, help_text="Name of the file as it was sent.")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="Who entered it.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who looked at the proof; never oneself.",
    )
    approved_at = models.DateTimeField(null=True, blank=True, help_text="When the proof was looked at.")
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="When it was taken back; it counts no more.")
    withdrawn_reason = models.CharField(max_length=200, blank=True, help_text="Why it was taken back.")

    class Meta:
        ordering = ["-done_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="ceu_units_positive",
                condition=Q(units__gt=0, units__lte=200),
                violation_error_message="Give more than 0 and at most 200 units.",
            ),
            models.CheckConstraint(
                name="ceu_approved_by_and_at",
                condition=_said("approved_by", "approved_at"),
                violation_error_message="Who approved it and when belong together.",
            ),
            models.CheckConstraint(
                name="ceu_approved_by_another",
                condition=Q(approved_by__isnull=True) | Q(recorded_by__isnull=True) | ~Q(approved_by=F("recorded_by")),
                violation_error_message="Nobody approves their own entry.",
            ),
            models.CheckConstraint(
                name="ceu_withdrawn_says_why",
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="") | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                violation_error_message="Say why it is taken back.",
            ),
        ]
        indexes = [models.Index(fields=["credential", "-done_on"], name="ceu_credential")]

    def __str__(self) -> str:
        return self.title
