"""Fixtures of every test, in the rooms and in tests/. The database comes from openhtm.config.runtime.testing."""

import gc
import os
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.test import override_settings

from openhtm.config.runtime import testing, testing_databases

ROOT = Path(__file__).parent
LOOPBACK = ("127.", "::1", "localhost")
LONG = (
    "tests/flows/test_axe", "tests/durability", "tests/flows", "src/openhtm/demo", "tests/runtime", "tests/api/test_schemathesis",
    "tests/permissions",
)  # fmt: skip
HEAVY = {"tests/durability", "tests/flows", "tests/runtime", "tests/api/test_schemathesis.py"}  # beside units and database
TESTS_OF_A_COPY = 200
_served = Counter[str]()
_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


# The laws are about results, never about the clock. ``make soak`` asks for many more examples of each that names no number.
hypothesis.settings.register_profile(
    "openhtm",
    max_examples=int(os.environ.get("OPENHTM_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("openhtm")


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


@pytest.hookimpl(trylast=True)  # after pytest-django has put those that empty the tables behind the others
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, by name, the tests of real data sets on a machine that has none; begin with what takes long.

    Several processes take whole files in this order, so that they end together.
    """
    reason = f"needs the real data sets, and {_shared()} does not exist (set OPENHTM_SHARED)"
    if not _shared().is_dir():
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(pytest.mark.skip(reason=reason))
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, place in enumerate(LONG) if item.nodeid.startswith(place)), len(LONG))


def _empties_tables(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the garbage collector pass over the thousands of tests and modules that stay anyway."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how long each part of a large run took."""
    seconds, tests = Counter[str](), Counter[str]()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if isinstance(report, pytest.TestReport):
            seconds[_part(report)] += report.duration
            tests[_part(report)] += report.when == "call"
    if len(seconds) < 4:
        return
    terminalreporter.section("how long each part took, in seconds of one process")
    for part, taken in seconds.most_common():
        terminalreporter.write_line(f"{taken:8.1f}  {tests[part]:5d} tests  {part}")
    units = sum(taken for part, taken in seconds.items() if part not in HEAVY)
    terminalreporter.write_line(f"{units:8.1f}  without {', '.join(sorted(HEAVY))}")


def _part(report: pytest.TestReport) -> str:
    path = report.nodeid.partition("::")[0]
    return path if path in HEAVY else "/".join(path.split("/")[: 3 if path.startswith("src/") else 2])


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Give this process a copy of the schema instead of running every migration in each."""
    with django_db_blocker.unblock():
        testing_databases.take(testing.HOME, os.environ.get("PYTEST_XDIST_WORKER", str(os.getpid())))
    yield
    with django_db_blocker.unblock():
        testing_databases.give_back()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Take a new copy of the schema after a test that emptied the tables, and between files when it has served many.

    What thousands of tests took back stays in the tables until somebody vacuums, and every statement reads past it.
    """
    yield
    _served["tests"] += 1
    ends_file = nextitem is None or nextitem.path != item.path  # nothing of this file is open any more
    if _empties_tables(item) or (ends_file and _served["tests"] >= TESTS_OF_A_COPY):
        testing_databases.renew(testing.HOME)
        _served.clear()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real data sets, for tests marked ``realdata``."""
    return _shared()


@pytest.fixture(scope="session", autouse=True)
def cheap_settings() -> Iterator[None]:
    """Render pages without collecting static files first, and hash passwords without the work that protects real ones."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    hashers = ["openhtm.identity.tests.hashers.CheapArgon2"]
    with override_settings(STORAGES=settings.STORAGES | {"staticfiles": plain}, PASSWORD_HASHERS=hashers):
        yield
