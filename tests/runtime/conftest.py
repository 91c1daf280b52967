"""Data folders and processes of the runtime's tests. Each test has its own server, apart from the one of the suite."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openhtm.config.runtime import processes
from openhtm.config.runtime.paths import Home

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty data folder with a space and a letter beyond ASCII in its path, and no DATABASE_URL."""
    with tempfile.TemporaryDirectory(prefix="openhtm runtime é ") as folder:
        root = Path(folder) / "data"
        monkeypatch.setenv("OPENHTM_HOME", str(root))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("OPENHTM_TEST_HOME", raising=False)
        made = Home(root.resolve())
        yield made
        for pid in processes.running_in(made.database):
            processes.send(pid, signal.SIGQUIT)
        processes.wait_until(lambda: not processes.running_in(made.database), seconds=20)
        if made.socket_record.exists():
            shutil.rmtree(made.socket_record.read_text(encoding="utf-8"), ignore_errors=True)


@pytest.fixture
def spawn() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a Python child that leads its own process group; whatever is left of it is killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
        environment = os.environ | {"PYTHONPATH": str(SOURCE)} | variables
        child = subprocess.Popen(
            [sys.executable, "-u", *arguments],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        processes.send_group(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout:
            child.stdout.close()
