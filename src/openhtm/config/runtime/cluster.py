"""The bundled PostgreSQL server of one data folder: make, start, recover, stop.

The server listens on a socket in a private folder only, with passwords kept in a file of mode 0600. Whoever calls ``start``
holds the folder's server lock, so a server found running is an orphan of a start that was killed.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from openhtm.config.problem import CannotRun
from openhtm.config.runtime import binaries, processes, tuning
from openhtm.config.runtime.paths import SOCKET_NAME, Home, reachable, socket_folder
from openhtm.config.runtime.users import Account, server_account

SUPERUSER = "postgres"
OWNER = "openhtm"
DATABASE = "openhtm"
CONF = "openhtm.conf"
START_SECONDS = 120.0  # recovery after a crash replays up to max_wal_size
STOP_SECONDS = 60.0
LOG_LIMIT_BYTES = 10_000_000
THIS_FOLDER = "/proc/self/cwd"


@dataclass(slots=True)
class Cluster:
    """One server. ``extra`` overrides tuned settings; ``createdb`` lets the owner make databases, as tests do."""

    home: Home
    account: Account
    programs: binaries.Binaries
    sockets: Path
    extra: dict[str, str] = field(default_factory=dict)
    createdb: bool = False
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Return the DATABASE_URL of the application's role. Raises CannotRun before the first start."""
        return self._url(OWNER)

    def choose_passwords(self) -> dict[str, str]:
        """Return the passwords by role, made at the first call and kept in a file of mode 0600."""
        if not self.home.passwords.exists():
            fresh = {SUPERUSER: secrets.token_urlsafe(24), OWNER: secrets.token_urlsafe(24)}
            _write_private(self.home.passwords, json.dumps(fresh))
        return self._passwords()

    def start(self) -> None:
        """Start the server and wait until it answers; make it first if need be. Raises CannotRun with the log's last lines."""
        self._make_once()
        self._refuse_other_version()
        self._clear_leftovers()
        self._write_settings()
        self._launch()
        self._make_database()

    def is_up(self) -> bool:
        """Tell whether the server answers a query."""
        try:
            with psycopg.connect(self._url(SUPERUSER, "postgres"), connect_timeout=5) as connection:
                connection.execute("SELECT 1")
        except (psycopg.OperationalError, CannotRun):
            return False
        return True

    def stop(self) -> None:
        """Stop: sessions are ended, a checkpoint is written. A server that hangs is killed; it recovers at the next start."""
        if self.process is not None:
            processes.stop_child(self.process, number=signal.SIGINT, seconds=STOP_SECONDS)
            self.process = None

    def _make_once(self) -> None:
        """Run initdb beside the final place and rename, so that a killed first start leaves nothing half made."""
        if (self.home.database / "PG_VERSION").exists():
            return
        if self.home.database.exists() and any(self.home.database.iterdir()):
            raise CannotRun(f"{self.home.database} is not a database and not empty. Move it away, or set OPENHTM_HOME to another folder.")
        fresh = self.home.root / "database.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.account.own(fresh)
        passwords = self.choose_passwords()
        secret = self.sockets / "initial-password"
        _write_private(secret, passwords[SUPERUSER])
        self.account.own(secret)
        try:
            self._initdb(fresh, secret)
        finally:
            secret.unlink(missing_ok=True)
        if self.home.database.exists():
            self.home.database.rmdir()
        fresh.rename(self.home.database)

    def _initdb(self, folder: Path, secret: Path) -> None:
        command = [self.programs.program("initdb"), "-D", self._name(folder), "-U", SUPERUSER, f"--pwfile={secret}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["--data-checksums", "--no-instructions"]
        if self.extra.get("fsync") == "off":
            command.append("--no-sync")
        done = subprocess.run(command, cwd=folder, env=_plain_environment(), capture_output=True, **self.account.popen_options())
        if done.returncode:
            raise CannotRun(f"The database could not be made: {done.stderr.decode(errors='replace').strip()}")
        (folder / "pg_hba.conf").write_text("local all all scram-sha-256\n", encoding="ascii")
        with (folder / "postgresql.conf").open("a", encoding="ascii") as conf:
            conf.write(f"\ninclude = '{CONF}'\ninclude_if_exists = 'local.conf'\n")

    def _refuse_other_version(self) -> None:
        found = (self.home.database / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != self.programs.major:
            raise CannotRun(
                f"The database in {self.home.database} was made by PostgreSQL {found}, this OpenHTM brings {self.programs.major}. "
                "Run openhtm backup with the earlier version of OpenHTM, then openhtm restore with this one into a new OPENHTM_HOME."
            )

    def _clear_leftovers(self) -> None:
        """End what a killed start left running, then remove lock files whose process number may belong to a stranger by now."""
        data = self.home.database
        leader = _recorded_pid(data)
        found = processes.running_in(data)
        if leader in found:
            processes.send(leader, signal.SIGINT)
        if found and not processes.wait_until(lambda: not processes.running_in(data), seconds=STOP_SECONDS / 2):
            for pid in processes.running_in(data):
                processes.send(pid, signal.SIGQUIT)
            if not processes.wait_until(lambda: not processes.running_in(data), seconds=STOP_SECONDS / 2):
                raise CannotRun(f"An earlier database server (process {leader}) does not stop. End it, then start again.")
        if processes.PROC.is_dir():
            (data / "postmaster.pid").unlink(missing_ok=True)
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def _write_settings(self) -> None:
        settings = tuning.settings_for(tuning.this_machine())
        settings |= {"listen_addresses": "", "unix_socket_directories": _quoted_list(self.sockets), "unix_socket_permissions": "0700"}
        settings |= {"log_line_prefix": "%m [%p] ", "log_lock_waits": "on", "cluster_name": "openhtm", "lc_messages": "C"} | self.extra
        path = self.home.database / CONF
        path.write_text(tuning.as_file(settings), encoding="utf-8")
        self.account.own(path)
        path.chmod(0o600)

    def _launch(self) -> None:
        log = self.home.logs / "postgresql.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            begin = output.tell()
            self.process = subprocess.Popen(
                [self.programs.program("postgres"), "-D", self._name(self.home.database)],
                cwd=self.home.database,
                env=_plain_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the pages before the database
                preexec_fn=processes.die_with_parent(signal.SIGINT),
                **self.account.popen_options(),
            )
        process = self.process
        processes.wait_until(lambda: process.poll() is not None or self.is_up(), seconds=START_SECONDS)
        if process.poll() is not None or not self.is_up():
            self.stop()
            raise CannotRun(f"The database server did not start. Its log {log} ends with:\n{_last_lines(log, begin)}")

    def _make_database(self) -> None:
        """Create role and database if they are missing. The application's role is no superuser. Three statements at most."""
        with psycopg.connect(self._url(SUPERUSER, "postgres"), autocommit=True) as connection:
            owner, name = sql.Identifier(OWNER), sql.Identifier(DATABASE)
            right = sql.SQL("CREATEDB" if self.createdb else "NOCREATEDB")
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone():
                password = sql.Literal(self._passwords()[OWNER])
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(owner, right, password))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))

    def _name(self, folder: Path) -> str:
        """Return the name by which the server finds ``folder``, its working folder.

        Root may keep the data where no other user can pass, such as a home folder of mode 0700. The server inherits the
        folder itself and calls it by a name that needs no passing through, so that no permission has to be loosened.
        """
        if not self.account.switch or reachable(folder, uid=self.account.uid, gid=self.account.gid):
            return str(folder)
        if not Path(THIS_FOLDER).exists():
            raise CannotRun(f"The user {self.account.name} cannot reach {folder}. Set OPENHTM_HOME to a folder such as /var/lib/openhtm.")
        return THIS_FOLDER

    def _url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self._passwords()[role]}@/{database}?host={quote(str(self.sockets), safe='')}"

    def _passwords(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self.home.passwords.read_text(encoding="ascii"))
        except FileNotFoundError as missing:
            raise CannotRun(f"{self.home.passwords} is missing. It was made with the database; bring it back from a copy.") from missing
        return found


def cluster_at(home: Home, *, extra: dict[str, str] | None = None, createdb: bool = False) -> Cluster:
    """Return the cluster of a data folder, made if need be, not started. Raises CannotRun."""
    home.make()
    account = server_account(home.database)
    programs = binaries.for_server(account=account, home=home.root)
    sockets = socket_folder(home, uid=account.uid, gid=account.gid)
    return Cluster(home, account, programs, sockets, extra or {}, createdb)


def _recorded_pid(data: Path) -> int:
    try:
        return int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _quoted_list(folder: Path) -> str:
    return '"' + str(folder).replace('"', '""') + '"'


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    fresh.replace(path)


def _plain_environment() -> dict[str, str]:
    """Return an environment in which no variable of the caller's changes what the server does."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "TMPDIR"}}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _last_lines(log: Path, begin: int) -> str:
    with log.open("rb") as reading:
        reading.seek(begin)
        return "\n".join(reading.read().decode(errors="replace").splitlines()[-8:])
