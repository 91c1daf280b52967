"""Runs a program below GNU make so that ``make run`` ends with the program's exit code when it is told to stop.

GNU make that receives SIGINT or SIGTERM waits for its recipe and then dies of that signal, however well the recipe ended; so
``make run`` could never exit 0 on Ctrl-C. While the program runs, this one therefore attends make (ptrace, Linux): a signal that
asks make to stop is passed to the program instead. Where the system does not permit that, make reports the signal as it always
does; the program is stopped cleanly either way. Nothing of make's memory is read or written, and make is let go at our end.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

PTRACE_CONT, PTRACE_SEIZE, PTRACE_LISTEN, PTRACE_EVENT_STOP = 7, 0x4206, 0x4208, 128
WAIT_ALL = 0x40000000  # __WALL: processes that we attend, not only children
PR_SET_PDEATHSIG = 1
SAME_WISH_S = 0.5
last_asked = {"at": -SAME_WISH_S}
ASKS_TO_STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
JOB_CONTROL = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


def main(command: list[str]) -> int:
    """Run ``command`` and return its exit code."""
    libc = ctypes.CDLL(None, use_errno=True)
    make = os.getppid()
    signal.pthread_sigmask(signal.SIG_BLOCK, ASKS_TO_STOP)  # a wish to stop that comes while we prepare is kept until we can pass it on
    attended = seize(libc, make)
    server = subprocess.Popen(command, start_new_session=True, preexec_fn=lambda: prepare(libc))

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        ask_to_stop(server.pid)

    for number in ASKS_TO_STOP:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKS_TO_STOP)
    if attended:
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # make is stopped by Ctrl-Z; we must go on attending it
    return attend(libc, server.pid, make) if attended else as_exit_code(os.waitpid(server.pid, 0)[1])


def seize(libc: ctypes.CDLL, make: int) -> bool:
    """Begin to attend our parent if it is make; False where that is not possible."""
    name = Path(f"/proc/{make}/comm")
    if not name.exists() or name.read_text(encoding="utf-8").strip() not in {"make", "gmake"}:
        return False
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    return bool(libc.ptrace(PTRACE_SEIZE, make, 0, 0) == 0)


def attend(libc: ctypes.CDLL, server: int, make: int) -> int:
    """Pass make's signals on until the server ends; returns the server's exit code."""
    while True:
        pid, status = os.waitpid(-1, WAIT_ALL)
        if pid == server and not os.WIFSTOPPED(status):
            settle(libc, make)
            return as_exit_code(status)
        if pid != make:
            continue
        if not os.WIFSTOPPED(status):  # make was killed: nobody waits for us any more
            ask_to_stop(server)
            continue
        number, event = os.WSTOPSIG(status), status >> 16
        if event == PTRACE_EVENT_STOP and number in JOB_CONTROL:
            libc.ptrace(PTRACE_LISTEN, make, 0, 0)
        elif event == PTRACE_EVENT_STOP:
            libc.ptrace(PTRACE_CONT, make, 0, 0)
        elif number in ASKS_TO_STOP:
            ask_to_stop(server)
            libc.ptrace(PTRACE_CONT, make, 0, 0)
        else:
            libc.ptrace(PTRACE_CONT, make, 0, number)


def settle(libc: ctypes.CDLL, make: int) -> None:
    """Hold back the signal that make was sent together with us, should it arrive only after the server has ended."""
    end = time.monotonic() + SAME_WISH_S
    while last_asked["at"] > 0 and time.monotonic() < end:
        pid, status = os.waitpid(make, os.WNOHANG | WAIT_ALL)
        if pid == 0:
            time.sleep(0.01)
        elif not os.WIFSTOPPED(status):
            return
        else:
            number, event = os.WSTOPSIG(status), status >> 16
            held = event == PTRACE_EVENT_STOP or number in ASKS_TO_STOP
            libc.ptrace(PTRACE_CONT, make, 0, 0 if held else number)


def ask_to_stop(server: int) -> None:
    """Ask once for each time somebody means it: Ctrl-C reaches us twice, by our group and by way of make."""
    now = time.monotonic()
    if now - last_asked["at"] < SAME_WISH_S:
        return
    last_asked["at"] = now
    try:
        os.kill(server, signal.SIGTERM)
    except ProcessLookupError:
        return


def as_exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def prepare(libc: ctypes.CDLL) -> None:
    """In the child: end with us, and hear signals again."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKS_TO_STOP)
    if sys.platform.startswith("linux"):
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
