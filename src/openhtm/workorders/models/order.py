"""The work order: one record for every kind of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import public_code, uuid7
from openhtm.inventory.models import Device
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.workforce.models import Team
from openhtm.workorders.models.codes import KIND_CHOICES, PRIORITY_CHOICES, WorkCode, WorkTemplate
from openhtm.workorders.rules.kinds import STATUS_LABELS, UNDER_WAY, Kind, Priority, Status, number_text

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

STATUS_CHOICES = [(status.value, label) for status, label in STATUS_LABELS.items()]
NUMBER_SEQUENCE = "workorders_number"


class Origin(models.TextChoices):
    PERSON = "person", "Opened by a person"
    REQUEST = "request", "Reported without log-in"
    VISIT = "visit", "A scheduled visit"
    RESULT = "result", "A failed step"
    ROUND = "round", "A round"
    READINESS = "readiness", "A readiness check"
    TESTER = "tester", "A tester out of tolerance"
    FOUND = "found", "A missing device was found"
    IMPORT = "import", "An import"
    API = "api", "Another system"


class WorkOrderQuerySet(models.QuerySet["WorkOrder"]):
    def visible_to(self, actor: Actor) -> WorkOrderQuerySet:
        """Whole facilities, one's own department's orders, what one reported, or what is assigned to one's company."""
        reach = actor.reach()
        if reach.everywhere:
            return self
        allowed = Q(facility_id__in=reach.facility_ids)
        if reach.department_ids:
            allowed |= Q(department_id__in=reach.department_ids) | Q(reporter_id=actor.user_id)
        for provider_id, facility_id in reach.provider_facilities:
            allowed |= Q(assigned_provider_id=provider_id, **({} if facility_id is None else {"facility_id": facility_id}))
        return self.filter(allowed)

    def under_way(self) -> WorkOrderQuerySet:
        return self.filter(under_way=True)


