"""Visits as lists show them: finished rows from one statement, tabs with counts that stay cheap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from openhtm.core.pagination import Page, keyset_page
from openhtm.identity.actor import Actor
from openhtm.inventory.queries.filters import Filters
from openhtm.maintenance.models import Visit
from openhtm.maintenance.models.visit import VisitQuerySet
from openhtm.maintenance.queries.visit_filters import GROUPS, order_of
from openhtm.maintenance.rules.calendar import local_day
from openhtm.maintenance.rules.outcomes import OUTCOMES
from openhtm.maintenance.rules.states import STATE_LABELS, VisitState
from openhtm.ui.rules import formats
from openhtm.ui.rules.windows import DueWindow
from openhtm.workorders.rules.kinds import number_text

FIELDS = (
    "id", "due_on", "opens_on", "on_time_until", "grace_until", "state", "is_open", "performed_on", "timing", "outcome", "attempts_count",
    "policy_compliant", "settled_at", "schedule_id", "schedule__procedure__code", "schedule__procedure__name", "schedule__every_n",
    "schedule__every_unit", "device__control_number", "device__high_risk", "device__status", "device__device_type__name",
    "device__device_model__name", "device__device_model__catalog_number", "device__location__full_name", "device__department__name",
    "device__facility__code", "device__facility__name", "device__facility__time_zone", "work_order__number", "work_order__assigned_user__full_name",
    "work_order__assigned_team__name", "work_order__assigned_provider__name",
)  # fmt: skip
"""What ``.values(*FIELDS)`` must bring for a card."""
TONES: dict[str, str] = {
    "not_due": "info", "in_window": "ok", "due": "due", "grace": "due", "late": "late", "held": "hold", "done": "ok", "missed": "late",
    "excluded": "hold", "passed_held": "hold", "covered": "ok", "removed": "unknown",
}  # fmt: skip
TIMINGS = {"on_time": "on time", "within_grace": "within grace", "late": "late"}
COUNT_TO = 999


@dataclass(frozen=True)
class VisitCard:
    """One visit of a list. ``row`` holds FIELDS; everything else follows from it and from ``now`` (aware)."""

    row: Mapping[str, Any]
    now: datetime

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def url(self) -> str:
        return f"/visits/{self.id}"

    @property
    def tag(self) -> str:
        return str(self.row["device__control_number"])

    @property
    def procedure(self) -> str:
        return str(self.row["schedule__procedure__name"])

    @cached_property
    def device(self) -> str:
        """ "Infusion pump, Alaris 8015"."""
        kind = self.row["device__device_type__name"] or "Device of unknown type"
        model = self.row["device__device_model__name"] or self.row["device__device_model__catalog_number"] or "model unknown"
        return f"{kind}, {model}"

    @property
    def place(self) -> str:
        return self.row["device__location__full_name"] or ""

    @property
    def unit(self) -> str:
        """The place people walk to: without the room and without building and floor; the department if no place is known."""
        above = self.place.split(" › ")
        if not self.place:
            return self.row["device__department__name"] or ""
        return above[-2] if len(above) > 3 else above[-1]

    @property
    def room(self) -> str:
        return self.place.split(" › ")[-1] if self.place else ""

    @cached_property
    def today(self) -> date:
        return local_day(self.now, _zone(self.row["device__facility__time_zone"]))

    @property
    def window(self) -> DueWindow | None:
        """The due bar of a visit that is open."""
        if not self.row["is_open"]:
            return None
        return DueWindow(
            opens_on=self.row["opens_on"],
            due_on=self.row["due_on"],
            grace_until=self.row["grace_until"],
            today=self.today,
            on_time_until=self.row["on_time_until"],
        )

    @property
    def words(self) -> str:
        """The window of an open visit in words; "on time" and "in grace" are the visit's own, not the bar's."""
        row = self.row
        parts = [f"Due {formats.day(row['due_on'])}", f"on time from {formats.day(row['opens_on'])} to {formats.day(row['on_time_until'])}"]
        if row["grace_until"] > row["on_time_until"]:
            parts.append(f"in grace until {formats.day(row['grace_until'])}")
        return ", ".join(parts) + "."

    @property
    def mark(self) -> tuple[str, str]:
        """Tone and words of the state."""
        return mark_of(self.row, today=self.today)

    @property
    def tried(self) -> str:
        """What the newest attempt of an open visit came to; empty if there was none."""
        return outcome_label(self.row["outcome"]) if self.row["is_open"] and self.row["outcome"] else ""

    @property
    def order(self) -> str:
        return number_text(self.row["work_order__number"]) if self.row["work_order__number"] else ""

    @property
    def assignee(self) -> str:
        row = self.row
        return (
            row["work_order__assigned_user__full_name"]
            or row["work_order__assigned_team__name"]
            or row["work_order__assigned_provider__name"]
            or ""
        )


def mark_of(row: Mapping[str, Any], *, today: date) -> tuple[str, str]:
    """Return tone and words for the state of a visit: "Late 9 days", "Done within grace"."""
    state = row["state"]
    label = STATE_LABELS[VisitState(state)]
    if state == "late":
        days = (today - row["grace_until"]).days
        return "late", f"Late {days} day{'' if days == 1 else 's'}" if days > 0 else "Late"
    if state == "held":
        return "hold", "Held"
    if state == "done":
        late = row["timing"] != "on_time"
        return ("due" if late else "ok"), f"Done {TIMINGS.get(row['timing'], '')}".strip()
    return TONES[state], label


def outcome_label(code: str) -> str:
    return OUTCOMES.by_code[code].label if code in OUTCOMES.by_code else code.replace("_", " ")


def list_page(visits: VisitQuerySet, *, filters: Filters, cursor: str | None, limit: int, now: datetime) -> Page[VisitCard]:
    """Return one page of cards in the order of its worklist. One statement. Raises BadCursor."""
    page = keyset_page(visits.values(*FIELDS), order=order_of(filters), cursor=cursor, limit=limit)
    return Page([VisitCard(row, now) for row in page.rows], page.next_cursor, page.previous_cursor)


def tab_counts(*, actor: Actor) -> dict[str, int | str]:
    """Return how many visits each worklist but the last holds, up to COUNT_TO. Seven statements."""
    visible = Visit.objects.visible_to(actor)
    return {name: _capped(visible.filter(group.condition)) for name, group in GROUPS.items() if name != "all"}


def months(*, today: date, count: int) -> list[tuple[date, date]]:
    """Return first and last day of this month and of those before, the newest first."""
    found, first = [], today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    for _ in range(count):
        found.append((first, following - timedelta(days=1)))
        following, first = first, (first - timedelta(days=1)).replace(day=1)
    return found


def _capped(visits: VisitQuerySet) -> int | str:
    found = visits.order_by()[: COUNT_TO + 1].count()
    return found if found <= COUNT_TO else f"{COUNT_TO}+"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
