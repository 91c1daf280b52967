"""Who may do what with notices: everybody reads their own."""

from tests.permissions.rows import Row

ROWS: list[Row] = [
    Row("notices:notice-list"),
    Row("notices:notice-read", "POST"),
    Row("api:list_notices"),
    Row("api:read_notices", "POST"),
]
