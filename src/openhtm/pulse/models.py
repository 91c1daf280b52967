"""The anonymous staff survey. What somebody answered is never stored: answers only raise counts of groups.

``Invitation`` and ``AnswerCount`` keep no history on purpose: history knows who did something and when. All rows of a survey in both
tables are rewritten by every answer, so that not even the database's own marks of the last change tell whose answer was which.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from openhtm.core.history import tracked
from openhtm.core.ids import uuid7
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workforce.models import StaffMember

if TYPE_CHECKING:
    from openhtm.identity.actor import Actor


class SurveyQuerySet(models.QuerySet["Survey"]):
    def managed_by(self, actor: Actor) -> SurveyQuerySet:
        """Surveys of facilities where the actor holds them; those of everybody for who may everywhere."""
        places = actor.facilities_for(Permission.MANAGE_SURVEYS)
        return self if places is None else self.filter(facility_id__in=places)


@tracked()
class Survey(models.Model):
    """One survey of the staff: its days, its questions as they were asked, and into which groups its answers may be cut."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    title = models.CharField(max_length=120)
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: everybody.")
    opens_on = models.DateField()
    closes_on = models.DateField(help_text="First day on which nobody can answer any more.")
    least_group = models.PositiveSmallIntegerField(help_text="So many answers a group has at least before anything is told of it.")
    rules_edition = models.CharField(max_length=20, help_text="Edition of the rules of anonymity.")
    question_edition = models.CharField(max_length=20, help_text="Edition of the questions.")
    opened = models.BooleanField(default=False, help_text="People were invited.")
    sealed = models.BooleanField(default=False, help_text="Ended, and its counts were merged into the groups that may be shown.")
    invited = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(null=True, blank=True, help_text="People who answered; counted at the end.")
    blocks = models.JSONField(default=list, blank=True, help_text="[{key, label, leaves, answers, invited}] the groups that may be shown.")

    objects = SurveyQuerySet.as_manager()

    class Meta:
        ordering = ["-closes_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="survey_days", condition=Q(closes_on__gt=F("opens_on")), violation_error_message="The end must come after the start."
            ),
            models.CheckConstraint(
                name="survey_least_group",
                condition=Q(least_group__gte=5),
                violation_error_message="A group of fewer than 5 is not anonymous.",
            ),
            models.CheckConstraint(
                name="survey_sealed_was_opened",
                condition=Q(sealed=False) | Q(opened=True, answered__isnull=False),
                violation_error_message="Only a survey that was opened can end.",
            ),
            models.CheckConstraint(name="survey_has_title", condition=~Q(title=""), violation_error_message="Give a title."),
        ]
        indexes = [models.Index(fields=["facility", "-closes_on"], name="survey_facility")]

    def __str__(self) -> str:
        return self.title

    @property
    def last_on(self) -> date:
        """The last day on which people can answer."""
        return self.closes_on - timedelta(days=1)


class Invitation(models.Model):
    """Somebody is asked. It knows that they answered, never what and never when."""

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="invitations", db_index=False)
    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", help_text="The account with which they answer.")
    group_key = models.CharField(max_length=2000, help_text="The group their answers are counted in: of the least size or larger.")
    answered = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "staff"], name="invitation_once")]


class AnswerCount(models.Model):
    """How often an answer was given in a group. There is no row for one person's answer."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, help_text="Random, so that it tells no order.")
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="counts", db_index=False)
    group_key = models.CharField(max_length=2000, help_text="Group of invitations; once the survey ended, the groups that may be shown.")
    question = models.CharField(max_length=40, help_text="Code of the question.")
    value = models.PositiveSmallIntegerField(help_text="Place of the answer, from 1; 0: prefers not to say.")
    count = models.PositiveIntegerField(default=0, help_text="How many people gave it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "group_key", "question", "value"], name="answer_count_once")]
