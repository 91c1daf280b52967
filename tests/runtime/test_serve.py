"""``openhtm serve`` as a person meets it: it says when it is ready, stops cleanly, and recovers from kill -9."""

import os
import signal
import socket
import subprocess

import pytest

from openhtm.config.cli import main
from openhtm.config.runtime import processes
from openhtm.config.runtime.address import Address, answers


@pytest.fixture
def address(monkeypatch) -> Address:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("OPENHTM_PORT", str(port))
    monkeypatch.setenv("OPENHTM_WORKERS", "1")
    return Address("127.0.0.1", port)


def is_free(address: Address) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address.host, address.port)) != 0


def wait_until_ready(serve: "subprocess.Popen[str]", address: Address) -> None:
    said = []
    for line in serve.stdout:
        said.append(line)
        if str(address) in line:
            assert answers(address)
            return
    raise AssertionError("".join(said))


def test_serve_starts_refuses_a_second_survives_a_kill_and_stops(home, address, spawn):
    killed = spawn("-m", "openhtm.config.cli", "serve")
    wait_until_ready(killed, address)

    second = spawn("-m", "openhtm.config.cli", "serve")
    assert second.wait(timeout=20) == 1
    assert f"in use by openhtm serve (process {killed.pid})" in second.stdout.read()

    os.kill(killed.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: is_free(address), seconds=15)

    again = spawn("-m", "openhtm.config.cli", "serve")
    wait_until_ready(again, address)
    again.terminate()
    assert again.wait(timeout=30) == 0
    assert is_free(address)
    assert processes.running_in(home.database) == []


def test_a_port_in_use_is_said_in_one_sentence(home, address, capsys, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with socket.socket() as other:
        other.bind((address.host, address.port))
        other.listen()
        assert main(["serve"]) == 1
    assert f"Port {address.port} is in use by another program" in capsys.readouterr().err
