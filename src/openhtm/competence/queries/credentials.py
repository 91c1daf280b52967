"""Credentials of staff, as the guard needs them. The one place where this room asks the workforce for them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from openhtm.competence.rules.levels import Certified


def credentials_of(staff_ids: Collection[int], *, on: date) -> dict[int, tuple[Certified, ...]]:
    """Return what each person holds or held, lapsed ones included, so that a refusal can say which ran out."""
    return {}
