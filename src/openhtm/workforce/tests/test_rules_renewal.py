"""The renewal journal, reminders and emeritus: cases by hand and laws."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.workforce.rules.programmes import Renewal, reference
from openhtm.workforce.rules.renewal import Cycle, Entry, Pace, cycle_on, emeritus, progress, reminder_due, units, usual_last_day

CYCLE = Cycle(date(2024, 1, 1), date(2027, 1, 1))
TODAY = date(2026, 11, 22)


def aci() -> Renewal:
    found = reference().programmes["CBET"].renewal
    assert found is not None
    return found


def entry(category: str, ceu: float, day: str = "2025-06-01") -> Entry:
    return Entry(category, round(ceu * 100), date.fromisoformat(day))


def test_thirty_ceu_are_asked_for_in_three_years_from_six_categories() -> None:
    rule = aci()
    assert (rule.units, rule.years, len(rule.categories)) == (30, 3, 6)
    assert {one.code: one.most for one in rule.categories if one.most} == {"certification": 15, "leadership": 15}
    assert {one.confidence for one in rule.categories if one.most is None} == {"not-retrieved"}


def test_what_is_above_a_cap_is_kept_and_does_not_count() -> None:
    found = progress(aci(), CYCLE, [entry("leadership", 12), entry("leadership", 8), entry("courses", 10)], on=TODAY)
    total = next(one for one in found.totals if one.category.code == "leadership")
    assert (total.entered, total.counted, total.over) == (2000, 1500, 500)
    assert (found.counted, found.missing) == (2500, 500)


@pytest.mark.parametrize(
    ("on", "ceu", "pace", "sentence"),
    [
        ("2026-11-22", 30, Pace.ENOUGH, "All 30 CEU are there, until 31 Dec 2026."),
        ("2025-07-01", 16, Pace.ON_COURSE, "14 CEU to go; the pace so far is enough by 31 Dec 2026."),
        ("2025-07-01", 12, Pace.BEHIND, "At this pace you miss 6 CEU by 31 Dec 2026."),
        ("2027-01-01", 24, Pace.OVER, "The cycle ended on 31 Dec 2026 with 6 CEU missing."),
    ],
)
def test_the_pace_is_told_in_one_sentence(on: str, ceu: int, pace: Pace, sentence: str) -> None:
    found = progress(aci(), CYCLE, [entry("courses", ceu, "2024-02-01")], on=date.fromisoformat(on))
    assert (found.pace, found.sentence()) == (pace, sentence)


def test_entries_of_another_cycle_are_shown_apart() -> None:
    found = progress(aci(), CYCLE, [entry("courses", 5, "2023-12-31"), entry("courses", 5, "2024-01-01")], on=TODAY)
    assert (found.counted, found.outside) == (500, 500)


@pytest.mark.parametrize(
    ("started", "on", "cycle"),
    [
        ("2023-05-10", "2026-11-22", ("2023-05-10", "2027-01-01")),
        ("2024-01-01", "2026-11-22", ("2024-01-01", "2028-01-01")),
        ("2019-05-10", "2026-11-22", ("2026-01-01", "2029-01-01")),
        ("2023-05-10", "2020-01-01", ("2023-05-10", "2027-01-01")),
    ],
)
def test_a_cycle_of_the_institute_ends_with_a_year(started: str, on: str, cycle: tuple[str, str]) -> None:
    found = cycle_on(aci(), date.fromisoformat(started), date.fromisoformat(on))
    assert (found.starts_on.isoformat(), found.ends_on.isoformat()) == cycle


@pytest.mark.parametrize(
    ("programme", "tier", "since", "last"),
    [
        ("CBET", "full", "2023-05-10", "2026-12-31"),
        ("CBET", "candidate", "2023-05-10", "2028-05-09"),
        ("CABT", "full", "2024-02-29", "2029-02-27"),
        ("CIIP", "full", "2020-01-01", "2029-12-31"),
        ("CCE", "full", "2023-05-10", "2026-05-09"),
        ("CBET", "retired", "2023-05-10", None),
        ("CBET", "emeritus", "2023-05-10", None),
    ],
)
def test_a_certificate_without_a_last_day_ends_as_its_programme_says(programme: str, tier: str, since: str, last: str | None) -> None:
    found = usual_last_day(reference().programmes[programme], tier=tier, since=date.fromisoformat(since))
    assert (found.isoformat() if found else None) == last


@given(
    st.sampled_from(sorted(reference().programmes)), st.sampled_from(["candidate", "full"]), st.dates(date(1930, 1, 1), date(2060, 1, 1))
)
def test_whoever_is_in_practice_has_a_last_day_after_the_first(code: str, tier: str, since: date) -> None:
    programme = reference().programmes[code]
    if tier in programme.tiers:
        last = usual_last_day(programme, tier=tier, since=since)
        assert last is not None
        assert last > since


days = st.dates(date(2000, 1, 1), date(2040, 1, 1))
entries = st.lists(
    st.builds(
        Entry, st.sampled_from([one.code for one in aci().categories]), st.integers(0, 4000), st.dates(date(2023, 1, 1), date(2028, 1, 1))
    ),
    max_size=12,
)


@given(entries, st.dates(date(2024, 1, 1), date(2028, 1, 1)))
def test_no_category_counts_for_more_than_its_cap(found: list[Entry], on: date) -> None:
    result = progress(aci(), CYCLE, found, on=on)
    assert all(one.category.most is None or one.counted <= one.category.most * 100 for one in result.totals)
    assert result.counted == sum(one.counted for one in result.totals)
    assert result.counted + sum(one.over for one in result.totals) + result.outside == sum(one.hundredths for one in found)


@given(entries, st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(1, 500))
def test_another_entry_never_makes_the_pace_worse(found: list[Entry], on: date, hundredths: int) -> None:
    more = [*found, Entry("courses", hundredths, on)]
    assert progress(aci(), CYCLE, more, on=on).short <= progress(aci(), CYCLE, found, on=on).short


@given(days, days)
def test_every_day_after_the_start_is_in_its_cycle(started: date, on: date) -> None:
    found = cycle_on(aci(), started, on)
    assert found.starts_on <= max(on, started) < found.ends_on
    assert found.ends_on.timetuple()[1:3] == (1, 1)


@given(st.integers(-10, 400))
def test_the_newest_reminder_is_the_one_that_is_due(left: int) -> None:
    found = reminder_due((180, 90, 30, 7), ends_on=TODAY + timedelta(days=left), on=TODAY)
    expected = [days for days in (180, 90, 30, 7) if left <= days]
    assert found == (min(expected) if expected and left >= 0 else None)


@pytest.mark.parametrize(("hundredths", "words"), [(0, "0"), (50, "0.5"), (600, "6"), (125, "1.25"), (1000, "10"), (1010, "10.1")])
def test_units_in_words(hundredths: int, words: str) -> None:
    assert units(hundredths) == words


@pytest.mark.parametrize(
    ("retired", "certified", "worked", "continuous", "eligible"),
    [
        (True, 10 * 12, 20 * 12, 0, True),
        (True, 10 * 12, 19 * 12, 10 * 12, False),
        (True, 15 * 12, 14 * 12, 15 * 12, True),
        (False, 20 * 12, 30 * 12, 20 * 12, False),
    ],
)
def test_emeritus_asks_for_thirty_years_or_fifteen_without_a_break(
    retired: bool, certified: int, worked: int, continuous: int, eligible: bool
) -> None:
    rule = reference().emeritus
    found = emeritus(rule, retired=retired, certified_months=certified, experience_months=worked, continuous_months=continuous)
    assert found.eligible is eligible
    assert found.reason
