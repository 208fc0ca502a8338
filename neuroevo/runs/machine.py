"""What a run is made on: processor and memory, as far as the system says."""

from __future__ import annotations

import os
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, object]:
    """Return processor, number of its cores and memory in GiB; None for what the system does not say."""
    return {"processor": _processor(), "cpus": os.cpu_count(), "memory_gib": _memory()}


def _processor() -> str | None:
    try:
        lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:  # only Linux has the file
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(named), None) or platform.processor() or platform.machine() or None


def _memory() -> float | None:
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    return round(size / 2**30, 1)
