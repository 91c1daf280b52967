"""Refusals: anticipated, named, and worded for the person who meets them.

Each class is defined beside the function that raises it. Pages and the API translate them in one place each
(``config.errors`` and ``config.api``).
"""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """An anticipated refusal: a stable ``code``, facts, and one plain sentence that says what to do."""

    code = "refused"
    status = 422
    message = "This cannot be done."

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        return self.message.format(**self.facts)


class NotAllowed(DomainError):
    """The actor sees the record but lacks the right (403)."""

    code = "not-allowed"
    status = 403
    message = "Your role does not include this: {permission}. Ask an administrator of {place} for it."


class NotFound(DomainError):
    """Nothing by that name within the actor's scope (404); never tells whether it exists elsewhere."""

    code = "not-found"
    status = 404
    message = "There is no {kind} {name} that you can see."


class Conflict(DomainError):
    """The record was changed by somebody else, or the same key came with other content (409)."""

    code = "conflict"
    status = 409
    message = "{what} was changed by somebody else meanwhile. Load it again and repeat your change."


class Invalid(DomainError):
    """Fields were refused. ``errors`` maps a field name to its sentences; ``""`` holds those of the whole record."""

    code = "invalid"
    message = "Some fields need correcting."

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__()

    @property
    def sentence(self) -> str:
        return " ".join(f"{field}: {text}" if field else text for field, texts in self.errors.items() for text in texts)