@tracked(exclude=["search_text", "under_way"])
class WorkOrder(models.Model):
    """One piece of work. The ``*_cents`` and ``labour_min`` columns are caches owned by ``services.costs``."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    number = models.BigIntegerField(
        unique=True, editable=False, help_text="WO-1042 without its letters; from a sequence, never used again."
    )
    kind = models.CharField(max_length=20, choices=KIND_CHOICES, default=Kind.CORRECTIVE.value)
    status = models.CharField(max_length=12, choices=STATUS_CHOICES, default=Status.OPEN.value)
    priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES, default=Priority.NORMAL.value)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=20_000, blank=True)
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.PERSON)

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="work_orders", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="work_orders", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="work_orders", db_index=False)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="work_orders", db_index=False)

    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reporter_name = models.CharField(max_length=120, blank=True)
    reporter_contact = models.CharField(max_length=120, blank=True, help_text="Telephone, pager or e-mail for calling back.")
    call_back = models.BooleanField(default=False, help_text="The reporter wants to be called.")
    patient_involved = models.BooleanField(null=True, blank=True, help_text="Empty: not asked or not known.")
    incident = models.BooleanField(default=False, help_text="Raised when a patient was involved: keep the device as evidence.")
    set_aside = models.BooleanField(null=True, blank=True, help_text="The reporter says the device is out of use.")
    status_code = models.CharField(
        max_length=24, unique=True, default=public_code, editable=False, help_text="In the reporter's status address."
    )

    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    opened_by_name = models.CharField(max_length=120, blank=True)
    opens_on = models.DateField(null=True, blank=True, help_text="First day on which it may be done.")
    due_on = models.DateField(null=True, blank=True, help_text="The day it is due.")
    on_time_until = models.DateField(null=True, blank=True, help_text="Last day on which it counts as on time.")
    grace_until = models.DateField(null=True, blank=True, help_text="Last day of grace; after it the order is late.")
    planned_on = models.DateField(null=True, blank=True, help_text="The day somebody intends to do it.")
    response_due_at = models.DateTimeField(null=True, blank=True)
    completion_due_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)

    assigned_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    assigned_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    assigned_provider = models.ForeignKey(ServiceProvider, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    skill = models.SlugField(max_length=40, blank=True, db_index=False)
    est_min = models.PositiveIntegerField(null=True, blank=True)

    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    closed_by_rule = models.BooleanField(default=False, help_text="Everything was in tolerance, so nobody had to review it.")

    hold_reason = models.ForeignKey(WorkCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    hold_until = models.DateField(null=True, blank=True)
    held_since = models.DateTimeField(null=True, blank=True)
    held_s = models.PositiveBigIntegerField(default=0, help_text="Seconds it waited before, with the clock stopped.")

    problem = models.ForeignKey(WorkCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    cause = models.ForeignKey(WorkCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    resolution = models.ForeignKey(WorkCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    failure = models.ForeignKey(WorkCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    cancel_reason = models.ForeignKey(WorkCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    work_done = models.TextField(max_length=20_000, blank=True)
    return_test_required = models.BooleanField(default=False, help_text="The device is released only after the return-to-service test.")
    review_reasons = models.JSONField(default=list, blank=True, help_text="Why people must read it; empty: passes by rule.")

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", db_index=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_orders", db_index=False)
    template = models.ForeignKey(WorkTemplate, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    labour_min = models.PositiveIntegerField(default=0, editable=False)
    labour_cents = models.BigIntegerField(default=0, editable=False)
    parts_cents = models.BigIntegerField(default=0, editable=False)
    vendor_cents = models.BigIntegerField(default=0, editable=False)
    other_cents = models.BigIntegerField(default=0, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    under_way = models.GeneratedField(
        expression=Q(status__in=sorted(UNDER_WAY)),  # type: ignore[arg-type]  # a Q is resolved like any expression
        output_field=models.BooleanField(),
        db_persist=True,
    )
    search_text = models.GeneratedField(expression=Upper(F("title")), output_field=models.TextField(), db_persist=True)

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="work_order_kind_known", condition=Q(kind__in=[k.value for k in Kind])),
            models.CheckConstraint(name="work_order_status_known", condition=Q(status__in=[s.value for s in Status])),
            models.CheckConstraint(name="work_order_priority_known", condition=Q(priority__in=[p.value for p in Priority])),
            models.CheckConstraint(
                name="work_order_hold_has_reason",
                condition=~Q(status="on_hold") | Q(hold_reason__isnull=False, held_since__isnull=False),
                violation_error_message="Say why the work waits.",
            ),
            models.CheckConstraint(
                name="work_order_closed_has_time",
                condition=Q(closed_at__isnull=False) | ~Q(status="closed"),
            ),
            models.CheckConstraint(name="work_order_not_its_own_parent", condition=Q(parent__isnull=True) | ~Q(parent=F("pk"))),
            models.CheckConstraint(
                name="work_order_not_merged_into_itself", condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk"))
            ),
            models.CheckConstraint(name="work_order_merged_names_target", condition=~Q(status="merged") | Q(merged_into__isnull=False)),
            models.CheckConstraint(
                name="work_order_window_in_order",
                condition=Q(due_on__isnull=True)
                | Q(opens_on__lte=F("due_on"), on_time_until__gte=F("due_on"), grace_until__gte=F("on_time_until")),
            ),
        ]
        indexes = [
            # the list of all orders, newest first, whole or of one facility, kind or device
            models.Index(fields=["facility", "-number"], name="work_order_facility"),
            models.Index(fields=["device", "-number"], name="work_order_device", condition=Q(device__isnull=False)),
            models.Index(fields=["kind", "-number"], name="work_order_kind"),
            models.Index(fields=["parent"], name="work_order_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["merged_into"], name="work_order_merged", condition=Q(merged_into__isnull=False)),
            # Today and the board: only what is under way, by urgency and due day
            models.Index(fields=["status", "priority", "number"], name="work_order_board", condition=Q(under_way=True)),
            models.Index(fields=["facility", "status", "priority", "number"], name="work_order_board_site", condition=Q(under_way=True)),
            models.Index(fields=["assigned_user", "on_time_until"], name="work_order_mine", condition=Q(under_way=True)),
            models.Index(fields=["assigned_team", "on_time_until"], name="work_order_team", condition=Q(under_way=True)),
            models.Index(fields=["assigned_provider", "-number"], name="work_order_provider", condition=Q(assigned_provider__isnull=False)),
            models.Index(fields=["department", "-number"], name="work_order_department"),
            models.Index(fields=["location", "number"], name="work_order_place", condition=Q(under_way=True)),
            models.Index(fields=["reporter", "-number"], name="work_order_reporter", condition=Q(reporter__isnull=False)),
            models.Index(fields=["status", "-number"], name="work_order_status", condition=Q(under_way=True)),  # the tabs of the list
            models.Index(fields=["planned_on", "-number"], name="work_order_planned", condition=Q(planned_on__isnull=False)),
            models.Index(fields=["-number"], name="work_order_incident", condition=Q(incident=True)),
            models.Index(fields=["completed_by", "-completed_at"], name="work_order_done_by", condition=Q(completed_by__isnull=False)),
            # the counts above the list: what nobody has, what is past its window or its target
            models.Index(
                fields=["facility", "status"],
                name="work_order_nobody",
                condition=Q(under_way=True, assigned_user__isnull=True, assigned_team__isnull=True, assigned_provider__isnull=True),
            ),
            models.Index(fields=["grace_until"], name="work_order_grace", condition=Q(under_way=True)),
            models.Index(fields=["completion_due_at"], name="work_order_target", condition=Q(under_way=True, due_on__isnull=True)),
            models.Index(fields=["-closed_at"], name="work_order_closed", condition=Q(closed_at__isnull=False)),
            models.Index(  # how many repairs a facility had by skill, and the minutes they took, for the staffing forecast
                fields=["facility", "closed_at"],
                name="work_order_repairs",
                include=["skill", "labour_min"],
                condition=Q(kind=Kind.CORRECTIVE.value, closed_at__isnull=False),
            ),
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="work_order_search"),  # part of a title
        ]

    def __str__(self) -> str:
        return number_text(self.number)
