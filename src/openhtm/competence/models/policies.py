"""What an act asks of people, and how many of them a type should have. Data with source, edition and period."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openhtm.competence.models.records import LEVEL_CHOICES
from openhtm.competence.rules.guard import ACT_LABELS, MODE_LABELS, NEEDS_LABELS, RISK_LABELS
from openhtm.core.constraints import one_of
from openhtm.core.history import tracked

ACT_CHOICES = [(act.value, label) for act, label in ACT_LABELS.items()]
RISK_CHOICES = [(risk.value, label) for risk, label in RISK_LABELS.items()]
NEEDS_CHOICES = [(needs.value, label) for needs, label in NEEDS_LABELS.items()]
MODE_CHOICES = [(mode.value, label) for mode, label in MODE_LABELS.items()]
JUDGED_CHOICES = [("work_day", "The day the work was completed"), ("act_day", "The day it is closed")]


@tracked()
class QualificationPolicy(models.Model):
    """What getting, closing or deciding asks for. A change ends the line and begins another, so any day's policy can be read."""

    act = models.CharField(max_length=12, choices=ACT_CHOICES)
    risk = models.CharField(max_length=10, choices=RISK_CHOICES, help_text="Which devices: high-risk ones, or all others.")
    needs = models.CharField(max_length=10, choices=NEEDS_CHOICES)
    mode = models.CharField(max_length=5, choices=MODE_CHOICES)
    least_level = models.CharField(max_length=12, choices=LEVEL_CHOICES, default="independent")
    programmes = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Codes of the credentials that count; empty: any."
    )
    roles = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="Roles that suffice in place of what is needed."
    )
    judged_on = models.CharField(
        max_length=8, choices=JUDGED_CHOICES, default="work_day", help_text="Which day counts when work is closed."
    )
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True, help_text="First day on which it no longer holds.")
    source = models.CharField(max_length=200, default="local")
    edition = models.CharField(max_length=60, blank=True)
    confidence = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=400, blank=True, help_text="Why it was changed here.")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["act", "risk", "-effective_from", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["act", "risk"], condition=Q(effective_to__isnull=True), name="qualification_policy_one_open"),
            models.UniqueConstraint(fields=["act", "risk", "effective_from"], name="qualification_policy_once"),
            models.CheckConstraint(
                name="qualification_policy_period",
                condition=Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")),
                violation_error_message="The end must come after the start.",
            ),
            one_of("act", [code for code, _ in ACT_CHOICES], table="qualification_policy"),
            one_of("risk", [code for code, _ in RISK_CHOICES], table="qualification_policy"),
            one_of("needs", [code for code, _ in NEEDS_CHOICES], table="qualification_policy"),
            one_of("mode", [code for code, _ in MODE_CHOICES], table="qualification_policy"),
        ]


@tracked()
class CoverageTarget(models.Model):
    """How many people a device type should have, and how far ahead leaving and lapsing count."""

    risk = models.CharField(max_length=10, choices=RISK_CHOICES, unique=True, help_text="Which types: high-risk ones, or all others.")
    wanted = models.PositiveSmallIntegerField(help_text="People who should be able to do it alone.")
    horizon_days = models.PositiveSmallIntegerField(help_text="Whoever leaves or lapses within so many days does not count as staying.")
    source = models.CharField(max_length=200, default="local")
    edition = models.CharField(max_length=60, blank=True)
    confidence = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["risk"]
        constraints = [
            models.CheckConstraint(
                name="coverage_target_sensible",
                condition=Q(wanted__range=(1, 50), horizon_days__range=(0, 1100)),
                violation_error_message="Want 1 to 50 people and look at most 1,100 days ahead.",
            )
        ]
