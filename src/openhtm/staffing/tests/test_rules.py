"""Hours needed and had: nothing is lost, more people never mean fewer hours, and intervals hold what they are around."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.staffing.rules.assumptions import Assumed, shipped
from openhtm.staffing.rules.forecast import Person, Project, Repairs, bookable, forecast
from openhtm.staffing.rules.intervals import poisson_interval
from openhtm.staffing.rules.scenario import Change, ChangeKind, repairs_factor, scaled, scheduled_factor, with_people
from openhtm.workforce.rules.availability import month_of

ASSUMED = shipped().assumed({})
MONTHS = [month_of(dt.date(2027, month, 1)) for month in (1, 2, 3)]
SKILLS = ("", "biomedical", "imaging")
skills = st.sampled_from(SKILLS)
minutes = st.integers(0, 100_000)
days = st.dates(dt.date(2026, 11, 1), dt.date(2027, 5, 31))


def exact_limits(count: int) -> tuple[float, float]:
    """Garwood's limits at 95 %, from tables of the chi-square distribution."""
    return {0: (0.0, 3.689), 1: (0.0253, 5.572), 2: (0.242, 7.225), 10: (4.795, 18.39), 50: (37.11, 65.92), 100: (81.36, 121.6)}[count]


@pytest.mark.parametrize("count", [0, 1, 2, 10, 50, 100])
def test_the_interval_is_near_the_exact_one(count):
    low, high = poisson_interval(count, confidence=0.95)
    exact_low, exact_high = exact_limits(count)
    assert low == pytest.approx(exact_low, abs=0.03, rel=0.01)
    assert high == pytest.approx(exact_high, rel=0.02)


@given(count=st.integers(0, 100_000), confidence=st.floats(0.5, 0.99))
def test_the_interval_holds_the_count_and_grows_with_it(count, confidence):
    low, high = poisson_interval(count, confidence=confidence)
    assert 0 <= low <= count <= high
    assert poisson_interval(count + 1, confidence=confidence)[0] >= low
    assert poisson_interval(count + 1, confidence=confidence)[1] > high


def test_what_makes_no_interval_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        poisson_interval(3, confidence=1)


