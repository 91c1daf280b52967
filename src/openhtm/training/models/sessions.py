"""Courses, sessions and who was there. Attendance is evidence: appended, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.history import tracked
from openhtm.core.ids import public_code, uuid7
from openhtm.sites.models import Department, Facility
from openhtm.training.models.people import Clinician

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


def session_code() -> str:
    return public_code(12)


@tracked()
class Course(models.Model):
    """What is taught about one device type, or one model of it."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    title = models.CharField(max_length=160)
    device_type = models.ForeignKey(DeviceType, models.PROTECT, related_name="+", help_text="The type it counts for; of a model, its type.")
    device_model = models.ForeignKey(DeviceModel, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: the type.")
    minutes = models.PositiveSmallIntegerField(default=30)
    content = models.TextField(max_length=4000, blank=True, help_text="What is taught, and by which document of the maker.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(
                name="course_minutes", condition=Q(minutes__gte=1, minutes__lte=1440), violation_error_message="Give 1 to 1,440 minutes."
            ),
            models.CheckConstraint(name="course_has_title", condition=~Q(title=""), violation_error_message="Give a title."),
        ]

    def __str__(self) -> str:
        return self.title


class SessionKind(models.TextChoices):
    ROLL_OUT = "roll_out", "Roll-out of new equipment"
    YEARLY = "yearly", "Repeated by policy"
    ON_REQUEST = "on_request", "On request"


class SessionQuerySet(models.QuerySet["TrainingSession"]):
    def visible_to(self, actor: Actor) -> SessionQuerySet:
        """Sessions of facilities the actor sees; who sees a unit only: those for it, and those for everybody of its facility."""
        reach = actor.reach()
        if reach.everywhere:
            return self
        own = Q(facility_id__in=reach.touched_facility_ids) & (Q(department_id__in=reach.department_ids) | Q(department__isnull=True))
        return self.filter(Q(facility_id__in=reach.facility_ids) | own)


@tracked()
class TrainingSession(models.Model):
    """A course held at a time and place by somebody. People sign in by its code."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(max_length=12, unique=True, default=session_code, editable=False, help_text="In the address of its QR code.")
    course = models.ForeignKey(Course, models.PROTECT, related_name="sessions")
    title = models.CharField(max_length=160, help_text="Of the course when the session began: what papers say.")
    content = models.TextField(max_length=4000, blank=True, help_text="What was taught, as the course said when the session began.")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", db_index=False)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: for several units."
    )
    place = models.CharField(max_length=120, blank=True, help_text="Where it is held, in words.")
    held_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=SessionKind.choices)
    trainer_name = models.CharField(max_length=120)
    trainer_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    note = models.CharField(max_length=400, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_reason = models.CharField(max_length=200, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-held_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="training_session_cancelled_with_reason",
                condition=Q(cancelled_at__isnull=True, cancelled_reason="") | (Q(cancelled_at__isnull=False) & ~Q(cancelled_reason="")),
                violation_error_message="Say why the session is cancelled.",
            ),
            models.CheckConstraint(
                name="training_session_minutes",
                condition=Q(minutes__gte=1, minutes__lte=1440),
                violation_error_message="Give 1 to 1,440 minutes.",
            ),
            models.CheckConstraint(name="training_session_has_title", condition=~Q(title=""), violation_error_message="Give a title."),
            models.CheckConstraint(
                name="training_session_has_trainer", condition=~Q(trainer_name=""), violation_error_message="Say who trains."
            ),
        ]
        indexes = [models.Index(fields=["facility", "-held_at"], name="training_session_facility")]

    def __str__(self) -> str:
        return f"{self.title}, {self.held_at:%d %b %Y}"


class SignedBy(models.TextChoices):
    QR = "qr", "QR code"
    LIST = "list", "Typed list"
    IMPORT = "import", "Imported list"


class Attendance(models.Model):
    """Somebody was at a session, as they or the trainer wrote it down. Appended, never changed; who it is may be settled later."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    session = models.ForeignKey(TrainingSession, models.PROTECT, related_name="attendances", db_index=False)
    clinician = models.ForeignKey(
        Clinician, models.PROTECT, null=True, related_name="attendances", help_text="Empty: not known when written."
    )
    name = models.CharField(max_length=120, help_text="As written.")
    name_key = models.CharField(max_length=120, editable=False, help_text="Words of the name in order of the alphabet, to compare.")
    employee_number = models.CharField(max_length=40, blank=True, help_text="As written.")
    unit = models.CharField(max_length=120, blank=True, help_text="Unit as written.")
    by = models.CharField(max_length=6, choices=SignedBy.choices)
    method = models.CharField(max_length=20, help_text="How the person was told: number and name, name, chosen, not sure, nobody.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["recorded_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "clinician"], name="attendance_once", condition=Q(clinician__isnull=False)),
            models.UniqueConstraint(
                fields=["session", "name_key", "employee_number"], name="attendance_unknown_once", condition=Q(clinician__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["session", "recorded_at"], name="attendance_session")]

    def __str__(self) -> str:
        return self.name


class Decision(models.TextChoices):
    CLINICIAN = "clinician", "Somebody on the list"
    NEW = "new", "Somebody new"
    NOT_OURS = "not_ours", "Not of our staff"
    NOT_THERE = "not_there", "Was not there"


class Settlement(models.Model):
    """What was decided about an attendance: who it was, or that it does not count. Appended; the newest holds."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    attendance = models.ForeignKey(Attendance, models.PROTECT, related_name="settlements", db_index=False)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    clinician = models.ForeignKey(Clinician, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-recorded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="settlement_names_somebody",
                condition=Q(decision__in=["clinician", "new"], clinician__isnull=False)
                | Q(decision__in=["not_ours", "not_there"], clinician__isnull=True),
                violation_error_message="Say who it was, or that it was nobody of ours.",
            )
        ]
        indexes = [models.Index(fields=["attendance", "-recorded_at", "-id"], name="settlement_attendance")]


class SignInTry(models.Model):
    """One try at signing in without log-in, counted so that codes are not guessed and lists not flooded. Deleted after a week."""

    session = models.ForeignKey(
        TrainingSession, models.CASCADE, null=True, related_name="+", db_index=False, help_text="Empty: the code was unknown."
    )
    address = models.GenericIPAddressField(null=True, help_text="Network address it came from; empty if not known.")
    at = models.DateTimeField(default=timezone.now, db_index=True, help_text="When it was tried.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["address", "-at"], name="sign_in_try_address"),
            models.Index(fields=["session", "-at"], name="sign_in_try_session"),
        ]
