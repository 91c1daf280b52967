"""How long pages and API answers take, one client, each beside the same rows from a minimal view and from plain SQL."""

from __future__ import annotations

import base64
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import psycopg

from bench.floors import FLOORS
from bench.instance import Instance
from bench.measure import Client, clocked, logged_in, percentile
from bench.results import Result

REQUESTS = 200
WARM_UP = 12
PAGE_MS, API_MS = 50.0, 15.0
RATIO = 4.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One address of ours and the bare statement behind it."""

    path: str
    floor: str
    values: list[Any]


def run(instance: Instance) -> list[Result]:
    """Measure every address at least ``REQUESTS`` times, in turn with its floors so that noise meets them alike."""
    from openhtm.demo.accounts import DEMO_ACCOUNTS

    manager = next(account for account in DEMO_ACCOUNTS if account.username == "manager")
    person = logged_in(instance.app_port, username=manager.username, password=manager.password)
    program = Client(instance.app_port, {"Authorization": f"Bearer {instance.token}"})
    bare_page, bare_call = Client(instance.floor_port, person.headers), Client(instance.floor_port, program.headers)
    results: list[Result] = []
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        asked = asked_of(connection)
        for name, choices in asked.items():
            pages = [Asked(f"/d/{a.values[0]}" if name == "device" else f"/devices?{a.path}", a.floor, a.values) for a in choices]
            results += measure(f"page: {name}", pages, person, bare_page, connection, target=PAGE_MS, as_json=False)
        for name, choices in asked.items():
            calls = [
                Asked(f"/api/v1/devices/{a.values[0]}" if name == "device" else f"/api/v1/devices?{a.path}", a.floor, a.values)
                for a in choices
            ]
            results += measure(f"API: {name}", calls, program, bare_call, connection, target=API_MS, as_json=True)
    return results


def measure(
    name: str, choices: list[Asked], client: Client, bare: Client, connection: psycopg.Connection[Any], *, target: float, as_json: bool
) -> list[Result]:
    ours: list[float] = []
    view: list[float] = []
    sql: list[float] = []
    for number, one in zip(range(REQUESTS + WARM_UP), itertools.cycle(choices), strict=False):
        query = urlencode({"floor": one.floor, "values": json.dumps(one.values)})
        floor_path = f"/api/floor?{query}" if as_json else f"/floor?{query}"
        took = (
            clocked(lambda one=one: client.get(one.path)),
            clocked(lambda floor_path=floor_path: bare.get(floor_path)),
            clocked(lambda one=one: connection.execute(FLOORS[one.floor], one.values).fetchall()),
        )
        if number >= WARM_UP:
            for series, value in zip((ours, view, sql), took, strict=True):
                series.append(value)
    p95, floor = percentile(ours, 0.95), percentile(view, 0.95)
    return [
        Result(f"{name} p50", percentile(ours, 0.5), "ms", None, floor=percentile(view, 0.5),
               ratio=percentile(ours, 0.5) / percentile(view, 0.5), floor_kind="minimal view p50"),
        Result(f"{name} p95", p95, "ms", target, floor=floor, ratio=p95 / floor, floor_kind="minimal view p95",
               note=f"plain SQL {percentile(sql, 0.95):.2f} ms"),
        Result(f"{name} ratio p50", percentile(ours, 0.5) / percentile(view, 0.5), "x", RATIO, floor_kind="of the minimal view"),
    ]  # fmt: skip


def asked_of(connection: psycopg.Connection[Any]) -> dict[str, list[Asked]]:
    """Choose addresses from the data: the same for the same demo hospital."""
    chance = random.Random(1)

    def rows(sql: str) -> list[Any]:
        return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    tags = [row[0] for row in rows("SELECT control_number FROM inventory_device ORDER BY control_number")]
    some = chance.sample(tags, min(200, len(tags)))
    facilities = rows("SELECT id, code FROM sites_facility ORDER BY code")
    types = rows(
        "SELECT t.id, t.code FROM catalog_devicetype t JOIN inventory_device d ON d.device_type_id = t.id"
        " GROUP BY 1, 2 HAVING count(*) >= 50 ORDER BY 2"
    )
    serials = rows("SELECT serial_number, serial_key FROM inventory_device WHERE length(serial_key) > 5 ORDER BY control_number LIMIT 100")
    dis = rows("SELECT DISTINCT udi_di FROM inventory_device WHERE udi_di <> '' ORDER BY 1 LIMIT 100")
    return {
        "list": [Asked("", "list", [])],
        "filtered list": [
            Asked(f"facility={code}&status=in_service&high_risk=true", "filtered", [pk, "in_service"]) for pk, code in facilities
        ],
        "one device type": [Asked(f"device_type={code}", "type", [pk]) for pk, code in chance.sample(types, min(40, len(types)))],
        "deep page": [Asked(f"cursor={cursor(tag)}", "after", [tag]) for tag in some],
        "last page": [Asked(f"cursor={cursor(tags[-51])}", "after", [tags[-51]])],
        "search by tag": [Asked(f"q={quote(tag)}", "tag", [tag]) for tag in some],
        "search by serial": [Asked(f"q={quote(serial)}", "serial", [key]) for serial, key in serials],
        "search by part of a name": _names(rows),
        "search by UDI": [Asked(f"q={di}", "udi", [di]) for (di,) in dis],
        "device": [Asked("", "device", [tag]) for tag in some],
    }


def _names(rows: Callable[[str], list[Any]]) -> list[Asked]:
    """Search words that name makers, models or types, with the models they mean."""
    asked = []
    for word in ("infuso", "intelli", "ventilat", "dialog", "centri", "hamilton", "monitor", "microsc"):
        models = rows(
            "SELECT m.id FROM catalog_devicemodel m JOIN catalog_manufacturer k ON k.id = m.manufacturer_id"
            f" LEFT JOIN catalog_devicetype t ON t.id = m.device_type_id WHERE (m.name || k.name || t.name) ILIKE '%{word}%'"
        )
        asked.append(Asked(f"q={word}", "name", [[pk for (pk,) in models], f"%{word.upper()}%"]))
    return asked


def cursor(tag: str) -> str:
    """Return the list's cursor that stands after ``tag``, as core.pagination writes it."""
    return base64.urlsafe_b64encode(json.dumps([0, tag]).encode()).decode().rstrip("=")
