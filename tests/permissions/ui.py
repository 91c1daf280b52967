"""Routes of the room ui: they show nothing of anybody's."""

from tests.permissions.rows import PUBLIC, Row

ROWS = (
    Row("ui:theme", method="POST", needs=PUBLIC, data=lambda world: {"theme": "dark", "next": "/"}),
    Row("ui:style", needs=PUBLIC, ok=(200, 404)),
    Row("ui:style-job", needs=PUBLIC, ok=(200, 404)),
)
