"""The forecast in rows and bars for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from openhtm.staffing.rules.forecast import Forecast, MonthNeed


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One month of the chart, in minutes; ``before`` is the same month without the scenario."""

    need: MonthNeed
    most: float
    parts: list[tuple[str, float]]
    words: str
    url: str
    before: MonthNeed | None

    @property
    def short(self) -> float:
        return max(self.need.needed - self.need.available, 0)


def month_lines(found: Forecast, before: Forecast | None, *, facility_id: int | None) -> list[MonthLine]:
    most = max(
        [max(one.high, one.available) for one in found.months] + [one.needed for one in (before.months if before else ())], default=0
    )
    return [
        MonthLine(
            one,
            most,
            _parts(one),
            _words(one),
            people_url(facility_id=facility_id, month=one.month),
            before.months[k] if before else None,
        )
        for k, one in enumerate(found.months)
    ]


def _parts(need: MonthNeed) -> list[tuple[str, float]]:
    cells = need.skills.values()
    return [
        ("scheduled", sum(cell.scheduled for cell in cells)),
        ("corrective", sum(cell.corrective for cell in cells)),
        ("projects", sum(cell.projects for cell in cells)),
        ("own", need.training + need.administration),
    ]


def _words(need: MonthNeed) -> str:
    parts = dict(_parts(need))
    return (
        f"{need.month:%B %Y}: {need.needed / 60:,.0f} hours needed, {need.available / 60:,.0f} available. Scheduled {parts['scheduled'] / 60:,.0f},"
        f" repairs {parts['corrective'] / 60:,.0f}, projects {parts['projects'] / 60:,.0f}, training and administration {parts['own'] / 60:,.0f}."
    )


def skill_rows(found: Forecast, names: Mapping[str, str], *, facility_id: int | None) -> list[dict[str, Any]]:
    """Each skill over all months: what it needs by source, with the address of the rows behind each number."""
    first = found.months[0].month
    rows = []
    for code, cell in found.by_skill().items():
        place = {"facility": facility_id or "", "skill": code}
        rows.append({
            "name": names.get(code, code) or "Any skill",
            "cell": cell,
            "short": max(cell.needed - cell.available, 0) if code else 0,
            "compared": bool(code),
            "scheduled_url": f"{reverse('maintenance:planning')}?{urlencode(place)}",
            "corrective_url": f"{reverse('staffing:repairs')}?{urlencode(place)}",
            "projects_url": f"{reverse('staffing:project-list')}?{urlencode({'facility': facility_id or ''})}",
            "people_url": people_url(facility_id=facility_id, month=first, skill=code),
        })  # fmt: skip
    return rows


def people_url(*, facility_id: int | None, month: date, skill: str = "") -> str:
    """Who stands behind the hours of a month."""
    return f"{reverse('staffing:people')}?{urlencode({'facility': facility_id or '', 'month': f'{month:%Y-%m}', 'skill': skill})}"
