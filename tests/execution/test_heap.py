"""Memory of one generation that the next one takes over."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import torch
from neuroevo.execution.heap import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        blocks = [torch.zeros(3 << 20, dtype=torch.uint8) for _ in range(5)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
plain = faults()
keep_freed_memory()
faults()
print(plain, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other habits")
def test_a_generation_takes_the_pages_of_the_one_before() -> None:
    """Populations of some megabytes that come and go ask the system for a tenth of the pages, or fewer."""
    done = subprocess.run([sys.executable, "-c", FAULTS], check=True, capture_output=True, text=True)
    plain, kept = map(int, done.stdout.split())
    assert kept < plain / 10
