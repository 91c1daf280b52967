"""Which device a row means: the first key that finds one decides, and no other key may disagree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.inventory.rules.import_matching import KEY_LABELS, Match, decide

KEYS = ("control_number", "manufacturer+serial_number", "udi")
FOUND = st.dictionaries(st.sampled_from(KEYS), st.frozensets(st.integers(1, 4), max_size=3), max_size=3)
IDENTITY = st.dictionaries(st.integers(1, 4), st.dictionaries(st.sampled_from(KEYS), st.booleans()))


@given(order=st.permutations(KEYS), found=FOUND, identity=IDENTITY)
def test_a_match_is_never_contradicted_by_a_key_that_finds_somebody(order, found, identity):
    match = decide(order, found, identity=identity)
    if match.device_id is None:
        assert match.conflict or not any(found.values())
    elif not match.conflict:
        assert all(match.device_id in devices for devices in found.values() if devices)


@given(order=st.permutations(KEYS), found=FOUND)
def test_a_key_that_no_row_fills_says_nothing(order, found):
    assert decide((*order, "alternate_number"), found, identity={}) == decide(order, found, identity={})


@pytest.mark.parametrize(
    ("found", "identity", "expected"),
    [
        ({}, {}, Match(None, "")),
        ({"control_number": {7}}, {}, Match(7, "control_number")),
        ({"control_number": {7}, "udi": {8}}, {}, Match(7, "control_number", "contradicts:udi")),
        ({"control_number": {7}, "manufacturer+serial_number": {7, 9}}, {}, Match(7, "control_number")),
        ({"manufacturer+serial_number": {7, 9}}, {}, Match(None, "manufacturer+serial_number", "ambiguous")),
        ({"manufacturer+serial_number": {7, 9}, "udi": {9}}, {}, Match(9, "manufacturer+serial_number")),
        ({"control_number": set(), "udi": {5}}, {5: {"control_number": True}}, Match(5, "udi", "contradicts:control_number")),
        ({"manufacturer+serial_number": set(), "udi": {5}}, {5: {"control_number": True}}, Match(5, "udi")),
    ],
)
def test_what_a_technician_would_expect(found, identity, expected):
    assert decide(KEYS, {key: frozenset(ids) for key, ids in found.items()}, identity=identity) == expected
    assert set(KEYS) <= set(KEY_LABELS)
