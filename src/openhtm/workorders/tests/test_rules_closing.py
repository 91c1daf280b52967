"""What an order still needs before it is closed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.workorders.rules.closing import Facts, GapCode, closing_gaps, completing_gaps, in_words
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, NEEDS_FAILURE_CODE, Kind

READY = Facts(kind=Kind.CORRECTIVE, failure_code="upf", code_for_corrective=True, labour_min=30)
facts = st.builds(
    Facts,
    kind=st.sampled_from(list(Kind)),
    failure_code=st.sampled_from(["", "npf", "ppf"]),
    code_for_corrective=st.booleans(),
    code_for_scheduled=st.booleans(),
    labour_min=st.integers(0, 90),
    reported_labour=st.booleans(),
    running_timers=st.tuples() | st.just(("Maria",)),
    open_children=st.tuples() | st.just(("WO-1043", "WO-1044")),
    unreviewed_reports=st.integers(0, 2),
    unfinished=st.tuples() | st.just(("Infusion pump",)),
    return_test_required=st.booleans(),
    return_test_passed=st.booleans(),
)


def codes(gaps):
    return {gap.code for gap in gaps}


@given(facts)
def test_what_completing_asks_for_closing_asks_for_too(found):
    assert codes(completing_gaps(found)) <= codes(closing_gaps(found))


@given(facts)
def test_each_gap_has_its_reason(found):
    gaps = codes(closing_gaps(found))
    assert (GapCode.FAILURE_CODE in gaps) == (found.kind in NEEDS_FAILURE_CODE and not found.failure_code)
    assert (GapCode.RETURN_TEST in gaps) == (found.return_test_required and not found.return_test_passed)
    assert (GapCode.CHILDREN in gaps) == bool(found.open_children)
    assert (GapCode.STEPS in gaps) == bool(found.unfinished)
    assert (GapCode.TIMER in gaps) == bool(found.running_timers)


@given(facts)
def test_a_code_of_the_other_list_does_not_close(found):
    own = found.code_for_corrective if found.kind in CORRECTIVE_CODES else found.code_for_scheduled
    wrong = bool(found.failure_code) and found.kind in NEEDS_FAILURE_CODE and not own
    assert (GapCode.FAILURE_CODE_OTHER_LIST in codes(closing_gaps(found))) == wrong


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"failure_code": ""}, "a failure code"),
        ({"code_for_corrective": False}, "a failure code of its own list (upf is not on it)"),
        ({"labour_min": 0}, "booked labour or an accepted service report"),
        ({"labour_min": 0, "reported_labour": True}, ""),
        ({"running_timers": ("Maria Reyes",)}, "the running timer of Maria Reyes to be stopped"),
        ({"open_children": ("WO-2", "WO-3")}, "WO-2 and WO-3 to be settled"),
        ({"open_children": ("WO-2", "WO-3", "WO-4", "WO-5", "WO-6")}, "WO-2, WO-3, WO-4 and 2 more to be settled"),
        ({"unreviewed_reports": 1}, "the service report to be reviewed"),
        ({"unfinished": ("Infusion pump",)}, "the remaining steps of Infusion pump"),
        (
            {"labour_min": 0, "return_test_required": True},
            "booked labour or an accepted service report and a passed return-to-service test",
        ),
        ({"kind": Kind.PROJECT, "failure_code": "", "labour_min": 0}, ""),
        ({"kind": Kind.RETIREMENT, "failure_code": "", "labour_min": 0}, ""),
        ({"kind": Kind.ACCEPTANCE, "failure_code": ""}, ""),
        ({"kind": Kind.SCHEDULED, "failure_code": "hf", "code_for_scheduled": True}, ""),
    ],
)
def test_cases_a_technician_would_quote(change, words):
    assert in_words(closing_gaps(replace(READY, **change))) == words
