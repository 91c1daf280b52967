"""A real instance that can be killed: bundled database, two web servers, the job worker. Whatever dies is started again at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from openhtm.config.runtime import processes
from openhtm.config.runtime.address import Address, answers
from openhtm.config.runtime.cluster import Cluster, cluster_at
from openhtm.config.runtime.paths import Home
from openhtm.config.runtime.service import web_child, worker_child
from openhtm.config.runtime.supervisor import Child

ROOT = Path(__file__).parents[2]
START_SECONDS = 180.0
SMALL = {"shared_buffers": "64MB", "max_wal_size": "96MB"}
"""Little to recover, so that a killed database is back soon. What makes it durable (fsync, full pages) is left alone."""


@dataclass
class Instance:
    """The parts by name. ``environment`` is that of the children: only this database, this folder."""

    cluster: Cluster
    addresses: list[Address]
    environment: dict[str, str] = field(default_factory=dict)
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        self.children[name] = subprocess.Popen(
            self._command(name).command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(signal.SIGKILL),
        )

    def _command(self, name: str) -> Child:
        return worker_child() if name == "worker" else web_child(self.addresses[int(name.removeprefix("web"))])

    def kill(self, name: str) -> None:
        """Kill -9 a part as a whole and start it again. The database is up again when this returns, the others soon after."""
        if name == "database":
            self._kill_database()
            self.cluster.start()
            return
        child = self.children[name]
        processes.send_group(child.pid, signal.SIGKILL)
        child.wait()
        self.start(name)

    def _kill_database(self) -> None:
        for pid in processes.running_in(self.cluster.home.database):
            processes.send(pid, signal.SIGKILL)
        if self.cluster.process:
            self.cluster.process.wait()

    def run(self, *arguments: str) -> str:
        """Run a program of ours beside the instance and return what it printed."""
        done = subprocess.run([sys.executable, *arguments], env=self.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def stop(self) -> None:
        for child in self.children.values():
            processes.send_group(child.pid, signal.SIGKILL)
            child.wait()
        self.cluster.stop()


@contextlib.contextmanager
def running(*, addresses: list[Address]) -> Iterator[Instance]:
    """Yield an instance on a database that keeps what it says it keeps (fsync on), with the tables of the tests' database."""
    with tempfile.TemporaryDirectory(prefix="openhtm-kills-") as folder:
        home = Home((Path(folder) / "data").resolve())
        cluster = cluster_at(home, extra=SMALL)
        instance = Instance(cluster, addresses)
        try:
            cluster.start()
            instance.environment = {name: value for name, value in os.environ.items() if name != "OPENHTM_TEST_HOME"} | {
                "DATABASE_URL": cluster.url, "OPENHTM_HOME": str(home.root), "OPENHTM_HTTPS": "off", "OPENHTM_WORKERS": "1",
                "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "DJANGO_SETTINGS_MODULE": "openhtm.config.settings",
            }  # fmt: skip
            _copy_tables(cluster)
            for number in range(len(addresses)):
                instance.start(f"web{number}")
            instance.start("worker")
            assert processes.wait_until(lambda: all(answers(one) for one in addresses), seconds=START_SECONDS)
            yield instance
        finally:
            instance.stop()
            for pid in processes.running_in(home.database):
                processes.send(pid, signal.SIGKILL)
            if home.socket_record.exists():
                shutil.rmtree(home.socket_record.read_text(encoding="utf-8"), ignore_errors=True)


def _copy_tables(cluster: Cluster) -> None:
    """Fill the new database from the one of the tests: migrating anew would take longer than all the kills."""
    source = connection.settings_dict  # names the database of the tests, not that of the settings
    host = str(source["HOST"] or source.get("OPTIONS", {}).get("host", ""))
    environment = os.environ | {"PGPASSWORD": str(source["PASSWORD"] or "")}
    dump = [cluster.programs.program("pg_dump"), "--no-owner", "--no-privileges", "--host", host, "--username", str(source["USER"])]
    dump += ["--port", str(source["PORT"])] if source["PORT"] else []
    written = subprocess.run([*dump, "--dbname", str(source["NAME"])], env=environment, check=True, stdout=subprocess.PIPE)
    restore = [
        cluster.programs.program("psql"),
        "--no-psqlrc",
        "--quiet",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        "--output=/dev/null",
    ]
    subprocess.run([*restore, "--dbname", cluster.url], input=written.stdout, check=True)
