"""Competencies: granted once, withdrawn at most once, never rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.competence.rules.levels import BASIS_LABELS, LEVEL_LABELS
from openhtm.core.constraints import one_of
from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.procedures.models import Procedure
from openhtm.workforce.models import StaffMember

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

LEVEL_CHOICES = [(level.value, label) for level, label in LEVEL_LABELS.items()]
BASIS_CHOICES = [(basis.value, label) for basis, label in BASIS_LABELS.items()]
SUBJECTS = ("device_type", "device_model", "procedure")
GRANTED = ("staff", *SUBJECTS, "level", "basis", "granted_on", "valid_until", "observer", "certificate", "evidence", "signed_by")


def exactly_one(*names: str) -> Q:
    """Exactly one of these columns is filled."""
    found = Q()
    for name in names:
        found |= Q(**{f"{other}__isnull": other != name for other in names})
    return found


class CompetencyQuerySet(models.QuerySet["Competency"]):
    def visible_to(self, actor: Actor) -> CompetencyQuerySet:
        """Those of the staff that the actor may see."""
        return self.filter(staff__in=StaffMember.objects.visible_to(actor))

    def holding_on(self, day: object) -> CompetencyQuerySet:
        lasts = Q(valid_until__isnull=True) | Q(valid_until__gte=day)
        return self.filter(lasts, Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gt=day), granted_on__lte=day)


@tracked()
class Competency(models.Model):
    """What somebody was found able to do. A mistake is withdrawn and granted anew, so what held on any day stays readable."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="competencies", db_index=False)
    device_type = models.ForeignKey(DeviceType, models.PROTECT, null=True, blank=True, related_name="competencies", db_index=False)
    device_model = models.ForeignKey(DeviceModel, models.PROTECT, null=True, blank=True, related_name="competencies", db_index=False)
    procedure = models.ForeignKey(Procedure, models.PROTECT, null=True, blank=True, related_name="competencies", db_index=False)
    level = models.CharField(max_length=12, choices=LEVEL_CHOICES)
    basis = models.CharField(max_length=14, choices=BASIS_CHOICES)
    granted_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="Last day on which it holds; empty: no end.")
    observer = models.ForeignKey(
        StaffMember, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        help_text="Who watched the work; asked for by an on-the-job sign-off.",
    )  # fmt: skip
    certificate = models.CharField(max_length=120, blank=True, help_text="Course or certificate with its number.")
    evidence = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    evidence_name = models.CharField(max_length=200, blank=True, help_text="Name of the file as it was sent.")
    note = models.CharField(max_length=400, blank=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    signed_by_name = models.CharField(max_length=120, blank=True)
    signed_at = models.DateTimeField(default=timezone.now)
    withdrawn_on = models.DateField(null=True, blank=True, help_text="First day on which it no longer holds.")
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    withdrawn_reason = models.CharField(max_length=400, blank=True)

    objects = CompetencyQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_on", "-pk"]
        triggers = [
            pgtrigger.Protect(name="granted_stays", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*GRANTED)),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(
                name="competency_one_subject",
                condition=exactly_one(*SUBJECTS),
                violation_error_message="A competency is for a device type, a model or a procedure.",
            ),
            one_of("level", [code for code, _ in LEVEL_CHOICES], table="competency"),
            one_of("basis", [code for code, _ in BASIS_CHOICES], table="competency"),
            models.CheckConstraint(
                name="competency_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("granted_on")),
                violation_error_message="It cannot run out before it was granted.",
            ),
            models.CheckConstraint(
                name="competency_observer_watched",
                condition=~Q(basis="on_the_job") | Q(observer__isnull=False),
                violation_error_message="An on-the-job sign-off names who watched the work.",
            ),
            models.CheckConstraint(
                name="competency_observer_is_another",
                condition=Q(observer__isnull=True) | ~Q(observer=F("staff")),
                violation_error_message="Nobody signs off themselves: the observer must be another person.",
            ),
            models.CheckConstraint(
                name="competency_certificate_named",
                condition=~Q(basis__in=["certification", "vendor_school"]) | ~Q(certificate=""),
                violation_error_message="Name the course or certificate.",
            ),
            models.CheckConstraint(
                name="competency_withdrawn_with_reason",
                condition=Q(withdrawn_on__isnull=True, withdrawn_reason="") | (Q(withdrawn_on__isnull=False) & ~Q(withdrawn_reason="")),
                violation_error_message="Give the reason for withdrawing it.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["device_type", "staff"], include=["level", "granted_on", "valid_until", "withdrawn_on"], name="competency_type",
                condition=Q(device_type__isnull=False),
            ),
            models.Index(
                fields=["device_model", "staff"], include=["level", "granted_on", "valid_until", "withdrawn_on"], name="competency_model",
                condition=Q(device_model__isnull=False),
            ),
            models.Index(fields=["procedure", "staff"], name="competency_procedure", condition=Q(procedure__isnull=False)),
            models.Index(fields=["staff", "-granted_on"], name="competency_staff"),
            models.Index(fields=["valid_until"], name="competency_ending", condition=Q(valid_until__isnull=False, withdrawn_on__isnull=True)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.staff}: {self.subject}"

    @property
    def subject(self) -> DeviceType | DeviceModel | Procedure:
        found = self.device_type or self.device_model or self.procedure
        assert found is not None
        return found
