"""Who may do what with procedures."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
