"""The proof that comes with a fact."""

from __future__ import annotations

from typing import Any, BinaryIO

from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor

Upload = tuple[str, BinaryIO | bytes]
"""Name of the file as it was sent, and its content."""


def stored_evidence(actor: Actor, upload: Upload | None) -> dict[str, Any]:
    """Store a proof and return the two fields that name it; nothing where none was sent. Raises FileRefused."""
    if upload is None:
        return {}
    return {"evidence": store_file(content=upload[1], file_name=upload[0], actor=actor), "evidence_name": upload[0][:200]}
