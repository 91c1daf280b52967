"""List pages a second with two workers: clients in a process of their own, so that measuring does not slow them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

from bench.instance import ROOT, Instance
from bench.measure import Client, logged_in
from bench.results import Result

CLIENTS = 4
SECONDS = 8.0
TARGET = 150.0


def run(instance: Instance) -> list[Result]:
    """Measure ours and the minimal view, one after the other."""
    ours = _pages_per_second(instance.app_port, "app")
    bare = _pages_per_second(instance.floor_port, "floor")
    return [
        Result(
            "list pages with 2 workers",
            ours,
            "pages/s",
            TARGET,
            higher_is_better=True,
            floor=bare,
            ratio=bare / ours,
            floor_kind="minimal view",
        )
    ]


def _pages_per_second(port: int, kind: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.cases.throughput", str(port), kind], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    return float(json.loads(done.stdout))


def _load(port: int, kind: str) -> float:
    from openhtm.demo.accounts import DEMO_ACCOUNTS

    manager = next(account for account in DEMO_ACCOUNTS if account.username == "manager")
    path, headers = "/?floor=list&values=[]", {}
    if kind == "app":
        path, headers = "/devices", logged_in(port, username=manager.username, password=manager.password).headers
    counts = [0] * CLIENTS
    end = time.perf_counter() + SECONDS

    def work(number: int) -> None:
        client = Client(port, headers)
        while time.perf_counter() < end:
            client.get(path)
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


if __name__ == "__main__":
    print(json.dumps(_load(int(sys.argv[1]), sys.argv[2])))
