"""Children that do not outlive us, and finding what an earlier start left running."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PROC = Path("/proc")


def die_with_parent(number: signal.Signals, *, parent: int | None = None) -> Callable[[], None] | None:
    """Return what a child runs first, so that the kernel signals it when ``parent`` (by default we) dies. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None), parent or os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and here
            os._exit(1)

    return before_exec


def running_in(folder: Path) -> list[int]:
    """Return the processes whose working folder is ``folder``: a server and its backends have the database's. Linux only."""
    if not PROC.is_dir() or not folder.exists():
        return []
    wanted = folder.stat()
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _works_in(entry, wanted)]


def _works_in(entry: Path, wanted: os.stat_result) -> bool:
    try:
        found = (entry / "cwd").stat()
        return os.path.samestat(found, wanted) and (entry / "comm").read_text(encoding="utf-8", errors="replace").startswith("postgres")
    except OSError:  # it ended meanwhile, or belongs to a stranger, whose folder ours cannot be
        return False


def alive(pid: int) -> bool:
    """Tell whether a process of that number exists and is not a zombie."""
    try:
        os.kill(pid, 0)
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except OSError:
        return not PROC.is_dir()


def send(pid: int, number: signal.Signals) -> None:
    """Signal one process that may have ended already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def send_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group that ``pid`` leads; it may have ended already."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return


def wait_until(condition: Callable[[], bool], *, seconds: float, step: float = 0.05) -> bool:
    """Poll ``condition`` until it holds or ``seconds`` have passed; returns whether it holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return condition()
        time.sleep(step)
    return True


def stop_child(child: "subprocess.Popen[bytes]", *, number: signal.Signals, seconds: float) -> None:
    """Signal a child, wait, and kill its whole group if it takes longer than ``seconds``."""
    if child.poll() is None:
        send(child.pid, number)
        try:
            child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            send_group(child.pid, signal.SIGKILL)
            child.wait()
    send_group(child.pid, signal.SIGKILL)  # what the child itself left behind
