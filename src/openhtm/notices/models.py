"""Messages to people inside the application: who should know what, and whether they have read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.identity.models import ROLE_CHOICES
from openhtm.sites.models import Department, Facility

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class NoticeQuerySet(models.QuerySet["Notice"]):
    def addressed_to(self, actor: Actor) -> NoticeQuerySet:
        """Notices for this person, for a role they hold at the notice's facility, or for a department they belong to."""
        wanted = Q(user_id=actor.user_id) if actor.user_id is not None else Q(pk__in=[])
        for grant in actor.grants:
            at = Q() if grant.facility_id is None else Q(facility_id=grant.facility_id)
            owned = Q(department__isnull=True) if grant.department_id is None else Q(department_id=grant.department_id)
            wanted |= Q(user__isnull=True, role=grant.role.value) & at & owned
            if grant.department_id is not None:
                wanted |= Q(user__isnull=True, role="", department_id=grant.department_id)
        return self.filter(wanted)


@tracked()
class Notice(models.Model):
    """One message. Addressed to a person, to everybody in a role at a facility, or to a department."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    key = models.CharField(max_length=200, unique=True, help_text="What it is about; telling the same thing twice is telling it once.")
    kind = models.CharField(max_length=40, help_text="Stable code of the occasion, such as visit-not-located.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="notices", db_index=False)
    role = models.CharField(max_length=20, choices=ROLE_CHOICES, blank=True)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=4000, blank=True)
    url = models.CharField(max_length=300, blank=True, help_text="Path of the page where something can be done about it.")
    urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="No longer true; kept, not shown.")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="notice_has_an_address",
                condition=Q(user__isnull=False) | Q(facility__isnull=False, role__gt="") | Q(department__isnull=False),
                violation_error_message="A notice needs a person, a role at a facility, or a department.",
            )
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notice_user", condition=Q(user__isnull=False)),
            models.Index(fields=["facility", "role", "-created_at"], name="notice_role"),
            models.Index(fields=["department", "-created_at"], name="notice_department"),
        ]

    def __str__(self) -> str:
        return self.subject


class NoticeRead(models.Model):
    """Somebody has read a notice."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "notice"], name="notice_read_once")]
