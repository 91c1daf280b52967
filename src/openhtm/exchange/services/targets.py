"""What a table can be imported into. A room above names its target when the application starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from openhtm.core.errors import NotFound
from openhtm.exchange.models import ImportRun
from openhtm.exchange.rules.mapping import Check, Profile, TargetField
from openhtm.exchange.rules.rows import ReadRow
from openhtm.exchange.rules.tables import Row
from openhtm.identity.actor import Actor

Tell = Callable[[int, int, str], None]
"""Takes done, total and what is being done. Raises Cancelled when somebody asked to stop."""


@dataclass(slots=True)
class Staged:
    """One row as it is kept for inspection; the fields are those of ``ImportRow``."""

    row_number: int
    action: str
    source: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)
    matched_by: str = ""
    target_id: int | None = None
    difference: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Mapping[str, Any]] = ()


class Stager(Protocol):
    """Judges the rows of one file, some thousand at a time, and remembers what the file would add."""

    def judge(self, rows: Sequence[tuple[ReadRow, Row]]) -> list[Staged]:
        """Say what each row would do. A fixed number of statements for any number of rows; nothing is written."""

    def plan(self) -> dict[str, Any]:
        """Return what applying adds besides the rows themselves."""


class Target(Protocol):
    """Something rows can become."""

    code: str

    def fields(self) -> Sequence[TargetField]: ...

    def profiles(self) -> Mapping[str, Profile]:
        """The profiles shipped for it, by name."""

    def checks(self) -> Mapping[str, Check]:
        """Tests of a text that speak for a field, such as a UDI parser."""

    def stager(self, *, run: ImportRun, profile: Profile, columns: Mapping[str, str], actor: Actor, now: datetime) -> Stager:
        """Start judging; ``columns`` maps a field to the name of its column. Raises BadProfile."""

    def apply(self, *, run: ImportRun, actor: Actor, now: datetime, tell: Tell) -> dict[str, int]:
        """Write every row that creates or updates, inside the caller's transaction. Return the counts, by action."""

    def applied(self, *, run: ImportRun, counts: Mapping[str, int]) -> None:
        """Called after the commit, for what must not lengthen the transaction."""


_targets: dict[str, Target] = {}


def register(target: Target) -> None:
    """Add a target. The same code again replaces it."""
    _targets[target.code] = target


def target_named(code: str) -> Target:
    """Raises NotFound."""
    if code not in _targets:
        raise NotFound(kind="import target", name=code[:40])
    return _targets[code]
