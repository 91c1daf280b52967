"""Settings of the bundled server, worked out from the memory and cores that this process may use."""

import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the server may count on. ``memory`` in bytes."""

    memory: int
    cores: int


def this_machine() -> Machine:
    """Return the physical memory and cores, or less if a control group allows less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(memory=min([physical, *_group_limits()]), cores=cores)


def settings_for(machine: Machine) -> dict[str, str]:
    """Return server settings: an eighth of the memory as shared buffers, because the machine has other uses too.

    Durability is not for tuning: fsync, synchronous_commit and full_page_writes stay on whatever the machine. The server logs
    errors without the statement and its values: they hold what people typed, and hashes of passwords and tokens.
    """
    memory = machine.memory
    wal = _between(memory // 8, 512 * MIB, 4 * GIB)
    return {
        "shared_buffers": _mb(_between(memory // 8, 64 * MIB, 8 * GIB)),
        "effective_cache_size": _mb(max(memory // 2, 128 * MIB)),
        "work_mem": _mb(_between(memory // 512, 4 * MIB, 64 * MIB)),
        "maintenance_work_mem": _mb(_between(memory // 32, 32 * MIB, 1 * GIB)),
        "max_wal_size": _mb(wal),
        "min_wal_size": _mb(wal // 4),
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "max_connections": "100",
        "max_worker_processes": str(max(8, machine.cores)),
        "max_parallel_workers": str(max(2, machine.cores)),
        "max_parallel_workers_per_gather": str(_between(machine.cores // 2, 1, 4)),
        "jit": "off",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }


def as_file(settings: dict[str, str]) -> str:
    """Return the text of a configuration file. Values are quoted; names are ours."""
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    return "\n".join(["# Written anew at every start. Put settings of your own into local.conf beside this file.", *lines, ""])


def _group_limits() -> list[int]:
    return [limit for path in _limit_files() if (limit := _read_limit(path)) is not None]


def _limit_files() -> list[Path]:
    """Return the limit files of our control group and its parents (version 2), and version 1's."""
    files = [CGROUP / "memory" / "memory.limit_in_bytes", CGROUP / "memory.max"]
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return files
    for line in lines:
        if line.startswith("0::/"):
            group = CGROUP / line.removeprefix("0::/")
            files += [folder / "memory.max" for folder in [group, *group.parents] if folder.is_relative_to(CGROUP)]
    return files


def _read_limit(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and int(text) > 0 else None


def _between(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def _mb(size: int) -> str:
    return f"{size // MIB}MB"
