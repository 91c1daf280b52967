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
from xdist.scheduler import LoadGroupScheduling

from openhtm.config.runtime import testing, testing_databases

ROOT = Path(__file__).parent
LOOPBACK = ("127.", "::1", "localhost")
LONG = ("tests/durability", "tests/flows", "src/openhtm/demo", "tests/runtime", "tests/api/test_schemathesis", "tests/permissions")
HEAVY = {"tests/durability", "tests/flows", "tests/runtime", "tests/api/test_schemathesis.py"}  # beside units and database
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
    """Leave out, by name, the tests of real data sets on a machine that has none; order the others for several processes."""
    reason = f"needs the real data sets, and {_shared()} does not exist (set OPENHTM_SHARED)"
    if not _shared().is_dir():
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(pytest.mark.skip(reason=reason))
    if getattr(config.option, "loadgroup", False):  # set in each process of a run with --dist=loadgroup
        _order_for_processes(items)


def _order_for_processes(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that all processes end together; keep together what shares something costly.

    Tests that empty the tables share a process and come last: no other test has its database after them.
    """
    items.sort(key=_turn)
    for item in items:
        group = (
            "emptied" if _empties_tables(item) else "flows" if item.nodeid.startswith("tests/flows/") else ""
        )  # one hospital, one browser
        if group:
            item._nodeid = f"{item.nodeid}@{group}"  # as xdist writes the groups of marks, which it has read by now


class ByGroupOrFile(LoadGroupScheduling):  # type: ignore[misc]
    """Give a process whole files: what a file shares is made once."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if group == nodeid else group


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    return ByGroupOrFile(config, log) if config.getoption("dist") == "loadgroup" else None


def _turn(item: pytest.Item) -> int:
    if _empties_tables(item):
        return len(LONG) + 1
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
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Give the process a new copy after a test that emptied the tables, once all of its fixtures are gone."""
    yield
    if _empties_tables(item):
        testing_databases.renew(testing.HOME)


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
