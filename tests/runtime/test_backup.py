"""A backup is complete, refuses damage, and comes back only where it may."""

import io
import json
import tarfile

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.config.cli import main
from openhtm.config.problem import CannotRun
from openhtm.config.runtime import backup, database_for_command


@pytest.fixture
def filled(home, tmp_path):
    """A backup of a database with one table and one stored file; yields its path and the folder it came from."""
    home.make()
    (home.files / "ab").mkdir()
    (home.files / "ab" / "manual é.pdf").write_bytes(b"%PDF " * 1000)
    with database_for_command() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE EXTENSION ltree")
            connection.execute("CREATE TABLE kept AS SELECT n, 'a.b'::ltree AS place FROM generate_series(1, 50) AS n")
        backup.write_backup(target=tmp_path / "b.tar", url=url, home=home)
        yield tmp_path / "b.tar", home, url


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def test_what_was_saved_comes_back(filled):
    source, home, url = filled
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE kept")
    (home.files / "ab" / "manual é.pdf").unlink()
    (home.files / "later.txt").write_text("made after the backup")
    backup.restore(source=source, url=url, home=home, replace=True)
    assert count(url) == 50
    assert (home.files / "ab" / "manual é.pdf").read_bytes() == b"%PDF " * 1000
    assert not (home.files / "later.txt").exists()


def test_the_data_folder_remembers_its_last_backup(filled):
    source, home, _url = filled
    told = json.loads(home.last_backup.read_text())
    assert told["file"] == str(source)
    assert told["bytes"] == source.stat().st_size
    with tarfile.open(source) as archive:
        assert told["made_at"] == backup.read_manifest(archive).made_at


def test_a_filled_instance_is_not_overwritten_unless_asked(filled):
    source, home, url = filled
    with pytest.raises(CannotRun, match="--replace"):
        backup.restore(source=source, url=url, home=home, replace=False)
    assert count(url) == 50


def test_a_dump_the_database_refuses_changes_nothing(filled, tmp_path):
    source, _home, url = filled
    dump = tmp_path / "bad.dump"
    dump.write_bytes(b"PGDMP not really")
    with pytest.raises(CannotRun, match="damaged"):
        backup._load(backup.bundled(), url, dump)
    assert count(url) == 50
    assert source.exists()


def test_no_trace_is_left_when_the_database_does_not_answer(home, tmp_path):
    home.make()
    with pytest.raises(CannotRun, match="could not be dumped"):
        backup.write_backup(target=tmp_path / "b.tar", url="postgresql://x@/x?host=/nowhere", home=home)
    assert not list(tmp_path.iterdir())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_any_changed_byte_of_content_is_found(position, byte, tmp_path):
    source = tmp_path / "fuzz.tar"
    raw = bytearray(_archive({"database.dump": b"PGDMP" * 400, "files/a": b"x" * 700}))
    with tarfile.open(fileobj=io.BytesIO(bytes(raw))) as archive:
        spans = [(member.offset_data, member.size) for member in archive][1:]
    places = [at for start, size in spans for at in range(start, start + size)]
    raw[places[int(position * len(places))]] ^= byte
    source.write_bytes(bytes(raw))
    with pytest.raises(CannotRun, match="damaged"):
        backup.verify(source)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=2000))
def test_any_bytes_are_refused_in_words(raw, tmp_path):
    source = tmp_path / "fuzz.tar"
    source.write_bytes(raw)
    with pytest.raises(CannotRun):
        backup.verify(source)


@pytest.mark.parametrize("name", ["../evil", "files/../../evil", "/etc/passwd", "secret-key"])
def test_names_that_lead_elsewhere_are_refused(name, tmp_path):
    source = tmp_path / "b.tar"
    source.write_bytes(_archive({"database.dump": b"PGDMP", name: b"evil"}))
    with pytest.raises(CannotRun, match="does not allow"):
        backup.verify(source)


def test_a_backup_of_a_later_version_is_refused(tmp_path):
    source = tmp_path / "b.tar"
    source.write_bytes(_archive({"database.dump": b"PGDMP"}, version="99.0"))
    with pytest.raises(CannotRun, match=r"made by OpenHTM 99\.0"):
        backup.verify(source)


def test_the_command_says_what_is_wrong_and_exits_one(home, capsys):
    assert main(["restore", "/nowhere/b.tar"]) == 1
    assert "There is no file" in capsys.readouterr().err


def _archive(members: dict[str, bytes], version: str = "0.1.0") -> bytes:
    listed = [{"name": name, "size": len(body), "sha256": backup._hash(io.BytesIO(body))} for name, body in members.items()]
    facts = {
        "format": "openhtm-backup",
        "format_version": 1,
        "openhtm_version": version,
        "made_at": "2026-01-01T00:00:00+00:00",
        "members": listed,
    }
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for name, body in {"manifest.json": json.dumps(facts).encode(), **members}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return output.getvalue()
