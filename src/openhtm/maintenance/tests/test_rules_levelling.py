import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.levelling import Group, Proposal, level


@st.composite
def groups(draw: st.DrawFn) -> list[Group]:
    made = []
    for n in range(draw(st.integers(0, 20))):
        interval = draw(st.sampled_from([1, 2, 3, 4, 6, 12, 24, 18, 5]))
        offsets = st.integers(0, interval - 1)
        made.append(
            Group(
                key=f"g{n}",
                minutes=draw(st.integers(0, 600)),
                interval_months=interval,
                current_offset=draw(offsets),
                allowed=frozenset(draw(st.lists(offsets, min_size=1, max_size=interval))),
                place=draw(st.sampled_from(["", "icu", "or"])),
            )
        )
    return made


def free(found: list[Group]) -> list[Group]:
    return [
        Group(one.key, one.minutes, one.interval_months, one.current_offset, one.allowed | {one.current_offset}, one.place) for one in found
    ]


def annual(key: str, minutes: int, *, at: int = 0, allowed: range = range(12), place: str = "") -> Group:
    return Group(key, minutes, 12, at, frozenset(allowed), place)


@given(groups())
def test_a_proposal_is_never_worse(found: list[Group]) -> None:
    proposal = level(free(found))
    assert proposal.after.peak <= proposal.before.peak
    assert proposal.after.peak_to_mean <= proposal.before.peak_to_mean


@given(groups())
def test_each_group_stands_where_it_may(found: list[Group]) -> None:
    proposal = level(found)
    assert {one.key for one in found} == set(proposal.offsets)
    assert all(proposal.offsets[one.key] in one.allowed for one in found)
    assert {move.key for move in proposal.moves} == {one.key for one in found if proposal.offsets[one.key] != one.current_offset}


@given(groups(), st.randoms(use_true_random=False))
def test_the_order_of_groups_changes_nothing(found: list[Group], chance: random.Random) -> None:
    mixed = list(found)
    chance.shuffle(mixed)
    assert level(mixed) == level(found)


@given(groups())
def test_accepting_twice_is_no_worse_than_once(found: list[Group]) -> None:
    first = level(found)
    moved = [Group(one.key, one.minutes, one.interval_months, first.offsets[one.key], one.allowed, one.place) for one in found]
    assert level(moved).after.peak <= first.after.peak
    assert level(moved).before == first.after


def total(proposal: Proposal) -> int:
    return sum(proposal.after.minutes)


def test_twelve_equal_annual_groups_fill_twelve_months() -> None:
    proposal = level([annual(f"g{n:02}", 100) for n in range(12)])
    assert proposal.before.minutes == (1200, *[0] * 11)
    assert proposal.after.minutes == (100,) * 12
    assert proposal.after.peak_to_mean == 1.0
    assert proposal.before.peak_to_mean == 12.0


def test_a_level_plan_stays_as_it_is() -> None:
    assert level([annual(f"g{n:02}", 100, at=n) for n in range(12)]).moves == ()


def test_half_yearly_and_yearly_work_share_the_year() -> None:
    proposal = level([Group("half", 60, 6, 0, frozenset(range(6))), annual("year", 60)])
    assert proposal.after.peak == 60
    assert total(proposal) == 180
    assert proposal.after.mean == 15


def test_a_group_that_may_not_stay_moves_and_the_others_stay() -> None:
    proposal = level(
        [annual("fixed", 100, at=3), annual("moved", 100, at=3, allowed=range(3, 5)), annual("banned", 100, at=3, allowed=range(3))]
    )
    assert proposal.offsets["banned"] in range(3)
    assert proposal.after.peak == 100


def test_places_stay_together_when_it_costs_little() -> None:
    apart = [annual(f"a{n}", 100, at=n, place=f"place{n}") for n in range(12)]
    small = annual("small", 10, at=0, allowed=range(12), place="place7")
    assert level([*apart, small]).after.peak == 110
    pair = [annual("one", 10, at=0, place="icu"), annual("two", 10, at=0, place="icu"), annual("big", 500, at=0, place="or")]
    proposal = level(pair)
    assert proposal.offsets["one"] == proposal.offsets["two"] != proposal.offsets["big"]


def test_no_groups_are_level() -> None:
    proposal = level([])
    assert (proposal.moves, proposal.after.peak, proposal.after.peak_to_mean) == ((), 0, 1.0)


def test_groups_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="share a key"):
        level([annual("a", 1), annual("a", 2)])
    with pytest.raises(ValueError, match="minutes of 0 or more"):
        annual("a", -1)
    with pytest.raises(ValueError, match="interval minus 1"):
        Group("a", 1, 6, 6, frozenset({0}))
    with pytest.raises(ValueError, match="too seldom"):
        Group("a", 1, 240, 0, frozenset({0}))
