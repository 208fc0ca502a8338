"""The global random generators of `random`, numpy and PyTorch; no other module uses them."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch


def fingerprints() -> dict[str, object]:
    """Return the state of each global generator, to be compared, by the name of its module."""
    return {
        "random": random.getstate(),
        "numpy.random": pickle.dumps(np.random.get_state()),  # noqa: NPY002
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


def moved(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return the names of the modules whose generators were drawn from or seeded between two `fingerprints`."""
    return [name for name, state in after.items() if state != before[name]]


def reseed(seed: int) -> None:
    """Seed every global generator; call it inside `restored` only."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    # torch.manual_seed would visit every kind of device.
    torch.default_generator.manual_seed(seed)


@contextmanager
def seeded_by(generator: torch.Generator) -> Iterator[None]:
    """Seed the global generators from a generator within the block, and restore them."""
    with restored():
        reseed(int(torch.randint(2**32, (), generator=generator)))
        yield


@contextmanager
def restored() -> Iterator[None]:
    """Restore the states of the global generators after the block."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
