"""Many technicians storing results at once: ``python -m bench.technicians PORT TOKEN PEOPLE EACH``, checklists on the input."""

from __future__ import annotations

import json
import sys
import threading
import time

from bench.measure import Client, UnexpectedAnswer, percentile
from bench.sent import result


def together(port: int, token: str, people: int, each: int, checklists: list[str]) -> dict[str, object]:
    """Let everybody begin at the same moment; return what they were told and how long each answer took."""
    start = threading.Barrier(people)
    took: list[float] = []
    stored: list[str] = []
    errors: list[str] = []

    def work(number: int) -> None:
        client = Client(port, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        start.wait()
        for turn in range(each):
            item = result(checklists[number % len(checklists)], turn)
            began = time.perf_counter()
            try:
                _, body = client.send("POST", "/api/v1/results", json.dumps({"items": [item]}), expect=(200, 201))
            except (UnexpectedAnswer, OSError) as refusal:
                errors.append(str(refusal))
                continue
            took.append((time.perf_counter() - began) * 1000)
            outcome = json.loads(body)["items"][0]
            (stored if outcome["state"] == "stored" else errors).append(item["uid"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(people)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": time.perf_counter() - began, "stored": stored, "errors": errors[:5], "p95_ms": percentile(took or [0.0], 0.95)}


if __name__ == "__main__":
    found = together(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), json.load(sys.stdin))
    print(json.dumps(found))
