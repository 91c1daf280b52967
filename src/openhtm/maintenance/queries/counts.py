"""How much of the maintenance owed was done on time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q

from openhtm.identity.actor import Actor
from openhtm.maintenance.models import Visit


@dataclass(frozen=True, slots=True)
class Share:
    """The two percentages that are never shown apart, of the visits owed: None where nothing was owed."""

    owed: int
    by_policy: int
    performed: int

    @property
    def by_policy_percent(self) -> float | None:
        return round(100 * self.by_policy / self.owed, 1) if self.owed else None

    @property
    def performed_percent(self) -> float | None:
        return round(100 * self.performed / self.owed, 1) if self.owed else None


def share_on_time(*, actor: Actor, first_on: date, last_on: date) -> Share:
    """Return both percentages of the visits whose last day on time lies in the days given. One statement.

    Excluded visits, those that passed while held, and those no longer owed count in neither; visits that are open do once late.
    """
    owed = (
        Visit.objects.visible_to(actor)
        .filter(on_time_until__range=(first_on, last_on))
        .filter(Q(state__in=("done", "covered", "missed")) | Q(state__in=("grace", "late")))
    )
    found = owed.aggregate(
        owed=Count("pk"),
        by_policy=Count("pk", filter=Q(policy_compliant=True)),
        performed=Count("pk", filter=Q(performed_on__lte=F("on_time_until"))),
    )
    return Share(**found)
