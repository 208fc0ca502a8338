"""The heap: memory of one generation that the next one reuses."""

from __future__ import annotations

import torch

LARGEST = 2**25 - 2**16
"""Bytes of the largest block that still raises glibc's mmap threshold: 32 MiB including its header."""


def keep_freed_memory() -> None:
    """Let the C library's allocator keep freed memory for later allocations.

    glibc returns blocks above a threshold to the system as soon as they are freed. A population of some megabytes that
    is allocated anew in each generation then costs more in page faults than in arithmetic, and an update of
    convolutions takes up to a tenth more time. The threshold is the largest block that was freed so far, up to 32 MiB.
    Allocating and freeing one such block, without touching a page of it, raises the threshold for the rest of the
    process, which may keep up to 64 MiB of unused memory. Other allocators are not affected.

    Source: `mallopt(3)`, M_MMAP_THRESHOLD.
    """
    torch.empty(LARGEST, dtype=torch.uint8)
