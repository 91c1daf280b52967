"""An order as somebody wants it, and the days that follow from what they said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from openhtm.workorders.rules.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """One order to open. Ids are primary keys; ``version_ids`` are released procedure versions to carry out, in this order.

    A place and department that are left out are the device's.
    """

    title: str
    facility_id: int
    kind: Kind = Kind.CORRECTIVE
    device_id: int | None = None
    location_id: int | None = None
    department_id: int | None = None
    description: str = ""
    priority: int = 3
    origin: str = "person"
    template_id: int | None = None
    version_ids: tuple[int, ...] = ()
    opens_on: date | None = None
    due_on: date | None = None
    on_time_until: date | None = None
    grace_until: date | None = None
    planned_on: date | None = None
    assigned_user_id: int | None = None
    assigned_team_id: int | None = None
    assigned_provider_id: int | None = None
    skill: str = ""
    est_min: int | None = None
    parent_id: int | None = None
    reporter_name: str = ""
    reporter_contact: str = ""
    call_back: bool = False
    patient_involved: bool | None = None
    set_aside: bool | None = None
    problem_id: int | None = None
    return_test_required: bool = False


def with_window(order: NewOrder) -> NewOrder:
    """Fill the days that were left out around the due day: it opens, counts as on time and ends with that day alone."""
    if order.due_on is None:
        return order
    on_time = order.on_time_until or order.due_on
    return replace(
        order, opens_on=order.opens_on or order.due_on, on_time_until=on_time, grace_until=order.grace_until or max(on_time, order.due_on)
    )


def problems_of(order: NewOrder) -> dict[str, list[str]]:
    """Return what is wrong with the words, numbers and days of an order, by field."""
    errors: dict[str, list[str]] = {}
    for field, limit in _TEXTS.items():
        text = getattr(order, field)
        if len(text) > limit or "\0" in text:
            errors[field] = [f"Write at most {limit:,} characters, without the NUL character."]
    if not order.title.strip():
        errors["title"] = ["Say in a few words what is to be done."]
    if any(ord(char) < 32 or ord(char) == 127 for char in order.title):
        errors["title"] = ["Remove tabs, line breaks and other control characters."]
    if order.priority not in (1, 2, 3, 4):
        errors["priority"] = ["Choose a priority from 1 (emergency) to 4 (low)."]
    if order.est_min is not None and not 0 <= order.est_min <= 100_000:
        errors["est_min"] = ["Estimate 0 to 100,000 minutes."]
    return errors | _window_problems(with_window(order))


_TEXTS = {"title": 200, "description": 20_000, "reporter_name": 120, "reporter_contact": 120, "skill": 40}


def _window_problems(order: NewOrder) -> dict[str, list[str]]:
    if order.due_on is None:
        given = order.opens_on or order.on_time_until or order.grace_until
        return {"due_on": ["Give the due day of this window."]} if given else {}
    days = (order.opens_on, order.due_on, order.on_time_until, order.grace_until)
    if all(before is None or after is None or before <= after for before, after in pairwise(days)):
        return {}
    return {"due_on": ["The days must follow each other: opens, due, on time until, grace until."]}
