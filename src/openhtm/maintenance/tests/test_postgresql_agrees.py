"""The database counts days as the rules do; what is computed in sets rests on that."""

from datetime import date, timedelta

import pytest
from django.db import connection

from openhtm.maintenance.rules.calendar import Unit, add_interval, grid_date, month_end, month_start, nominal_days

ANCHORS = [date(2023, 12, 25) + timedelta(days=n) for n in range(0, 440, 3)] + [date(2024, 1, 31), date(2024, 2, 29), date(2023, 2, 28)]
STEPS = [
    (n, unit, k) for n, unit in [(1, "month"), (6, "month"), (5, "month"), (1, "year"), (3, "week"), (10, "day")] for k in range(-7, 30, 3)
]


@pytest.mark.django_db
def test_grids_clamp_the_same_way() -> None:
    cases = [(anchor, n, unit, k) for anchor in ANCHORS for n, unit, k in STEPS]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (anchor + k * n * ('1 ' || unit)::interval)::date"
            " FROM unnest(%s::date[], %s::int[], %s::text[], %s::int[]) WITH ORDINALITY AS t (anchor, n, unit, k, place) ORDER BY place",
            [list(column) for column in zip(*cases, strict=True)],
        )
        found = [row[0] for row in cursor.fetchall()]
    assert found == [grid_date(*case) for case in cases]


@pytest.mark.django_db
def test_months_start_and_end_and_last_the_same() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', day)::date, (date_trunc('month', day) + interval '1 month - 1 day')::date,"
            " (day - interval '1 month')::date FROM unnest(%s::date[]) WITH ORDINALITY AS t (day, place) ORDER BY place",
            [ANCHORS],
        )
        assert cursor.fetchall() == [(month_start(day), month_end(day), add_interval(day, -1, Unit.MONTH)) for day in ANCHORS]
        cursor.execute("SELECT n * 1461 / 48 FROM generate_series(1, 240) AS n ORDER BY n")
        assert [row[0] for row in cursor.fetchall()] == [nominal_days(n, Unit.MONTH) for n in range(1, 241)]
