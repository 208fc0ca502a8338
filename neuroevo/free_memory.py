"""The memory that is free: whether something fits is asked before it is made."""

from __future__ import annotations

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
GROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
"""The limit of a container and what it uses, of both versions of Linux's control groups."""


def check_memory(needed: int, what: str, remedy: str, *, free: int | None = None) -> None:
    """Raise MemoryError, in one sentence, unless that number of bytes is free.

    Args:
        needed: Bytes, about.
        what: What needs them.
        remedy: What can be done instead.
        free: Bytes that are free; by default those of this process.
    """
    free = free_memory() if free is None else free
    if free is not None and needed > free:
        raise MemoryError(f"{what} needs about {_in_text(needed)} of memory, but {_in_text(free)} are free; {remedy}.")


def free_memory() -> int | None:
    """Return the bytes that this process can still take; None where the system does not say."""
    limits = [_available(), *(_left(*paths) for paths in GROUPS), _address_space()]
    known = [limit for limit in limits if limit is not None]
    return max(0, min(known)) if known else None


def _available() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else None


def _left(limit: Path, used: Path) -> int | None:
    """Return what a control group leaves; what it uses counts files that are only cached, too."""
    try:
        return int(limit.read_text()) - int(used.read_text()) + _cached(limit.parent / "memory.stat")
    except (OSError, ValueError):  # "max" where there is no limit
        return None


def _cached(path: Path) -> int:
    found = [line.split()[1] for line in path.read_text().splitlines() if line.startswith("inactive_file ")]
    return int(found[0]) if found else 0


def _address_space() -> int | None:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return None
    return None if limit == resource.RLIM_INFINITY else limit - pages * os.sysconf("SC_PAGE_SIZE")


def _in_text(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
