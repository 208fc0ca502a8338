"""Moving a swarm: particles are drawn to the best places that they and others have been at.

Every function takes tensors [..., P, D] and returns a new one of that shape, dtype and device. Draws come from the CPU,
so that they are the same on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor

INERTIA = 0.7298
"""Clerc's constriction for a sum of 4.1."""
PULL = 1.49618
"""Half of that sum times the constriction."""


def accelerate(
    velocities: Tensor,
    places: Tensor,
    own: Tensor,
    leaders: Tensor,
    *,
    inertia: float = INERTIA,
    pull: float = PULL,
    generator: torch.Generator,
) -> Tensor:
    """Return the next velocities: inertia v + pull r1 (own - x) + pull r2 (leader - x), r uniform for each gene.

    Args:
        velocities: Floating point, [..., P, D].
        places: Where the particles are, x.
        own: The best place of each.
        leaders: The best place of its best neighbour.
        inertia: Share of the velocity that is kept.
        pull: The greatest weight of each of the two.
        generator: A generator of the CPU.

    Returns:
        Velocities, [..., P, D].

    Source: Clerc and Kennedy, The Particle Swarm (IEEE Transactions on Evolutionary Computation, 2002), type 1''.
    """
    draws = torch.rand((2, *places.shape), generator=generator, dtype=torch.float64).to(places)
    return inertia * velocities + pull * (draws[0] * (own - places) + draws[1] * (leaders - places))


OPERATORS = {"swarm.accelerate": accelerate}
