"""Locks on the data folder. The kernel drops them with their process, so kill -9 leaves none behind."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

STEP_SECONDS = 0.1


def try_exclusive(path: Path, *, label: str) -> IO[str] | None:
    """Take the lock and write our process number and ``label`` into it; None if another process has it.

    The caller keeps the file open for as long as the lock is wanted.
    """
    held = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    held.seek(0)
    held.truncate()
    held.write(json.dumps({"pid": os.getpid(), "label": label}))
    held.flush()
    return held


def exclusive_within(path: Path, *, label: str, seconds: float, give_up: Callable[[], bool]) -> IO[str] | None:
    """Take the lock, trying for up to ``seconds`` or until ``give_up``; None if another process still has it."""
    end = time.monotonic() + seconds
    while (held := try_exclusive(path, label=label)) is None and time.monotonic() < end and not give_up():
        time.sleep(STEP_SECONDS)
    return held


def holder(path: Path) -> tuple[int, str]:
    """Return process number and label of the one who wrote the lock last; ``(0, "another process")`` if unreadable."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return int(facts["pid"]), str(facts["label"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, "another process"


@contextlib.contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold the lock together with others; waits while somebody has it alone."""
    with path.open("a+", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock alone; waits until the others have let go."""
    with path.open("a+", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
