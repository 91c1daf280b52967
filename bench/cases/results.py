"""Storing results one by one, in bulk and by two hundred people at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from bench.instance import ROOT, Instance
from bench.measure import Client, clocked, percentile
from bench.results import Result
from bench.sent import result

ONE_BY_ONE, WARM_UP = 300, 20
BATCHES, BATCH = 10, 1000
PEOPLE, EACH = 200, 10
COLUMNS = (
    'checklist_id, work_order_id, device_id, step_key, phase, kind, number, unit, entered, choice, text, files, detail, verdict, "limit",'
    " share_of_limit, tester_id, tester_due_on, review_reasons, performer_id, performer_name, qualification, measured_at, received_at, reason,"
    " fingerprint"
)
BARE = f"INSERT INTO workorders_result (uid, {COLUMNS}) SELECT u.uid, {COLUMNS} FROM unnest(%s::uuid[]) AS u(uid), (SELECT * FROM workorders_result LIMIT 1) r"


def run(instance: Instance) -> list[Result]:
    """Measure each beside bare INSERTs of the same rows into the same table."""
    uids = [uid for _, uid in seeded(instance, PEOPLE)]
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        return [
            *_one_by_one(instance, uids, connection),
            *_in_bulk(instance, uids, connection),
            *_together(instance, uids, connection),
        ]


def seeded(instance: Instance, count: int) -> list[tuple[int, str]]:
    """Open ``count`` orders with a checklist of 14 steps; return numbers of the orders and uids of the checklists."""
    return [(number, uid) for number, uid in json.loads(program(instance, "bench.seed_results", str(count)))]


def program(instance: Instance, module: str, *words: str, given: str = "") -> str:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, input=given, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def caller(instance: Instance) -> Client:
    return Client(instance.app_port, {"Authorization": f"Bearer {instance.token}", "Content-Type": "application/json"})


def send(client: Client, items: Sequence[dict[str, Any]]) -> None:
    _, body = client.send("POST", "/api/v1/results", json.dumps({"items": list(items)}), expect=(201,))
    assert json.loads(body)["stored"] == len(items)


def _bare(connection: psycopg.Connection[Any], uids: Sequence[str]) -> None:
    """Insert copies of stored rows under new ids: the same columns, indexes and triggers, nothing judged."""
    connection.execute(BARE, [list(uids)])


def _one_by_one(instance: Instance, uids: list[str], connection: psycopg.Connection[Any]) -> list[Result]:
    client, ours, bare = caller(instance), [], []
    for number in range(ONE_BY_ONE + WARM_UP):
        item = result(uids[number % len(uids)], number)
        took = clocked(lambda item=item: send(client, [item]))
        floor = clocked(lambda number=number: _bare(connection, [result("", number)["uid"]]))
        if number >= WARM_UP:
            ours.append(took)
            bare.append(floor)
    p95, floor = percentile(ours, 0.95), percentile(bare, 0.95)
    return [
        Result("store one result p50", percentile(ours, 0.5), "ms", None, floor=percentile(bare, 0.5), floor_kind="bare INSERT"),
        Result("store one result p95", p95, "ms", 20.0, floor=floor, ratio=p95 / floor, floor_kind="bare INSERT"),
    ]


def _in_bulk(instance: Instance, uids: list[str], connection: psycopg.Connection[Any]) -> list[Result]:
    client = caller(instance)
    batches = [[result(uids[n % len(uids)], n) for n in range(BATCH)] for _ in range(BATCHES)]
    began = time.perf_counter()
    for batch in batches:
        send(client, batch)
    ours = BATCHES * BATCH / (time.perf_counter() - began)
    fresh = [[result("", n)["uid"] for n in range(BATCH)] for _ in range(BATCHES)]
    began = time.perf_counter()
    for batch in fresh:
        _bare(connection, batch)
    bare = BATCHES * BATCH / (time.perf_counter() - began)
    return [
        Result(
            "store results in bulk",
            ours,
            "results/s",
            3000.0,
            higher_is_better=True,
            floor=bare,
            ratio=bare / ours,
            floor_kind="bare INSERT",
        )
    ]


def _together(instance: Instance, uids: list[str], connection: psycopg.Connection[Any]) -> list[Result]:
    """Nobody may meet an error, and what everybody was told must be there exactly once."""
    words = (str(instance.app_port), instance.token, str(PEOPLE), str(EACH))
    told = json.loads(program(instance, "bench.technicians", *words, given=json.dumps(uids)))
    row = connection.execute("SELECT count(*) FROM workorders_result WHERE uid = ANY(%s::uuid[])", [told["stored"]]).fetchone()
    there = row[0] if row else 0
    wrong = PEOPLE * EACH - len(told["stored"]) + abs(there - len(set(told["stored"])))
    rate = len(told["stored"]) / told["seconds"]
    return [
        Result(f"{PEOPLE} technicians at once: errors, lost or doubled", float(wrong), "results", 0.0, note="; ".join(told["errors"])),
        Result(
            f"{PEOPLE} technicians at once",
            rate,
            "results/s",
            None,
            higher_is_better=True,
            note=f"p95 {told['p95_ms']:.0f} ms in the queue",
        ),
    ]
