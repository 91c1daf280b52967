"""Which day work gets: laws, and cases a planner would quote."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.maintenance.rules.planning_defaults import DATA, defaults, read_defaults
from openhtm.maintenance.rules.spreading import MOVES, Day, Job, Verdict, judge, spread

TODAY = date(2026, 3, 2)  # a Monday
days_near = st.dates(TODAY - timedelta(days=40), TODAY + timedelta(days=60))


@st.composite
def jobs(draw):
    found = []
    for number in range(draw(st.integers(0, 12))):
        opens_on = draw(days_near)
        until = opens_on + timedelta(days=draw(st.integers(0, 30)))
        grace = until + timedelta(days=draw(st.integers(0, 30)))
        place = draw(st.sampled_from(["", "a", "b"]))
        found.append(Job(f"j{number}", draw(st.integers(0, 300)), opens_on, until, grace, place))
    return found


@st.composite
def open_days(draw):
    chosen = draw(st.sets(days_near, max_size=10))
    return [Day(on, draw(st.none() | st.integers(0, 600))) for on in sorted(chosen)]


@given(jobs=jobs(), days=open_days(), beyond=st.booleans(), grace=st.booleans(), together=st.integers(0, 60))
def test_nothing_is_lost_and_every_job_has_a_verdict(jobs, days, beyond, grace, together):
    placed = spread(jobs, days, today=TODAY, beyond_hours=beyond, into_grace=grace, together_min=together)
    assert [one.key for one in placed] == sorted(job.key for job in jobs)
    assert all((one.on is not None) == (one.verdict in MOVES and one.on in {day.on for day in days}) for one in placed if one.on)


@given(jobs=jobs(), days=open_days(), beyond=st.booleans())
def test_every_visit_stays_in_its_window_unless_somebody_says_so(jobs, days, beyond):
    by_key = {job.key: job for job in jobs}
    for one in spread(jobs, days, today=TODAY, beyond_hours=beyond):
        job = by_key[one.key]
        if one.on is None:
            continue
        assert one.on >= TODAY
        assert job.opens_on <= one.on
        ended = job.grace_until < TODAY
        last = job.on_time_until if job.on_time_until >= TODAY else job.grace_until
        assert ended or one.on <= last


@given(jobs=jobs(), days=open_days(), grace=st.booleans())
def test_no_day_holds_more_than_its_hours(jobs, days, grace):
    placed = spread(jobs, days, today=TODAY, into_grace=grace)
    minutes = {job.key: job.minutes for job in jobs}
    for day in days:
        assert day.free_min is None or sum(minutes[one.key] for one in placed if one.on == day.on) <= day.free_min


@given(jobs=jobs(), days=open_days())
def test_beyond_the_hours_only_the_window_decides(jobs, days):
    for one in spread(jobs, days, today=TODAY, beyond_hours=True):
        assert one.verdict is not Verdict.FULL


@given(jobs=jobs(), days=open_days(), data=st.data())
def test_the_order_in_which_work_is_given_does_not_matter(jobs, days, data):
    shuffled = data.draw(st.permutations(jobs))
    assert spread(shuffled, list(reversed(days)), today=TODAY) == spread(jobs, days, today=TODAY)


WEEK = [Day(TODAY + timedelta(days=k), 480) for k in range(5)]


def job(key="a", minutes=60, opens=0, until=30, grace=0, place=""):
    return Job(key, minutes, TODAY + timedelta(days=opens), TODAY + timedelta(days=until), TODAY + timedelta(days=until + grace), place)


def test_ten_equal_visits_are_two_each_day():
    placed = spread([job(str(k)) for k in range(10)], WEEK, today=TODAY)
    assert sorted(one.on for one in placed) == sorted([day.on for day in WEEK] * 2)


def test_visits_of_one_room_come_together_where_the_day_is_not_much_fuller():
    placed = spread([job("a", 10, place="icu"), job("b", 10, place="icu")], WEEK, today=TODAY, together_min=15)
    assert placed[0].on == placed[1].on


def test_a_sixth_visit_of_a_day_that_holds_five_is_full():
    placed = spread([job(str(k), 96) for k in range(6)], WEEK[:1], today=TODAY)
    assert [one.verdict for one in placed].count(Verdict.FULL) == 1


@pytest.mark.parametrize(
    ("given_job", "day", "verdict"),
    [
        (job(), TODAY - timedelta(days=1), Verdict.PAST),
        (job(opens=3), TODAY, Verdict.EARLY),
        (job(until=3), TODAY + timedelta(days=3), Verdict.FITS),
        (job(until=3, grace=5), TODAY + timedelta(days=4), Verdict.IN_GRACE),
        (job(until=3, grace=5), TODAY + timedelta(days=9), Verdict.LATE),
        (job(opens=-30, until=-3, grace=5), TODAY + timedelta(days=2), Verdict.FITS),
        (job(opens=-30, until=-3, grace=5), TODAY + timedelta(days=3), Verdict.LATE),
        (job(opens=-30, until=-10, grace=5), TODAY + timedelta(days=50), Verdict.OVERDUE),
    ],
)
def test_what_a_day_means(given_job, day, verdict):
    assert judge(given_job, day, today=TODAY) is verdict


def test_two_jobs_with_one_key_are_refused():
    with pytest.raises(ValueError, match="share a key"):
        spread([job(), job()], WEEK, today=TODAY)


def test_the_shipped_defaults_have_a_source_and_working_days_from_monday_to_friday():
    assert defaults().source
    assert defaults().confidence
    assert [day.isoweekday() for day in defaults().days(TODAY, TODAY + timedelta(days=6))] == [1, 2, 3, 4, 5]
    assert DATA.exists()


@pytest.mark.parametrize("change", [{"working_days": []}, {"working_days": [0]}, {"batch_day_min": -1}])
def test_defaults_that_cannot_be_are_refused(change):
    good = {
        "source": "s",
        "edition": "1",
        "confidence": "low",
        "working_days": [1],
        "batch_day_min": 1,
        "batch_smallest": 2,
        "together_min": 0,
    }
    with pytest.raises(ValueError, match="working days"):
        read_defaults(good | change)
