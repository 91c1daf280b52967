"""Who may do what with work orders."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
