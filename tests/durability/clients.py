"""Clients that do not give up: each sends until it is told that it is done, and remembers what it was told."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from openhtm.config.runtime.address import Address
from openhtm.core.ids import uuid7

PAUSE_SECONDS = 0.02
SETTLED = {"stored", "repeated"}


@dataclass
class Told:
    """What the instance acknowledged. ``results`` maps the uid to the value sent."""

    results: dict[str, float] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> int:
        return len(self.results) + len(self.opened) + len(self.closed)


@dataclass
class Caller:
    """A program that calls the API of whichever web server answers."""

    addresses: list[Address]
    authorization: str
    stopping: threading.Event
    connection: http.client.HTTPConnection | None = None
    turn: int = 0

    def send(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Return status and answer; None if nobody answered, so that nothing is known about what became of it."""
        try:
            if self.connection is None:
                address = self.addresses[self.turn % len(self.addresses)]
                self.connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
            self.connection.request(
                "POST", path, json.dumps(body), {"Authorization": self.authorization, "Content-Type": "application/json"}
            )
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            if self.connection:
                self.connection.close()
            self.connection, self.turn = None, self.turn + 1
            self.stopping.wait(PAUSE_SECONDS)
            return None

    def until_told(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Send again until somebody answers with something else than being out of order; None when all is over."""
        while not self.stopping.is_set():
            answer = self.send(path, body)
            if answer and answer[0] < 500:
                return answer
            if answer:
                self.turn += 1
                self.stopping.wait(PAUSE_SECONDS)
        return None


def store(caller: Caller, told: Told, checklists: list[str], seed: int) -> None:
    """Send results, one to five at once, each as often as it takes."""
    chance = random.Random(seed)
    for number in itertools.count():
        items = [_item(chance.choice(checklists), 170 + (number * 5 + k) % 60) for k in range(chance.randint(1, 5))]
        answer = caller.until_told("/api/v1/results", {"items": items})
        if answer is None:
            return
        with told.lock:
            for item, outcome in zip(items, answer[1].get("items", ()), strict=False):
                if outcome["state"] in SETTLED:
                    told.results[item["uid"]] = item["value"]
                else:
                    told.unexpected.append(json.dumps(outcome))
            if answer[0] not in (200, 201):
                told.unexpected.append(json.dumps(answer))


def _item(checklist: str, value: float) -> dict[str, Any]:
    return {
        "uid": str(uuid7()), "checklist": checklist, "step": "energy-200", "value": float(value), "tester": "QA-45",
        "measured_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip


def generate(caller: Caller, told: Told) -> None:
    """Open orders under keys of our own: the same key twice is one order."""
    for number in itertools.count():
        key = f"order-{number}"
        answer = caller.until_told("/api/v1/work-orders", {"title": key, "kind": "project", "facility": "NORTH", "client_key": key})
        if answer is None:
            return
        with told.lock:
            if answer[0] in (200, 201):
                told.opened[key] = answer[1]["number"]
            else:
                told.unexpected.append(json.dumps(answer))


def close(caller: Caller, told: Told, numbers: Iterator[int]) -> None:
    """Complete and close orders. A second try after a lost answer is told that it is so already."""
    for number in numbers:
        for move in ("complete", "close"):
            answer = caller.until_told(f"/api/v1/work-orders/{number}/{move}", {})
            if answer is None:
                return
            if answer[0] != 200 and answer[1].get("code") not in ("workorder-already-so", "workorder-move-refused"):
                with told.lock:
                    told.unexpected.append(json.dumps(answer))
        with told.lock:
            told.closed.add(number)
