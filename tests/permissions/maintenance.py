"""Who may do what with schedules and visits."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
