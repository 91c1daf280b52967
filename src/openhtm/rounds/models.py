"""Rounds through a place, and readiness checks: who must look at what, how often, and that they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import public_code, uuid7
from openhtm.inventory.models import Device, DeviceMove
from openhtm.sites.models import Department, Facility, Location
from openhtm.workorders.models import WorkOrder

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class RoundQuerySet(models.QuerySet["Round"]):
    def visible_to(self, actor: Actor) -> RoundQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(facility_id__in=reach.facility_ids)


@tracked()
class Round(models.Model):
    """A walk through a place: what was expected there is written down at the start."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="rounds", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="rounds")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    started_by_name = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["facility", "-started_at"], name="round_facility")]


@tracked()
class RoundExpectation(models.Model):
    """A device that should be at the place of a round, and why it matters today."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="expectations")
    device = models.ForeignKey(Device, models.PROTECT, related_name="+")
    reasons = ArrayField(
        models.CharField(max_length=20), default=list, help_text="due, late, recalled, missing, open_repair, found_before."
    )
    found_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "device"], name="round_expectation_once")]


class ScanVerdict(models.TextChoices):
    FOUND = "found", "Found"
    UNEXPECTED = "unexpected", "Not expected here"
    UNKNOWN = "unknown", "Unknown tag"
    AGAIN = "again", "Already scanned"


class RoundScan(models.Model):
    """One scan of a round: evidence, also when the tag is unknown. Appended, never changed."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="scans", db_index=False)
    text = models.CharField(max_length=400, help_text="As read.")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+", db_index=False)
    verdict = models.CharField(max_length=12, choices=ScanVerdict.choices)
    move = models.ForeignKey(DeviceMove, models.PROTECT, null=True, related_name="+", help_text="The move it made.")
    scanned_at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_name = models.CharField(max_length=120, blank=True)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-scanned_at", "-pk"]
        indexes = [models.Index(fields=["round", "-scanned_at"], name="round_scan_round")]


@tracked()
class UnknownTag(models.Model):
    """A tag that was scanned and belongs to nothing known: kept until somebody says what it is."""

    text = models.CharField(max_length=400)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+")
    scan = models.OneToOneField(RoundScan, models.PROTECT, null=True, related_name="unknown_tag")
    seen_at = models.DateTimeField(default=timezone.now)
    seen_by_name = models.CharField(max_length=120, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="+")
    decision = models.CharField(max_length=20, blank=True, help_text="device, new_device or not_ours.")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-seen_at", "-pk"]
        indexes = [models.Index(fields=["facility", "-seen_at"], name="unknown_tag_open", condition=Q(settled_at__isnull=True))]


class Frequency(models.TextChoices):
    SHIFT = "shift", "Every shift"
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every week"
    MONTHLY = "monthly", "Every month"


class ReadinessQuerySet(models.QuerySet["ReadinessCheck"]):
    def visible_to(self, actor: Actor) -> ReadinessQuerySet:
        reach = actor.reach()
        if reach.everywhere:
            return self
        return self.filter(Q(facility_id__in=reach.facility_ids) | Q(department_id__in=reach.department_ids))


@tracked()
class ReadinessCheck(models.Model):
    """A recurring look at one thing in one place: crash-cart defibrillator, AED, warmer, eyewash, temperature log."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(max_length=12, unique=True, default=public_code, editable=False, help_text="In the address on its label.")
    name = models.CharField(max_length=120)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="readiness_checks", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="readiness_checks")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="+", help_text="Who must do it.")
    frequency = models.CharField(max_length=8, choices=Frequency.choices)
    shift_starts = ArrayField(
        models.TimeField(), default=list, blank=True, help_text="Starts of the shifts at the facility, such as 07:00 and 19:00."
    )
    week_days = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        help_text="Days of the week (1 Monday to 7) on which it is owed; empty: all.",
    )
    questions = models.JSONField(default=list, help_text="[{key, text, kind: yes_no|number|date, unit, low, high, expires}]")
    starts_on = models.DateField(default=timezone.localdate)
    ends_on = models.DateField(null=True, blank=True)
    escalate_after = models.PositiveSmallIntegerField(default=1, help_text="So many missed in a row are told to the manager.")
    active = models.BooleanField(default=True)

    objects = ReadinessQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="readiness_shift_has_times",
                condition=~Q(frequency="shift") | Q(shift_starts__len__gte=1),
                violation_error_message="Give the times at which the shifts start.",
            )
        ]
        indexes = [models.Index(fields=["facility", "name"], name="readiness_facility")]


class ReadinessEntry(models.Model):
    """One check done. Which shift or day it counts for follows from its time. Appended, never changed."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    check_done = models.ForeignKey(ReadinessCheck, models.PROTECT, related_name="entries", db_index=False)
    done_at = models.DateTimeField()
    answers = models.JSONField(default=dict)
    problem = models.BooleanField(default=False)
    problem_text = models.CharField(max_length=400, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    person_name = models.CharField(max_length=120)
    proof = models.CharField(max_length=10, help_text="login, pin or unit_code.")
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        ordering = ["-done_at", "-pk"]
        indexes = [models.Index(fields=["check_done", "-done_at"], name="readiness_entry_check")]


@tracked(exclude=["pin_hash"])
class StaffPin(models.Model):
    """A person's PIN for readiness checks, or the code of a unit. Stored hashed."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    department = models.OneToOneField(Department, models.CASCADE, null=True, blank=True, related_name="+")
    pin_hash = models.CharField(max_length=200)
    set_at = models.DateTimeField(default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="staff_pin_one_owner",
                condition=Q(user__isnull=False, department__isnull=True) | Q(user__isnull=True, department__isnull=False),
            )
        ]


class ReadinessTry(models.Model):
    """A wrong PIN or code given without log-in, counted so that they are not guessed. Deleted after a week."""

    address = models.GenericIPAddressField(null=True, help_text="Network address it came from; empty if not known.")
    check_tried = models.ForeignKey(
        ReadinessCheck, models.CASCADE, null=True, related_name="+", db_index=False, help_text="Empty: the code was unknown."
    )
    at = models.DateTimeField(default=timezone.now, db_index=True, help_text="When it was tried.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["address", "-at"], name="readiness_try_address")]
