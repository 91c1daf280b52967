"""Gaps, single points of failure, and the plan that closes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.competence.rules.cover import SINGLE_POINTS, URGENCY, WANTING, Cover, Numbers, cover_of, missing
from openhtm.competence.rules.levels import Level
from openhtm.competence.rules.training_plan import MOST_FOR_ONE, Course, Trainee, Want, plan


@st.composite
def numbers(draw):
    now = draw(st.integers(0, 6))
    return Numbers(draw(st.integers(0, 3)), now, draw(st.integers(0, now)), draw(st.integers(0, 4)))


@given(numbers())
def test_a_single_point_is_exactly_one_person_for_devices_in_use(found):
    assert (cover_of(found) in SINGLE_POINTS) == (found.devices > 0 and found.now == 1)


@given(numbers())
def test_whoever_lacks_people_wants_some_and_enough_wants_none(found):
    state = cover_of(found)
    if state in (Cover.ENOUGH, Cover.UNUSED):
        assert missing(found) == 0
    elif missing(found):
        assert state in WANTING


@given(numbers())
def test_one_person_more_who_stays_never_makes_it_worse(found):
    more = Numbers(found.devices, found.now + 1, found.later + 1, found.wanted)
    assert URGENCY.index(cover_of(more)) >= URGENCY.index(cover_of(found))


@pytest.mark.parametrize(
    ("now", "later", "wanted", "state", "lacks"),
    [
        (0, 0, 2, Cover.NONE, 2),
        (1, 1, 2, Cover.SINGLE, 1),
        (1, 0, 2, Cover.SINGLE_LEAVING, 2),  # only one person can service the linear accelerator, retiring in March
        (2, 0, 2, Cover.SOON_NONE, 2),
        (2, 1, 2, Cover.SOON_SINGLE, 1),
        (2, 1, 1, Cover.ENOUGH, 0),
        (3, 2, 3, Cover.THIN, 1),
        (3, 3, 2, Cover.ENOUGH, 0),
    ],
)
def test_the_words_people_use(now, later, wanted, state, lacks):
    found = Numbers(devices=4, now=now, later=later, wanted=wanted)
    assert (cover_of(found), missing(found)) == (state, lacks)


def test_more_people_later_than_now_is_a_defect():
    with pytest.raises(ValueError, match="cannot be left"):
        cover_of(Numbers(1, 1, 2, 1))


SKILLS = ("imaging", "life-support")
wants = st.lists(
    st.builds(Want, type_id=st.integers(1, 5), cover=st.sampled_from(sorted(WANTING)), high_risk=st.booleans(), people=st.integers(1, 3), skill=st.sampled_from(SKILLS)),
    max_size=5, unique_by=lambda one: one.type_id,
)  # fmt: skip
people = st.lists(
    st.builds(Trainee, staff_id=st.integers(1, 9), skills=st.frozensets(st.sampled_from(SKILLS)), load=st.integers(0, 9)),
    max_size=9,
    unique_by=lambda one: one.staff_id,
)
pairs = st.tuples(st.integers(1, 9), st.integers(1, 5))
ables = st.dictionaries(st.integers(1, 5), st.frozensets(st.integers(1, 9)))


@given(wants, people, st.dictionaries(pairs, st.just(Level.ASSISTED)), st.frozensets(pairs), ables)
def test_nobody_is_proposed_twice_for_a_type_nor_for_what_they_can(wanted, staff, begun, lapsed, able):
    found = plan(wants=wanted, people=staff, begun=begun, lapsed=lapsed, able=able, courses={})
    pairs = [(one.staff_id, one.type_id) for one in found.proposals]
    assert len(pairs) == len(set(pairs))
    assert not any(staff_id in able.get(type_id, ()) for staff_id, type_id in pairs)


@given(wants, people, ables)
def test_each_want_is_filled_or_said_to_be_unfilled(wanted, staff, able):
    found = plan(wants=wanted, people=staff, begun={}, lapsed=frozenset(), able=able, courses={})
    for want in wanted:
        given_to = sum(one.type_id == want.type_id for one in found.proposals)
        assert given_to + found.unfilled.get(want.type_id, 0) == want.people
        free = sum(one.staff_id not in able.get(want.type_id, ()) for one in staff)
        assert given_to == min(want.people, free)


@given(wants, people, st.randoms())
def test_the_order_of_the_facts_does_not_matter(wanted, staff, chance):
    facts = {"begun": {}, "lapsed": frozenset(), "able": {}, "courses": {}}
    shuffled = (chance.sample(wanted, len(wanted)), chance.sample(staff, len(staff)))
    assert plan(wants=wanted, people=staff, **facts) == plan(wants=shuffled[0], people=shuffled[1], **facts)


def test_who_has_begun_comes_before_who_lapsed_before_who_has_the_skill():
    staff = [Trainee(1, load=0), Trainee(2, frozenset({"imaging"})), Trainee(3, load=9), Trainee(4, load=9)]
    found = plan(
        wants=[Want(1, Cover.SINGLE_LEAVING, True, 4, "imaging")], people=staff, begun={(4, 1): Level.ASSISTED}, lapsed=frozenset({(3, 1)}),
        able={}, courses={1: Course(7, 950_000, 2400)},
    )  # fmt: skip
    assert [(one.staff_id, one.nearness) for one in found.proposals] == [
        (4, "has_begun"),
        (3, "lapsed"),
        (2, "same_skill"),
        (1, "least_load"),
    ]
    assert (found.cost_cents, found.uncosted) == (3_800_000, 0)


def test_courses_are_spread_before_one_person_gets_more_than_three():
    wanted = [Want(number, Cover.NONE, False, 1, "imaging") for number in range(1, 6)]
    found = plan(wants=wanted, people=[Trainee(1, frozenset({"imaging"})), Trainee(2)], begun={}, lapsed=frozenset(), able={}, courses={})
    shares = [sum(one.staff_id == who for one in found.proposals) for who in (1, 2)]
    assert shares == [MOST_FOR_ONE, 2]
    assert found.uncosted == 5


def test_the_worst_comes_first():
    wanted = [Want(1, Cover.THIN, True, 1), Want(2, Cover.NONE, False, 1), Want(3, Cover.NONE, True, 1)]
    found = plan(wants=wanted, people=[Trainee(1)], begun={}, lapsed=frozenset(), able={}, courses={})
    assert [one.type_id for one in found.proposals] == [3, 2, 1]
