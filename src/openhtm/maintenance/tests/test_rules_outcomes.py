from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.models import visit as models
from openhtm.maintenance.rules.outcomes import (
    NOT_OWED,
    OUTCOMES,
    Attempt,
    OutcomeFileError,
    performed_on,
    physically_performed,
    policy_compliant,
    read_outcomes,
)
from openhtm.maintenance.rules.states import OPEN_STATES, SETTLED_STATES, STATE_LABELS, VisitState
from openhtm.maintenance.rules.windows import WindowRule, window_for

WINDOW = window_for(WindowRule(snap_to_month=True, grace_days=30), date(2026, 7, 15))
CODES = st.sampled_from(sorted(OUTCOMES.by_code))
days = st.integers(-60, 120).map(lambda n: WINDOW.due_on + timedelta(days=n))
attempts = st.lists(st.builds(Attempt, CODES, days, st.one_of(st.none(), days), st.booleans()), max_size=5)
states = st.sampled_from(VisitState)


def tried(code: str, on: str, followed_up_on: str | None = None, *, accepted: bool = True) -> Attempt:
    return Attempt(code, date.fromisoformat(on), date.fromisoformat(followed_up_on) if followed_up_on else None, accepted)


def test_the_codes_and_what_they_settle() -> None:
    table = OUTCOMES.by_code
    assert list(table) == [
        "pass", "pass_adjusted", "fail", "not_located", "in_use", "no_access", "refused", "out_of_service", "stored", "removed",
        "cancelled", "partial", "vendor_done", "covered", "void",
    ]  # fmt: skip
    assert {code for code, one in table.items() if one.performed} == {"pass", "pass_adjusted", "fail", "vendor_done", "covered"}
    assert {code for code, one in table.items() if one.excluded} == {"out_of_service", "stored", "removed", "cancelled"}
    assert {code for code, one in table.items() if one.in_policy} == {"not_located", "in_use", "no_access", "refused"}
    assert {code for code, one in table.items() if one.failure_code} == {"pass_adjusted", "fail"}
    assert {code for code, one in table.items() if one.second_person} == {"cancelled"}
    assert OUTCOMES.confidence == "GK-high" and OUTCOMES.source and OUTCOMES.edition


@pytest.mark.parametrize(
    ("attempts", "policy", "performed"),
    [
        ([tried("pass", "2026-07-10")], True, True),
        ([tried("pass", "2026-06-20")], True, True),
        ([tried("fail", "2026-07-31")], True, True),
        ([tried("pass", "2026-08-01")], False, False),
        ([tried("in_use", "2026-07-10", "2026-07-15")], True, False),
        ([tried("in_use", "2026-07-10", "2026-07-16")], False, False),
        ([tried("in_use", "2026-07-10")], False, False),
        ([tried("not_located", "2026-07-30", "2026-08-06")], True, False),
        ([tried("not_located", "2026-08-01", "2026-08-03")], False, False),
        ([tried("not_located", "2026-06-30", "2026-07-02")], False, False),
        ([tried("not_located", "2026-07-10", "2026-07-15"), tried("in_use", "2026-07-15")], False, False),
        ([tried("not_located", "2026-07-10", "2026-07-15"), tried("pass", "2026-07-15")], True, True),
        ([tried("in_use", "2026-07-30", "2026-08-02"), tried("pass", "2026-08-02")], True, False),
        ([tried("partial", "2026-07-10", "2026-07-11")], False, False),
        ([tried("vendor_done", "2026-07-10")], True, True),
        ([tried("vendor_done", "2026-07-10", accepted=False)], False, False),
        ([tried("covered", "2026-07-10")], True, True),
        ([], False, False),
    ],
)
def test_the_two_percentages(attempts: list[Attempt], policy: bool, performed: bool) -> None:
    assert policy_compliant(WINDOW, state=VisitState.DONE, attempts=attempts) is policy
    assert physically_performed(WINDOW, state=VisitState.DONE, attempts=attempts) is performed


def test_a_site_may_give_its_own_days() -> None:
    by_table = tried("in_use", "2026-07-10", "2026-07-15")
    assert policy_compliant(WINDOW, state=VisitState.LATE, attempts=[by_table]) is True
    assert policy_compliant(WINDOW, state=VisitState.LATE, attempts=[replace(by_table, follow_up_days=3)]) is False
    longer, shorter = (replace(tried("in_use", "2026-07-10", "2026-07-17"), follow_up_days=days) for days in (7, 6))
    assert policy_compliant(WINDOW, state=VisitState.LATE, attempts=[longer]) is True
    assert policy_compliant(WINDOW, state=VisitState.LATE, attempts=[longer, shorter]) is False


@pytest.mark.parametrize("state", sorted(NOT_OWED))
def test_what_is_not_owed_is_in_neither_denominator(state: VisitState) -> None:
    attempts = [tried("pass", "2026-07-10")]
    assert policy_compliant(WINDOW, state=state, attempts=attempts) is None
    assert physically_performed(WINDOW, state=state, attempts=attempts) is None


@given(states, attempts)
def test_performed_on_time_is_always_compliant(state: VisitState, tries: list[Attempt]) -> None:
    performed, policy = (rule(WINDOW, state=state, attempts=tries) for rule in (physically_performed, policy_compliant))
    assert (performed is None) == (policy is None) == (state in NOT_OWED)
    assert not performed or policy


@given(attempts)
def test_a_miss_without_any_try_counts_against_both(tries: list[Attempt]) -> None:
    done_on = performed_on(tries)
    on_time = done_on is not None and done_on <= WINDOW.on_time_until
    assert physically_performed(WINDOW, state=VisitState.MISSED, attempts=tries) is on_time
    assert policy_compliant(WINDOW, state=VisitState.MISSED, attempts=[]) is False


def test_every_state_is_open_or_settled_and_has_a_label() -> None:
    assert OPEN_STATES | SETTLED_STATES == set(VisitState) == set(STATE_LABELS)
    assert not OPEN_STATES & SETTLED_STATES


def test_stored_states_are_the_states_of_the_rules() -> None:
    assert {one.value: one.label for one in models.VisitState} == STATE_LABELS
    assert set(models.OPEN_STATES) == OPEN_STATES
    assert set(models.SETTLED_STATES) == SETTLED_STATES
    longest = max(len(code) for code in OUTCOMES.by_code)
    assert longest <= models.Attempt._meta.get_field("outcome").max_length


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("- {code: a, label: A, performed: true}", "always advances"),
        ("- {code: a, label: A, performed: true, advances: true, excluded: true}", "not both"),
        ("- {code: a, label: A, in_policy: true}", "follow_up_days"),
        ("- {code: a, label: A, in_policy: true, follow_up_days: 5, excluded: true}", "for attempts"),
        ("- {code: a, label: A, colour: red}", "unknown fields colour"),
        ("- {code: a, label: A}\n- {code: a, label: B}", "uses a code twice"),
        ("- {code: a}", "missing or of the wrong kind"),
        ("- 7", "missing or of the wrong kind"),
    ],
)
def test_a_broken_table_is_refused(entries: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "outcomes.yaml"
    path.write_text(f"source: x\nedition: x\nconfidence: x\neffective_from: 2026-01-01\noutcomes:\n{entries}\n", encoding="utf-8")
    with pytest.raises(OutcomeFileError, match=message):
        read_outcomes(path=path)


def test_a_table_without_a_day_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.yaml"
    path.write_text("source: x\nedition: x\nconfidence: x\neffective_from: soon\noutcomes: []\n", encoding="utf-8")
    with pytest.raises(OutcomeFileError, match="must be a date"):
        read_outcomes(path=path)
