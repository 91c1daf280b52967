"""``openhtm udi parse -``: lines a second after start."""

from __future__ import annotations

import subprocess
import time

from bench.instance import OPENHTM, Instance
from bench.results import Result

LINES = 100_000
TARGET = 20_000.0


def run(instance: Instance) -> list[Result]:
    """Parse many lines and one line; the difference is the work, the rest is the start."""
    from openhtm.demo.rules.identity import example_gtin

    text = "".join(f"(01){example_gtin(number)}(11)240101(17)290101(10)LOT{number % 977}(21)SN{number:07d}\n" for number in range(LINES))
    start = _seconds("(01)09520000000073\n")
    whole = _seconds(text)
    return [Result("udi parse -", LINES / max(whole - start, 1e-6), "lines/s", TARGET, higher_is_better=True, note=f"start {start:.2f} s")]


def _seconds(text: str) -> float:
    began = time.perf_counter()
    subprocess.run([*OPENHTM, "udi", "parse", "-"], input=text.encode(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
