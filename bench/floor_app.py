"""A minimal view: one statement over a kept connection, rows written by f-string. What the web server itself costs."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import psycopg

from bench.floors import FLOORS

_local = threading.local()


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return _local.connection  # type: ignore[no-any-return]


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer ``?floor=<name>&values=<JSON list>[&json=1]``."""
    query = parse_qs(environ["QUERY_STRING"])
    rows = _connection().execute(FLOORS[query["floor"][0]], json.loads(query["values"][0])).fetchall()
    if "json" in query:
        body, kind = json.dumps(rows, default=str), "application/json"
    else:
        lines = "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in rows)
        body, kind = f"<!doctype html><table>{lines}</table>", "text/html; charset=utf-8"
    start_response("200 OK", [("Content-Type", kind)])
    return [body.encode()]
