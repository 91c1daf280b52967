"""The rows of tester files, and the tests of devices they make up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.inventory.models import Device
from openhtm.testers.models import Tester
from openhtm.traceability.rules.states import STATE_LABELS
from openhtm.workorders.models import Checklist, Result, TesterFile

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class FileTestQuerySet(models.QuerySet["FileTest"]):
    def visible_to(self, actor: Actor) -> FileTestQuerySet:
        return self if actor.reach().everywhere else self.filter(file__in=TesterFile.objects.visible_to(actor))


@tracked()
class FileTest(models.Model):
    """One device's measurements of one day in a file. ``state`` and what it rests on are a cache of ``services.checking``."""

    __test__ = False  # not a test case, whatever a test runner thinks of the name

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    file = models.ForeignKey(TesterFile, models.PROTECT, related_name="tests", db_index=False)
    position = models.PositiveIntegerField(help_text="Counted from 1 in the order of the file.")
    place = models.CharField(max_length=40, help_text="Where its first row stands.")
    asset_number = models.CharField(max_length=1000, blank=True, help_text="As it stands in the file, like the next four.")
    serial_number = models.CharField(max_length=1000, blank=True)
    manufacturer = models.CharField(max_length=1000, blank=True)
    udi = models.CharField(max_length=1000, blank=True)
    tester_serial = models.CharField(max_length=1000, blank=True)
    measured_at = models.DateTimeField(null=True, help_text="Of its last row; empty where the file does not say it.")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+", db_index=False)
    match = models.CharField(max_length=20, blank=True, help_text="How the device was found: a method, or hand.")
    candidates = ArrayField(models.BigIntegerField(), default=list, help_text="Keys of the devices it may be.")
    tester = models.ForeignKey(Tester, models.PROTECT, null=True, related_name="+", db_index=False)
    checklist = models.ForeignKey(Checklist, models.PROTECT, null=True, related_name="+", db_index=False)
    checklist_by_hand = models.BooleanField(default=False)
    own_test = models.BooleanField(default=False, help_text="A person said: another test than the one known of the same device and time.")
    step_key = models.CharField(max_length=80, blank=True)
    step_title = models.CharField(max_length=200, blank=True)
    judged_by = models.CharField(max_length=120, blank=True, help_text="Standard and edition of the step.")
    verdict = models.CharField(max_length=10, blank=True, help_text="Expected, and once stored that of the result.")
    state = models.CharField(max_length=10, choices=[(state.value, label) for state, label in STATE_LABELS.items()])
    sentence = models.CharField(max_length=600, blank=True, help_text="Why it stands so, and what to do.")
    result = models.ForeignKey(Result, models.PROTECT, null=True, related_name="+", db_index=False)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    settled_by_name = models.CharField(max_length=120, blank=True)
    settled_at = models.DateTimeField(null=True, help_text="When somebody decided by hand.")
    note = models.CharField(max_length=400, blank=True, help_text="Why it was set aside.")

    objects = FileTestQuerySet.as_manager()

    class Meta:
        ordering = ["file", "position"]
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="file_test_once"),
            models.CheckConstraint(
                name="file_test_set_aside_says_why",
                condition=~Q(state="set_aside") | ~Q(note=""),
                violation_error_message="Say why this test is set aside.",
            ),
            models.CheckConstraint(name="file_test_stored_has_result", condition=~Q(state="stored") | Q(result__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["file", "state", "position"], name="file_test_state"),
            models.Index(fields=["device"], name="file_test_device", condition=Q(device__isnull=False)),
        ]


class FileRow(models.Model):
    """One row of a file as it was read, and what is expected of it. Rows that could not be read have no test and say why."""

    file = models.ForeignKey(TesterFile, models.PROTECT, related_name="rows", db_index=False)
    test = models.ForeignKey(FileTest, models.PROTECT, null=True, related_name="rows", db_index=False)
    position = models.PositiveIntegerField(help_text="Counted from 1 in the order of the file.")
    place = models.CharField(max_length=40, help_text="Such as line 17.")
    read = models.JSONField(null=True, help_text="The row in our words, with the texts as they stood there; empty if it cannot be used.")
    problems = models.JSONField(default=list, help_text="What was wrong with it when it was read: field, severity, text, value.")
    measures = models.CharField(max_length=200, blank=True, help_text="The measurement of the step it becomes.")
    limit = models.CharField(max_length=200, blank=True, help_text="The limit it is judged by, in words.")
    verdict = models.CharField(max_length=16, blank=True, help_text="Expected verdict; repeated where a worse row counts.")
    field = models.CharField(max_length=40, blank=True, help_text="Column to look at, where it has no place in the step.")
    sentence = models.CharField(max_length=600, blank=True, help_text="Why, and what to do.")

    class Meta:
        ordering = ["file", "position"]
        constraints = [models.UniqueConstraint(fields=["file", "position"], name="file_row_once")]
        indexes = [
            models.Index(fields=["test", "position"], name="file_row_test", condition=Q(test__isnull=False)),
            models.Index(fields=["file", "position"], name="file_row_unused", condition=Q(test__isnull=True)),
        ]
