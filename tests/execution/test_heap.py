"""Memory of one generation that the next one reuses."""

import platform
import subprocess
import sys

import pytest

TOUCHED = 20 * 18 * 3 * 2**20 // 4096
FAULTS = """
import resource
import torch
from neuroevo.execution.heap import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [torch.zeros(3 << 20, dtype=torch.uint8) for _ in range(18)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other habits")
def test_a_generation_takes_the_pages_of_the_one_before() -> None:
    """Allocating and freeing populations of some megabytes causes few page faults.

    Without it they ask for all of them, unless something happens to lie behind them in the heap.
    """
    done = subprocess.run([sys.executable, "-c", FAULTS], check=True, capture_output=True, text=True)
    assert int(done.stdout) < TOUCHED / 10
