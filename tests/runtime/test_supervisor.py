"""Children are restarted, stopped in order, and never outlive their supervisor."""

import os
import signal
import socket

import pytest

from openhtm.config.problem import CannotRun
from openhtm.config.runtime import processes
from openhtm.config.runtime.address import Address, address_from_environment, require_free
from openhtm.config.runtime.supervisor import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Child

SUPERVISOR = """
import sys
from openhtm.config.runtime.supervisor import Child, Supervisor
code = "import os, time; print('child', os.getpid(), flush=True); time.sleep(600)"
supervisor = Supervisor([Child("The child", [sys.executable, "-c", code])])
supervisor.install_signals()
supervisor.run(when_ready=lambda: print("ready", flush=True), ready=lambda: True)
print("stopped", flush=True)
"""


def child_of(supervisor) -> int:
    """Read lines until the child has said its process number."""
    for line in supervisor.stdout:
        if line.startswith("child "):
            return int(line.split()[1])
    raise AssertionError("the supervisor ended without starting a child")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_the_exit_code_is_zero(spawn, number):
    supervisor = spawn("-c", SUPERVISOR)
    child = child_of(supervisor)
    supervisor.send_signal(number)
    assert supervisor.wait(timeout=20) == 0
    assert "stopped" in supervisor.stdout.read()
    assert not processes.alive(child)


def test_a_child_that_dies_is_started_again(spawn):
    supervisor = spawn("-c", SUPERVISOR)
    first = child_of(supervisor)
    os.kill(first, signal.SIGKILL)
    assert child_of(supervisor) != first


def test_a_killed_supervisor_leaves_no_child(spawn):
    supervisor = spawn("-c", SUPERVISOR)
    child = child_of(supervisor)
    supervisor.kill()
    assert processes.wait_until(lambda: not processes.alive(child), seconds=10)


def test_pauses_double_up_to_a_limit():
    child = Child("The child", ["true"])
    pauses = []
    for _ in range(9):
        child.start()
        child.process.wait()
        pauses.append(child.pause)
        child.bury()
    assert pauses[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_a_port_in_use_is_named_with_another_to_try():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotRun, match=f"Port {port} is in use.*OPENHTM_PORT={port + 1}"):
            require_free(Address("127.0.0.1", port))


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "８０００", "1e3"])
def test_a_port_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("OPENHTM_PORT", text)
    with pytest.raises(CannotRun, match="OPENHTM_PORT is"):
        address_from_environment(loopback_only=False)


def test_the_demo_listens_on_loopback_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("OPENHTM_HOST", "0.0.0.0")
    monkeypatch.delenv("OPENHTM_PORT", raising=False)
    assert str(address_from_environment(loopback_only=True)) == "http://127.0.0.1:8000"
    assert address_from_environment(loopback_only=False).host == "0.0.0.0"
