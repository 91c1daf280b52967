"""``openhtm import`` ends with one JSON line and an exit code that says what became of the file."""

import argparse
import json

import pytest

from openhtm.config.cli import importing
from openhtm.inventory.models import Device
from openhtm.sites.tests.factories import FacilityFactory

HEADER = "control_number,serial_number,manufacturer,model\n"


@pytest.fixture
def run(tmp_path, capsys, db):
    def call(text, **options):
        file = tmp_path / "ours.csv"
        file.write_text(text)
        wanted = {"file": str(file), "profile": None, "facility": None, "sheet": None, "dry_run": False, "json": True} | options
        code = importing.import_devices(argparse.Namespace(**wanted))
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def test_exit_codes_and_the_one_line(run):
    FacilityFactory(code="NORTH")
    sound = HEADER + "A-1,S1,Acme,X1\n"
    code, lines = run(sound, dry_run=True)
    assert (code, lines[0]["created"], Device.objects.count()) == (0, 1, 0)
    code, lines = run(sound)
    assert (code, len(lines), list(lines[0])) == (
        0, 1, ["read", "created", "updated", "unchanged", "refused", "warnings", "problems"]
    )  # fmt: skip
    assert run(sound)[1][0]["unchanged"] == 1
    code, lines = run(HEADER + "A/2,S2,Acme,X1\n")
    assert (code, lines[0]["refused"], lines[0]["problems"][0]["column"]) == (1, 1, "control_number")


def test_problems_are_cut_at_a_thousand(run):
    FacilityFactory(code="NORTH")
    _code, lines = run(HEADER + "".join(f"A/{n},S{n},Acme,X1\n" for n in range(1001)))
    assert (lines[0]["refused"], len(lines[0]["problems"]), lines[0]["problems_cut"]) == (1001, 1000, True)


@pytest.mark.parametrize("options", [{"file": "/nowhere/x.csv"}, {"facility": "NOWHERE"}, {"profile": "nobody"}])
def test_what_cannot_be_used_says_why(run, options):
    FacilityFactory(code="NORTH")
    code, lines = run(HEADER + "A-1,S1,Acme,X1\n", **options)
    assert (code, lines[0]["read"], len(lines[0]["problems"])) == (2, 0, 1)
    assert not Device.objects.exists()
