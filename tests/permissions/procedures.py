"""Who may do what with procedures. They belong to the whole organisation, so nothing here is scoped."""

from __future__ import annotations

from typing import Any

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission as P
from openhtm.procedures.services import authoring
from openhtm.procedures.tests.factories import CONTENT, drafted
from tests.permissions.rows import Row
from tests.permissions.world import World

SYSTEM = Actor.system("test")
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def draft(world: World) -> dict[str, Any]:
    return {"code": drafted(SYSTEM).procedure.code}


def version(world: World) -> dict[str, Any]:
    return draft(world) | {"number": 1}


def pictured(world: World) -> dict[str, Any]:
    code = draft(world)["code"]
    sha = authoring.keep_picture(actor=SYSTEM, file_name="a.png", content=PICTURE)
    first, *others = CONTENT["steps"]
    content = CONTENT | {"steps": [first | {"images": [{"sha256": sha}]}, *others]}
    authoring.save_draft(actor=SYSTEM, code=code, content=content, pictures={sha: "a.png"})
    return {"code": code, "sha256": sha}


V, E_ = P.VIEW_PROCEDURES, P.EDIT_PROCEDURES
ROWS: list[Row] = [
    Row("procedures:procedure-list", needs=V),
    Row("procedures:add", needs=E_),
    Row("procedures:add", "POST", needs=E_),
    Row("procedures:packs", needs=V),
    Row("procedures:packs", "POST", needs=E_),
    Row("procedures:pack-file", needs=V),
    Row("procedures:procedure", needs=V, kwargs=draft),
    Row("procedures:settings", needs=E_, kwargs=draft),
    Row("procedures:settings", "POST", needs=E_, kwargs=draft),
    Row("procedures:move", "POST", needs=E_, kwargs=draft, data=lambda w: {"do": "submit"}),
    Row("procedures:draft", needs=E_, kwargs=draft),
    Row("procedures:draft", "POST", needs=E_, kwargs=draft, data=lambda w: {"do": "add"}),
    Row("procedures:preview", "POST", needs=E_, kwargs=draft),
    Row("procedures:version", needs=V, kwargs=version),
    Row("procedures:print", needs=V, kwargs=version),
    Row("procedures:picture", needs=V, kwargs=pictured),
    Row("api:list_procedures", needs=V),
    Row("api:add_procedure", "POST", needs=E_, data=lambda w: {"name": "Pump: inspection"}),
    Row("api:get_procedure", needs=V, kwargs=draft),
    Row("api:change_procedure", "PATCH", needs=E_, kwargs=draft, data=lambda w: {"kind": "acceptance"}),
    Row("api:list_procedure_versions", needs=V, kwargs=draft),
    Row("api:get_procedure_version", needs=V, kwargs=version),
    Row("api:compare_procedure_versions", needs=V, kwargs=version),
    Row("api:save_procedure_draft", "PUT", needs=E_, kwargs=draft, data=lambda w: {"content": CONTENT}),
    Row("api:move_procedure", "POST", needs=E_, kwargs=draft, data=lambda w: {"move": "submit"}),
    Row("api:add_procedure_picture", "POST", needs=E_, kwargs=draft, ok=(422,)),
    Row("api:list_procedure_packs", needs=V),
    Row("api:import_procedure_pack", "POST", needs=E_, data=lambda w: {"file": "none"}),
    Row("api:export_procedure_pack", needs=V),
]
