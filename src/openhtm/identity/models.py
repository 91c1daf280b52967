"""People, the roles they hold at facilities, API tokens, and what protects the log-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from openhtm.core.history import tracked
from openhtm.identity.rules.permissions import ROLE_LABELS, Permission, Role
from openhtm.sites.models import Department, Facility, ServiceProvider

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor

ROLE_CHOICES = [(role.value, ROLE_LABELS[role]) for role in Role]


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)

    def visible_to(self, actor: Actor) -> models.QuerySet[User]:
        """People with a role at a facility where the actor may see people, and the actor themselves."""
        facilities = actor.facilities_for(Permission.VIEW_PEOPLE)
        if facilities is None:
            return self.get_queryset()
        colleagues = RoleAssignment.objects.filter(facility_id__in=facilities).values("user_id")
        return self.get_queryset().filter(Q(pk__in=colleagues) | Q(pk=actor.user_id))


@tracked(exclude=["last_login", "password"])
class User(AbstractBaseUser):
    """A person who logs in, or a service account behind API tokens."""

    username = models.CharField(
        max_length=60,
        validators=[RegexValidator(r"^[\w.@+-]+$", "Use letters, digits and . @ + - _ only.")],
        help_text="What this person types to log in.",
    )
    full_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    is_service_account = models.BooleanField(default=False, help_text="Cannot log in; only its API tokens work.")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    session_version = models.PositiveIntegerField(default=1, editable=False, help_text="Raised to end all sessions of this person.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        ordering = ["full_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_once",
                violation_error_message="Somebody already has this user name.",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_session_auth_hash(self) -> str:
        """Tie sessions to the password and to ``session_version``: changing either ends them."""
        return salted_hmac("openhtm.identity.session", f"{self.password}:{self.session_version}", algorithm="sha256").hexdigest()


@tracked()
class RoleAssignment(models.Model):
    """One role for one person at one facility (none: everywhere), optionally narrowed and time-boxed."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=20, choices=ROLE_CHOICES)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, help_text="Empty: at every facility.")
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, help_text="Requesters: only this department's devices."
    )
    provider = models.ForeignKey(
        ServiceProvider, models.PROTECT, null=True, blank=True, help_text="Vendor technicians: whose devices they see."
    )
    valid_from = models.DateTimeField(default=timezone.now)
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Surveyors need an end.")
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["user", "role", "pk"]
        constraints = [
            models.UniqueConstraint(
                "user",
                "role",
                "facility",
                "department",
                "provider",
                name="role_assignment_once",
                nulls_distinct=False,
                violation_error_message="This person already has that role there.",
            ),
            models.CheckConstraint(name="role_assignment_role_known", condition=Q(role__in=[r.value for r in Role])),
            models.CheckConstraint(
                name="role_assignment_vendor_names_provider",
                condition=(Q(role=Role.VENDOR_TECHNICIAN) & Q(provider__isnull=False))
                | (~Q(role=Role.VENDOR_TECHNICIAN) & Q(provider__isnull=True)),
                violation_error_message="A vendor technician needs a service provider, and only a vendor technician has one.",
            ),
            models.CheckConstraint(
                name="role_assignment_department_for_requesters",
                condition=Q(department__isnull=True) | (Q(role=Role.REQUESTER) & Q(facility__isnull=False)),
                violation_error_message="Only requesters are narrowed to a department, at one facility.",
            ),
            models.CheckConstraint(
                name="role_assignment_surveyor_is_time_boxed",
                condition=~Q(role=Role.SURVEYOR) | Q(valid_until__isnull=False),
                violation_error_message="A surveyor's access needs an end.",
            ),
            models.CheckConstraint(
                name="role_assignment_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                violation_error_message="The end must come after the start.",
            ),
        ]


@tracked(exclude=["token_hash", "last_used_at", "last_used_from"])
class ApiToken(models.Model):
    """A bearer token: shown once, stored as SHA-256, never wider than its owner's own rights."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text="The first characters, to recognise it by.")
    role = models.CharField(max_length=20, choices=ROLE_CHOICES, blank=True, help_text="Empty: all of the owner's roles.")
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, help_text="Empty: all of the owner's facilities.")
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_from = models.GenericIPAddressField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="api_token_expires_after_creation",
                condition=Q(expires_at__gt=F("created_at")),
                violation_error_message="The expiry must lie in the future.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class LogInAttempt(models.Model):
    """One try at logging in: throttles guessing by name and by address, and shows the owner what happened."""

    username_key = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=timezone.now)
    succeeded = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(fields=["username_key", "-at"], name="log_in_attempt_name"),
            models.Index(fields=["address", "-at"], name="log_in_attempt_address"),
        ]
