"""Optimisers: from gradients to steps, with a state that the caller keeps.

Every function takes the gradient of an objective to be maximised, [..., D], and the memory that its last call returned
(empty at first), and returns the step, [..., D], and the new memory, tensors by name. Each leading index is an
independent search. Arguments are left unchanged, so that a state that holds the memory is complete.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

Memory = Mapping[str, Tensor]


def ascent(gradient: Tensor, memory: Memory, *, learning_rate: float, momentum: float = 0.0) -> tuple[Tensor, Memory]:
    """Return a gradient step, plain or with momentum; without it the memory stays empty.

    Args:
        gradient: Floating point, [..., D].
        memory: The memory of the last call.
        learning_rate: Factor on the gradient, and on the sum of gradients.
        momentum: Share of that sum that is kept, in [0, 1).
    """
    if momentum == 0:
        return learning_rate * gradient, memory
    velocity = momentum * memory.get("velocity", torch.zeros_like(gradient)) + gradient
    return learning_rate * velocity, {"velocity": velocity}


def adam(
    gradient: Tensor,
    memory: Memory,
    *,
    learning_rate: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Tensor, Memory]:
    """Divide the running mean of the gradient by the root of the running mean of its square, both bias-corrected.

    Args:
        gradient: Floating point, [..., D].
        memory: The memory of the last call.
        learning_rate: Length of a step in each gene while gradients agree.
        beta1: Share of the mean that is kept, in [0, 1).
        beta2: Share of the mean of squares that is kept, in [0, 1).
        epsilon: Added to the root.

    Source: Kingma and Ba (arXiv 1412.6980), algorithm 1, with its defaults.
    """
    zero = torch.zeros_like(gradient)
    steps = memory.get("steps", torch.zeros((), dtype=torch.float64)) + 1
    mean = beta1 * memory.get("mean", zero) + (1 - beta1) * gradient
    square = beta2 * memory.get("square", zero) + (1 - beta2) * gradient.square()
    count = float(steps)
    scale = (square / (1 - beta2**count)).sqrt() + epsilon
    step = learning_rate * (mean / (1 - beta1**count)) / scale
    return step, {"steps": steps, "mean": mean, "square": square}


def clipup(
    gradient: Tensor, memory: Memory, *, learning_rate: float, max_speed: float, momentum: float = 0.9
) -> tuple[Tensor, Memory]:
    """Add a step of fixed length along the gradient to a velocity of clipped length.

    Args:
        gradient: Floating point, [..., D]; only its direction counts, and one of length 0 adds nothing.
        memory: The memory of the last call.
        learning_rate: Length of the step that a gradient adds.
        max_speed: Largest length of the velocity.
        momentum: Share of the velocity that is kept, in [0, 1).

    Source: Toklu, Liskowski and Srivastava, ClipUp (arXiv 2008.02387), algorithm 2.
    """
    velocity = momentum * memory.get("velocity", torch.zeros_like(gradient)) + learning_rate * _direction(gradient)
    speed = velocity.norm(dim=-1, keepdim=True)
    velocity = torch.where(speed > max_speed, velocity * (max_speed / speed), velocity)
    return velocity, {"velocity": velocity}


def _direction(vectors: Tensor) -> Tensor:
    """Return vectors [..., D] of length 1, and zeros for those of length 0."""
    limits = torch.finfo(vectors.dtype)
    length, greatest = vectors.norm(dim=-1, keepdim=True), vectors.abs().amax(-1, keepdim=True)
    # Elsewhere squares leave the range of the dtype.
    plain = (length > limits.tiny**0.5 / limits.eps) & length.isfinite()
    scaled = vectors / greatest
    return torch.where(
        plain, vectors / length, torch.where(greatest > 0, scaled / scaled.norm(dim=-1, keepdim=True), 0.0)
    )


OPERATORS = {"optimisers.ascent": ascent, "optimisers.adam": adam, "optimisers.clipup": clipup}
