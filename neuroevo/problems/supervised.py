"""How well a network answers: any module on any labelled data, scored for a whole population at once."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from neuroevo.execution.forward import Forward
from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.space import SPREAD, Space

Score = Callable[[Tensor, Tensor], Tensor]
"""Takes outputs [N, ...] and targets [N, ...] and returns one number, to be maximised."""

Module = TypeVar("Module", bound=nn.Module)

MOST_OUTPUTS = 2**24
"""Numbers in the outputs of one chunk at most."""


def log_likelihood(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return minus the mean cross-entropy of logits [N, K] with classes [N]; at most 0."""
    return -F.cross_entropy(outputs, targets)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of logits [N, K] whose greatest is that of the class [N]; NaN if one is not finite."""
    share = (outputs.argmax(-1) == targets).to(outputs.dtype).mean()
    return torch.where(outputs.isfinite().all(), share, torch.nan)


class Supervised:
    """Scores weights of a module by its answers on labelled data, for a whole population in one pass.

    Args:
        module: Any module; it is copied, in evaluation mode. The search begins at its weights.
        inputs: All that it is asked, floating point [N, ...].
        targets: What it should answer, [N, ...].
        score: Scores outputs [N, ...] against targets; it is batched over individuals by `torch.func.vmap`, so that it
            is written for one of them, without branching on values.
        only: Names or patterns of the parameters that evolve; default all, the others stay as they are.
        bounds: Least and greatest weight by name or pattern.
        spread: Standard deviation of first weights around the module's.
        chunk: Individuals in one pass at most; default as many as 2 ** 24 outputs allow.

    Raises:
        ValueError: The module does not take the inputs, there are no inputs, as many targets as inputs are missing,
            a pattern fits no parameter, or bounds are crossed.
    """

    def __init__(
        self,
        module: nn.Module,
        inputs: Tensor,
        targets: Tensor,
        *,
        score: Score = log_likelihood,
        only: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        spread: float = SPREAD,
        chunk: int | None = None,
    ) -> None:
        if not len(inputs) or len(inputs) != len(targets):
            raise ValueError(
                f"inputs and targets must be as many, at least one, but they are {len(inputs)} and {len(targets)}."
            )
        if chunk is not None and chunk < 1:
            raise ValueError(f"chunk must be at least 1, but it is {chunk}.")
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.inputs = inputs
        self.targets = targets
        self.score = score
        self.space = Space.of_module(module, only=only, bounds=bounds, spread=spread)
        self.weights = (1.0,)
        self.forward = Forward(self.module)
        self.numbers = self._numbers_of_one()
        self.chunk = chunk

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the score of each individual."""
        if not individuals:
            return []
        genomes = torch.stack([one.genome for one in individuals])
        return [(value,) for value in self.scores(genomes).tolist()]

    def scores(self, genomes: Tensor) -> Tensor:
        """Return the scores [P] of genomes [P, D]."""
        parts = genomes.split(self.chunk or self._largest_chunk())
        return torch.cat([self._scored(self.forward(self.space.split(part), self.inputs)) for part in parts])

    def gradient(self, genomes: Tensor) -> Tensor:
        """Return the gradients [P, D] of the scores of genomes [P, D]; 0 of a score without one, such as accuracy."""
        parts = genomes.split(self.chunk or self._largest_chunk())
        return torch.cat([vmap(grad(self._score_of_one))(part) for part in parts])

    def _score_of_one(self, genome: Tensor) -> Tensor:
        outputs = functional_call(self.module, self.space.split(genome), (self.inputs,))
        return self.score(outputs, self.targets)

    def outputs(self, individual: Individual, inputs: Tensor) -> Tensor:
        """Return what an individual's network answers, [N, ...]."""
        return self.forward(self.space.split(individual.genome.unsqueeze(0)), inputs)[0]

    def to_module(self, individual: Individual) -> nn.Module:
        """Return the module with an individual's weights, an ordinary network that can be trained on."""
        network = Genome.of(individual, self.space).to_module(self.module)
        return network.requires_grad_(True)

    def _scored(self, outputs: Tensor) -> Tensor:
        scores: Tensor = vmap(self.score, in_dims=(0, None))(outputs, self.targets)
        if scores.shape != (len(outputs),):
            raise ValueError(
                f"score must return one number, but for {len(outputs)} individuals it returned the shape "
                f"{list(scores.shape)}."
            )
        return scores

    def _largest_chunk(self) -> int:
        return max(1, MOST_OUTPUTS // max(1, len(self.inputs) * self.numbers))

    def _numbers_of_one(self) -> int:
        """Return how many numbers the module gives for one input."""
        try:
            with torch.no_grad():
                return int(math.prod(self.module(self.inputs[:1]).shape[1:]))
        except RuntimeError as error:
            told = str(error).partition("\n")[0]
            shape = list(self.inputs.shape)
            raise ValueError(
                f"module must take the inputs {shape}, but a {type(self.module).__name__} says: {told}."
            ) from error
