"""Visits put together by place: laws and cases."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.batching import DueWork, batches

MARCH = date(2026, 3, 1)


@st.composite
def works(draw):
    found = []
    for key in range(draw(st.integers(0, 15))):
        opens_on = MARCH + timedelta(days=draw(st.integers(0, 20)))
        until_on = opens_on + timedelta(days=draw(st.integers(0, 20)))
        found.append(
            DueWork(key, draw(st.sampled_from("ab")), draw(st.sampled_from(["", "x"])), draw(st.integers(0, 300)), opens_on, until_on)
        )
    return found


@given(works=works(), day_min=st.integers(1, 600), smallest=st.integers(1, 4))
def test_every_visit_is_in_one_batch_or_alone(works, day_min, smallest):
    found, alone = batches(works, day_min=day_min, smallest=smallest)
    assert sorted([key for one in found for key in one.keys] + alone) == sorted(work.key for work in works)


@given(works=works(), day_min=st.integers(1, 600))
def test_a_batch_is_one_place_one_skill_a_common_day_and_a_day_s_work(works, day_min):
    by_key = {work.key: work for work in works}
    for batch in batches(works, day_min=day_min)[0]:
        members = [by_key[key] for key in batch.keys]
        assert {(one.place, one.skill) for one in members} == {(batch.place, batch.skill)}
        assert batch.minutes == sum(one.minutes for one in members)
        assert batch.minutes <= day_min or len([one for one in members if one.minutes]) == 1
        assert batch.opens_on <= batch.until_on
        assert all(one.opens_on <= batch.opens_on and batch.until_on <= one.until_on for one in members)


@given(works=works(), data=st.data())
def test_the_order_of_the_visits_does_not_matter(works, data):
    assert batches(data.draw(st.permutations(works)), day_min=240) == batches(works, day_min=240)


def due(key, place="icu", skill="", minutes=60, opens=0, until=30):
    return DueWork(key, place, skill, minutes, MARCH + timedelta(days=opens), MARCH + timedelta(days=until))


def test_twelve_pumps_of_an_intensive_care_unit_are_two_days():
    found, alone = batches([due(k) for k in range(12)], day_min=480)
    assert [len(one.keys) for one in found] == [8, 4]
    assert alone == []


def test_another_skill_and_another_room_are_other_trips():
    found, alone = batches([due(1), due(2), due(3, skill="imaging"), due(4, place="or")], day_min=480)
    assert [one.keys for one in found] == [[1, 2]]
    assert alone == [3, 4]


def test_windows_that_do_not_meet_are_no_batch():
    assert batches([due(1, until=5), due(2, opens=6)], day_min=480) == ([], [1, 2])
