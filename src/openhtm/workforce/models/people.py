"""People who work on devices, with an account or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from openhtm.core.history import tracked
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility, ServiceProvider

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class StaffKind(models.TextChoices):
    IN_HOUSE = "in_house", "In-house"
    VENDOR = "vendor", "Service provider"
    STUDENT = "student", "Student"


class CareerRole(models.TextChoices):
    """What somebody works as: the roles that paths to certification count."""

    BMET = "bmet", "Biomedical technician"
    IMAGING = "imaging", "Imaging service engineer"
    LABORATORY = "laboratory", "Laboratory equipment technician"
    ENGINEER = "engineer", "Clinical engineer"
    SUPERVISOR = "supervisor", "Supervisor"
    MANAGER = "manager", "Manager"
    OTHER = "other", "Other"


class StaffMemberQuerySet(models.QuerySet["StaffMember"]):
    def visible_to(self, actor: Actor) -> StaffMemberQuerySet:
        """Staff of facilities where the actor may see staff, those who work everywhere if they may see any, and oneself."""
        places = actor.facilities_for(Permission.VIEW_STAFF)
        if places is None:
            return self
        seen = Q(user_id=actor.user_id) if actor.user_id else Q(pk__in=())
        return self.filter(seen | Q(facility_id__in=places) | Q(facility__isnull=True)) if places else self.filter(seen)

    def working(self) -> StaffMemberQuerySet:
        """Those whose account, if they have one, is open: closing it ends somebody's work here."""
        return self.filter(Q(user__isnull=True) | Q(user__is_active=True))

    def here_on(self, day: object) -> StaffMemberQuerySet:
        """Those who have begun and not left on ``day``, without closed accounts."""
        return self.working().filter(Q(started_on__isnull=True) | Q(started_on__lte=day), Q(leaves_on__isnull=True) | Q(leaves_on__gt=day))


@tracked()
class StaffMember(models.Model):
    """A person who works on devices. The account is optional: a student or a vendor's engineer may have none."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="staff")
    full_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=StaffKind.choices, default=StaffKind.IN_HOUSE)
    provider = models.ForeignKey(
        ServiceProvider, models.PROTECT, null=True, blank=True, related_name="staff", help_text="The company that sends this person."
    )
    facility = models.ForeignKey(
        Facility, models.PROTECT, null=True, blank=True, related_name="staff", help_text="Empty: works everywhere."
    )
    job_title = models.CharField(max_length=120, blank=True)
    career_role = models.CharField(max_length=12, choices=CareerRole.choices, default=CareerRole.BMET)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    started_on = models.DateField(null=True, blank=True)
    leaves_on = models.DateField(null=True, blank=True, help_text="First day on which this person no longer works here; may lie ahead.")
    leave_reason = models.CharField(max_length=120, blank=True, help_text="Such as retirement.")

    objects = StaffMemberQuerySet.as_manager()

    class Meta:
        ordering = ["full_name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="staff_member_leaves_after_start",
                condition=Q(leaves_on__isnull=True) | Q(started_on__isnull=True) | Q(leaves_on__gt=F("started_on")),
                violation_error_message="The day of leaving must come after the start.",
            ),
            models.CheckConstraint(
                name="staff_member_vendor_names_provider",
                condition=(Q(kind=StaffKind.VENDOR) & Q(provider__isnull=False)) | (~Q(kind=StaffKind.VENDOR) & Q(provider__isnull=True)),
                violation_error_message="Staff of a service provider need the provider, and only they have one.",
            ),
            models.CheckConstraint(
                name="staff_member_kind_known",
                condition=Q(kind__in=StaffKind.values) & Q(career_role__in=CareerRole.values),
                violation_error_message="Choose one of the kinds and roles offered.",
            ),
        ]
        indexes = [models.Index(fields=["full_name", "id"], name="staff_member_name")]

    def __str__(self) -> str:
        return self.full_name
