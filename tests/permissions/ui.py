"""Routes of the room ui: they show nothing of anybody's."""

from tests.permissions.rows import Row

ROWS = (
    Row("ui:theme", method="POST", data=lambda world: {"theme": "dark", "next": "/"}),
    Row("ui:style", ok=(200, 404)),
    Row("ui:style-job", ok=(200, 404)),
)
