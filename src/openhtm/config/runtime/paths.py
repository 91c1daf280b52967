"""Where things live below the data folder, and which places a second user can reach."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from openhtm.config.environment import data_home
from openhtm.config.problem import CannotRun

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107  # bytes in sockaddr_un.sun_path, less the closing zero
LONGEST_SUFFIX = f"/{SOCKET_NAME}.lock"


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder. Every path below it is named here."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "database"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def passwords(self) -> Path:
        return self.root / "database-passwords.json"

    @property
    def server_lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @property
    def socket_record(self) -> Path:
        return self.root / "socket-folder"

    @property
    def last_backup(self) -> Path:
        """When the last backup was made and how large it was, as JSON; not there before the first one."""
        return self.root / "last-backup.json"

    @property
    def demo_wanted(self) -> Path:
        """Present from the first ``openhtm run`` until its demo hospital is complete."""
        return self.root / "demo-unfinished"

    def make(self) -> None:
        """Create the data folder. As root others may pass through it (0711) because the database server is another user."""
        mode = 0o711 if is_root() else 0o700
        try:
            for folder in (self.root, self.files, self.logs):
                if not folder.exists():
                    folder.mkdir(mode=mode if folder == self.root else 0o700, parents=True, exist_ok=True)
        except OSError as refusal:
            raise CannotRun(
                f"The data folder {self.root} cannot be made: {refusal.strerror}. Set OPENHTM_HOME to a folder you may write to."
            ) from refusal
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise CannotRun(f"The data folder {self.root} is not writable for you. Set OPENHTM_HOME to a folder of your own.")


def current_home() -> Home:
    """Return the data folder named by ``OPENHTM_HOME`` or the platform. Symbolic links are followed, so a home has one name."""
    return Home(data_home().resolve())


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def reachable(path: Path, *, uid: int, gid: int) -> bool:
    """Tell whether that user may pass through every folder down to ``path`` and read it, by permission bits."""
    return all(_may(folder, uid, gid, stat.S_IXOTH) for folder in [path, *path.parents] if folder.exists())


def _may(path: Path, uid: int, gid: int, bit: int) -> bool:
    facts = path.stat()
    if facts.st_uid == uid:
        return bool(facts.st_mode & (bit << 6))
    if facts.st_gid == gid:
        return bool(facts.st_mode & (bit << 3))
    return bool(facts.st_mode & bit)


def socket_folder(home: Home, *, uid: int, gid: int) -> Path:
    """Return a private folder (0700, owned by ``uid``) for the server's socket, short enough for a socket address.

    ``<home>/run`` when it is short and that user can reach it; else a folder named after the home's hash in
    ``XDG_RUNTIME_DIR`` or the temporary folder, always the same for the same home.
    """
    preferred = home.root / "run"
    if _fits(preferred) and reachable(home.root, uid=uid, gid=gid):
        return _private(preferred, uid=uid, gid=gid)
    if recorded := _recorded(home):
        return _private(recorded, uid=uid, gid=gid)
    name = f"openhtm-{hashlib.sha256(os.fsencode(home.root)).hexdigest()[:16]}"
    for place in (os.environ.get("XDG_RUNTIME_DIR"), "/run", tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder in it is private
        if place and _usable(Path(place), uid=uid, gid=gid) and _fits(Path(place) / name):
            home.socket_record.write_text(str(Path(place) / name), encoding="utf-8")
            return _private(Path(place) / name, uid=uid, gid=gid)
    raise CannotRun("No folder is short enough for the database's socket. Set XDG_RUNTIME_DIR to a short path of your own.")


def _recorded(home: Home) -> Path | None:
    """Return the folder chosen earlier: a service and a shell may have different environments but must meet in one place."""
    try:
        found = Path(home.socket_record.read_text(encoding="utf-8"))
    except OSError:
        return None
    return found if found.is_absolute() and found.parent.is_dir() and os.access(found.parent, os.W_OK) else None


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + len(LONGEST_SUFFIX) <= SOCKET_PATH_LIMIT


def _usable(place: Path, *, uid: int, gid: int) -> bool:
    return place.is_dir() and os.access(place, os.W_OK) and reachable(place, uid=uid, gid=gid)


def _private(folder: Path, *, uid: int, gid: int) -> Path:
    if not folder.exists() and not folder.is_symlink():
        folder.mkdir(mode=0o700)
        if is_root():
            os.chown(folder, uid, gid)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {uid, os.geteuid()}:
        raise CannotRun(f"{folder} belongs to somebody else. Remove it, or set XDG_RUNTIME_DIR to a folder of your own.")
    if facts.st_uid != uid:
        os.chown(folder, uid, gid)
    folder.chmod(0o700)
    return folder
