"""Keeps a few children running: starts, watches, restarts with growing pauses, and stops them in order."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from openhtm.config.problem import CannotRun
from openhtm.config.runtime import processes
from openhtm.config.runtime.cluster import Cluster

TICK_SECONDS = 0.25
STOP_SECONDS = 8.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Child:
    """A program that should always run. It leads its own process group, so Ctrl-C reaches the supervisor alone."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    due_at: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(signal.SIGTERM),
        )
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """Return the exit code of a child that has ended, None while it runs."""
        return self.process.poll() if self.process else None

    def bury(self) -> None:
        """Kill what an ended child left behind and set the time of the next try: pauses double while it keeps failing."""
        if self.process is None:
            return
        processes.send_group(self.process.pid, signal.SIGKILL)
        now = time.monotonic()
        steady = now - self.started_at > STEADY_SECONDS
        self.due_at = now + (FIRST_PAUSE_SECONDS if steady else self.pause)
        self.pause = FIRST_PAUSE_SECONDS if steady else min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.process = None


@dataclass(slots=True)
class Supervisor:
    """Children, and the bundled database below them if this process runs it."""

    children: list[Child]
    cluster: Cluster | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def install_signals(self) -> None:
        """From here on Ctrl-C, SIGTERM and a closed terminal ask for a clean stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def run(self, *, when_ready: Callable[[], None], ready: Callable[[], bool]) -> None:
        """Run until asked to stop; call ``when_ready`` once, as soon as ``ready`` holds. Always stops all it started."""
        announced, complain_at = False, time.monotonic() + PATIENCE_SECONDS
        try:
            for child in self.children:
                child.start()
            while not self.stopping.wait(TICK_SECONDS):
                self._revive()
                if not announced and ready():
                    announced = True
                    when_ready()
                elif not announced and time.monotonic() > complain_at:
                    complain_at = float("inf")
                    tell(f"Not ready after {PATIENCE_SECONDS:.0f} seconds; still trying. The reason is probably above.")
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop the children together, each given ``STOP_SECONDS``."""
        running = [child.process for child in self.children if child.process]
        for process in running:
            if process.poll() is None:
                processes.send(process.pid, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for process in running:
            processes.stop_child(process, number=signal.SIGTERM, seconds=max(end - time.monotonic(), 0.1))

    def _revive(self) -> None:
        if self.cluster and self.cluster.process and self.cluster.process.poll() is not None:
            tell("The database server ended unexpectedly. Starting it again.")
            self._restart_cluster(self.cluster)
        for child in self.children:
            code = child.ended()
            if code is not None:
                tell(f"{child.name} ended unexpectedly (exit {code}). Starting it again.")
                child.bury()
            if child.process is None and time.monotonic() >= child.due_at:
                child.start()

    def _restart_cluster(self, cluster: Cluster) -> None:
        try:
            cluster.start()
        except CannotRun as refusal:
            tell(str(refusal))
            raise

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()


def tell(text: str) -> None:
    """Say one line to the person at the terminal, at once."""
    print(f"openhtm: {text}", file=sys.stderr, flush=True)
