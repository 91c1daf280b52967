import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.sites.rules.tree import KINDS, SEPARATOR, Place, carried_along, child_name, child_path, lies_within, may_contain, move_refusals

kinds = st.sampled_from(KINDS)
keys = st.lists(st.integers(1, 30), min_size=1, max_size=4, unique=True)


def place(keys: list[int], kind: str = "area", facility_id: int = 1, active: bool = True) -> Place:
    return Place(".".join(map(str, keys)), SEPARATOR.join(f"P{key}" for key in keys), kind, facility_id, active)


@given(outer=kinds, middle=kinds, inner=kinds)
def test_nesting_is_a_strict_order_so_no_cycle_can_ever_be_made(outer, middle, inner):
    assert not may_contain(outer, outer)
    assert not (may_contain(outer, inner) and may_contain(inner, outer))
    if may_contain(outer, middle) and may_contain(middle, inner):
        assert may_contain(outer, inner)


@given(moved=keys, target=keys, moved_kind=kinds, target_kind=kinds)
def test_nothing_moves_into_itself_or_what_it_holds(moved, target, moved_kind, target_kind):
    refused = move_refusals(place(moved, moved_kind), place(target, target_kind))
    if target[: len(moved)] == moved:
        assert "into-itself" in refused
    assert ("kind" in refused) == (not may_contain(target_kind, moved_kind))


@given(old=keys, below=st.lists(st.integers(31, 60), max_size=3, unique=True), new=st.lists(st.integers(61, 90), max_size=2, unique=True))
def test_what_lies_within_keeps_its_own_part_of_path_and_name(old, below, new):
    before, inside = place(old), place(old + below)
    target = place(new) if new else Place("", "", "building", 1)
    new_path, new_name = child_path(target.path, old[-1]), child_name(target.full_name, f"P{old[-1]}")
    path, name = carried_along(path=inside.path, full_name=inside.full_name, old=before, new_path=new_path, new_name=new_name)
    after = place([*new, old[-1], *below])
    assert (path, name) == (after.path, after.full_name)
    assert lies_within(path, new_path)


@pytest.mark.parametrize(
    ("target", "codes"),
    [
        (None, []),
        (place([9], "floor"), []),
        (place([9], "floor", facility_id=2), ["other-facility"]),
        (place([9], "room"), ["kind"]),
        (place([9], "floor", active=False), ["inactive"]),
        (place([1, 5], "room"), ["into-itself", "kind"]),
    ],
)
def test_where_an_area_may_go(target, codes):
    assert move_refusals(place([1], "area"), target) == codes


def test_a_path_is_not_within_one_that_only_starts_alike():
    assert lies_within("1.2", "1") and lies_within("1", "1") and not lies_within("12", "1")
