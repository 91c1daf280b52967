"""The router of every room's API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import ninja
from ninja.constants import NOT_SET

from openhtm.core.problems import Problem


@cache
def _refusal() -> type[ninja.Schema]:
    return type("NinjaResponseSchema", (ninja.Schema,), {"__annotations__": {"response": Problem}})


class Router(ninja.Router):
    """Describe the refusals of all operations by one model.

    Every operation names ten of them, all of one shape. The library makes a model for each: several thousand, and half of the time
    that a web server needs to start.
    """

    def add_api_operation(self, path: str, methods: list[str], view_func: Callable[..., Any], **options: Any) -> None:
        """Add an operation; ``response`` maps status codes to schemas and names REFUSALS with the others."""
        named = options.get("response", NOT_SET)
        if not isinstance(named, dict):
            super().add_api_operation(path, methods, view_func, **options)
            return
        path = path.replace("{uuid:", "{uuidstr:")  # as the library files it
        own = {status: schema for status, schema in named.items() if schema is not Problem}
        super().add_api_operation(path, methods, view_func, **options | {"response": own})
        operation = self.path_operations[path].operations[-1]
        made = operation.response_models
        operation.response_models = {status: _refusal() if schema is Problem else made[status] for status, schema in named.items()}
