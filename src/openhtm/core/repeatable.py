"""Creation under a key chosen by the client, for rooms below ``exchange``, which keeps the answers.

``exchange`` names its function here when the application starts; without it a creation is simply made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Make = Callable[[], tuple[int, dict[str, Any]]]


class AnswerOnce(Protocol):
    """The shape of ``exchange.services.repeatable.answer_once``."""

    def __call__(
        self, *, actor: Any, key: str | None, route: str, body: bytes | Mapping[str, Any], make: Make
    ) -> tuple[int, dict[str, Any], bool]: ...


_answerers: list[AnswerOnce] = []


def use(answerer: AnswerOnce) -> None:
    """Let ``answerer`` keep and repeat answers. The last one named counts."""
    _answerers[:] = [answerer]


def answer_once(
    *, actor: Any, key: str | None, route: str, body: bytes | Mapping[str, Any], make: Make
) -> tuple[int, dict[str, Any], bool]:
    """Return status, answer and whether it is a repetition. Raises Conflict if ``key`` was used for something else."""
    if _answerers:
        return _answerers[0](actor=actor, key=key, route=route, body=body, make=make)
    status, answer = make()
    return status, answer, False
