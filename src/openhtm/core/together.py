"""Many schema operations of one migration, applied together.

Django draws every model anew after each operation, which for a room of thirty tables costs more than creating them. ``Together``
brings the state forward without drawing, then creates each table once, in its final shape. The state afterwards is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import AddField
from django.db.migrations.operations.models import AddConstraint, AddIndex, CreateModel
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger

PART_OF_THE_TABLE = (AddField, AddIndex, AddConstraint)


class Together(Operation):
    """Apply ``operations`` in two steps: all of the state, then the database. Serves schema operations only, no data."""

    reduces_to_sql = True

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = list(operations)

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        return all(operation.reversible for operation in self.operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # drawn again, once, when the database step asks for it
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for operation in self._steps():
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        made = self._made()
        for operation in reversed(self._steps()):
            if isinstance(operation, AddTrigger) and operation.model_name.lower() in made:
                continue  # goes with its table, which the state to return to does not know
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Apply {len(self.operations)} operations together"

    def _steps(self) -> list[Operation]:
        """Without what a table created here has from its beginning, because it is created in its final shape."""
        made = self._made()
        return [op for op in self.operations if not (isinstance(op, PART_OF_THE_TABLE) and op.model_name.lower() in made)]

    def _made(self) -> set[str]:
        return {operation.name_lower for operation in self.operations if isinstance(operation, CreateModel)}
