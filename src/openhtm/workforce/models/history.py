"""What somebody learnt and where they worked: dated facts that eligibility is judged by."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.documents.models import StoredFile
from openhtm.workforce.models.people import CareerRole, StaffMember


class EducationKind(models.TextChoices):
    DEGREE = "degree", "School or university"
    MILITARY = "military", "US military BMET programme"


class Degree(models.TextChoices):
    NONE = "none", "No degree"
    CERTIFICATE = "certificate", "Certificate"
    ASSOCIATE = "associate", "Associate degree"
    BACHELOR = "bachelor", "Bachelor's degree"
    MASTER = "master", "Master's degree"
    DOCTORATE = "doctorate", "Doctorate"


class StudyField(models.TextChoices):
    BIOMEDICAL = "biomedical", "Biomedical technology"
    ELECTRONICS = "electronics", "Electronics"
    ENGINEERING = "engineering", "Engineering"
    OTHER = "other", "Another field"


@tracked()
class EducationFact(models.Model):
    """A degree or a military programme. Without the day of completion it does not count yet."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="education")
    kind = models.CharField(max_length=10, choices=EducationKind.choices, default=EducationKind.DEGREE)
    degree = models.CharField(max_length=12, choices=Degree.choices, default=Degree.NONE)
    field = models.CharField(max_length=12, choices=StudyField.choices, default=StudyField.OTHER)
    institution = models.CharField(max_length=160, blank=True, help_text="School, university or branch of service.")
    completed_on = models.DateField(null=True, blank=True, help_text="Empty: not known to be completed.")
    evidence = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", help_text="The diploma.")
    evidence_name = models.CharField(max_length=200, blank=True, help_text="Name of the file as it was sent.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-completed_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="education_codes_known",
                condition=Q(kind__in=EducationKind.values, degree__in=Degree.values, field__in=StudyField.values),
                violation_error_message="Choose one of the degrees and fields offered.",
            )
        ]

    def __str__(self) -> str:
        return self.get_degree_display()


@tracked()
class EmploymentFact(models.Model):
    """A job, here or elsewhere. Full-time jobs that overlap are kept, counted once and flagged."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="employment")
    role = models.CharField(max_length=12, choices=CareerRole.choices)
    employer = models.CharField(max_length=160)
    full_time = models.BooleanField(default=True)
    started_on = models.DateField(help_text="First day of the job.")
    ended_on = models.DateField(null=True, blank=True, help_text="First day after the job; empty: still held.")
    evidence = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+", help_text="The proof.")
    evidence_name = models.CharField(max_length=200, blank=True, help_text="Name of the file as it was sent.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-started_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="employment_ends_after_start",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gt=F("started_on")),
                violation_error_message="The first day after the job must come after its first day.",
            ),
            models.CheckConstraint(
                name="employment_role_known",
                condition=Q(role__in=CareerRole.values),
                violation_error_message="Choose one of the roles offered.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} at {self.employer}"
