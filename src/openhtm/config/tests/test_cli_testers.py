"""``openhtm import tester-file`` and ``openhtm doubts``: exit codes, the one JSON line, and what is written."""

import argparse
import json

import pytest

from openhtm.config.cli import testing
from openhtm.traceability.models import DoubtOrder
from openhtm.traceability.tests.conftest import (  # noqa: F401 (fixtures)
    NORDLYS,
    XML,
    analyser,
    checklist,
    maria,
    north,
    omar,
    pump,
    version,
)
from openhtm.traceability.tests.test_doubts import bad, judged  # noqa: F401 (a fixture)
from openhtm.workorders.models import Result, TesterFile

pytestmark = pytest.mark.django_db
KEYS = ["read", "created", "updated", "unchanged", "refused", "warnings", "problems"]


@pytest.fixture
def run(tmp_path, capsys):
    def call(content=NORDLYS, name="nordlys.xml", **options):
        path = tmp_path / name
        path.write_bytes(content)
        given = {"mapping": XML, "tester": None, "facility": None, "open_orders": False, "dry_run": False, "json": True}
        code = testing.import_tester_file(argparse.Namespace(file=str(path), **(given | options)))
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    return call


def test_the_one_line_has_the_shape_of_the_other_imports(run, checklist, analyser):  # noqa: F811
    code, answer = run()
    assert (code, list(answer)) == (1, KEYS)
    assert {name: answer[name] for name in KEYS[:-1]} == {
        "read": 20, "created": 7, "updated": 0, "unchanged": 0, "refused": 13, "warnings": 2,
    }  # fmt: skip
    furlong = next(one for one in answer["problems"] if one["value"] == "furlong")
    assert furlong == {
        "row": 31,
        "column": "unit",
        "value": "furlong",
        "message": "The mapping does not know the unit 'furlong'. Add it under units.",
    }
    code, again = run()
    assert (code, again["created"], again["unchanged"]) == (1, 0, 7)
    assert Result.objects.count() == 1


def test_a_dry_run_writes_nothing(run, checklist, analyser):  # noqa: F811
    code, answer = run(dry_run=True)
    assert (code, answer["created"]) == (1, 7)
    assert not Result.objects.exists()
    assert not TesterFile.objects.exists()


def test_orders_may_be_opened_on_the_way(run, pump, version, analyser):  # noqa: F811
    assert run()[1]["created"] == 0
    assert run(open_orders=True)[1]["created"] == 7


@pytest.mark.parametrize("options", [{"mapping": "none"}, {"facility": "NOWHERE"}, {"tester": "NOBODY"}, {"content": b""}])
def test_what_cannot_be_used_says_why(run, north, options):  # noqa: F811
    code, answer = run(**options)
    assert (code, answer["read"], len(answer["problems"])) == (2, 0, 1)
    assert answer["problems"][0]["message"]


def test_doubts_are_listed_and_become_work_once(capsys, north, analyser, bad):  # noqa: F811
    one = judged(analyser, north)
    given = {"tester": analyser.device.control_number, "found": None, "error": None, "close": False, "open_orders": True, "json": True}
    assert testing.list_doubts(argparse.Namespace(**given)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["opened"], answer["counts"]["devices"], answer["items"][0]["device"]) == (1, 1, one.device.control_number)
    testing.list_doubts(argparse.Namespace(**given))
    assert json.loads(capsys.readouterr().out)["opened"] == 0
    assert testing.list_doubts(argparse.Namespace(**(given | {"open_orders": False, "json": False}))) == 0
    assert one.device.control_number in capsys.readouterr().out
    assert testing.list_doubts(argparse.Namespace(**(given | {"found": "1999-01-01"}))) == 1
    assert DoubtOrder.objects.count() == 1
