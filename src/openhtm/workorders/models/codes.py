"""Coded lists of work, response targets, templates: data a site may change, with its source beside it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import public_code
from openhtm.inventory.models import Device
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Facility
from openhtm.workforce.models import Team
from openhtm.workorders.rules.kinds import KIND_LABELS, PRIORITY_LABELS, Priority

KIND_CHOICES = [(kind.value, label) for kind, label in KIND_LABELS.items()]
PRIORITY_CHOICES = [(priority.value, label) for priority, label in PRIORITY_LABELS.items()]


class CodeList(models.TextChoices):
    FAILURE = "failure", "Failure code"
    PROBLEM = "problem", "Problem"
    CAUSE = "cause", "Cause"
    RESOLUTION = "resolution", "Resolution"
    HOLD = "hold", "Reason to wait"
    LABOUR = "labour", "Kind of labour"
    CANCEL = "cancel", "Reason to cancel"


@tracked()
class WorkCode(models.Model):
    """One entry of a coded list. Entries are retired, never deleted, because orders point to them."""

    list = models.CharField(max_length=12, choices=CodeList.choices)
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=120)
    meaning = models.CharField(max_length=400, blank=True)
    group = models.CharField(max_length=40, blank=True, help_text="Failure codes: direct, indirect or none, for who can act on it.")
    for_corrective = models.BooleanField(default=True)
    for_scheduled = models.BooleanField(default=True)
    stops_clock = models.BooleanField(default=False, help_text="Reasons to wait: the targets wait too.")
    productive = models.BooleanField(default=True, help_text="Labour: counts as work on devices.")
    position = models.PositiveSmallIntegerField(default=100)
    source = models.CharField(max_length=200, default="local")
    edition = models.CharField(max_length=60, blank=True)
    confidence = models.CharField(max_length=10, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["list", "position", "label", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "code"], name="work_code_once", violation_error_message="This list already has that code."
            )
        ]

    def __str__(self) -> str:
        return self.label


@tracked()
class ServiceTarget(models.Model):
    """How soon work of a priority is looked at and done. A facility's own line wins over the general one."""

    facility = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: everywhere.")
    priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES)
    response_min = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes until somebody answers.")
    completion_min = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes until it is done.")
    source = models.CharField(max_length=200, default="local")

    class Meta:
        ordering = ["priority", "pk"]
        constraints = [models.UniqueConstraint(fields=["facility", "priority"], name="service_target_once", nulls_distinct=False)]


@tracked()
class WorkTemplate(models.Model):
    """A prepared order of a kind: what it says, who gets it, which procedure it carries."""

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=10_000, blank=True)
    priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES, default=Priority.NORMAL.value)
    est_min = models.PositiveIntegerField(null=True, blank=True)
    skill = models.SlugField(max_length=40, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    procedures = models.ManyToManyField(Procedure, blank=True, related_name="+")
    requires_return_test = models.BooleanField(default=False)
    source = models.CharField(max_length=30, default="local", help_text="starter or local.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class DeviceCode(models.Model):
    """The code in a device's public report address: cannot be guessed from the tag."""

    device = models.OneToOneField(Device, models.CASCADE, related_name="report_code")
    code = models.CharField(max_length=12, unique=True, default=public_code)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(name="device_code_given", condition=~Q(code=""))]
