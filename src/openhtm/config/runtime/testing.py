"""A pytest plugin that brings a PostgreSQL server of the tests' own: ``-p openhtm.config.runtime.testing``.

It must be loaded that early because pytest-django reads the settings before any conftest. The address is fixed at once; the
server starts when a test first asks for a database, or at the start when there are several test processes. Without fsync, in
memory where possible: nothing here is worth keeping. ``OPENHTM_TEST_DATABASE_URL`` names a server to use instead.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from openhtm.config.runtime import processes
from openhtm.config.runtime.cluster import Cluster, cluster_at
from openhtm.config.runtime.paths import Home

PREFIX = "openhtm-test-"
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "autovacuum": "off",
}


def _choose_home() -> Path:
    """Return this session's folder, the same in every test process; the first one names it."""
    if given := os.environ.get("OPENHTM_TEST_HOME"):
        return Path(given)
    place = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())  # noqa: S108 - a private folder in it
    _remove_abandoned(place)
    home = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    home.chmod(0o711)
    os.environ["OPENHTM_TEST_HOME"] = str(home)
    return home


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of test sessions that were killed."""
    for folder in place.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not processes.alive(int(pid)) and os.access(folder, os.W_OK):
            shutil.rmtree(folder, ignore_errors=True)


def _choose_database() -> Cluster | None:
    """Point DATABASE_URL at the session's server, which need not run yet; None when a server was given."""
    if given := os.environ.get("OPENHTM_TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = given
        return None
    cluster = cluster_at(Home(HOME), extra=FAST, createdb=True)
    cluster.choose_passwords()
    os.environ["DATABASE_URL"] = cluster.url
    return cluster


LEADS = "PYTEST_XDIST_WORKER" not in os.environ
HOME = _choose_home()
os.environ["OPENHTM_HOME"] = str(HOME)
os.environ.setdefault("OPENHTM_SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("OPENHTM_HTTPS", "off")
CLUSTER = _choose_database()


def start_server() -> None:
    """Start the session's server if this process leads and it does not run yet."""
    if LEADS and CLUSTER is not None and CLUSTER.process is None:
        CLUSTER.start()


def pytest_sessionstart(session: pytest.Session) -> None:
    """With several test processes, start before they do."""
    if getattr(session.config.option, "numprocesses", None):
        start_server()


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: "pytest.FixtureDef[object]") -> None:
    """In a single test process, start when a test first needs the database."""
    if fixturedef.argname == "django_db_setup":
        start_server()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and remove the session's folder."""
    if not LEADS:
        return
    if CLUSTER is not None:
        CLUSTER.stop()
    shutil.rmtree(HOME, ignore_errors=True)
