"""List pages a second with two workers: clients in a process of their own, so that measuring does not slow them."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.instance import ROOT, Instance
from bench.results import Result

TARGET = 150.0


def run(instance: Instance) -> list[Result]:
    """Measure ours and the minimal view, one after the other."""
    ours = _pages_per_second(instance, instance.app_port, "app")
    bare = _pages_per_second(instance, instance.floor_port, "floor")
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


def _pages_per_second(instance: Instance, port: int, kind: str) -> float:
    command = [sys.executable, "-m", "bench.load", str(instance.app_port), str(port), kind]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return float(json.loads(done.stdout))
