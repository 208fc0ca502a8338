"""Where searches draw their samples.

On the host, which is the default, a seed has the same samples on every device, but all of them [P, D] are copied to a
GPU. On the device of the genomes nothing is copied, and a seed has the same samples on devices of one kind with one
version of PyTorch.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch

from neuroevo.seeds import seed_of

Draws = Literal["host", "device"]


def sample_generator(draws: Draws, host: torch.Generator, device: torch.device, *, seed: int) -> torch.Generator:
    """Return what samples are drawn from: the host's generator, or one of the device, if this is no CPU.

    Raises:
        ValueError: `draws` is another word.
    """
    if draws not in get_args(Draws):
        raise ValueError(f"draws must be host or device, but it is {draws!r}.")
    if draws == "host" or device.type == "cpu":
        return host
    return torch.Generator(device=device).manual_seed(seed_of(seed, "samples"))
