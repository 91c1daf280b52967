"""How complete an inventory is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.inventory.rules.completeness import CMS_FACTS, completeness
from openhtm.inventory.rules.merging import COLUMNS, FIELDS, merged_values

totals = st.integers(0, 10_000)


@given(data=st.data(), total=totals)
def test_the_figure_is_the_mean_of_its_parts_and_never_outside_them(data, total):
    missing = {code: data.draw(st.integers(0, total)) for code in CMS_FACTS}
    found = completeness(total=total, missing=missing)
    if total == 0:
        assert found.percent is None
        return
    shares = [part.percent for part in found.parts]
    assert min(shares) - 1e-9 <= found.percent <= max(shares) + 1e-9
    assert found.percent == pytest.approx(100 - 100 * sum(missing.values()) / (total * len(CMS_FACTS)))


def test_no_device_is_unknown_and_not_complete():
    assert completeness(total=0, missing={}).percent is None
    assert completeness(total=4, missing={}).percent == 100
    assert completeness(total=4, missing=dict.fromkeys(CMS_FACTS, 4)).percent == 0


def test_more_missing_than_there_are_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        completeness(total=2, missing={"serial": 3})


values = st.fixed_dictionaries({column: st.sampled_from([None, "", "x", "y"]) for column in COLUMNS} | {
    "custom": st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2"]))
})  # fmt: skip
sides = st.sampled_from(["survivor", "loser"])


@given(one=values, other=values, choices=st.dictionaries(st.sampled_from([f.key for f in FIELDS] + ["custom.a", "custom.b"]), sides))
def test_a_merged_record_says_what_one_of_both_said(one, other, choices):
    result = one | merged_values(survivor=one, loser=other, choices=choices)
    for field in FIELDS:
        source = other if choices.get(field.key) == "loser" else one
        assert all(result[column] == source[column] for column in field.columns)
    for key in "abc":
        source = other if choices.get(f"custom.{key}") == "loser" else one
        assert result["custom"].get(key) == source["custom"].get(key)
