"""The heap: memory of one generation that the next one takes over."""

from __future__ import annotations

import torch

LARGEST = 2**25 - 2**16
"""Bytes of the largest block whose return glibc learns from, 32 MiB with what it adds itself."""


def keep_freed_memory() -> None:
    """Let the C library's allocator keep what is freed for the next one who asks.

    A population of some megabytes that is made anew in each generation costs more in pages of the system than in
    arithmetic, and an update of convolutions up to a tenth more time: glibc returns blocks above a threshold to the
    system as soon as they are freed. The threshold is the largest block that was freed so far, up to 32 MiB. One such
    block, of which no page is ever touched, raises it for the rest of the process, which may keep up to 64 MiB that it
    does not use. Other allocators do not care.

    Source: `mallopt(3)`, M_MMAP_THRESHOLD.
    """
    torch.empty(LARGEST, dtype=torch.uint8)
