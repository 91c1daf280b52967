"""Every route of the application with its methods, read from the URL resolver, and every row that declares one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

import tests.permissions
from openhtm.config.api import api
from tests.permissions.rows import Row

IGNORED_METHODS = {"HEAD", "OPTIONS"}


def declared() -> list[Row]:
    """The rows of all modules of this folder."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.permissions.__path__) if not module.name.startswith("test_"))
    modules = [importlib.import_module(f"tests.permissions.{name}") for name in names]
    return [row for module in modules for row in getattr(module, "ROWS", ())]


def existing() -> set[tuple[str, str]]:
    """(route, method) of every page and API operation."""
    operations = api_operations()
    found = set(operations)
    named = {route for route, _ in operations}
    for route, pattern in _walk(get_resolver().url_patterns):
        if route not in named:
            found |= {(route, method) for method in _page_methods(pattern.callback)}
    return found


def api_operations() -> set[tuple[str, str]]:
    return {
        (f"{api.urls_namespace}:{operation.operation_id}", method)
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
        for method in operation.methods
    }


def _walk(patterns: list[Any], namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join([*namespaces, pattern.name or f"without a name: {pattern.pattern}"]), pattern
        else:
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, inner)


def _page_methods(view: Any) -> set[str]:
    """The methods that ``require_http_methods`` and its kin allow; without one of them, GET."""
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None)
        if code and cells and "request_method_list" in code.co_freevars:
            return set(cells[code.co_freevars.index("request_method_list")].cell_contents) - IGNORED_METHODS
        view = getattr(view, "__wrapped__", None)
    return {"GET"}
