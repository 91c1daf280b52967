"""``python -m bench.explain [WORD]``: the plans of every statement of the pages of devices and of work, on DATABASE_URL."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))


def main(word: str) -> int:
    """Print EXPLAIN (ANALYZE, BUFFERS) of every SELECT behind each address whose name holds ``word``."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    os.environ["OPENHTM_DEBUG"] = "on"  # no collected static files are needed
    import django

    django.setup()
    import psycopg
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from bench.cases import work
    from bench.cases.answers import asked_of
    from bench.cases.statements import log_in

    client = Client(raise_request_exception=False)
    log_in(client)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as plain:
        addresses = {
            name: f"/d/{choices[0].values[0]}" if name == "device" else f"/devices?{choices[0].path}"
            for name, choices in asked_of(plain).items()
        } | {name: choices[0].path for name, choices in work.pages(plain).items()}
    for name, path in addresses.items():
        if word not in name:
            continue
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, HTTP_HOST="127.0.0.1")
        print(f"\n=== {name}: {path} ({answer.status_code}, {len(captured)} statements)")
        for query in captured.captured_queries:
            _explain(connection, query["sql"])
    return 0


def _explain(connection: Any, sql: str) -> None:
    if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + sql.replace("%", "%%"), [])
        plan = [row[0] for row in cursor.fetchall()]
    print(f"--- {sql[:400]}")
    print("\n".join("    " + line for line in plan))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
