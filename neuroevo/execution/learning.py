"""A few gradient steps for many genomes at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.operators.optimisers import Memory, adam
from neuroevo.space import Space

Gradient = Callable[[Tensor], Tensor]
"""Takes genomes [P, D] and returns the gradients of their scores, [P, D]."""


class Learn:
    """Trains genomes by a few steps of Adam up the gradient of their scores.

    It is a function of each genome alone: nothing is drawn, and nothing is kept from one call to the next. A
    gradient that is not finite changes nothing.

    Args:
        gradient: The gradient of the scores.
        space: Where genomes lie.
        steps: Gradient steps, at least 0.
        learning_rate: Length of a step in each gene, in units of the space's spread.

    Attributes:
        budget: What one genome costs.
    """

    def __init__(self, gradient: Gradient, space: Space, *, steps: int, learning_rate: float) -> None:
        if steps < 0:
            raise ValueError(f"steps must be at least 0, but it is {steps}.")
        self.gradient = gradient
        self.space = space
        self.steps = steps
        self.learning_rate = learning_rate
        self.budget = Budget(gradient_steps=steps, critical_path=steps)

    def __call__(self, genomes: Tensor) -> Tensor:
        """Return genomes [P, D] after learning, a new tensor."""
        memory: Memory = {}
        learned = genomes.clone()
        for _ in range(self.steps):
            gradient = self.gradient(learned)
            gradient = self.space.spread * torch.where(gradient.isfinite(), gradient, 0.0)
            step, memory = adam(gradient, memory, learning_rate=self.learning_rate)
            learned = self.space.clip(learned + self.space.spread * step)
        return learned
