"""Kill -9 of web, worker and database while results are stored and orders are opened and closed: nothing that was acknowledged
is lost or doubled. ``OPENHTM_KILLS`` says how many (``make soak``: 500); the places are random, the order of victims is not.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from openhtm.config.runtime import processes
from openhtm.config.runtime.address import Address
from tests.durability import clients
from tests.durability.instance import Instance, running

KILLS = int(os.environ.get("OPENHTM_KILLS", "50"))
VICTIMS = ("database", "web0", "database", "worker", "database", "web1")
LONGEST_WAIT_SECONDS = 180.0
pytestmark = [pytest.mark.durability, pytest.mark.django_db]


def free_address() -> Address:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", probe.getsockname()[1])


@pytest.fixture
def instance(db) -> Iterator[Instance]:
    with running(addresses=[free_address(), free_address()]) as made:
        yield made


def test_what_was_acknowledged_is_there_exactly_once_after_every_kill(instance):
    seed = json.loads(instance.run("-m", "tests.durability.seed"))
    told, stopping = clients.Told(), threading.Event()

    def caller(turn: int) -> clients.Caller:
        return clients.Caller(instance.addresses, seed["authorization"], stopping, turn=turn)

    work: list[Callable[[], None]] = [
        lambda: clients.store(caller(0), told, seed["checklists"], 1),
        lambda: clients.store(caller(1), told, seed["checklists"], 2),
        lambda: clients.generate(caller(0), told),
        lambda: clients.close(caller(1), told, iter(seed["orders_to_close"])),
    ]
    threads = [threading.Thread(target=one, daemon=True) for one in work]
    for thread in threads:
        thread.start()
    try:
        kills = kill_often(instance, told)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(timeout=30)
    assert kills == KILLS
    assert told.unexpected == []
    check_everything(instance, told)


def kill_often(instance: Instance, told: clients.Told) -> int:
    """Kill one part after the other, each a random moment after work went on again."""
    chance = random.Random(7)
    for number in range(KILLS):
        before = told.count()
        assert processes.wait_until(lambda before=before: told.count() > before, seconds=LONGEST_WAIT_SECONDS), f"stuck at {number}"
        time.sleep(chance.uniform(0.0, 0.3))
        instance.kill(VICTIMS[number % len(VICTIMS)])
    before = told.count()
    assert processes.wait_until(lambda: told.count() > before, seconds=LONGEST_WAIT_SECONDS)
    return KILLS


def check_everything(instance: Instance, told: clients.Told) -> None:
    with psycopg.connect(instance.cluster.url) as connection:
        stored = dict(connection.execute("SELECT uid::text, number FROM workorders_result").fetchall())
        assert {uid: stored.get(uid) for uid in told.results} == told.results
        doubled = "SELECT uid FROM workorders_result GROUP BY uid HAVING count(*) > 1"
        assert connection.execute(doubled).fetchall() == []
        assert connection.execute("SELECT count(*) FROM workorders_heldresult").fetchone() == (0,)
        opened = connection.execute("SELECT title, number FROM workorders_workorder WHERE title LIKE 'order-%'").fetchall()
        assert len(opened) == len(dict(opened)) and told.opened.items() <= dict(opened).items()
        closed = connection.execute("SELECT number FROM workorders_workorder WHERE status = 'closed'").fetchall()
        assert told.closed <= {number for (number,) in closed}
        moves = "SELECT work_order_id FROM workorders_workevent WHERE kind = 'status' AND after = 'closed' GROUP BY 1 HAVING count(*) > 1"
        assert connection.execute(moves).fetchall() == []
    assert json.loads(instance.run("-m", "tests.durability.laws")) == []
    assert len(told.results) > KILLS and len(told.opened) > KILLS // 5 and len(told.closed) > KILLS // 5
