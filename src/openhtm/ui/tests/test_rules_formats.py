"""Formats: what people read of dates, money and sizes."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.ui.rules import formats

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))
instants = st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(days)
def test_a_written_day_can_be_read_back_as_the_same_day(value):
    number, month, year = formats.day(value).split()
    assert date(int(year), formats.MONTHS.index(month) + 1, int(number)) == value


@given(instants, st.integers(-12 * 60, 14 * 60))
def test_an_instant_is_shown_in_the_zone_asked_for(value, offset_min):
    zone = timezone(timedelta(minutes=offset_min))
    assert formats.instant(value, zone=zone).endswith(f"{value.astimezone(zone):%H:%M}")


@given(st.integers(-(10**12), 10**12))
def test_money_keeps_every_cent(cents):
    text = formats.money(cents).replace("$", "").replace(",", "").replace("−", "-")
    assert round(float(text) * 100) == cents


@given(st.floats(0, 100, exclude_max=True))
def test_only_a_full_hundred_reads_as_a_hundred(share):
    assert float(formats.percent(share).rstrip("%\u00a0")) <= share + 0.05
    if share < 99.99:
        assert not formats.percent(share).startswith("100")


@given(instants, instants)
def test_age_says_ago_for_the_past_and_in_for_the_future(value, now):
    words = formats.age(value, now=now, zone=UTC)
    if words.endswith("ago") or words == "yesterday":
        assert value < now
    if words.startswith("in ") or words == "tomorrow":
        assert value > now


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON - timedelta(seconds=20), "just now"),
        (NOON - timedelta(minutes=5), "5 min ago"),
        (NOON + timedelta(hours=3), "in 3 h"),
        (NOON - timedelta(days=1), "yesterday"),
        (NOON - timedelta(days=9), "9 days ago"),
        (date(2026, 11, 22), "today"),
        (date(2026, 11, 23), "tomorrow"),
        (date(2025, 9, 20), "14 months ago"),
        (date(2019, 3, 6), "7 years ago"),
    ],
)
def test_age_in_the_words_a_technician_uses(value, expected):
    assert formats.age(value, now=NOON, zone=UTC) == expected


def test_the_day_of_an_instant_depends_on_the_facility():
    late_evening = datetime(2026, 9, 11, 3, 40, tzinfo=UTC)
    assert formats.instant(late_evening, zone=CHICAGO) == "10 Sep 2026 22:40"
    assert formats.zone_label(late_evening, zone=CHICAGO) == "CDT"
    assert formats.zone_label(late_evening, zone=ZoneInfo("Asia/Kathmandu")) == "UTC+05:45"


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        formats.instant(datetime(2026, 1, 1), zone=UTC)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.day(date(2026, 12, 12)), "12 Dec 2026"),
        (formats.month(date(2026, 12, 12)), "Dec 2026"),
        (formats.money(231050), "$2,310.50"),
        (formats.money(231000, currency="EUR"), "€2,310"),
        (formats.money(-5, currency="NOK"), "−NOK\u00a00.05"),
        (formats.money(1200, currency="JPY"), "¥1,200"),
        (formats.size(0), "0\u00a0B"),
        (formats.size(999_999), "1.0\u00a0MB"),
        (formats.size(2_500_000), "2.5\u00a0MB"),
        (formats.percent(99.96), "99.9\u00a0%"),
        (formats.percent(100), "100\u00a0%"),
        (formats.duration(250), "4\u00a0h 10\u00a0min"),
        (formats.duration(0), "0\u00a0min"),
        (formats.number(6012), "6,012"),
    ],
)
def test_formats_as_people_write_them(text, expected):
    assert text == expected
