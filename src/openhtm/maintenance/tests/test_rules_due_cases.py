"""The hand-worked cases: what a technician, a manager or a surveyor would work out on paper."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from openhtm.maintenance.rules.calendar import Unit, local_day
from openhtm.maintenance.rules.due import Cycle, Hold, Kind, Plan, Reading, Settled, plan
from openhtm.maintenance.rules.first_due import first_due
from openhtm.maintenance.rules.nesting import covered
from openhtm.maintenance.rules.windows import WindowRule, window_for
from openhtm.maintenance.rules.wording import SENTENCES, in_words

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "due.yaml").read_text(encoding="utf-8"))


def window_of(name: str) -> WindowRule:
    entry = CASES["windows"][name]
    before, after = entry.get("before", [0, "day"]), entry.get("after", [0, "day"])
    return WindowRule(
        before[0], Unit(before[1]), after[0], Unit(after[1]),
        entry.get("snap_to_month", False), entry.get("grace_days", 0), entry.get("profile", ""),
    )  # fmt: skip


def cycle_of(entry: str | dict[str, Any]) -> Cycle:
    entry = CASES["cycles"][entry] if isinstance(entry, str) else entry
    return Cycle(
        kind=Kind(entry["kind"]),
        every_n=entry["every"][0],
        every_unit=Unit(entry["every"][1]),
        anchor_on=entry["anchor"],
        starts_on=entry["starts"],
        ends_on=entry.get("ends"),
        window=window_of(entry["window"]),
        blackout_months=frozenset(entry.get("blackout", ())),
        meter_every=entry.get("meter"),
    )


def today_of(case: dict[str, Any]) -> date:
    if "instant" in case:
        return local_day(datetime.fromisoformat(case["instant"]), ZoneInfo(case["zone"]))
    today: date = case["today"]
    return today


def plan_of(case: dict[str, Any]) -> Plan:
    return plan(
        cycle_of(case["cycle"]),
        settled=Settled(*case["settled"]) if "settled" in case else None,
        holds=[Hold(*one) for one in case.get("holds", ())],
        readings=[Reading(*one) for one in case.get("readings", ())],
        reading_at_last_done=case.get("at_last_done"),
        today=today_of(case),
    )


def seen(found: Plan) -> dict[str, Any]:
    current = found.current
    if current is None:
        return {"due": None}
    window = current.window
    return {
        "due": current.due_on,
        "state": str(current.state),
        "opens": window.opens_on,
        "on_time": window.on_time_until,
        "grace": window.grace_until,
        "next": current.next_change_on,
    }


def by_name(section: str) -> Any:
    return pytest.mark.parametrize("case", CASES[section], ids=lambda case: case["name"])


def test_there_are_enough_cases_and_no_two_of_a_name() -> None:
    names = [case["name"] for section in ("due", "nested", "first_due") for case in CASES[section]]
    assert len(CASES["due"]) >= 60
    assert len(set(names)) == len(names)
    assert all(case["why"] for section in ("due", "nested", "first_due") for case in CASES[section])


@by_name("due")
def test_due(case: dict[str, Any]) -> None:
    found, expected = plan_of(case), dict(case["expect"])
    passed, words = expected.pop("passed", {}), expected.pop("words", None)
    assert {one.due_on: str(one.outcome) for one in found.passed} == passed
    assert {key: seen(found).get(key, "no visit") for key in expected} == expected
    assert words is None or words in in_words(found.why)


def test_the_cases_speak_every_sentence() -> None:
    assert {one.code for case in CASES["due"] for one in plan_of(case).why} == set(SENTENCES)


@by_name("nested")
def test_nested(case: dict[str, Any]) -> None:
    assert covered(window_for(window_of(case["window"]), case["minor"]), case["major"]) is case["covered"]


@by_name("first_due")
def test_first_due(case: dict[str, Any]) -> None:
    found = first_due(
        accepted_on=case["accepted"],
        every_n=case["every"][0],
        every_unit=case["every"][1],
        department_base_month=case.get("base_month"),
        group_anchor_on=case.get("group"),
    )
    assert (found.due_on, found.shorter_by_days) == (case["due"], case["shorter"])
    assert any("shorter" in one for one in found.reasons) == (case["shorter"] > 0)
