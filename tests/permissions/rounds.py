"""Who may do what with rounds and readiness."""

from tests.permissions.rows import Row

ROWS: list[Row] = []
