"""What follows from the problems of a year of readiness checks: one order for each, as in the product, and its end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from openhtm.demo.parts.demo import Demo
from openhtm.demo.parts.orders import Book
from openhtm.demo.parts.repairs import Repairs
from openhtm.demo.rules import trouble as troubles
from openhtm.demo.rules.chance import Chance

HOUR = dt.timedelta(hours=1)
BY = "Readiness check"
"""Who opens the order of a problem, as in ``rounds.services.entries``."""


@dataclass(frozen=True, slots=True)
class About:
    """The check whose problems these are: its name, and keys of what it stands at and looks at."""

    name: str
    facility: int
    location: int
    department: int | None
    device: int | None


class Problems:
    """Tells the orders of one check, one problem after the other in time."""

    def __init__(self, demo: Demo, book: Book, about: About, chance: Chance) -> None:
        self.demo, self.about, self.chance = demo, about, chance
        self.repairs = Repairs(demo, book)
        self._order, self._under_way_until = 0, dt.datetime.min.replace(tzinfo=dt.UTC)

    def order_at(self, moment: dt.datetime, words: str, reporter: str) -> int:
        """Return the key of the order that is under way at ``moment``, else of a new one: reported each shift, repaired once."""
        if moment >= self._under_way_until:
            self._order = self._tell(moment, words, reporter)
        return self._order

    def _tell(self, moment: dt.datetime, words: str, reporter: str) -> int:
        chance, person = self.chance, self.chance.pick(self.demo.people[self.about.facility])
        values = self._values(moment, words, reporter)
        done = moment + chance.randrange(3, 60) * HOUR
        if done + 30 * HOUR >= self.repairs.last_moment:
            self._under_way_until = self.demo.now
            state = "in_progress" if chance.maybe(0.4) else "open"
            return self.repairs.keep_open(values, chance, person, state=state, reason="")
        found, codes = troubles.trouble(chance, networked=False), self.demo.codes
        values |= {
            "problem_id": codes["problem", found.problem], "failure_id": codes["failure", found.failure],
            "cause_id": codes["cause", found.cause], "resolution_id": codes["resolution", found.resolution], "work_done": found.done,
        }  # fmt: skip
        minutes = 5 * chance.randrange(3, 13)
        self._under_way_until = done
        begun = done - dt.timedelta(minutes=minutes)
        return self.repairs.close(values, chance, person, begun=begun, done=done, minutes=minutes, category="repair")

    def _values(self, moment: dt.datetime, words: str, reporter: str) -> dict[str, Any]:
        about = self.about
        return {
            "kind": "corrective", "origin": "readiness", "title": f"{about.name}: {words}"[:200], "description": words,
            "facility_id": about.facility, "device_id": about.device, "location_id": about.location, "department_id": about.department,
            "reporter_name": reporter, "opened_at": moment, "opened_by_id": None, "opened_by_name": BY,
        }  # fmt: skip
