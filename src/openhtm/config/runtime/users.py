"""Whom the database server runs as. PostgreSQL refuses to run as root, so root lends it another user."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openhtm.config.problem import CannotRun
from openhtm.config.runtime.paths import is_root

PREFERRED = ("openhtm", "postgres")
LAST_RESORT = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system that the server runs as; ``switch`` says whether we must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_options(self) -> dict[str, Any]:
        """Options for ``subprocess`` that start a child as this user, without any group of ours."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give ``path`` to this user; nothing to do when it is ourselves."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def server_account(data: Path) -> Account:
    """Return ourselves, or as root: the owner of ``data`` if it exists, ``openhtm``, ``postgres``, a new ``openhtm``, ``nobody``."""
    if not is_root():
        return Account(_own_name(), os.geteuid(), os.getegid(), switch=False)
    if data.exists() and data.stat().st_uid != 0:
        facts = data.stat()
        return Account(str(facts.st_uid), facts.st_uid, facts.st_gid, switch=True)
    for name in PREFERRED:
        if found := _lookup(name):
            return found
    if shutil.which("useradd"):
        made = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", PREFERRED[0]]
        subprocess.run(made, check=False, capture_output=True)
        if found := _lookup(PREFERRED[0]):
            return found
    if found := _lookup(LAST_RESORT):
        return found
    raise CannotRun(
        "The database server must not run as root and there is no user openhtm or postgres. Make one (useradd --system openhtm), "
        "start OpenHTM as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(os.geteuid())


def _lookup(name: str) -> Account | None:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, found.pw_uid, found.pw_gid, switch=True) if found.pw_uid else None
