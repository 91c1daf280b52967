"""Who may do what with rounds and readiness checks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from openhtm.identity.rules.permissions import Permission as P
from openhtm.inventory.models import DeviceMove
from openhtm.rounds.models import ReadinessCheck, Round, RoundScan, UnknownTag
from tests.permissions.rows import PUBLIC, Row
from tests.permissions.world import World

ASKED = [{"key": "ready", "text": "Is it ready?", "kind": "yes_no"}]


def a_round(world: World) -> dict[str, Any]:
    known = Round.objects.filter(location=world.location).first()
    return {"uid": (known or Round.objects.create(facility=world.north, location=world.location)).uid}


def a_scan(world: World) -> dict[str, Any]:
    """A scan that moved the device of the world."""
    this = Round.objects.get(**a_round(world))
    known = RoundScan.objects.filter(round=this).first()
    if known is None:
        move = DeviceMove.objects.create(
            device=world.device, from_facility=world.north, to_facility=world.north, from_location=None, to_location=world.location,
            recorded_at=timezone.now() - dt.timedelta(minutes=1),
        )  # fmt: skip
        known = RoundScan.objects.create(round=this, text="BME-00001", device=world.device, verdict="unexpected", move=move)
    return {"uid": this.uid, "scan_uid": known.uid}


def undone(world: World) -> dict[str, Any]:
    return {"scan": str(a_scan(world)["scan_uid"])}


def tag(world: World) -> dict[str, Any]:
    return {"tag_id": UnknownTag.objects.get_or_create(text="RNT-1", facility=world.north, location=world.location)[0].pk}


def check(world: World) -> dict[str, Any]:
    values = {"facility": world.north, "location": world.location, "department": world.department, "frequency": "daily", "questions": ASKED}
    return {"code": ReadinessCheck.objects.get_or_create(name="AED", defaults=values)[0].code}


def unit(world: World) -> dict[str, Any]:
    return {"department_id": world.department.pk}


def new_check(world: World) -> dict[str, Any]:
    return {"name": "Eyewash", "location": world.location.public_code, "frequency": "weekly", "questions": ASKED}


def here(world: World) -> dict[str, Any]:
    return {"place": world.location.public_code}


ROUNDS = [
    Row("rounds:round-list", needs=P.DO_ROUNDS),
    Row("rounds:round-start", needs=P.DO_ROUNDS),
    Row("rounds:round-start", "POST", needs=P.DO_ROUNDS, data=here, scoped=True),
    Row("rounds:round", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("rounds:round-scan", "POST", needs=P.DO_ROUNDS, kwargs=a_round, data=lambda w: {"code": "BME-00001"}, scoped=True),
    Row("rounds:round-undo", "POST", needs=P.DO_ROUNDS, kwargs=a_round, data=undone, scoped=True),
    Row("rounds:round-end", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("rounds:round-end", "POST", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("rounds:round-not-found", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("rounds:tag-list", needs=P.DO_ROUNDS),
    Row("rounds:tag-settle", needs=P.DO_ROUNDS, kwargs=tag, scoped=True),
    Row("rounds:tag-settle", "POST", needs=P.DO_ROUNDS, kwargs=tag, data=lambda w: {"decision": "not_ours"}, scoped=True),
    Row("api:list_rounds", needs=P.DO_ROUNDS),
    Row("api:start_round", "POST", needs=P.DO_ROUNDS, data=lambda w: {"location": w.location.public_code}, scoped=True),
    Row("api:get_round", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("api:list_round_expectations", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("api:scan_in_round", "POST", needs=P.DO_ROUNDS, kwargs=a_round, data=lambda w: {"code": "BME-00001"}, scoped=True),
    Row("api:undo_round_scan", "POST", needs=P.DO_ROUNDS, kwargs=a_scan, scoped=True),
    Row("api:end_round", "POST", needs=P.DO_ROUNDS, kwargs=a_round, scoped=True),
    Row("api:list_unknown_tags", needs=P.DO_ROUNDS),
    Row("api:settle_unknown_tag", "POST", needs=P.DO_ROUNDS, kwargs=tag, data=lambda w: {"decision": "not_ours"}, scoped=True),
]
READINESS = [
    Row("rounds:readiness", needs=P.DO_READINESS),
    Row("rounds:readiness-check", needs=P.DO_READINESS, kwargs=check, scoped=True),
    Row("rounds:readiness-labels", needs=P.PRINT_LABELS),
    Row("rounds:readiness-labels-pdf", needs=P.PRINT_LABELS),
    Row("rounds:readiness-add", needs=P.MANAGE_READINESS),
    Row("rounds:readiness-add", "POST", needs=P.MANAGE_READINESS),
    Row("rounds:readiness-edit", needs=P.MANAGE_READINESS, kwargs=check, scoped=True),
    Row("rounds:readiness-edit", "POST", needs=P.MANAGE_READINESS, kwargs=check, scoped=True),
    Row("rounds:readiness-end", "POST", needs=P.MANAGE_READINESS, kwargs=check, scoped=True),
    Row("rounds:readiness-resume", "POST", needs=P.MANAGE_READINESS, kwargs=check, scoped=True),
    Row("rounds:readiness-pin", needs=P.DO_READINESS),
    Row("rounds:readiness-pin", "POST", needs=P.DO_READINESS),
    Row("rounds:unit-codes", needs=P.MANAGE_READINESS),
    Row("rounds:unit-code", needs=P.MANAGE_READINESS, kwargs=unit, scoped=True),
    Row("rounds:unit-code", "POST", needs=P.MANAGE_READINESS, kwargs=unit, data=lambda w: {"code": "2580"}, scoped=True),
    Row("rounds:unit-code-remove", "POST", needs=P.MANAGE_READINESS, kwargs=unit, scoped=True),
    Row("rounds:ready", needs=PUBLIC, kwargs=check),
    Row("rounds:ready", "POST", needs=PUBLIC, kwargs=check, data=lambda w: {"q_ready": "yes", "name": "RL", "pin": "2580"}),
    Row("api:list_readiness_checks", needs=P.DO_READINESS),
    Row("api:add_readiness_check", "POST", needs=P.MANAGE_READINESS, data=new_check),
    Row("api:get_readiness_check", needs=P.DO_READINESS, kwargs=check, scoped=True),
    Row("api:change_readiness_check", "PUT", needs=P.MANAGE_READINESS, kwargs=check, data=new_check, scoped=True),
    Row("api:end_readiness_check", "POST", needs=P.MANAGE_READINESS, kwargs=check, scoped=True),
    Row("api:resume_readiness_check", "POST", needs=P.MANAGE_READINESS, kwargs=check, scoped=True),
    Row("api:list_readiness_periods", needs=P.DO_READINESS, kwargs=check, scoped=True),
    Row("api:list_readiness_entries", needs=P.DO_READINESS, kwargs=check, scoped=True),
    Row("api:record_readiness_entry", "POST", needs=P.DO_READINESS, kwargs=check, data=lambda w: {"answers": {"ready": True}}, scoped=True),
    Row("api:set_unit_code", "PUT", needs=P.MANAGE_READINESS, kwargs=unit, data=lambda w: {"code": "2580"}, scoped=True),
    Row("api:remove_unit_code", "DELETE", needs=P.MANAGE_READINESS, kwargs=unit, scoped=True),
]
ROWS: list[Row] = [*ROUNDS, *READINESS]
