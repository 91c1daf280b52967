"""The scheduled work of one device: its visits, what was tried, the orders, and the results of the last two years."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

from openhtm.demo.parts.demo import Demo, Person, ProcedureFacts, TesterFacts
from openhtm.demo.parts.orders import Book
from openhtm.demo.parts.procedures import checklists_since
from openhtm.demo.rules.answers import Answer, StepAnswers
from openhtm.demo.rules.chance import Chance
from openhtm.demo.rules.habits import uuid7
from openhtm.demo.rules.visits import Told, course, slots_until, tell_visits
from openhtm.maintenance.rules.states import VisitState
from openhtm.testers.rules.kinds import tester_kinds
from openhtm.workorders.rules.review import order_reasons

if TYPE_CHECKING:
    from openhtm.demo.parts.work import Owed, Subject

KINDS = {"maintenance": "scheduled", "safety_test": "safety_test", "calibration": "calibration"}
JOB = "openhtm demo"
FIELD_ENGINEER = "Field engineer (synthetic)"
TO_REVIEW_DAYS = 30
"""Work of the last days that a person must read still waits for it."""
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
NOTES = {
    "not_located": "Not at its place; asked the charge nurse.", "in_use": "On a patient.", "no_access": "Room closed for cleaning.",
    "refused": "The unit asks for another week.",
}  # fmt: skip
RESOLUTIONS = {
    "batt": "battery_replaced",
    "acc": "accessory_replaced",
    "npf": "maintained",
    "pf": "adjusted",
    "hf": "adjusted",
    "ef": "repaired",
}


class Upkeep:
    """Tells the visits of devices, one device after the other."""

    def __init__(self, demo: Demo, book: Book) -> None:
        self.demo, self.book = demo, book
        self.in_house = next(iter(demo.providers.values()))
        self.since = checklists_since(demo)
        self.manager, self.engineer = demo.users["manager"], demo.users["engineer"]
        self._instrument = cache(self._find_instruments)

    def tell(self, subject: Subject, chance: Chance) -> dict[dt.date, int]:
        """Add the visits of the device; returns the orders of those it failed, by day."""
        about, failed = course(subject.life, as_of=self.demo.as_of), {}
        vendor = subject.provider if subject.provider not in (None, self.in_house) else None
        for owed in subject.schedules:
            slots = slots_until(owed.anchor_on, owed.starts_on, owed.months, owed.rule, self.demo.as_of)
            for told in tell_visits(chance, slots, about, by_vendor=vendor is not None):
                order = self._visit(subject, owed, told, chance, vendor)
                if told.outcome == "fail" and told.performed_on and order:
                    failed[told.performed_on] = order
        return failed

    def _visit(self, subject: Subject, owed: Owed, told: Told, chance: Chance, vendor: int | None) -> int | None:
        facts, visit, person = (
            self.demo.procedures[owed.procedure],
            next(self.book.visit_keys),
            chance.pick(self.demo.people[subject.facility]),
        )
        order, at = None, None
        if told.performed_on is not None:
            order, at = self._done(subject, facts, told, chance, vendor, person)
        elif told.state in (VisitState.MISSED, VisitState.EXCLUDED):
            order = self._given_up(subject, facts, told, chance)
        settled = at or (morning(told.settled_on) if told.settled_on else None)
        window = told.window
        self.book.add(
            "visits", visit, owed.pk, subject.pk, window.due_on, window.opens_on, window.on_time_until, window.grace_until, told.state.value,
            told.performed_on, told.timing, told.outcome, len(told.attempts), told.in_policy, order, settled, settled or self.demo.now,
        )  # fmt: skip
        for outcome, day in told.attempts:
            self._attempt(
                subject, visit, order, outcome, at if at and day == told.performed_on else working(day, chance), day, person, chance
            )
        if told.state == VisitState.EXCLUDED:
            self._exclude(visit, window.due_on, person, chance)
        return order

    def _attempt(
        self, subject: Subject, visit: int, order: int | None, outcome: str, at: dt.datetime, day: dt.date, person: Person, chance: Chance
    ) -> None:
        who = (None, FIELD_ENGINEER) if outcome == "vendor_done" else (person.pk, person.name)
        self.book.add(
            "attempts", uuid7(at, chance), visit, subject.pk, outcome, at, day, subject.location, NOTES.get(outcome, ""), order, *who, "", at,
        )  # fmt: skip

    def _exclude(self, visit: int, due_on: dt.date, person: Person, chance: Chance) -> None:
        proposed = working(due_on, chance)
        self.book.add(
            "exclusions", uuid7(proposed, chance), visit, "done_recently", "Inspected after its repair three weeks before", person.pk,
            person.name, proposed, *self.engineer, proposed + 20 * HOUR, True, "",
        )  # fmt: skip

    def _given_up(self, subject: Subject, facts: ProcedureFacts, told: Told, chance: Chance) -> int:
        """The order of a visit that nobody carried out."""
        opened, ended = self._opened(subject, told), morning(told.settled_on or told.window.grace_until)
        order = self.book.order(
            chance, uuid7(opened, chance), self._values(subject, facts, told, opened) | {
                "status": "cancelled", "cancel_reason_id": self.demo.codes["cancel", "schedule_ended"], "updated_at": ended,
            },
        )  # fmt: skip
        if told.window.due_on >= self.since:
            self._event(order, chance, opened, "opened", "", "open", facts.name)
            self._event(order, chance, max(ended, opened), "status", "open", "cancelled", "Its visit is no longer owed.")
        return order

    def _opened(self, subject: Subject, told: Told) -> dt.datetime:
        return max(morning(told.window.opens_on - 7 * DAY), subject.life[0].since + HOUR)

    def _values(self, subject: Subject, facts: ProcedureFacts, told: Told, opened: dt.datetime) -> dict[str, object]:
        window = told.window
        return {
            "kind": KINDS.get(facts.kind, "scheduled"), "title": facts.name[:200], "origin": "visit", "facility_id": subject.facility,
            "device_id": subject.pk, "location_id": subject.location, "department_id": subject.department, "opened_at": opened,
            "opened_by_name": JOB, "opens_on": window.opens_on, "due_on": window.due_on, "on_time_until": window.on_time_until,
            "grace_until": window.grace_until, "skill": facts.skill, "est_min": facts.est_min,
        }  # fmt: skip

    def _done(
        self, subject: Subject, facts: ProcedureFacts, told: Told, chance: Chance, vendor: int | None, person: Person
    ) -> tuple[int, dt.datetime]:
        """The order of a visit that was carried out, with its labour or report, and its results if they were recorded."""
        assert told.performed_on
        minutes = max(int(facts.est_min * chance.triangular(0.5, 1.7, 0.9)) // 5 * 5, 5)
        started = working(told.performed_on, chance)
        done = started + dt.timedelta(minutes=min(minutes, 300))
        opened = min(self._opened(subject, told), started - HOUR)
        recorded = told.performed_on >= self.since and vendor is None
        answers = self._answers(facts, told, chance) if recorded else []
        outcomes = {told.outcome} if recorded else {"pass"}
        reasons = order_reasons(
            result_reasons={code for _, answer in answers for code in answer.reasons.strip("{}").split(",") if code},
            outcomes=outcomes, incident=False, has_results=True, held=0,
        )  # fmt: skip
        waits = bool(reasons) and (self.demo.as_of - told.performed_on).days <= TO_REVIEW_DAYS
        closed = min(done + chance.randrange(1, 40) * HOUR, self.demo.now - dt.timedelta(minutes=9))
        reader = self.manager[0] if reasons else person.pk
        rate = person.rate_on(told.performed_on)
        price = 0 if vendor is None else int(minutes * (90 + 80 * chance.random())) * 2
        values = self._values(subject, facts, told, opened) | {
            "status": "completed" if waits else "closed", "started_at": started, "responded_at": started, "completed_at": done,
            "completed_by_id": person.pk, "closed_at": None if waits else closed, "closed_by_id": None if waits else reader,
            "closed_by_rule": not waits and not reasons, "failure_id": self.demo.codes["failure", told.finding],
            "resolution_id": self.demo.codes["resolution", RESOLUTIONS.get(told.finding, "maintained")],
            "review_reasons": json.dumps(list(reasons)), "updated_at": done if waits else closed,
            "assigned_user_id": None if vendor else person.pk, "assigned_provider_id": vendor, "vendor_cents": price,
            "labour_min": 0 if vendor else minutes, "labour_cents": 0 if vendor else (minutes * rate + 30) // 60,
        }  # fmt: skip
        order = self.book.order(chance, uuid7(opened, chance), values)
        if vendor is None:
            self.book.add(
                "labour", uuid7(done, chance), order, person.pk, person.name, self.demo.codes["labour", "pm"], started, done, minutes, rate, "",
            )  # fmt: skip
        else:
            self._report(order, vendor, told.performed_on, minutes, price, done, person, chance)
        if told.performed_on >= self.since:
            self._event(order, chance, opened, "opened", "", "open", facts.name)
            self._event(order, chance, done, "status", "open", "completed", told.outcome, person)
            if not waits:
                self._event(order, chance, max(closed, done), "status", "completed", "closed", "", person)
        if answers:
            self._record(subject, facts, order, told, answers, started, done, person, chance)
        return order, done

    def _report(
        self, order: int, vendor: int, day: dt.date, minutes: int, price: int, at: dt.datetime, person: Person, chance: Chance
    ) -> None:
        self.book.add(
            "reports", uuid7(at, chance), order, vendor, f"SR-{chance.randrange(10**6):06d}", day, FIELD_ENGINEER,
            "Maintenance as the manufacturer states, without deviation.", minutes, price, "", "accepted", person.pk, at, *(self.engineer[0], at), "",
        )  # fmt: skip

    def _event(
        self, order: int, chance: Chance, at: dt.datetime, kind: str, before: str, after: str, text: str, person: Person | None = None
    ) -> None:
        self.book.add(
            "events", uuid7(at, chance), order, kind, before, after, text, True, person and person.pk, person.name if person else JOB, at
        )

    def _answers(self, facts: ProcedureFacts, told: Told, chance: Chance) -> list[tuple[StepAnswers, Answer]]:
        """Draw an answer to every step; what the visit found shows in one of them."""
        steps, wrong = facts.answers, -1
        if told.outcome in ("fail", "pass_adjusted"):
            phases = ("as_found",) if told.outcome == "pass_adjusted" else ("", "as_left")
            fitting = [number for number, step in enumerate(steps) if step.bad and step.good[0].phase in phases]
            wrong = chance.pick(fitting) if fitting else -1
        return [(step, step.draw(chance, failing=number == wrong)) for number, step in enumerate(steps)]

    def _record(
        self, subject: Subject, facts: ProcedureFacts, order: int, told: Told, answers: list[tuple[StepAnswers, Answer]],
        started: dt.datetime, done: dt.datetime, person: Person, chance: Chance,
    ) -> None:  # fmt: skip
        """Add the checklist and its results."""
        checklist, book = next(self.book.checklist_keys), self.book
        book.add("checklists", checklist, uuid7(started, chance), order, facts.version, "work", 1, started, done, person.pk, told.outcome)
        qualification = json.dumps({"roles": ["technician"], "skills": sorted(person.skills), "on": started.date().isoformat()})
        pace = (done - started) / (len(answers) + 1)
        for number, (step, answer) in enumerate(answers, start=1):
            at = started + pace * number
            tester, due_on = self._tester(subject.facility, facts, step, started.date())
            uid = uuid7(at, chance)
            book.add(
                "results", uid, checklist, order, subject.pk, step.key, answer.phase, step.kind, answer.number, answer.unit, answer.entered,
                answer.choice, answer.text, "{}", answer.detail, answer.verdict, answer.limit, answer.share, tester, due_on, answer.reasons,
                person.pk, person.name, qualification, at, at, "", hashlib.sha256(f"{uid}{answer.entered}{answer.choice}".encode()).hexdigest(),
            )  # fmt: skip

    def _tester(self, facility: int, facts: ProcedureFacts, step: StepAnswers, day: dt.date) -> tuple[int | None, dt.date | None]:
        """Return an instrument that measures this and was in calibration that day, one of the facility first."""
        if step.kind not in ("number", "electrical_safety"):
            return None, None
        for tester in self._instrument(facility, facts.pk, step.family):
            if due_on := tester.due_for(day):
                return tester.pk, due_on
        return None, None

    def _find_instruments(self, facility: int, procedure: int, family: str) -> tuple[TesterFacts, ...]:
        wanted = self.demo.procedures[procedure].tester_kinds if family else ("safety_analyzer",)
        kinds = {code for code in wanted if not family or family in tester_kinds()[code].quantities}
        near = self.demo.testers.get(facility, [])
        others = [one for testers in self.demo.testers.values() for one in testers if one not in near]  # lent between the facilities
        return tuple(one for one in (*near, *others) if one.kinds & kinds)


def working(day: dt.date, chance: Chance) -> dt.datetime:
    """Return a moment at which work begins on that day: in the morning or early afternoon all over the Americas."""
    return dt.datetime(day.year, day.month, day.day, 14 + int(chance.random() * 5), int(chance.random() * 60), tzinfo=dt.UTC)


def morning(day: dt.date) -> dt.datetime:
    """Return the moment of the nightly run."""
    return dt.datetime(day.year, day.month, day.day, 8, 15, tzinfo=dt.UTC)
