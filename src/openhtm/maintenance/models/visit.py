"""Visits and attempts: what is due, and every try at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.inventory.models import Device
from openhtm.maintenance.models.schedule import Schedule
from openhtm.sites.models import Location
from openhtm.workorders.models import WorkOrder

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class VisitState(models.TextChoices):
    NOT_DUE = "not_due", "Not due"
    IN_WINDOW = "in_window", "Can be done"
    DUE = "due", "Due"
    GRACE = "grace", "In grace"
    LATE = "late", "Late"
    HELD = "held", "Held by the device's status"
    DONE = "done", "Done"
    MISSED = "missed", "Missed"
    EXCLUDED = "excluded", "Excluded"
    PASSED_HELD = "passed_held", "Passed while held"
    COVERED = "covered", "Done with a larger one"
    REMOVED = "removed", "No longer owed"


OPEN_STATES = ("not_due", "in_window", "due", "grace", "late", "held")
SETTLED_STATES = ("done", "missed", "excluded", "passed_held", "covered", "removed")


class VisitQuerySet(models.QuerySet["Visit"]):
    def visible_to(self, actor: Actor) -> VisitQuerySet:
        reach = actor.reach()
        return self if reach.everywhere else self.filter(device__in=Device.objects.visible_to(actor))

    def open(self) -> VisitQuerySet:
        return self.filter(is_open=True)


class Visit(models.Model):
    """One due occurrence. Its days and state are derived by ``rules.due``; ``services.reconcile`` alone writes them."""

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="visits", db_index=False)
    device = models.ForeignKey(
        Device, models.PROTECT, related_name="visits", db_index=False, help_text="The schedule's, which never changes."
    )
    due_on = models.DateField()
    opens_on = models.DateField()
    on_time_until = models.DateField()
    grace_until = models.DateField()
    state = models.CharField(max_length=12, choices=VisitState.choices)
    is_open = models.GeneratedField(
        expression=Q(state__in=OPEN_STATES),  # type: ignore[arg-type]  # a Q is resolved like any expression
        output_field=models.BooleanField(),
        db_persist=True,
    )
    next_change_on = models.DateField(null=True, help_text="The day on which the state changes by itself.")
    performed_on = models.DateField(null=True, help_text="In the time zone of the facility.")
    timing = models.CharField(max_length=12, blank=True, help_text="on_time, within_grace or late; of visits that are done.")
    outcome = models.CharField(max_length=16, blank=True, help_text="Code of the newest attempt.")
    attempts_count = models.PositiveSmallIntegerField(default=0)
    policy_compliant = models.BooleanField(null=True, help_text="Empty while open.")
    covered_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="covers", db_index=False)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="visits", db_index=False)
    settled_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_on"], name="visit_once"),
            models.UniqueConstraint(fields=["schedule"], condition=Q(is_open=True), name="visit_one_open"),
            models.CheckConstraint(
                name="visit_window_in_order",
                condition=Q(opens_on__lte=F("due_on"), on_time_until__gte=F("due_on"), grace_until__gte=F("on_time_until")),
            ),
            models.CheckConstraint(name="visit_state_known", condition=Q(state__in=[*OPEN_STATES, *SETTLED_STATES])),
            models.CheckConstraint(name="visit_done_has_day", condition=~Q(state="done") | Q(performed_on__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["device", "-due_on"], name="visit_device"),
            # worklists by state: what a person can act on, a tenth of what is open
            models.Index(
                fields=["state", "on_time_until", "id"], name="visit_open_state", condition=Q(is_open=True) & ~Q(state=VisitState.NOT_DUE)
            ),
            # all that is open by its last day; the state lets "coming" pass over the others without reading them
            models.Index(fields=["on_time_until", "id", "state"], name="visit_open_until", condition=Q(is_open=True)),
            # the tabs of few among many: their rows and their counts
            models.Index(fields=["on_time_until", "id"], name="visit_not_located", condition=Q(is_open=True, outcome="not_located")),
            models.Index(fields=["-due_on", "-id"], name="visit_missed", condition=Q(state=VisitState.MISSED)),
            models.Index(fields=["due_on", "id"], name="visit_due"),  # calendar and workload
            models.Index(fields=["next_change_on"], name="visit_next_change", condition=Q(next_change_on__isnull=False)),  # daily run
            models.Index(fields=["work_order"], name="visit_order", condition=Q(work_order__isnull=False)),
            models.Index(fields=["covered_by"], name="visit_covered_by", condition=Q(covered_by__isnull=False)),  # taking back the larger
            models.Index(fields=["settled_at"], name="visit_settled", condition=Q(settled_at__isnull=False)),
        ]


class Attempt(models.Model):
    """One try at a visit: done, not located, in use… Appended, never changed; a correction supersedes."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="attempts", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="attempts", db_index=False)
    outcome = models.CharField(max_length=16, help_text="Code of rules.outcomes.")
    attempted_at = models.DateTimeField()
    attempted_on = models.DateField(help_text="The day at the facility.")
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=1000, blank=True)
    work_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="attempts", db_index=False)
    meter_value = models.FloatField(null=True)
    performer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    performer_name = models.CharField(max_length=120, blank=True)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    reason = models.CharField(max_length=400, blank=True, help_text="Why it supersedes.")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        ordering = ["attempted_at", "pk"]
        indexes = [
            models.Index(fields=["visit", "attempted_at"], name="attempt_visit"),
            models.Index(fields=["device", "-attempted_at"], name="attempt_device"),
            models.Index(fields=["recorded_at"], name="attempt_recorded"),  # what happened since the last run
            models.Index(fields=["work_order"], name="attempt_order", condition=Q(work_order__isnull=False)),
        ]


@tracked()
class VisitExclusion(models.Model):
    """A visit taken out of the denominator: proposed by one person, confirmed by another, with a reason."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="exclusions")
    code = models.CharField(max_length=20, help_text="cancelled, done_recently, out_of_service, other.")
    reason = models.CharField(max_length=400)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    proposed_by_name = models.CharField(max_length=120)
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    decided_by_name = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(null=True, help_text="Empty: waits for the second person.")
    decision_note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="exclusion_has_reason", condition=~Q(reason=""), violation_error_message="Give the reason."),
            models.CheckConstraint(
                name="exclusion_needs_second_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")) | Q(confirmed=False),
                violation_error_message="A second person must confirm this.",
            ),
            models.UniqueConstraint(fields=["visit"], condition=Q(confirmed__isnull=True), name="exclusion_one_open"),
        ]
        indexes = [models.Index(fields=["-proposed_at"], name="exclusion_open", condition=Q(confirmed__isnull=True))]
