"""The bundled server through crashes, leftovers and odd places. Real processes, really killed."""

import os
import signal
import stat

import psycopg
import pytest

from openhtm.config.runtime import CannotRun, database_for_command, locks, processes
from openhtm.config.runtime.cluster import cluster_at
from openhtm.config.runtime.paths import SOCKET_NAME, SOCKET_PATH_LIMIT, Home, _private

WRITER = """
import psycopg, time
from openhtm.config.runtime import database_for_command
with database_for_command("the writer") as url:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
        print("committed", flush=True)
        time.sleep(600)
"""


def kept_rows() -> int:
    with database_for_command() as url, psycopg.connect(url) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def wait_for_commit(child) -> None:
    assert child.stdout.readline() == "committed\n"


def test_a_killed_owner_loses_nothing_committed(home, spawn):
    owner = spawn("-c", WRITER)
    wait_for_commit(owner)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    assert kept_rows() == 1000


def test_a_killed_server_and_owner_lose_nothing_committed(home, spawn):
    owner = spawn("-c", WRITER)
    wait_for_commit(owner)
    for pid in [owner.pid, *processes.running_in(home.database)]:
        processes.send(pid, signal.SIGKILL)
    owner.wait()
    assert kept_rows() == 1000


def test_a_server_left_running_is_stopped_and_started_again(home):
    home.make()
    orphan = cluster_at(home)
    orphan.start()
    with psycopg.connect(orphan.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 7) AS n")
    assert kept_rows() == 7
    assert orphan.process.wait(timeout=10) is not None


def test_lock_files_that_name_a_living_stranger_do_not_hinder(home):
    with database_for_command() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    cluster = cluster_at(home)
    stale = f"{os.getpid()}\n{home.database}\n1700000000\n5432\n{cluster.sockets}\n\n  1 1\nready\n"
    (home.database / "postmaster.pid").write_text(stale)
    (cluster.sockets / f"{SOCKET_NAME}.lock").write_text(stale)
    assert kept_rows() == 0


def test_a_second_command_joins_the_running_server(home, spawn):
    owner = spawn("-c", WRITER)
    wait_for_commit(owner)
    assert kept_rows() == 1000
    assert owner.poll() is None


def test_a_folder_of_another_major_version_is_refused_in_words(home):
    with database_for_command():
        pass
    (home.database / "PG_VERSION").write_text("14\n")
    with pytest.raises(CannotRun, match=r"made by PostgreSQL 14.*openhtm backup"), database_for_command():
        pass


def test_a_folder_that_is_no_database_is_left_alone(home):
    home.make()
    (home.database).mkdir()
    (home.database / "letter.txt").write_text("mine")
    with pytest.raises(CannotRun, match="not a database and not empty"), database_for_command():
        pass
    assert (home.database / "letter.txt").read_text() == "mine"


def test_passwords_are_private_and_the_socket_is_the_only_door(home):
    with database_for_command() as url, psycopg.connect(url) as connection:
        assert stat.S_IMODE(home.passwords.stat().st_mode) == 0o600
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SELECT current_setting('fsync'), current_setting('data_checksums')").fetchone() == ("on", "on")
        wrong = url.replace(url.split(":")[2].split("@")[0], "guessed")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(wrong)


def test_the_server_never_runs_as_root_and_no_folder_is_opened_for_it(home):
    before = stat.S_IMODE(home.root.parent.stat().st_mode)
    with database_for_command():
        leader = int((home.database / "postmaster.pid").read_text().split()[0])
        runs_as = (processes.PROC / str(leader)).stat().st_uid
        assert runs_as != 0
        assert os.geteuid() in {0, runs_as}
    assert before == stat.S_IMODE(home.root.parent.stat().st_mode) == 0o700


def test_a_lock_is_free_again_when_its_process_is_killed(home, spawn):
    home.make()
    code = f"""
import time
from pathlib import Path
from openhtm.config.runtime import locks
held = locks.try_exclusive(Path({str(home.server_lock)!r}), label="the holder")
print("held", flush=True)
time.sleep(600)
"""
    child = spawn("-c", code)
    assert child.stdout.readline() == "held\n"
    assert locks.try_exclusive(home.server_lock, label="a second") is None
    assert locks.holder(home.server_lock) == (child.pid, "the holder")
    child.kill()
    child.wait()
    held = locks.try_exclusive(home.server_lock, label="a second")
    assert held is not None
    held.close()


def test_a_command_ends_its_server(home):
    with database_for_command():
        assert processes.running_in(home.database)
    assert processes.running_in(home.database) == []


def test_a_home_with_a_very_long_path_has_a_short_private_socket_folder(home, monkeypatch):
    deep = Home(home.root / ("long" * 40))
    monkeypatch.setenv("OPENHTM_HOME", str(deep.root))
    with database_for_command():
        sockets = cluster_at(deep).sockets
        assert len(os.fsencode(sockets / SOCKET_NAME)) <= SOCKET_PATH_LIMIT
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(home.root))
        assert cluster_at(deep).sockets == sockets
    sockets.rmdir()


def test_a_symbolic_link_leads_to_the_same_home(home, monkeypatch):
    with database_for_command() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    link = home.root.parent / "link"
    link.symlink_to(home.root)
    monkeypatch.setenv("OPENHTM_HOME", str(link))
    assert kept_rows() == 1


def test_a_folder_of_somebody_elses_is_not_used_for_the_socket(tmp_path):
    planted = tmp_path / "planted"
    planted.symlink_to(tmp_path)
    with pytest.raises(CannotRun, match="belongs to somebody else"):
        _private(planted, uid=os.geteuid(), gid=os.getegid())
