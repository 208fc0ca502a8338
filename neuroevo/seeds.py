"""Random streams by purpose: every draw of a run follows from its seed and a path that says what the draw is for.

A life draws from (run seed, generation, slot, "life"), the critics of a generation from (run seed, generation,
"critic"): results then depend neither on the order of evaluation nor on the number of workers, and all candidates
of a generation meet the same critics (common random numbers).
"""

import zlib

import numpy as np
import torch


def seed_of(seed: int, *path: int | str) -> int:
    """Return the 64-bit seed of the stream that `path` names under the run's seed.

    Args:
        seed: The run's seed, at least 0.
        *path: What the stream is for, for example `3, 0, "life"`; equal paths give equal streams.

    Raises:
        ValueError: The seed or a number of the path is negative.
    """
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in path]
    if seed < 0 or min(words, default=0) < 0:
        raise ValueError(f"a seed and its path must not be negative, but they are {seed} and {path}.")
    # The kinds of the parts are mixed in, so that a word and a number of the same value differ.
    kinds = [int(isinstance(part, str)) for part in path]
    state = np.random.SeedSequence([seed, len(words), *words, *kinds]).generate_state(1, np.uint64)
    return int(state[0])


def stream(seed: int, *path: int | str) -> torch.Generator:
    """Return a fresh CPU generator for the stream that `path` names under the run's seed (see `seed_of`)."""
    return torch.Generator().manual_seed(seed_of(seed, *path))
