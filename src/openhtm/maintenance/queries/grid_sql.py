"""Pieces of SQL that say what ``rules.calendar`` and ``rules.cycle`` say, for statements over many schedules."""

# ruff: noqa: S608 - put together from constants of this file; values go in as parameters


def interval_part(column: str, unit: str, *, months: bool) -> str:
    """Return the SQL of an interval's part that is counted in days, or in months."""
    if months:
        return f"CASE {unit} WHEN 'month' THEN {column}::int WHEN 'year' THEN 12 * {column}::int ELSE 0 END"
    return f"CASE {unit} WHEN 'day' THEN {column}::int WHEN 'week' THEN 7 * {column}::int ELSE 0 END"


def moved_out_of(day: str, not_before: str) -> str:
    """Return the SQL of ``cycle.move_out_of``: the last day of the nearest earlier allowed month, else the first of the next."""
    start = f"date_trunc('month', {day})"
    earlier = f"""(SELECT ({start} - make_interval(months => g - 1))::date - 1 FROM generate_series(1, 11) g
      WHERE date_part('month', {start} - make_interval(months => g))::smallint <> ALL (blackout) ORDER BY g LIMIT 1)"""
    later = f"""(SELECT ({start} + make_interval(months => g))::date FROM generate_series(1, 11) g
      WHERE date_part('month', {start} + make_interval(months => g))::smallint <> ALL (blackout) ORDER BY g LIMIT 1)"""
    return f"""CASE WHEN date_part('month', {day})::smallint <> ALL (blackout) THEN {day}
      WHEN {earlier} >= {not_before} THEN {earlier} ELSE {later} END"""
