from hypothesis import given
from hypothesis import strategies as st

from openhtm.inventory.rules.status import IN_INVENTORY, NEEDS_REASON, TRANSITIONS, Status, refuse_change

statuses = st.sampled_from(Status)


@given(before=statuses, after=statuses, reason=st.text(max_size=20))
def test_a_change_is_refused_exactly_when_the_table_or_a_missing_reason_says_so(before, after, reason):
    refused = refuse_change(before=before, after=after, reason=reason)
    allowed = after in TRANSITIONS[before] and (after not in NEEDS_REASON or bool(reason.strip()))
    assert (refused is None) == allowed


@given(start=statuses)
def test_every_status_but_disposed_can_reach_disposal(start):
    reached, edge = {start}, {start}
    while edge:
        edge = {after for status in edge for after in TRANSITIONS[status]} - reached
        reached |= edge
    assert Status.DISPOSED in reached


def test_what_a_technician_would_quote():
    assert refuse_change(before=Status.SEQUESTERED, after=Status.IN_SERVICE, reason="ok").code == "status-not-reachable"
    assert refuse_change(before=Status.IN_SERVICE, after=Status.MISSING, reason="").code == "status-needs-reason"
    assert refuse_change(before=Status.MISSING, after=Status.IN_SERVICE, reason="") is None
    assert refuse_change(before=Status.DISPOSED, after=Status.IN_SERVICE, reason="x").allowed == ()
    assert {Status.MISSING, Status.SEQUESTERED, Status.STORED} <= IN_INVENTORY
