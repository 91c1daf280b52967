"""Who may do what with testers."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
