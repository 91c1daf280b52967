"""Routes of imports and exports."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from openhtm.exchange.models import ImportRun
from openhtm.exchange.services import imports
from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from tests.permissions.rows import Row

P = Permission
TABLE = b"control_number,serial_number,manufacturer,model\nT-1,S1,Acme,X1\n"


def _run(world: Any) -> ImportRun:
    """An import at North."""
    return imports.create_run(actor=Actor.system("test"), content=TABLE, file_name="north.csv", facility_id=world.north.pk)


def _page(world: Any) -> dict[str, Any]:
    return {"public_id": _run(world).public_id}


def _api(world: Any) -> dict[str, Any]:
    return {"run_id": _run(world).public_id}


def _upload(world: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("north.csv", TABLE, "text/csv"), "facility": "NORTH"}


def _profile(world: Any) -> dict[str, Any]:
    return {"name": "Ours", "definition": {"mapping": [{"column": "control_number", "field": "control_number"}]}}


ROWS = (
    Row("inventory:device-export", needs=P.EXPORT_DEVICES),
    Row("inventory:import-list", needs=P.IMPORT_DEVICES),
    Row("inventory:import-new", needs=P.IMPORT_DEVICES),
    Row("inventory:import-new", "POST", P.IMPORT_DEVICES, data=_upload),
    Row("inventory:import", "GET", P.IMPORT_DEVICES, kwargs=_page, scoped=True),
    Row("inventory:import-map", "GET", P.IMPORT_DEVICES, kwargs=_page, scoped=True),
    Row("inventory:import-map", "POST", P.IMPORT_DEVICES, kwargs=_page, scoped=True),
    Row("inventory:import-problems", "GET", P.IMPORT_DEVICES, kwargs=_page, scoped=True),
    Row("inventory:import-check", "POST", P.IMPORT_DEVICES, kwargs=_page, scoped=True),
    Row("inventory:import-apply", "POST", P.IMPORT_DEVICES, kwargs=_page, scoped=True, ok=(302, 409)),
    Row("inventory:import-cancel", "POST", P.IMPORT_DEVICES, kwargs=_page, scoped=True),
    Row("api:add_import", "POST", P.IMPORT_DEVICES),
    Row("api:list_imports", needs=P.IMPORT_DEVICES),
    Row("api:get_import", "GET", P.IMPORT_DEVICES, kwargs=_api, scoped=True),
    Row("api:list_import_rows", "GET", P.IMPORT_DEVICES, kwargs=_api, scoped=True),
    Row("api:set_import_profile", "PUT", P.IMPORT_DEVICES, kwargs=_api, data=_profile, scoped=True),
    Row("api:check_import", "POST", P.IMPORT_DEVICES, kwargs=_api, scoped=True),
    Row("api:apply_import", "POST", P.IMPORT_DEVICES, kwargs=_api, scoped=True, ok=(202, 409)),
    Row("api:cancel_import", "POST", P.IMPORT_DEVICES, kwargs=_api, scoped=True),
    Row("api:list_import_profiles", needs=P.IMPORT_DEVICES),
    Row("api:get_import_profile", "GET", P.IMPORT_DEVICES, kwargs=lambda world: {"code": "openhtm"}),
    Row("api:add_import_profile", "POST", P.IMPORT_DEVICES, data=_profile),
    Row("api:export_devices", needs=P.EXPORT_DEVICES),
)
