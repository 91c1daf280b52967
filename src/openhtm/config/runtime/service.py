"""What ``run``, ``serve``, ``web`` and ``worker`` do: database, migrations, demo on a first start, then the supervisor."""

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg

from openhtm.config.environment import secret_key
from openhtm.config.problem import CannotRun
from openhtm.config.runtime import locks
from openhtm.config.runtime.address import Address, address_from_environment, answers, require_free
from openhtm.config.runtime.cluster import Cluster, cluster_at
from openhtm.config.runtime.commands import SERVE, WAIT_SECONDS, database_for_command
from openhtm.config.runtime.paths import Home, current_home
from openhtm.config.runtime.supervisor import Child, Supervisor, tell

OPENHTM = [sys.executable, "-m", "openhtm.config.cli"]
DEFAULT_WORKERS = 2
THREADS = 4  # each keeps a database connection open


def serve(*, demo: bool) -> int:
    """Run database, pages and jobs until Ctrl-C or SIGTERM; answers 0. With ``demo`` on loopback, with the demo hospital."""
    if demo:
        os.environ.setdefault("OPENHTM_DEMO", "1")
        os.environ.setdefault("OPENHTM_HTTPS", "off")
    address = address_from_environment(loopback_only=demo)
    supervisor = Supervisor([web_child(address), worker_child()])
    supervisor.install_signals()
    home = current_home()
    home.make()
    secret_key(home.root)
    with _database(home, supervisor.stopping) as cluster:
        require_free(address)
        supervisor.cluster = cluster
        if _prepare(home, supervisor, demo=demo):
            supervisor.run(when_ready=lambda: announce(address, demo=demo), ready=lambda: answers(address))
    tell("Stopped. Everything is saved.")
    return 0


def serve_part(*, web: bool) -> int:
    """Run only the pages or only the job worker, on ``DATABASE_URL`` or the data folder's server."""
    address = address_from_environment(loopback_only=False)
    supervisor = Supervisor([web_child(address) if web else worker_child()])
    supervisor.install_signals()
    with database_for_command("openhtm web" if web else "openhtm worker"):
        if web:
            require_free(address)
        supervisor.run(
            when_ready=lambda: tell(f"Pages answer at {address}" if web else "The job worker runs."),
            ready=lambda: not web or answers(address),
        )
    return 0


def web_child(address: Address) -> Child:
    """Return the web server: granian, ``OPENHTM_WORKERS`` processes (default 2)."""
    text = os.environ.get("OPENHTM_WORKERS", "").strip() or str(DEFAULT_WORKERS)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise CannotRun(f"OPENHTM_WORKERS is {text!r}. Set it to a number from 1 to 256.")
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", address.host, "--port", str(address.port)]
    command += [
        "--workers",
        text,
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "5",
        "--no-ws",
        "--blocking-threads",
        str(THREADS),
        "--blocking-threads-idle-timeout",
        "600",
        "--log-level",
        "warning",
    ]
    return Child("The web server", [*command, "openhtm.config.runtime.entry:application"])


def worker_child() -> Child:
    return Child("The job worker", [sys.executable, "-m", "openhtm.config.runtime.job_worker"])


def announce(address: Address, *, demo: bool) -> None:
    """Print the address, and for the demo one account per role."""
    print(f"\nOpenHTM is ready: {address}\n", flush=True)
    if demo and importlib.util.find_spec("openhtm.demo.accounts"):
        subprocess.run([sys.executable, "-m", "openhtm.config.runtime.demo_accounts"], check=False, stdin=subprocess.DEVNULL)
    print("Press Ctrl-C to stop.\n", flush=True)


@contextlib.contextmanager
def _database(home: Home, stopping: threading.Event) -> Iterator[Cluster | None]:
    """Yield the running bundled server, or None when ``DATABASE_URL`` names one; sets ``DATABASE_URL`` for our children."""
    with _serving_lock(home, stopping):
        if os.environ.get("DATABASE_URL"):
            yield None
            return
        cluster = cluster_at(home)
        try:
            cluster.start()
            os.environ["DATABASE_URL"] = cluster.url
            yield cluster
        finally:
            cluster.stop()
            os.environ.pop("DATABASE_URL", None)


@contextlib.contextmanager
def _serving_lock(home: Home, stopping: threading.Event) -> Iterator[None]:
    """Hold the data folder. Refuses at once beside another ``serve``; waits for a shorter command to end."""
    held = locks.try_exclusive(home.server_lock, label=SERVE)
    if held is None and locks.holder(home.server_lock)[1] != SERVE:
        tell(f"Waiting for {locks.holder(home.server_lock)[1]} to end.")
        held = locks.exclusive_within(home.server_lock, label=SERVE, seconds=WAIT_SECONDS, give_up=stopping.is_set)
    if held is None:
        pid, label = locks.holder(home.server_lock)
        raise CannotRun(f"{home.root} is in use by {label} (process {pid}). Stop it first, or set OPENHTM_HOME to another folder.")
    with held:
        yield


def _prepare(home: Home, supervisor: Supervisor, *, demo: bool) -> bool:
    """Migrate, and fill a new database with the demo. Returns False if asked to stop meanwhile. Raises CannotRun."""
    if demo and _is_new(os.environ["DATABASE_URL"]):
        home.demo_wanted.touch()
    _step([*OPENHTM, "migrate", "--quiet"], supervisor, failed="The database could not be brought up to this version.")
    if demo and home.demo_wanted.exists() and not supervisor.stopping.is_set():
        tell("First start: building the demo hospital. This takes about a minute.")
        _step([*OPENHTM, "demo"], supervisor, failed="The demo hospital could not be built. It is tried again at the next start.")
        if not supervisor.stopping.is_set():
            home.demo_wanted.unlink()
    return not supervisor.stopping.is_set()


def _step(command: list[str], supervisor: Supervisor, *, failed: str) -> None:
    """Run one command to its end, or end it when asked to stop: each is one transaction, so nothing is left half done."""
    child = Child(command[-1], command)
    child.start()
    while child.ended() is None and not supervisor.stopping.wait(0.05):
        pass
    if supervisor.stopping.is_set():
        Supervisor([child]).stop()
    elif child.ended():
        raise CannotRun(f"{failed} The reason is above.")


def _is_new(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            return connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
    except psycopg.OperationalError as refusal:
        raise CannotRun(f"The database in DATABASE_URL does not answer: {str(refusal).strip()}") from refusal
