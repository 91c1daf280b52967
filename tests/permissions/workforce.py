"""Who may do what with teams and hours."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
