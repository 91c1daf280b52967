"""Fixtures of every test, in the rooms and in tests/. The database comes from openhtm.config.runtime.testing."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as laws

laws.register_profile("openhtm", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # laws are about results, not the clock
laws.load_profile("openhtm")

ROOT = Path(__file__).parent
LOOPBACK = ("127.", "::1", "localhost")
_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


class NetworkUsed(RuntimeError):
    """A test tried to reach another machine."""


def _refuse_strangers(connection: socket.socket, address: Any) -> None:
    if connection.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(LOOPBACK):
        raise NetworkUsed(f"tests must not leave this machine, but one connects to {address[0]}")


def _local_connect(self: socket.socket, address: Any) -> None:
    _refuse_strangers(self, address)
    _connect(self, address)


def _local_connect_ex(self: socket.socket, address: Any) -> int:
    _refuse_strangers(self, address)
    return _connect_ex(self, address)


def pytest_configure(config: pytest.Config) -> None:
    """Keep tests on this machine."""
    socket.socket.connect = _local_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _local_connect_ex  # type: ignore[method-assign]


def pytest_unconfigure(config: pytest.Config) -> None:
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]


def _shared() -> Path:
    return Path(os.environ.get("OPENHTM_SHARED", ROOT.parent / "shared")) / "data"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, by name, the tests of real data sets on a machine that has none."""
    if _shared().is_dir():
        return
    reason = f"needs the real data sets, and {_shared()} does not exist (set OPENHTM_SHARED)"
    for item in items:
        if item.get_closest_marker("realdata"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real data sets, for tests marked ``realdata``."""
    return _shared()


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> Iterator[None]:
    """Render pages without collecting static files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": plain}):
        yield
