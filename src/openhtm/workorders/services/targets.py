"""How soon work of a priority is answered and done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workorders.models import ServiceTarget
from openhtm.workorders.rules.clock import target_at
from openhtm.workorders.rules.kinds import Priority

MAX_MINUTES = 10 * 365 * 24 * 60
Minutes = tuple[int | None, int | None]


class Targets:
    """The targets of some facilities, read once: a facility's own line wins over the general one."""

    def __init__(self, facility_ids: Iterable[int]) -> None:
        lines = ServiceTarget.objects.filter(facility_id__in=set(facility_ids)) | ServiceTarget.objects.filter(facility__isnull=True)
        self._lines: dict[tuple[int | None, int], Minutes] = {
            (facility, priority): (response, completion)
            for facility, priority, response, completion in lines.values_list("facility_id", "priority", "response_min", "completion_min")
        }

    def minutes(self, *, facility_id: int, priority: int) -> Minutes:
        """Return minutes until somebody answers and until it is done; None: no target."""
        own = self._lines.get((facility_id, priority))
        return own if own is not None else self._lines.get((None, priority), (None, None))

    def due(self, *, facility_id: int, priority: int, opened_at: datetime, held_s: int = 0) -> tuple[datetime | None, datetime | None]:
        """Return when an answer and when completion is due."""
        response, completion = self.minutes(facility_id=facility_id, priority=priority)
        return target_at(opened_at, response), target_at(opened_at, completion, held_s=held_s)


@transaction.atomic
def set_target(
    *, actor: Actor, priority: int, response_min: int | None, completion_min: int | None, facility_id: int | None = None
) -> ServiceTarget:
    """Set the targets of a priority, everywhere or at one facility. Orders that are open keep theirs.

    Raises Facility.DoesNotExist, NotAllowed, Invalid.
    """
    if facility_id is None:
        require_everywhere(actor, Permission.MANAGE_WORK_LISTS)
    else:
        facility = Facility.objects.visible_to(actor).get(pk=facility_id)
        require(actor, Permission.MANAGE_WORK_LISTS, at=facility.pk, place=facility.name)
    errors = {
        name: [f"Give 1 to {MAX_MINUTES:,} minutes, or leave it empty."]
        for name, value in (("response_min", response_min), ("completion_min", completion_min))
        if value is not None and not 1 <= value <= MAX_MINUTES
    }
    if priority not in set(Priority):
        errors["priority"] = ["Choose a priority from 1 (emergency) to 4 (low)."]
    if errors:
        raise Invalid(errors)
    where = {"facility__isnull": True} if facility_id is None else {"facility_id": facility_id}
    target = ServiceTarget.objects.filter(priority=priority, **where).first() or ServiceTarget(facility_id=facility_id, priority=priority)
    target.response_min, target.completion_min, target.source = response_min, completion_min, "local"
    with refuse_readably():
        target.save()
    return target
