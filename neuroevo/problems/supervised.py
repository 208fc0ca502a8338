"""Supervised learning: any module on any labelled data, scored for a whole population at once."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from neuroevo.execution.forward import Forward
from neuroevo.genome import Genome
from neuroevo.individual import Individual, genomes_of
from neuroevo.signatures import Recorded
from neuroevo.space import SPREAD, Space

Score = Callable[[Tensor, Tensor], Tensor]
"""Takes outputs [N, ...] and targets [N, ...] and returns one number, to be maximised."""

log = logging.getLogger(__name__)

Module = TypeVar("Module", bound=nn.Module)

MOST_NUMBERS = 2**24
"""Largest size of the activations of one chunk at any time, in numbers: 64 MiB in single precision."""


def log_likelihood(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return minus the mean cross-entropy of logits [N, K] with classes [N]; at most 0."""
    return -F.cross_entropy(outputs, targets)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of logits [N, K] with the greatest at the class [N]; NaN if one is not finite."""
    share = (outputs.argmax(-1) == targets).to(outputs.dtype).mean()
    return torch.where(outputs.isfinite().all(), share, torch.nan)


def _log_likelihoods(outputs: Tensor, targets: Tensor) -> Tensor:
    # Along the last dimension a softmax over few classes takes ten times as long.
    losses = F.cross_entropy(outputs.mT, targets.expand(outputs.shape[:2]), reduction="none")
    return -losses.mean(1)


def _accuracies(outputs: Tensor, targets: Tensor) -> Tensor:
    shares = (outputs.argmax(-1) == targets).to(outputs.dtype).mean(1)
    return torch.where(outputs.isfinite().flatten(1).all(1), shares, torch.nan)


BATCHED: Mapping[Score, Score] = {log_likelihood: _log_likelihoods, accuracy: _accuracies}
"""Scores of outputs [P, N, K] against classes [N]: equal to `torch.func.vmap` of the scores of [N, K], but faster."""


class Supervised(Recorded):
    """Scores weights of a module by its outputs on labelled data, for a whole population in one pass.

    Args:
        module: Any module; it is copied, in evaluation mode. The search begins at its weights.
        inputs: All inputs, floating point [N, ...].
        targets: Targets, [N, ...].
        score: Scores outputs [N, ...] against targets; written for one individual, without branching on values, because
            `torch.func.vmap` batches it.
        only: Names or patterns of the parameters that evolve, default all; the others stay as they are.
        bounds: Lowest and highest weight by name or pattern.
        spread: Standard deviation of initial weights around the module's.
        chunk: Largest number of individuals in one pass; default as many as 2 ** 24 numbers in the widest layer allow,
            or as the cache holds if the networks run in tiles. It bounds the memory and does not change the results.

    Raises:
        ValueError: The module does not take the inputs, there are no inputs, the numbers of inputs and targets differ,
            a pattern matches no parameter, or bounds are crossed.
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
        # A description of the problem is that of the copy, whatever becomes of the module.
        self.arguments = {**self.arguments, "module": self.module}
        self.inputs = inputs
        self.targets = targets
        self.score = score
        self.space = Space.of_module(module, only=only, bounds=bounds, spread=spread)
        self.weights = (1.0,)
        self.forward = Forward(self.module)
        self.chunk = chunk or self._largest_chunk()

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the score of each individual."""
        if not individuals:
            return []
        return [(value,) for value in self.scores(genomes_of(individuals)).tolist()]

    def scores(self, genomes: Tensor) -> Tensor:
        """Return the scores [P] of genomes [P, D]."""
        parts = genomes.split(self.chunk)
        return torch.cat([self._scored(self.forward(self.space.split(part), self.inputs)) for part in parts])

    def gradient(self, genomes: Tensor) -> Tensor:
        """Return the gradients [P, D] of the scores of genomes [P, D]; 0 of a score without one, such as accuracy."""
        parts = genomes.split(self.chunk)
        return torch.cat([vmap(grad(self._score_of_one))(part) for part in parts])

    def _score_of_one(self, genome: Tensor) -> Tensor:
        outputs = functional_call(self.module, self.space.split(genome), (self.inputs,))
        return self.score(outputs, self.targets)

    def outputs(self, individual: Individual, inputs: Tensor) -> Tensor:
        """Return the outputs of an individual's network, [N, ...]."""
        return self.forward(self.space.split(individual.genome.unsqueeze(0)), inputs)[0]

    def to_module(self, individual: Individual) -> nn.Module:
        """Return the module with an individual's weights, an ordinary network that can be trained further."""
        network = Genome.of(individual, self.space).to_module(self.module)
        return network.requires_grad_(True)

    def _scored(self, outputs: Tensor) -> Tensor:
        plain = outputs.dim() == 3 and self.targets.dim() == 1 and not self.targets.is_floating_point()
        batched = BATCHED.get(self.score) if plain else None
        scores = batched(outputs, self.targets) if batched else vmap(self.score, (0, None))(outputs, self.targets)
        if scores.shape != (len(outputs),):
            raise ValueError(
                f"score must return one number, but for {len(outputs)} individuals it returned the shape "
                f"{list(scores.shape)}."
            )
        return scores

    def _largest_chunk(self) -> int:
        try:
            numbers = len(self.inputs) * self.forward.numbers(self.inputs[:1])
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            shape = list(self.inputs.shape)
            raise ValueError(
                f"module must take the inputs {shape}, but a {type(self.module).__name__} says: {reason}."
            ) from error
        chunk = max(1, MOST_NUMBERS // max(1, numbers))
        chunk = min(chunk, self.forward.tile(self.inputs) or chunk)
        size = chunk * numbers * self.inputs.element_size() / 2**20
        log.debug("%d individuals are scored at a time, with activations of at most %.1f MiB", chunk, size)
        return chunk
