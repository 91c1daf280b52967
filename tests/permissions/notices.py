"""Who may do what with notices."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