persons = st.builds(
    lambda key, skill, paid, off: Person(key, (skill,) if skill else (), paid // 2, paid, min(off, paid)),
    st.integers(1, 30), skills, st.integers(0, 12_000), st.integers(0, 12_000),
)  # fmt: skip


@given(
    scheduled=st.dictionaries(st.tuples(st.sampled_from([first for first, _ in MONTHS]), skills), minutes),
    repairs=st.lists(st.builds(Repairs, skills, st.integers(0, 500), minutes), max_size=3, unique_by=lambda one: one.skill),
    projects=st.lists(st.builds(Project, skills, minutes, st.just(MONTHS[0][0]), st.just(MONTHS[2][1])), max_size=3),
)
def test_nothing_that_is_needed_is_lost(scheduled, repairs, projects):
    found = forecast(months=MONTHS, scheduled=scheduled, repairs=[repairs] * 3, projects=projects, people=[[]] * 3, assumed=ASSUMED)
    counted = [one for one in repairs if one.orders]
    expected = (
        sum(scheduled.values()) + sum(one.minutes for one in projects) + 3 * sum(one.minutes for one in counted) / ASSUMED.corrective_months
    )
    assert found.needed == pytest.approx(expected)
    assert sum(cell.needed for cell in found.by_skill().values()) == pytest.approx(expected)
    assert all(month.low <= month.needed + 1e-6 and month.needed <= month.high + 1e-6 for month in found.months)


@given(people=st.lists(persons, max_size=6), more=persons)
def test_one_person_more_never_means_fewer_hours(people, more):
    def hours(those):
        return forecast(months=MONTHS[:1], scheduled={}, repairs=[[]], projects=[], people=[those], assumed=ASSUMED).available

    assert hours([*people, more]) >= hours(people)


@given(person=persons)
def test_nobody_books_more_than_they_are_paid(person):
    assert 0 <= bookable(person, ASSUMED) <= person.paid_min


def test_a_month_as_a_manager_would_reckon_it():
    """Forty hours a week in January: 10,629 paid minutes, of which 72 of 86.5 percent of the usual presence can be booked."""
    [month] = forecast(
        months=MONTHS[:1], scheduled={(MONTHS[0][0], "biomedical"): 6_000}, repairs=[[Repairs("biomedical", 240, 28_800)]],
        projects=[Project("imaging", 600, dt.date(2027, 1, 1), dt.date(2027, 3, 1))], people=[[Person(1, ("biomedical",), 0, 10_080)]],
        assumed=ASSUMED,
    ).months  # fmt: skip
    assert month.skills["biomedical"].corrective == pytest.approx(1_200)
    assert month.skills["imaging"].projects == pytest.approx(600 * 31 / 59)
    assert (month.training, month.administration) == (200, 360)
    assert month.available == pytest.approx(10_080 * 0.72)
    assert month.needed == pytest.approx(6_000 + 1_200 + 600 * 31 / 59 + 560)


def test_full_time_people_follow_the_formula():
    found = forecast(
        months=[month_of(dt.date(2027, k, 1)) for k in range(1, 13)], scheduled={(dt.date(2027, 1, 1), ""): 60 * 2080 * 72 // 100},
        repairs=[[]] * 12, projects=[], people=[[]] * 12, assumed=ASSUMED,
    )  # fmt: skip
    assert found.fte_needed == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("person", "minutes"),
    [
        (Person(1, (), 5_000, None), 5_000),  # only bookable hours are known: they stand as they are
        (Person(1, (), 5_000, 10_000), 7_200),  # the usual absence
        (Person(1, (), 5_000, 10_000, 10_000), 0),  # away all month
        (Person(1, (), 5_000, 10_000, 5_000), 4_160),  # away more than usual: what was recorded counts
    ],
)
def test_what_can_be_booked(person, minutes):
    assert bookable(person, ASSUMED) == pytest.approx(minutes)


@given(day=days, amount=st.floats(-100, 300), skill=skills)
def test_a_change_before_the_month_counts_whole_and_after_it_not_at_all(day, amount, skill):
    factor = scheduled_factor([Change(ChangeKind.FLEET, day, amount)], month=MONTHS[1], skill=skill)
    if day <= MONTHS[1][0]:
        assert factor == pytest.approx(1 + amount / 100)
    elif day >= MONTHS[1][1]:
        assert factor == 1
    else:
        assert min(1, 1 + amount / 100) - 1e-9 <= factor <= max(1, 1 + amount / 100) + 1e-9


def test_who_leaves_is_there_until_then_and_who_is_hired_from_then():
    people = [[Person(7, ("imaging",), 4_000, 9_000)] for _ in MONTHS]
    leaving = with_people(MONTHS, people, [Change(ChangeKind.LEAVE, dt.date(2027, 2, 15), staff_id=7)])
    assert [[one.paid_min for one in month] for month in leaving] == [[9_000], [4_500], []]
    hired = with_people(MONTHS, people, [Change(ChangeKind.HIRE, dt.date(2027, 3, 1), 40, "imaging")])
    assert [len(month) for month in hired] == [1, 1, 2]
    assert hired[2][1].paid_min == round(40 * 60 * 31 / 7)


def test_more_repairs_keep_the_number_seen():
    factor = repairs_factor([Change(ChangeKind.REPAIRS, dt.date(2026, 1, 1), 50, "imaging")], month=MONTHS[0], skill="imaging")
    assert scaled(Repairs("imaging", 4, 100), factor) == Repairs("imaging", 4, 150)
    assert repairs_factor([Change(ChangeKind.SCHEDULED, dt.date(2026, 1, 1), 50)], month=MONTHS[0], skill="imaging") == 1


def test_shipped_assumptions_have_source_confidence_and_limits():
    for one in shipped().assumptions:
        assert one.low <= one.value <= one.high, one.key
        assert one.source, one.key
        assert one.confidence in {"S", "S2", "GK-high", "GK-med", "GK-low", "C"}, one.key
    assert Assumed.__dataclass_fields__.keys() == {one.key for one in shipped().assumptions}
