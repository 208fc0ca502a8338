"""Random streams by purpose: every draw of a run follows from its seed and a path that names its purpose.

A life draws from (run seed, generation, slot, "life"), the critics of a generation from (run seed, generation,
"critic"): results then depend neither on the order of evaluation nor on the number of workers, and all candidates
of a generation have the same critics (common random numbers).
"""

import zlib

import numpy as np
import torch


def seed_of(seed: int, *path: int | str) -> int:
    """Return the 64-bit seed of the stream that `path` names under the run's seed.

    Args:
        seed: The run's seed, at least 0 and below 2^64.
        *path: The purpose of the stream, for example `3, 0, "life"`; equal paths give equal streams. Numbers have the
            range of seeds.

    Raises:
        ValueError: The seed or a number of the path lies outside its range.
    """
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in (seed, *path)]
    if not 0 <= min(words) <= max(words) < 2**64:
        raise ValueError(f"a seed and its path must lie in [0, 2^64), but they are {seed} and {path}.")
    # The kinds of the parts are mixed in, so that a word and a number of the same value differ.
    kinds = [int(isinstance(part, str)) for part in path]
    low, high = [word % 2**32 for word in words], [word >> 32 for word in words]
    # SeedSequence would split large numbers into several words itself, and a large seed could collide with a path.
    entropy = [low[0], len(path), *low[1:], *kinds, *(high if any(high) else [])]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])


def stream(seed: int, *path: int | str) -> torch.Generator:
    """Return a fresh CPU generator for the stream that `path` names under the run's seed (see `seed_of`)."""
    return torch.Generator().manual_seed(seed_of(seed, *path))
