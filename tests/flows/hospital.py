"""The application as people run it, for browser tests: a database of its own, the demo hospital in small, the real web server."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from openhtm.config.runtime import processes, testing, testing_databases
from openhtm.demo.accounts import PASSWORD

SOURCE = Path(__file__).parents[2] / "src"
DEVICES = "600"
AS_OF = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date().isoformat()  # all of it lies behind, a timer for a day and a half at most
STOP_SECONDS = 20


@dataclass(frozen=True)
class Hospital:
    """``base`` answers; ``database`` is its address, to look up what a page should show."""

    base: str
    database: str
    password: str = PASSWORD

    def one(self, query: str, *values: object) -> str:
        """Return the single value of a query that finds exactly one."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute(query, values).fetchall()  # type: ignore[call-overload]
        assert len(rows) == 1, f"{len(rows)} rows for {query}"
        return str(rows[0][0])


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Hospital]:
    """Build the hospital, serve it on a free port, and take everything away at the end."""
    with database() as url, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        settings = {"DATABASE_URL": url, "OPENHTM_HOME": str(folder), "OPENHTM_PORT": str(port), "OPENHTM_WORKERS": "1"}
        environment = os.environ | settings | {"PYTHONPATH": str(SOURCE), "OPENHTM_HTTPS": "off", "OPENHTM_DEMO": "1"}
        environment.pop("OPENHTM_TEST_HOME", None)
        command([*_openhtm("migrate"), "--quiet"], environment)
        command([*_openhtm("demo"), "--devices", DEVICES, "--as-of", AS_OF], environment)
        for program in ("some_work.py", "some_visits.py"):
            command(
                [sys.executable, str(Path(__file__).with_name(program))],
                environment | {"DJANGO_SETTINGS_MODULE": "openhtm.config.settings"},
            )
        with served(environment, port):
            yield Hospital(base=f"http://127.0.0.1:{port}", database=url)


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Yield the address of a new database on the server of the tests."""
    testing.start_server()
    address = urlsplit(os.environ["DATABASE_URL"])
    name = f"flows_{os.getpid()}"
    testing_databases.copy(testing.HOME, name)
    try:
        yield address._replace(path=f"/{name}").geturl()
    finally:
        testing_databases.drop(name)


@contextlib.contextmanager
def served(environment: dict[str, str], port: int) -> Iterator[None]:
    """Run ``openhtm serve`` from when it says it is ready until the end."""
    server = subprocess.Popen(
        _openhtm("serve"), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        said: list[str] = []
        assert server.stdout is not None
        for line in server.stdout:
            said.append(line)
            if f":{port}" in line:
                break
        else:
            raise AssertionError("".join(said))
        threading.Thread(target=said.extend, args=(server.stdout,), daemon=True).start()  # a full pipe would stop the server
        yield
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=STOP_SECONDS)
        processes.send_group(server.pid, signal.SIGKILL)
        server.wait()


def command(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(arguments, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _openhtm(name: str) -> list[str]:
    return [sys.executable, "-u", "-m", "openhtm.config.cli", name]
