"""``make run`` exits 0 on Ctrl-C and SIGTERM, whether make alone is told or its whole group; and passes failures on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
signal.pause()
"""
SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")


@pytest.fixture
def folder(tmp_path):
    """A folder with a space in its path and a Makefile that runs a small server as ours does."""
    place = tmp_path / "with space"
    place.mkdir()
    (place / "server.py").write_text(SERVER)
    (place / "Makefile").write_text(f"run:\n\t@exec '{sys.executable}' '{ROOT}/tools/run.py' '{sys.executable}' server.py\n")
    return place


def start(folder):
    # the tests may run below make themselves: what that one handed down is not for this one
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    make = subprocess.Popen(["make", "run"], cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment)
    assert make.stdout.readline() == "up\n"
    return make


def code_expected(number: int) -> int:
    """Zero, except where the system forbids attending a parent: there make can only report the signal."""
    permitted = os.geteuid() == 0 or not SCOPE.exists() or SCOPE.read_text().strip() == "0"
    return 0 if permitted else -number


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_group_is_told_to_stop(folder, number):
    make = start(folder)
    os.killpg(make.pid, number)
    assert make.wait(timeout=20) == code_expected(number)


def test_make_alone_is_told_to_stop(folder):
    make = start(folder)
    make.terminate()
    assert make.wait(timeout=20) == code_expected(signal.SIGTERM)


def test_a_failing_server_makes_make_fail(folder):
    (folder / "server.py").write_text("raise SystemExit(3)")
    done = subprocess.run(["make", "run"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Error 3" in done.stderr
