"""Who is told that training is due: the unit about its people, the educators about roll-outs. Each occasion once."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.notices.services import Message, tell_many
from openhtm.training.queries import coverage
from openhtm.training.queries.coverage import RollOut, UnitCoverage
from openhtm.training.rules.coverage import State

ROLL_OUTS_SINCE = timedelta(days=365)


@transaction.atomic
def remind(*, today: date, now: datetime) -> int:
    """Tell units and educators what is due, once a month for each unit and once for each roll-out. Returns how many are new.

    A dozen statements for any number of units.
    """
    units = coverage.units(Actor.system("training reminders"))
    messages = [message for one in coverage.coverage(units, on=today) for message in _of_unit(one, today)]
    late = [one for one in coverage.roll_outs(units, on=today, since=today - ROLL_OUTS_SINCE) if one.late]
    return tell_many([*messages, *map(_of_roll_out, late)], now=now)


def _of_unit(unit: UnitCoverage, today: date) -> list[Message]:
    counts = Counter({state: unit.count(state) for state in State})
    if not counts[State.DUE] + counts[State.LAPSED]:
        return []
    words = ", ".join(f"{counts[state]} {word}" for state, word in ((State.LAPSED, "lapsed"), (State.DUE, "due")) if counts[state])
    about: dict[str, Any] = {
        "kind": "training-due",
        "subject": f"{unit.department.name}: device training {words}",
        "text": "A training counts for one person and one device type. The page names them.",
        "url": reverse("training:unit", args=[unit.department.pk]),
    }
    key = f"training-due:{unit.department.pk}:{today:%Y-%m}"
    return [
        Message(key=key, department_id=unit.department.pk, **about),
        Message(key=f"{key}:educator", role=Role.CLINICAL_EDUCATOR, facility_id=unit.department.facility_id, **about),
    ]


def _of_roll_out(one: RollOut) -> Message:
    return Message(
        key=f"training-roll-out:{one.department.pk}:{one.model.pk}:{one.since}",
        kind="training-roll-out",
        subject=f"{one.department.name}: {one.missing} of {one.should} people not trained on {one.model}",
        text=f"The first came into service on {one.since:%d %b %Y}.",
        url=reverse("training:roll-outs"),
        role=Role.CLINICAL_EDUCATOR,
        facility_id=one.department.facility_id,
    )
