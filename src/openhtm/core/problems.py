"""The one error shape of the API: problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from ninja import Schema
from pydantic import Field


class FieldProblem(Schema):
    """One thing wrong with one field."""

    field: str = Field(examples=["serial_number"])
    message: str = Field(examples=["Remove tabs, line breaks and other control characters."])


class Problem(Schema):
    """Why a request was refused, and what to do about it."""

    type: str = Field(examples=["/docs/problems#invalid"])
    title: str
    status: int
    code: str = Field(description="Stable, for programs.", examples=["invalid"])
    detail: str = Field(description="One plain sentence for people.")
    errors: list[FieldProblem] = []
    request_id: str = ""


REFUSALS: dict[int, type[Schema]] = dict.fromkeys((400, 401, 403, 404, 405, 409, 413, 415, 422, 429), Problem)
"""Answers every operation may give besides its own: pass as part of ``response``."""


def problem(
    *, status: int, code: str, title: str, detail: str, request_id: str, errors: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """Return the body of a refusal."""
    listed = [{"field": field, "message": text} for field, texts in (errors or {}).items() for text in texts]
    return {
        "type": f"/api/v1/docs#problem-{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": listed,
        "request_id": request_id,
    }
