"""Who may bring files of testers and settle them, and who sees what a tester in doubt measured."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission as P
from openhtm.testers.models import Calibration
from openhtm.testers.rules.files.mapping_check import DATA
from openhtm.testers.tests.factories import CalibrationFactory, TesterFactory
from openhtm.traceability.models import FileTest
from openhtm.traceability.services import files, mappings
from openhtm.workorders.models import TesterFile
from tests.permissions.rows import Row
from tests.permissions.world import World

TABLE = b"Control number;HC-1\n\nTest;Pol;Reading;Limit;Result;Time\nGround resistance;;0,118 ohm;;OK;03/07/2026 09:16 AM\n"
OWN = (DATA / "pelora-lt200.yaml").read_text(encoding="utf-8").replace("pelora-lt200", "our-tester")
SYSTEM = Actor.system("test")


def _file(world: World) -> TesterFile:
    return files.receive_file(actor=SYSTEM, content=TABLE, file_name="north.csv", mapping="pelora-lt200", facility_id=world.north.pk)[0]


def file(world: World) -> dict[str, Any]:
    return {"uid": _file(world).uid}


def test_of(name: str) -> Any:
    def keys(world: World) -> dict[str, Any]:
        made = _file(world)
        return {"uid": made.uid, name: FileTest.objects.get(file=made).uid}

    return keys


def upload(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("north.csv", TABLE), "mapping": "pelora-lt200", "facility": "NORTH"}


def own(world: World) -> dict[str, Any]:
    return {"code": mappings.save_mapping(actor=SYSTEM, text=OWN).code}


def shipped(world: World) -> dict[str, Any]:
    return {"code": "pelora-lt200"}


def tester(world: World) -> dict[str, Any]:
    return {"tester_id": _finding(world).tester_id}


def finding(world: World) -> dict[str, Any]:
    return {"uid": _finding(world).uid}


def _finding(world: World) -> Calibration:
    return CalibrationFactory(tester=TesterFactory(device__facility=world.north), performed_on=dt.date(2026, 1, 5), verdict="adjusted")


def nothing(world: World) -> dict[str, Any]:
    return {}


ASIDE = {"set_aside": True, "note": "Practice"}
ROWS: list[Row] = [
    Row("traceability:file-list", needs=P.VIEW_TESTERS),
    Row("traceability:file-add", needs=P.DO_WORK),
    Row("traceability:file-add", "POST", needs=P.DO_WORK, data=upload),
    Row("traceability:file", needs=P.VIEW_TESTERS, kwargs=file, scoped=True),
    Row("traceability:file-check", "POST", needs=P.DO_WORK, kwargs=file, scoped=True),
    Row("traceability:file-orders", "POST", needs=P.ADD_WORK, kwargs=file, scoped=True),
    Row("traceability:file-apply", "POST", needs=P.DO_WORK, kwargs=file, scoped=True),
    Row("traceability:file-original", needs=P.VIEW_TESTERS, kwargs=file, scoped=True),
    Row("traceability:file-problems", needs=P.VIEW_TESTERS, kwargs=file, scoped=True),
    Row("traceability:test", needs=P.DO_WORK, kwargs=test_of("test_uid"), scoped=True),
    Row("traceability:test", "POST", needs=P.DO_WORK, kwargs=test_of("test_uid"), data=lambda world: ASIDE, scoped=True),
    Row("traceability:mapping-list", needs=P.VIEW_TESTERS),
    Row("traceability:mapping", needs=P.VIEW_TESTERS, kwargs=shipped),
    Row("traceability:mapping", "POST", needs=P.VIEW_TESTERS, kwargs=shipped),
    Row("traceability:mapping-add", needs=P.MANAGE_TESTERS, everywhere=True),
    Row("traceability:mapping-add", "POST", needs=P.MANAGE_TESTERS, data=lambda world: {"text": OWN}, everywhere=True),
    Row("traceability:mapping-edit", needs=P.MANAGE_TESTERS, kwargs=own, everywhere=True),
    Row("traceability:mapping-edit", "POST", needs=P.MANAGE_TESTERS, kwargs=own, data=lambda world: {"text": OWN}, everywhere=True),
    Row("traceability:mapping-retire", "POST", needs=P.MANAGE_TESTERS, kwargs=own, everywhere=True),
    Row("traceability:doubt", needs=P.VIEW_TESTERS, kwargs=finding, scoped=True),
    Row("traceability:doubt-open", "POST", needs=P.ADD_WORK, kwargs=finding, scoped=True),
    Row("traceability:doubt-export", needs=P.VIEW_TESTERS, kwargs=finding, scoped=True),
    Row("api:add_tester_file", "POST", needs=P.DO_WORK),
    Row("api:list_tester_files", needs=P.VIEW_TESTERS),
    Row("api:get_tester_file", needs=P.VIEW_TESTERS, kwargs=file, scoped=True),
    Row("api:list_file_tests", needs=P.VIEW_TESTERS, kwargs=file, scoped=True),
    Row("api:list_file_problems", needs=P.VIEW_TESTERS, kwargs=file, scoped=True),
    Row("api:check_tester_file", "POST", needs=P.DO_WORK, kwargs=file, scoped=True),
    Row("api:settle_file_test", "POST", needs=P.DO_WORK, kwargs=test_of("test_uid"), data=lambda world: ASIDE, scoped=True),
    Row("api:open_file_orders", "POST", needs=P.ADD_WORK, kwargs=file, scoped=True),
    Row("api:apply_tester_file", "POST", needs=P.DO_WORK, kwargs=file, scoped=True),
    Row("api:list_file_mappings", needs=P.VIEW_TESTERS),
    Row("api:save_file_mapping", "POST", needs=P.MANAGE_TESTERS, data=lambda world: {"text": OWN}, everywhere=True),
    Row("api:retire_file_mapping", "POST", needs=P.MANAGE_TESTERS, kwargs=own, everywhere=True),
    Row("api:list_tester_findings", needs=P.VIEW_TESTERS, kwargs=tester, scoped=True),
    Row("api:get_tester_finding", needs=P.VIEW_TESTERS, kwargs=finding, scoped=True),
    Row("api:list_doubtful_results", needs=P.VIEW_TESTERS, kwargs=finding, scoped=True),
    Row("api:list_doubtful_devices", needs=P.VIEW_TESTERS, kwargs=finding, scoped=True),
    Row("api:open_doubt_orders", "POST", needs=P.ADD_WORK, kwargs=finding, scoped=True),
]
