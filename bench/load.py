"""Clients that ask for list pages as fast as they are answered: ``python -m bench.load APP_PORT PORT app|floor``."""

from __future__ import annotations

import json
import sys
import threading
import time

from bench.measure import Client, logged_in

CLIENTS = 4
SECONDS = 8.0


def load(app_port: int, port: int, kind: str) -> float:
    """Return the list pages a second of ours (``app``) or of the minimal view (``floor``)."""
    from openhtm.demo.accounts import DEMO_ACCOUNTS

    manager = next(account for account in DEMO_ACCOUNTS if account.username == "manager")
    path = "/devices" if kind == "app" else "/floor?floor=list&values=[]"
    headers = logged_in(app_port, username=manager.username, password=manager.password).headers
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
    print(json.dumps(load(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
