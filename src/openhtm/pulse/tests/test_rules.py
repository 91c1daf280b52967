"""Suppression: no sequence of questions tells anything of fewer people than the least group. And the shipped data."""

import datetime as dt
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.pulse.rules.partition import blocks, touched, within
from openhtm.pulse.rules.questions import (
    LEAST_EVER,
    Question,
    SurveyDataError,
    benchmarks,
    edition_on,
    editions,
    rules,
    topics,
)
from openhtm.pulse.rules.results import key_of, points, result

PLACES, SKILLS = ["EAST", "MAIN", "NORTH"], ["biomed", "dialysis", "imaging", "laboratory"]
leaves = st.tuples(st.sampled_from(PLACES), st.sampled_from(SKILLS))
tallies = st.dictionaries(leaves, st.integers(0, 14), max_size=12)
filters = st.dictionaries(st.sampled_from([0, 1]), st.sampled_from([*PLACES, *SKILLS]), max_size=2)


@given(tallies, st.integers(2, 9))
def test_every_block_is_large_enough_and_no_answer_is_lost(answers, least):
    found = blocks(answers, least=least)
    assert all(block.answers >= least for block in found)
    told = [leaf for block in found for leaf in block.leaves]
    assert len(told) == len(set(told))
    if sum(answers.values()) < least:
        assert found == ()
    else:
        assert sum(block.answers for block in found) == sum(answers.values())


@given(tallies, st.lists(filters, max_size=6), st.integers(2, 9))
def test_no_sequence_of_filters_reaches_a_group_below_the_least(answers, asked, least):
    """Whoever takes figures apart, by whatever sums and differences, ends at the atoms of the algebra of what was shown."""
    found = blocks(answers, least=least)
    shown = [frozenset(leaf for block in within(found, one) for leaf in block.leaves) for one in asked]
    for size in range(1, len(shown) + 1):
        for chosen in combinations(shown, size):
            atom = frozenset.intersection(*chosen)
            for other in shown:
                for part in (atom & other, atom - other, other - atom):
                    count = sum(answers[leaf] for leaf in part)
                    assert count == 0 or count >= least


@given(tallies, filters, st.integers(2, 9))
def test_a_filter_shows_only_what_lies_wholly_within_it(answers, asked, least):
    found = blocks(answers, least=least)
    inside, cut = within(found, asked), touched(found, asked)
    assert not set(inside) & set(cut)
    assert all(leaf[place] == value for block in inside for leaf in block.leaves for place, value in asked.items())
    assert within(found, {}) == found
    assert touched(found, {}) == ()


@given(tallies, st.integers(2, 9))
def test_a_block_that_can_stand_alone_is_not_merged_for_nothing(answers, least):
    """At most one group of enough answers is given up to hide a rest, in each place and in the whole."""
    found = blocks(answers, least=least)
    alone = {leaf for block in found if len(block.leaves) == 1 for leaf in block.leaves}
    for place in PLACES:
        large = [leaf for leaf, count in answers.items() if leaf[0] == place and count >= least]
        assert len([leaf for leaf in large if leaf not in alone]) <= 2


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({("N", "a"): 7, ("N", "b"): 6}, {("N", "a"): 7, ("N", "b"): 6}),
        ({("N", "a"): 7, ("N", "b"): 2}, {("N",): 9}),  # the total would tell the two
        ({("N", "a"): 7, ("N", "b"): 3, ("N", "c"): 2}, {("N", "a"): 7, ("N",): 5}),
        ({("N", "a"): 3, ("S", "a"): 3}, {(): 6}),
        ({("N", "a"): 9, ("S", "a"): 4}, {(): 13}),
        ({("N", "a"): 9, ("N", "b"): 6, ("S", "a"): 4}, {("N", "a"): 9, (): 10}),
        ({("N", "a"): 4}, {}),
        ({("N", "a"): 6, ("N", "b"): 0}, {("N", "a"): 6}),
        ({}, {}),
    ],
)
def test_groups_as_a_manager_would_expect_them(answers, expected):
    assert {block.label: block.answers for block in blocks(answers, least=5)} == expected


@pytest.mark.parametrize("answers", [{("N",): 5, ("N", "a"): 5}, {("N", "a"): -1}])
def test_groups_that_cannot_be_are_refused(answers):
    with pytest.raises(ValueError, match=r"within|negative"):
        blocks(answers, least=5)


def test_a_least_group_of_one_is_no_anonymity():
    with pytest.raises(ValueError, match="2 or more"):
        blocks({("N",): 5}, least=1)


PAY = Question("pay", "pay", "How satisfied?", ("Very", "Yes", "Neither", "No", "Not at all"), 2)


def test_a_result_adds_up_whole_blocks():
    tally = {("N/a", "pay", 1): 2, ("N/a", "pay", 4): 3, ("N/b", "pay", 2): 4, ("N/b", "pay", 0): 1, ("N/b", "load", 1): 9}
    found = result(PAY, ["N/a", "N/b"], tally)
    assert (found.counts, found.declined, found.said) == ((2, 4, 0, 3, 0), 1, 9)
    assert found.favourable == pytest.approx(6 / 9)
    assert result(PAY, [], tally).favourable is None


@given(st.dictionaries(st.tuples(st.sampled_from(["x", "y"]), st.just("pay"), st.integers(0, 5)), st.integers(0, 20)))
def test_results_of_parts_are_the_result_of_the_whole(tally):
    one, other, both = result(PAY, ["x"], tally), result(PAY, ["y"], tally), result(PAY, ["x", "y"], tally)
    assert both.counts == tuple(map(sum, zip(one.counts, other.counts, strict=True)))
    assert both.said + both.declined == sum(tally.values())
    assert both.favourable is None or 0 <= both.favourable <= 1


def test_a_key_names_all_groups_of_a_block():
    [block] = blocks({("N", "a"): 3, ("N", "b"): 3}, least=5)
    assert key_of(block) == "N/a+N/b"


@pytest.mark.parametrize(("before", "after", "expected"), [(0.5, 0.62, 12), (0.5, None, None), (None, 0.1, None), (0.4, 0.4, 0)])
def test_a_change_is_told_in_points(before, after, expected):
    assert points(before, after) == expected


def test_the_shipped_data_hold_together():
    today = dt.date(2026, 11, 22)
    asked = {one.code for one in edition_on(today).questions}
    assert rules().least_group >= LEAST_EVER
    assert {one.topic for one in edition_on(today).questions} == set(topics()) == {"pay", "tools", "load", "safety"}
    assert {one.question for one in benchmarks()} <= asked
    assert {one.who: one.share for one in benchmarks()} == {"HTM professionals": 0.45, "US workers": 0.3}
    assert all(one.source and one.confidence for one in [*benchmarks(), *editions().values(), rules()])


def test_a_day_before_the_first_edition_has_none():
    with pytest.raises(SurveyDataError, match="no edition"):
        edition_on(dt.date(2020, 1, 1))


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("rules.yaml", "source: x\nedition: '1'\nconfidence: C\nleast_group: 3\ndays_between: 1\nlongest_days: 1\n", rules),
        ("rules.yaml", "source: x\n", rules),
        ("questions.yaml", "topics: []\neditions: [{edition: '1'}]\n", editions),
        ("benchmarks.yaml", "benchmarks: [{code: x}]\n", benchmarks),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, text, read):
    (tmp_path / name).write_text(text)
    with pytest.raises(SurveyDataError, match=name):
        read(tmp_path / name)
