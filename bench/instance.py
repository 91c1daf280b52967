"""An instance of its own: database, demo hospital, two web workers, and the minimal view beside them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORKERS = 2
AS_OF = "2026-11-22"
ROOT = Path(__file__).resolve().parent.parent
OPENHTM = [sys.executable, "-m", "openhtm.config.cli"]


@dataclass(frozen=True, slots=True)
class Instance:
    """Where everything answers. ``build_s`` is None when the demo hospital was kept from an earlier run."""

    scale: int
    database_url: str
    home: Path
    app_port: int
    floor_port: int
    token: str
    build_s: float | None


def bench_home() -> Path:
    """Return the folder that keeps databases between runs: ``BENCH_HOME``, else one in the temporary folder."""
    return Path(os.environ.get("BENCH_HOME") or Path(tempfile.gettempdir()) / "openhtm-bench")


@contextlib.contextmanager
def running(scale: int) -> Iterator[Instance]:
    """Yield an instance with ``scale`` devices; stops what it started. ``DATABASE_URL`` names a database to use instead of one's own."""
    home = bench_home() / f"devices-{scale}"
    home.mkdir(parents=True, exist_ok=True)
    os.environ |= {"OPENHTM_HOME": str(home), "OPENHTM_HTTPS": "off", "DJANGO_SETTINGS_MODULE": "openhtm.config.settings"}
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    from openhtm.config.runtime import database_for_command

    with database_for_command("make bench") as url:
        os.environ["DATABASE_URL"] = url
        build_s = _prepare(scale)
        token = _openhtm("token", "create", "--role", "manager", "--name", "bench").strip()
        with contextlib.ExitStack() as stack:
            app = stack.enter_context(_granian("openhtm.config.wsgi:application", ready="/healthz"))
            floor = stack.enter_context(_granian("bench.floor_app:application", ready="/healthz"))
            yield Instance(scale, url, home, app, floor, token, build_s)


def _prepare(scale: int) -> float | None:
    began = time.monotonic()
    _openhtm("migrate", "--quiet")
    said = _openhtm("demo", "--devices", str(scale), "--as-of", AS_OF, "--json")
    return None if '"already": true' in said else time.monotonic() - began


def _openhtm(*words: str) -> str:
    return subprocess.run([*OPENHTM, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextlib.contextmanager
def _granian(application: str, *, ready: str) -> Iterator[int]:
    """Run a WSGI application with the workers and threads of ``openhtm serve``; yields its port."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        str(WORKERS),
    ]
    command += ["--no-ws", "--blocking-threads", "4", "--blocking-threads-idle-timeout", "600", "--log-level", "warning", application]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait(f"http://127.0.0.1:{port}{ready}", process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError as refusal:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{url} does not answer: {refusal}") from refusal
            time.sleep(0.1)
