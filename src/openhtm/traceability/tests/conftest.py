"""North with Maria and Omar, South with Chen; the devices, testers and procedures that the example files need."""

import datetime as dt
from pathlib import Path

import pytest

import openhtm.testers
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.procedures.models import ProcedureKind
from openhtm.testers.models import Calibration, Tester
from openhtm.workorders.tests.conftest import chen, maria, north, omar, south  # noqa: F401 (fixtures)
from openhtm.workorders.tests.evidence import ChecklistFactory, VersionFactory, content_of

FILES = Path(openhtm.testers.__file__).parent / "tests" / "files"
NORDLYS, PELORA = (FILES / "nordlys.xml").read_bytes(), (FILES / "pelora.csv").read_bytes()
XML, CSV = "nordlys-safecheck-5", "pelora-lt200"
BLOCK = {
    "key": "safety", "kind": "electrical_safety", "title": "Electrical safety",
    "electrical_safety": {
        "standard": "IEC 62353", "edition": "2014", "device_class": "I", "applied_parts": ["CF"], "methods": ["direct"],
    },
}  # fmt: skip
CALIBRATED, DUE = dt.date(2025, 9, 1), dt.date(2026, 9, 1)


def instrument(facility, *, number="BME-T1", serial="NL5-0042", performed_on=CALIBRATED, due_on=DUE):
    """An analyser with one calibration."""
    made = Tester.objects.create(
        device=DeviceFactory(facility=facility, control_number=number, serial_number=serial), kinds=["safety_analyzer"]
    )
    Calibration.objects.create(
        tester=made, performed_on=performed_on, due_on=due_on, verdict="in_tolerance", laboratory="Metrology", certificate_number="C-1"
    )
    return made


@pytest.fixture
def version(db):
    return VersionFactory(name="Electrical safety", code="es-test", kind=ProcedureKind.SAFETY_TEST, content=content_of(BLOCK))


@pytest.fixture
def analyser(north):  # noqa: F811
    return instrument(north)


@pytest.fixture
def pump(north):  # noqa: F811
    return DeviceFactory(facility=north, control_number="HC-004711", serial_number="SN-99-123")


@pytest.fixture
def checklist(pump, version):
    return ChecklistFactory(work_order__device=pump, work_order__kind="safety_test", work_order__status="open", version=version)
