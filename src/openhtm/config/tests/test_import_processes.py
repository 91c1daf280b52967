"""Imports and dumps as processes of their own, on databases of their own: killing one leaves nothing half-applied."""

import filecmp
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from openhtm.config.runtime import testing, testing_databases

ROWS = 20_000
PREPARE = """
import django; django.setup()
from openhtm.identity.actor import Actor
from openhtm.sites.models import Facility, Organisation
Facility.objects.create(organisation=Organisation.objects.create(name="Test"), code="NORTH", name="North Campus")
"""
IMPORT = """
import sys, django; django.setup()
from openhtm.exchange.services import imports, running
from openhtm.identity.actor import Actor
from openhtm.sites.models import Facility
actor = Actor.system("test")
run = imports.create_run(actor=actor, content=open(sys.argv[1], "rb"), file_name="big.csv", facility_id=Facility.objects.get().pk)
running.check_import(run_id=run.pk, actor=actor)
print(run.pk, flush=True)
def watch(done, total, text):
    if done: print("writing", flush=True)
print(running.apply_import(run_id=run.pk, actor=actor, watch=watch).status, flush=True)
"""
STATE = """
import sys, django; django.setup()
from openhtm.exchange.models import ImportRun
from openhtm.exchange.services import imports, running
from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device, StatusChange
run = ImportRun.objects.get()
print(run.status, imports.effective_status(run), Device.objects.count(), StatusChange.objects.count())
if "again" in sys.argv:
    run = running.apply_import(run_id=run.pk, actor=Actor.system("test"))
    print(run.status, Device.objects.count(), StatusChange.objects.count())
"""
EXPORT = """
import sys, argparse, django; django.setup()
from openhtm.config.cli import dumping
sys.exit(getattr(dumping, sys.argv[1])(argparse.Namespace(folder=sys.argv[2], quiet=True)))
"""


@pytest.fixture
def databases(django_db_setup, tmp_path):
    """A function that gives the environment of a fresh database."""
    made: list[str] = []

    def make() -> dict[str, str]:
        name = f"imports_{os.getpid()}_{len(made)}"
        made.append(name)
        testing_databases.copy(testing.HOME, name)
        (tmp_path / name).mkdir()
        return _environment(_database(os.environ["DATABASE_URL"], name), tmp_path / name)

    yield make
    for name in made:
        testing_databases.drop(name)


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _environment(url: str, home: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "OPENHTM_HOME": str(home), "OPENHTM_HTTPS": "off"}


def python(code: str, *arguments: str, env: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def table(path: Path, rows: int) -> Path:
    lines = [f"T-{n:06d},S{n},Maker {n % 7},Model {n % 31},Dept {n % 5},Main / {n % 3} / Room {n % 40},note {n}" for n in range(rows)]
    path.write_text("\n".join(["control_number,serial_number,manufacturer,model,department,location,notes", *lines]))
    return path


def test_killing_the_work_leaves_nothing_half_applied_and_it_can_be_repeated(databases, tmp_path):
    env = databases()
    python(PREPARE, env=env)
    file = table(tmp_path / "big.csv", ROWS)
    with subprocess.Popen([sys.executable, "-c", IMPORT, str(file)], env=env, stdout=subprocess.PIPE, text=True) as work:
        assert work.stdout is not None
        assert work.stdout.readline().strip().isdigit()
        assert work.stdout.readline().strip() == "writing"
        work.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while (seen := python(STATE, env=env).split())[1] != "failed" and time.monotonic() < deadline:
        pass  # the server ends the dead worker's statement first
    assert seen == ["applying", "failed", "0", "0"]
    assert python(STATE, "again", env=env).splitlines()[-1].split() == ["applied", str(ROWS), str(ROWS)]


def test_a_dump_comes_back_byte_for_byte(databases, tmp_path):
    first, second = databases(), databases()
    python(PREPARE, env=first)
    python(IMPORT, str(table(tmp_path / "small.csv", 50)), env=first)
    one, two = tmp_path / "one", tmp_path / "two"
    python(EXPORT, "export", str(one), env=first)
    python(EXPORT, "restore", str(one), env=second)
    python(EXPORT, "export", str(two), env=second)
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(two)) for path in two.rglob("*") if path.is_file())
    assert filecmp.cmpfiles(one, two, names, shallow=False) == (names, [], [])
    manifest = json.loads((one / "manifest.json").read_text())
    assert manifest["files"]["tables/inventory_device.jsonl"]["rows"] == 50
    assert manifest["files"]["tables/inventory_deviceevent.jsonl"]["rows"] == 50
    assert (one / "manifest.json").stat().st_mode & 0o777 == 0o600
    assert not any("django_session" in name or "procrastinate" in name or "loginattempt" in name for name in names)


def test_a_damaged_dump_and_a_filled_instance_are_refused(databases, tmp_path):
    env = databases()
    python(PREPARE, env=env)
    dump = tmp_path / "dump"
    python(EXPORT, "export", str(dump), env=env)
    refused = subprocess.run([sys.executable, "-c", EXPORT, "restore", str(dump)], env=env, capture_output=True, text=True, check=False)
    assert (refused.returncode, "not empty" in refused.stderr) == (1, True)
    damaged = dump / "tables" / "sites_facility.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b"North", b"Norht"))
    empty = databases()
    refused = subprocess.run([sys.executable, "-c", EXPORT, "restore", str(dump)], env=empty, capture_output=True, text=True, check=False)
    assert (refused.returncode, "its hash is not the one" in refused.stderr) == (1, True)
