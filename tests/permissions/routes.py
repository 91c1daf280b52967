"""Every route of the application with its methods, read from the URL resolver, and every row that declares one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver
from ninja.operation import Operation, PathView

import tests.permissions
from tests.permissions.rows import Row

IGNORED_METHODS = {"HEAD", "OPTIONS"}


def declared() -> list[Row]:
    """The rows of all modules of this folder."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.permissions.__path__) if not module.name.startswith("test_"))
    modules = [importlib.import_module(f"tests.permissions.{name}") for name in names]
    return [row for module in modules for row in getattr(module, "ROWS", ())]


def existing() -> set[tuple[str, str]]:
    """(route, method) of every page and API operation."""
    found: set[tuple[str, str]] = set()
    for route, pattern in walk(get_resolver().url_patterns):
        operations = _operations(pattern.callback)
        if operations is None:
            found |= {(route, method) for method in page_methods(pattern.callback)}
        else:
            found |= {(f"api:{operation.operation_id}", method) for operation in operations for method in operation.methods}
    return found


def _operations(view: Any) -> list[Operation] | None:
    """The operations behind an address of the API, or None for a page. They share one view, which knows them as ``self``."""
    code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None) or ()
    held = dict(zip(code.co_freevars, cells, strict=True)) if code else {}
    owner = held["self"].cell_contents if "self" in held else None
    return owner.operations if isinstance(owner, PathView) else None


def walk(patterns: list[Any], namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join([*namespaces, pattern.name or f"without a name: {pattern.pattern}"]), pattern
        else:
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from walk(pattern.url_patterns, inner)


def page_methods(view: Any) -> set[str]:
    """The methods that ``require_http_methods`` and its kin allow; without one of them, GET."""
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None)
        if code and cells and "request_method_list" in code.co_freevars:
            return set(cells[code.co_freevars.index("request_method_list")].cell_contents) - IGNORED_METHODS
        view = getattr(view, "__wrapped__", None)
    return {"GET"}
