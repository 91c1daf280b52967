"""Procedures for tests, made through the services."""

from typing import Any

from openhtm.procedures.models import Procedure, ProcedureVersion
from openhtm.procedures.services import authoring

CONTENT: dict[str, Any] = {
    "purpose": "Check the delivered energy.",
    "steps": [
        {"key": "condition", "kind": "pass_fail", "title": "Physical condition"},
        {
            "key": "energy",
            "kind": "number",
            "title": "Delivered energy at 200 J",
            "number": {
                "unit": "J",
                "decimals": 1,
                "limit": {"source": "IEC 60601-2-4", "edition": "2010", "confidence": "GK-high", "low": 170, "high": 230},
            },
        },
    ],
}


def drafted(writer: Any, *, name: str = "Defibrillator: energy", content: dict[str, Any] | None = None) -> ProcedureVersion:
    """A draft of a new procedure."""
    code = authoring.add_procedure(actor=writer, name=name).procedure.code
    return authoring.save_draft(actor=writer, code=code, content=content or CONTENT)


def released(writer: Any, reviewer: Any, *, name: str = "Defibrillator: energy", content: dict[str, Any] | None = None) -> Procedure:
    """A procedure in force."""
    procedure = drafted(writer, name=name, content=content).procedure
    return release(procedure, writer, reviewer)


def release(procedure: Procedure, writer: Any, reviewer: Any) -> Procedure:
    """Take the open draft all the way."""
    authoring.submit_draft(actor=writer, code=procedure.code)
    authoring.review_version(actor=reviewer, code=procedure.code)
    authoring.release_version(actor=reviewer, code=procedure.code)
    return procedure


def changed(**number: Any) -> dict[str, Any]:
    """The content with another limit."""
    condition, energy = CONTENT["steps"]
    limit = energy["number"]["limit"] | number
    return CONTENT | {"steps": [condition, energy | {"number": energy["number"] | {"limit": limit}}]}
