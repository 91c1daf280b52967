"""``make bench``: measure everything at a scale, write bench/results.json, print the table."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from bench import results  # noqa: E402
from bench.cases import CASES  # noqa: E402
from bench.instance import running  # noqa: E402

BUILD_TARGET_S = {6000: 60.0, 1_000_000: 360.0}


def main() -> int:
    """Answer 0 when everything was measured, whether or not the targets are met: the table says so."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--scale", type=int, default=100_000, help="devices (default 100000)")
    parser.add_argument("--only", action="append", choices=sorted(CASES), help="measure only this; may be repeated")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results.json")
    args = parser.parse_args()
    found: list[results.Result] = []
    with running(args.scale) as instance:
        if instance.build_s is not None:
            target = BUILD_TARGET_S.get(args.scale)
            found.append(results.Result(f"migrate and build {args.scale:,} devices", instance.build_s, "s", target))
        for name in args.only or CASES:
            began = time.monotonic()
            found += CASES[name](instance)
            print(f"bench: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    results.write(found, args.output)
    print(results.table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
