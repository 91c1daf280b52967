"""A job whose worker was killed is done by the next worker."""

import os
import time
from urllib.parse import urlsplit

import psycopg
import pytest

from openhtm.config.runtime import testing, testing_databases

DEFER = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "openhtm.config.settings"
import django
django.setup()
from openhtm.config.jobs import app
app.configure_task("audit.check_invariants").defer(timestamp=0)
print("deferred", flush=True)
"""


def statuses(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT status::text FROM procrastinate_jobs WHERE task_name = 'audit.check_invariants'")
        return [status for (status,) in rows]


@pytest.fixture
def url(django_db_setup, monkeypatch):
    """A database of its own, which the children find."""
    name = f"jobs_{os.getpid()}"
    testing_databases.copy(testing.HOME, name)
    monkeypatch.setenv("DATABASE_URL", urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl())
    yield os.environ["DATABASE_URL"]
    testing_databases.drop(name)


def test_a_job_of_a_killed_worker_is_done_by_the_next(url, spawn):
    assert spawn("-c", DEFER).stdout.readline() == "deferred\n"
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
    worker = spawn("-m", "openhtm.config.runtime.job_worker")
    end = time.monotonic() + 30
    while statuses(url) != ["succeeded"] and worker.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    assert statuses(url) == ["succeeded"]
    worker.terminate()
    assert worker.wait(timeout=20) == 0
