"""A database for one command at the shell, whether or not a server is running."""

import contextlib
import os
from collections.abc import Iterator

from openhtm.config.problem import CannotRun
from openhtm.config.runtime import locks, processes
from openhtm.config.runtime.cluster import Cluster, cluster_at
from openhtm.config.runtime.paths import current_home

WAIT_SECONDS = 120.0
SERVE = "openhtm serve"


@contextlib.contextmanager
def database_for_command(label: str = "an openhtm command") -> Iterator[str]:
    """Yield a DATABASE_URL and put it into the environment, before Django is set up.

    The given ``DATABASE_URL`` if there is one; else the data folder's running server; else one started for as long as the
    command and any that joined it last. Raises CannotRun.
    """
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    home = current_home()
    home.make()
    with contextlib.ExitStack() as stack:
        joined = stack.enter_context(contextlib.ExitStack())
        joined.enter_context(locks.shared(home.users_lock))
        cluster = cluster_at(home)
        if lock := locks.try_exclusive(home.server_lock, label=label):
            stack.enter_context(lock)
            cluster.start()
            stack.callback(_stop_when_alone, cluster, joined)
        elif not processes.wait_until(cluster.is_up, seconds=WAIT_SECONDS):
            raise CannotRun(f"The database of {home.root} does not answer, though process {locks.holder(home.server_lock)[0]} runs it.")
        os.environ["DATABASE_URL"] = cluster.url
        try:
            yield cluster.url
        finally:
            os.environ.pop("DATABASE_URL", None)


def _stop_when_alone(cluster: Cluster, joined: contextlib.ExitStack) -> None:
    """Wait for the commands that joined meanwhile. Newcomers wait too, then start the server themselves."""
    joined.close()
    with locks.alone(cluster.home.users_lock):
        cluster.stop()
