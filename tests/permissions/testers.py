"""Who may do what with testers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from openhtm.identity.rules.permissions import Permission as P
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.testers.tests.factories import CalibrationFactory, TesterFactory
from tests.permissions.rows import Row
from tests.permissions.world import World

KINDS = {"kinds": ["safety_analyzer"], "interval_months": 12}
CALIBRATION = {
    "performed_on": "2026-01-05", "due_on": "2027-01-05", "verdict": "in_tolerance", "laboratory": "Metrology", "certificate_number": "C-1",
}  # fmt: skip


def tester(world: World) -> dict[str, Any]:
    return {"tester_id": TesterFactory(device__facility=world.north).pk}


def certificate(world: World) -> dict[str, Any]:
    made = CalibrationFactory(tester=TesterFactory(device__facility=world.north), performed_on=dt.date(2026, 1, 5))
    return {"tester_id": made.tester_id, "uid": made.uid}


def device(field: str) -> Any:
    return lambda world: {field: DeviceFactory(facility=world.north).control_number, **KINDS}


ROWS: list[Row] = [
    Row("testers:tester-list", needs=P.VIEW_TESTERS),
    Row("testers:tester-add", needs=P.MANAGE_TESTERS),
    Row("testers:tester-add", "POST", needs=P.MANAGE_TESTERS, data=device("control_number")),
    Row("testers:tester", needs=P.VIEW_TESTERS, kwargs=tester, scoped=True),
    Row("testers:tester-edit", needs=P.MANAGE_TESTERS, kwargs=tester, scoped=True),
    Row("testers:tester-edit", "POST", needs=P.MANAGE_TESTERS, kwargs=tester, scoped=True),
    Row("testers:calibration-add", needs=P.MANAGE_TESTERS, kwargs=tester, scoped=True),
    Row("testers:calibration-add", "POST", needs=P.MANAGE_TESTERS, kwargs=tester, scoped=True),
    Row("testers:certificate", needs=P.VIEW_TESTERS, kwargs=certificate, scoped=True, ok=(200, 404)),
    Row("api:list_testers", needs=P.VIEW_TESTERS),
    Row("api:add_tester", "POST", needs=P.MANAGE_TESTERS, data=device("device")),
    Row("api:get_tester", needs=P.VIEW_TESTERS, kwargs=tester, scoped=True),
    Row("api:update_tester", "PUT", needs=P.MANAGE_TESTERS, kwargs=tester, data=lambda world: KINDS, scoped=True),
    Row("api:list_calibrations", needs=P.VIEW_TESTERS, kwargs=tester, scoped=True),
    Row("api:add_calibration", "POST", needs=P.MANAGE_TESTERS, kwargs=tester, data=lambda world: CALIBRATION, scoped=True),
]
