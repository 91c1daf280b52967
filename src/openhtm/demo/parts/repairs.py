"""The unplanned work of one device: acceptance, repairs that took it out of use, small troubles, and what is open today."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from openhtm.demo.parts.demo import Demo, Person
from openhtm.demo.parts.orders import Book
from openhtm.demo.parts.upkeep import FIELD_ENGINEER, HOUR, working
from openhtm.demo.rules import trouble as troubles
from openhtm.demo.rules.chance import Chance, Weighted
from openhtm.demo.rules.habits import uuid7
from openhtm.demo.rules.trouble import Trouble
from openhtm.demo.rules.visits import Stay
from openhtm.inventory.rules.status import Status
from openhtm.workorders.services.downtime import DOWN

if TYPE_CHECKING:
    from openhtm.demo.parts.work import Subject

OPEN_DAYS = 12
"""What was reported in the last days is still under way."""
OPEN_STATES = Weighted({"in_progress": 0.4, "on_hold": 0.35, "open": 0.25})
HOLDS: dict[str, tuple[str, ...]] = {
    Status.IN_REPAIR: ("parts", "parts", "vendor"), Status.OUT_OF_SERVICE: ("parts", "approval"), Status.SEQUESTERED: ("investigation",),
}  # fmt: skip
WARD = ("Charge nurse", "Unit clerk", "Staff nurse", "Technologist on duty")
DAY = dt.timedelta(days=1)


class Repairs:
    """Tells the unplanned work of devices, one device after the other."""

    def __init__(self, demo: Demo, book: Book) -> None:
        self.demo, self.book = demo, book
        self.in_house = next(iter(demo.providers.values()))
        self.last_moment = demo.now - dt.timedelta(minutes=15)

    def tell(self, subject: Subject, chance: Chance, failed: dict[dt.date, int]) -> None:
        """Add acceptance, repairs, troubles and downtime. ``failed`` are orders of visits it failed, by day."""
        for stay in subject.life:
            if stay.status == Status.IN_ACCEPTANCE:
                self._accept(subject, stay, chance)
            elif stay.status in DOWN:
                order = self._repair(subject, stay, chance, failed.get(stay.from_on))
                self.book.add("downtimes", uuid7(stay.since, chance), subject.pk, order, False, stay.since, stay.until)
            elif stay.status == Status.IN_SERVICE:
                self._troubles(subject, stay, chance)

    def _accept(self, subject: Subject, stay: Stay, chance: Chance) -> None:
        person = self._person(subject, chance)
        values = self._values(subject, stay.since) | {
            "kind": "acceptance",
            "title": "Acceptance test",
            "est_min": 60,
            "opened_by_name": person.name,
        }
        if stay.until is None:
            self.keep_open(values, chance, person, state="open", reason="")
            return
        minutes = 5 * chance.randrange(5, 16)
        done = max(stay.until - dt.timedelta(minutes=5), stay.since)
        values["resolution_id"] = self.demo.codes["resolution", "tested_ok"]
        self.close(
            values,
            chance,
            person,
            begun=max(done - dt.timedelta(minutes=minutes), stay.since),
            done=done,
            minutes=minutes,
            category="project",
        )

    def _troubles(self, subject: Subject, stay: Stay, chance: Chance) -> None:
        """What was reported while it was in use and mended without taking it out of use."""
        end = stay.to_on or self.demo.as_of
        days = troubles.reports(
            chance, price_cents=subject.model.price_cents, life_years=subject.model.life_years,
            born_on=subject.in_service_on or stay.from_on, first=max(stay.from_on + DAY, self.demo.horizon), last=end,
        )  # fmt: skip
        for day in days:
            found, person = troubles.trouble(chance, networked=subject.model.networked), self._person(subject, chance)
            opened = working(day, chance) - HOUR
            values = self._values(subject, opened) | {
                "title": found.title, "priority": 2 if subject.model.high_risk and chance.maybe(0.6) else 3,
                "problem_id": self.demo.codes["problem", found.problem], "reporter_name": chance.pick(WARD), "opened_by_name": person.name,
            }  # fmt: skip
            if (self.demo.as_of - day).days <= OPEN_DAYS:
                state = "in_progress" if chance.maybe(0.3) else "open"
                self.keep_open(values, chance, person, state=state, reason="")
                continue
            done_on = min(day + chance.randrange(0, 5) * DAY, end - DAY)
            self._mend(subject, values, chance, person, found, opened, max(working(max(done_on, day), chance), opened + HOUR))

    def _repair(self, subject: Subject, stay: Stay, chance: Chance, parent: int | None) -> int:
        """The order behind a time out of use; it is open exactly as long as the device is."""
        person, found = self._person(subject, chance), troubles.trouble(chance, networked=subject.model.networked)
        opened = stay.since - dt.timedelta(minutes=20)
        values = self._values(subject, max(opened, subject.life[0].since)) | {
            "title": stay.reason or found.title, "priority": 2 if subject.model.high_risk else 3, "parent_id": parent,
            "problem_id": self.demo.codes["problem", found.problem], "opened_by_name": person.name, "origin": "result" if parent else "person",
        }  # fmt: skip
        if stay.status == Status.SEQUESTERED:
            values |= {"kind": "incident", "incident": True, "patient_involved": True, "priority": 1, "set_aside": True}
        if stay.until is None:
            waits = "on_hold" if stay.status != Status.IN_REPAIR else chance.by_weight(OPEN_STATES)
            return self.keep_open(values, chance, person, state=waits, reason=chance.pick(HOLDS[stay.status]))
        done = max(stay.until - dt.timedelta(minutes=10), stay.since)
        if found.failure == "npf":
            found = troubles.DEFAULT
        return self._mend(subject, values, chance, person, found, values["opened_at"], done)

    def _mend(
        self,
        subject: Subject,
        values: dict[str, Any],
        chance: Chance,
        person: Person,
        found: Trouble,
        opened: dt.datetime,
        done: dt.datetime,
    ) -> int:
        """Close a repair with its codes, work, parts or a company's report."""
        done = min(done, self.last_moment)
        minutes = troubles.repair_minutes(chance, price_cents=subject.model.price_cents)
        codes = self.demo.codes
        values |= {
            "failure_id": codes["failure", found.failure], "cause_id": codes["cause", found.cause],
            "resolution_id": codes["resolution", found.resolution], "work_done": found.done,
        }  # fmt: skip
        begun = max(done - dt.timedelta(minutes=minutes), opened)
        vendor = subject.provider if subject.provider not in (None, self.in_house) else None
        if vendor is not None and found.failure not in ("npf", "use"):
            return self._company(values, chance, person, vendor, begun, done, minutes, subject.model.price_cents)
        part = found.resolution in ("part_replaced", "battery_replaced", "accessory_replaced") and chance.maybe(0.9)
        price = troubles.part_price(chance, price_cents=subject.model.price_cents) if part else 0
        values["parts_cents"] = price
        order = self.close(values, chance, person, begun=begun, done=done, minutes=minutes, category="repair")
        if part:
            name = troubles.BATTERY if found.failure == "batt" else chance.pick(troubles.PARTS)
            number = f"P-{chance.randrange(10**5):05d}"
            self.book.add("parts", uuid7(done, chance), order, number, name, 1, price, "", person.pk, done)
        return order

    def _company(
        self,
        values: dict[str, Any],
        chance: Chance,
        person: Person,
        vendor: int,
        begun: dt.datetime,
        done: dt.datetime,
        minutes: int,
        price: int,
    ) -> int:
        """A repair by a company, whose report was accepted."""
        cost = int(minutes * (250 + 150 * chance.random())) + troubles.part_price(chance, price_cents=price)
        values |= {"assigned_provider_id": vendor, "vendor_cents": cost, "resolution_id": self.demo.codes["resolution", "vendor_repaired"]}
        order = self.close(values, chance, person, begun=begun, done=done, minutes=0, category="")
        self.book.add(
            "reports", uuid7(done, chance), order, vendor, f"SR-{chance.randrange(10**6):06d}", done.date(), FIELD_ENGINEER, values["work_done"],
            minutes, cost, "", "accepted", person.pk, done, person.pk, done, "",
        )  # fmt: skip
        return order

    def close(
        self, values: dict[str, Any], chance: Chance, person: Person, *, begun: dt.datetime, done: dt.datetime, minutes: int, category: str
    ) -> int:
        """Keep a closed order with its labour."""
        closed, rate = min(done + chance.randrange(1, 30) * HOUR, self.last_moment), person.rate_on(done.date())
        values |= {
            "status": "closed", "started_at": begun, "responded_at": begun, "completed_at": done, "completed_by_id": person.pk,
            "closed_at": max(closed, done), "closed_by_id": self.demo.users["manager"][0], "updated_at": max(closed, done),
            "labour_min": minutes, "labour_cents": (minutes * rate + 30) // 60,
        }  # fmt: skip
        values.setdefault("failure_id", None)
        if not values.get("assigned_provider_id"):
            values["assigned_user_id"] = person.pk
        order = self.book.order(chance, uuid7(values["opened_at"], chance), values)
        if minutes:
            self.book.add(
                "labour", uuid7(done, chance), order, person.pk, person.name, self.demo.codes["labour", category], begun, done, minutes, rate, "",
            )  # fmt: skip
        self._event(order, chance, values["opened_at"], "opened", "", "open", values["title"], person)
        self._event(order, chance, done, "status", "open", "completed", "", person)
        self._event(order, chance, max(closed, done), "status", "completed", "closed", "", person)
        return order

    def keep_open(self, values: dict[str, Any], chance: Chance, person: Person, *, state: str, reason: str) -> int:
        """Keep an order that is under way, with the events that led to its status."""
        opened: dt.datetime = values["opened_at"]
        steps = [("open", opened)]
        if state in ("in_progress", "on_hold"):
            steps.append(("in_progress", min(opened + chance.randrange(1, 20) * HOUR, self.last_moment)))
        if state == "on_hold":
            steps.append(("on_hold", min(steps[-1][1] + chance.randrange(1, 8) * HOUR, self.last_moment + dt.timedelta(minutes=5))))
            values |= {"hold_reason_id": self.demo.codes["hold", reason], "held_since": steps[-1][1]}
            values["hold_until"] = self.demo.as_of + chance.randrange(1, 15) * DAY
        begun = steps[1][1] if len(steps) > 1 else None
        values |= {"status": state, "started_at": begun, "responded_at": begun, "updated_at": steps[-1][1]}
        values["assigned_team_id"] = self.demo.teams[values["facility_id"]]
        if state != "open" or chance.maybe(0.5):
            values["assigned_user_id"] = person.pk
        values["completion_due_at"] = opened + dt.timedelta(days=7 if values.get("priority", 3) == 3 else 1)
        values["response_due_at"] = opened + dt.timedelta(hours=24 if values.get("priority", 3) == 3 else 2)
        order = self.book.order(chance, uuid7(opened, chance), values)
        before = ""
        for after, at in steps:
            self._event(order, chance, at, "status" if before else "opened", before, after, values["title"] if not before else "", person)
            before = after
        return order

    def _values(self, subject: Subject, opened: dt.datetime) -> dict[str, Any]:
        return {
            "kind": "corrective", "facility_id": subject.facility, "device_id": subject.pk, "location_id": subject.location,
            "department_id": subject.department, "opened_at": opened, "opened_by_id": None,
        }  # fmt: skip

    def _person(self, subject: Subject, chance: Chance) -> Person:
        return chance.pick(self.demo.people[subject.facility])

    def _event(self, order: int, chance: Chance, at: dt.datetime, kind: str, before: str, after: str, text: str, person: Person) -> None:
        self.book.add("events", uuid7(at, chance), order, kind, before, after, text, True, person.pk, person.name, at)
