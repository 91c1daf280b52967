from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.missing import Action, MissFacts, MissPolicy, StepKind, next_step, read_miss_policy

POLICY = read_miss_policy()
BEFORE = date(2026, 7, 20)
GRACE = date(2026, 8, 30)
ORDER = [StepKind.NOTHING, StepKind.SEARCH, StepKind.ESCALATE, StepKind.PROPOSE_MISSING]

days = st.integers(0, 500).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
facts = st.builds(
    MissFacts,
    today=days,
    grace_until=days,
    high_risk=st.booleans(),
    searched_on=st.lists(days, max_size=4).map(tuple),
    misses=st.integers(0, 5),
    lost_since=st.one_of(st.none(), days),
    seen_on=st.none(),
)


def situation(**known: object) -> MissFacts:
    return replace(MissFacts(today=BEFORE, grace_until=GRACE), **known)


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ({}, StepKind.NOTHING),
        ({"searched_on": (date(2026, 7, 10),)}, StepKind.SEARCH),
        ({"searched_on": (date(2026, 7, 10),), "high_risk": True}, StepKind.ESCALATE),
        ({"searched_on": (date(2026, 7, 10), date(2026, 7, 16))}, StepKind.ESCALATE),
        ({"searched_on": (date(2026, 7, 10),), "today": date(2026, 8, 30)}, StepKind.SEARCH),
        ({"searched_on": (date(2026, 7, 10),), "today": date(2026, 8, 31)}, StepKind.ESCALATE),
        ({"misses": 2}, StepKind.NOTHING),
        ({"misses": 2, "high_risk": True}, StepKind.PROPOSE_MISSING),
        ({"misses": 3}, StepKind.PROPOSE_MISSING),
        ({"lost_since": date(2025, 7, 21)}, StepKind.NOTHING),
        ({"lost_since": date(2025, 7, 20)}, StepKind.PROPOSE_MISSING),
        ({"misses": 3, "seen_on": date(2026, 7, 1), "lost_since": date(2025, 7, 20)}, StepKind.FOUND),
        ({"searched_on": (date(2026, 7, 10),), "seen_on": date(2026, 7, 10)}, StepKind.SEARCH),
        ({"searched_on": (date(2026, 7, 10),), "seen_on": date(2026, 7, 11)}, StepKind.FOUND),
        ({"is_missing": True}, StepKind.NOTHING),
        ({"is_missing": True, "misses": 9}, StepKind.NOTHING),
        ({"is_missing": True, "seen_on": date(2026, 7, 19)}, StepKind.FOUND),
        ({"seen_on": date(2026, 7, 19)}, StepKind.NOTHING),
    ],
)
def test_steps_a_manager_would_quote(known: dict[str, object], kind: StepKind) -> None:
    assert next_step(POLICY, situation(**known)).kind == kind


def test_the_second_search_is_due_five_to_seven_days_later() -> None:
    step = next_step(POLICY, situation(searched_on=(date(2026, 7, 10),)))
    assert (step.search_from, step.search_until) == (date(2026, 7, 15), date(2026, 7, 17))
    assert step.actions == (Action.NOTIFY_MANAGER, Action.SEARCH)
    assert step.reasons == ("It was searched for in vain on 10 Jul 2026.",)


def test_missing_needs_two_signatures_and_never_takes_high_risk_out_of_the_figures() -> None:
    plain, high = (next_step(POLICY, situation(misses=4, high_risk=risk)) for risk in (False, True))
    assert plain.signatures == high.signatures == ("biomed_manager", "owner_department")
    assert plain.may_leave_denominator and not high.may_leave_denominator
    assert Action.NOTIFY_FINANCE_PRIVACY_SECURITY in plain.actions


def test_a_found_device_is_quarantined_and_owes_its_visit() -> None:
    step = next_step(POLICY, situation(is_missing=True, seen_on=BEFORE))
    assert step.actions == (Action.QUARANTINE, Action.INSPECT, Action.REQUIRE_BEFORE_USE)


@given(facts)
def test_high_risk_is_never_a_step_behind(known: MissFacts) -> None:
    plain, high = (next_step(POLICY, replace(known, high_risk=risk)).kind for risk in (False, True))
    assert ORDER.index(high) >= ORDER.index(plain)


@given(facts, st.integers(0, 400))
def test_time_alone_never_takes_a_step_back(known: MissFacts, later: int) -> None:
    after = replace(known, today=known.today + timedelta(days=later))
    assert ORDER.index(next_step(POLICY, after).kind) >= ORDER.index(next_step(POLICY, known).kind)


@given(facts)
def test_each_step_has_its_reasons_and_only_a_search_has_days(known: MissFacts) -> None:
    step = next_step(POLICY, known)
    assert step.reasons and all(text.endswith(".") for text in step.reasons)
    assert (step.search_from is not None) == (Action.SEARCH in step.actions)
    assert bool(step.signatures) == (step.kind == StepKind.PROPOSE_MISSING)


@pytest.mark.parametrize("changes", [{"escalate_after_attempts": 0}, {"search_spread_days": -1}, {"high_risk_steps_earlier": -1}])
def test_policies_that_make_no_sense_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="miss policy"):
        replace(MissPolicy(), **changes)


def test_the_shipped_policy_is_the_default_one() -> None:
    assert MissPolicy() == POLICY


def test_a_short_wait_never_searches_on_the_same_day() -> None:
    step = next_step(replace(POLICY, search_after_days=1), situation(searched_on=(date(2026, 7, 10),)))
    assert (step.search_from, step.search_until) == (date(2026, 7, 11), date(2026, 7, 11))
