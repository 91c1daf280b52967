"""Which version of the miss policy judges: the one in force on the day it judges, never today's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol, TypeVar


class Version(Protocol):
    """A policy of a facility (None: of all others) in ``[effective_from, effective_to)``; None: from the beginning, for good."""

    @property
    def facility_id(self) -> int | None: ...
    @property
    def effective_from(self) -> date | None: ...
    @property
    def effective_to(self) -> date | None: ...


AnyVersion = TypeVar("AnyVersion", bound=Version)

OWN_DAYS: Mapping[str, str] = {"not_located": "search_after_days", "in_use": "in_use_retry_days"}
"""The outcomes for whose follow-up a policy gives its own days, and the name of that number; all others go by the table."""


def holds_on(version: Version, on: date) -> bool:
    """Say whether a day lies in the period: its first day does, its end does not."""
    return (version.effective_from is None or version.effective_from <= on) and (version.effective_to is None or on < version.effective_to)


def in_force(versions: Iterable[AnyVersion], *, on: date, facility_id: int | None) -> AnyVersion | None:
    """Return the version that judges a day at a facility: its own if one holds that day, else the one for everywhere else.

    None if neither holds. ``services.settle_sql.POLICY_TRIES`` says the same in SQL.
    """
    holding = [one for one in versions if one.facility_id in (facility_id, None) and holds_on(one, on)]
    return max(holding, key=lambda one: one.facility_id is not None, default=None)


def days_given(versions: Iterable[Version], *, outcome: str, on: date, facility_id: int | None) -> int | None:
    """Return the days for the follow-up of an attempt of that day; None if the policy leaves it to the table of outcomes."""
    found = in_force(versions, on=on, facility_id=facility_id) if outcome in OWN_DAYS else None
    return None if found is None else int(getattr(found, OWN_DAYS[outcome]))
