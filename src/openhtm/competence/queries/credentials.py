"""Credentials of staff, as the guard needs them. The one place where this room asks the workforce for them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from openhtm.competence.rules.levels import Certified
from openhtm.workforce.queries.credentials import begun_by


def credentials_of(staff_ids: Collection[int], *, on: date) -> dict[int, tuple[Certified, ...]]:
    """Return what each person holds or held, lapsed ones included, so that a refusal can say which ran out.

    ``on`` is the last day that will be judged. One statement.
    """
    found: dict[int, list[Certified]] = {}
    for one in begun_by(staff_ids, on):
        held = Certified(one.programme, one.number, one.issued_on, one.expires_on, one.stopped_on, one.tier, one.verified, one.key)
        found.setdefault(one.staff_id, []).append(held)
    return {staff_id: tuple(held) for staff_id, held in found.items()}
