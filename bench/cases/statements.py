"""How many statements a page takes: the same for one row and for fifty."""

from __future__ import annotations

from typing import Any

from bench.instance import Instance
from bench.results import Result

_TYPES = """
SELECT t.code, count(*) FROM catalog_devicetype t JOIN inventory_device d ON d.device_type_id = t.id GROUP BY t.code ORDER BY 2, 1
"""


_COUNTING = 2  # a list longer than its page is counted: an estimate, then exactly up to 10,000


def run(instance: Instance) -> list[Result]:
    """Count through Django's own client in this process, on the same database."""
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    log_in(client)
    with connection.cursor() as cursor:
        cursor.execute(_TYPES)
        types = cursor.fetchall()
    few, many = types[0][0], next(code for code, count in types if count > 50)
    results = []
    for name, address in (("page", "/devices?device_type="), ("API", "/api/v1/devices?device_type=")):
        counts = []
        for code in (few, many):
            client.get(address + code, HTTP_HOST="127.0.0.1")
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert client.get(address + code, HTTP_HOST="127.0.0.1").status_code == 200
            counts.append(len(captured))
        results.append(
            Result(
                f"{name}: list, statements for 50 rows",
                counts[1],
                "statements",
                counts[0] + _COUNTING,
                note=f"{counts[0]} for {types[0][1]} row(s)",
            )
        )
    connection.close()
    return results


def log_in(client: Any) -> None:
    """Give Django's test client the session of the demo's manager, its clocks started as by logging in."""
    from openhtm.identity.middleware import begin_session
    from openhtm.identity.models import User

    client.force_login(User.objects.get(username="manager"), backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    begin_session(session)
    session.save()
