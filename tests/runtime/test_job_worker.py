"""A job whose worker was killed is done by the next worker."""

import time

import psycopg

from openhtm.config.runtime import database_for_command

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


def test_a_job_of_a_killed_worker_is_done_by_the_next(home, spawn):
    assert spawn("-m", "openhtm.config.cli", "migrate", "--quiet").wait(timeout=120) == 0
    with database_for_command() as url:
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
