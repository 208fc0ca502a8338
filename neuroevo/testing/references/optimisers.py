"""Steps of optimisers that go up: `step(gradients, …) -> step`, from all gradients so far, gene by gene."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Gradients = NDArray[np.float64]
"""The gradients until now, [T, D]."""

Step = NDArray[np.float64]


def ascent(gradients: Gradients, *, learning_rate: float) -> Step:
    """Return the last gradient times the learning rate."""
    return np.array([learning_rate * gene for gene in gradients[-1]])


def adam(
    gradients: Gradients, *, learning_rate: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Step:
    """Return the last step of Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1)."""
    steps = []
    for gene in range(gradients.shape[1]):
        m = v = 0.0
        for g in gradients[:, gene]:
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1 ** len(gradients))
        v_hat = v / (1 - beta2 ** len(gradients))
        steps.append(learning_rate * m_hat / (math.sqrt(v_hat) + epsilon))
    return np.array(steps)


def clip_up(gradients: Gradients, *, learning_rate: float, max_speed: float, momentum: float = 0.9) -> Step:
    """Return the last velocity of ClipUp (Toklu, Liskowski and Srivastava, arXiv 2008.02387, algorithm 2)."""
    velocity = [0.0] * gradients.shape[1]
    for gradient in gradients:
        length = math.hypot(*gradient)
        if length > 0:
            gradient = [learning_rate * gene / length for gene in gradient]
        velocity = [momentum * old + new for old, new in zip(velocity, gradient, strict=True)]
        speed = math.hypot(*velocity)
        if speed > max_speed:
            velocity = [max_speed * part / speed for part in velocity]
    return np.array(velocity)


OPTIMISERS: Mapping[str, Callable[..., Step]] = {"ascent": ascent, "Adam": adam, "ClipUp": clip_up}
