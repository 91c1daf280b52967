"""What procedures tell the rooms above, in the same transaction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProcedureReleased:
    """A version is in force from now on; the one before it, if any, is retired. Open work keeps the version it began with."""

    procedure_id: int
    version_id: int
