"""EGGROLL: an evolution strategy whose individuals are seeds, for networks of millions of weights.

Source: Sarkar et al., Evolution Strategies at the Hyperscale (arXiv 2511.16652). The noise of an individual on a matrix
[m, n] has the rank r (`neuroevo.low_rank`), so that the products with the mean are done once for the whole population
(`neuroevo.execution.perturbed`), and the sum of all noises, whose rank is up to r P, once for a generation.

The mean follows the estimated gradient as in `openai_es.py`, with mirrored samples, ranks as utilities, and a step size
that follows the path of the gradients; the paper's is constant (`sigma_rate` 0), and its utilities are scores divided
by their standard deviation. With r = min(m, n) of every matrix it is that strategy. Defaults are those of
`openai_es.py`, and the paper's r = 1. SGD's learning rate 0.17 sqrt(P) at momentum 0.9 is our choice: it moves the mean
as far as Adam where scores are random. Cost of a generation: P evaluations, O(D) numbers, and O(r P) numbers and
operations for each row and each column of the matrices.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal, get_args

from neuroevo.operators.optimisers import adam, ascent
from neuroevo.problems import Problem
from neuroevo.strategies.search.draws import Draws
from neuroevo.strategies.search.gradient_search import GradientSearch

Optimiser = Literal["adam", "sgd"]

ADAM_RATE = 0.5
SGD_RATE = 0.17
"""The learning rate of SGD for a population of one; it grows with the root of P, as estimated gradients shrink."""


class EGGROLL(GradientSearch):
    """An evolution strategy with low-rank noise, whose population needs no memory of its own.

    Args:
        problem: What genomes are scored on: a network on data, whose individuals share its weights; of any other
            problem some genomes are made at a time.
        population: Individuals in a generation, P; default 4 + 3 ln D, made even.
        seed: The run's seed.
        rank: The rank of the noise on each matrix, r.
        sigma: Standard deviation of the noise; default a third of the space's spread.
        optimiser: What makes steps of gradients: "adam", or "sgd" with momentum.
        learning_rate: In units of sigma; default 0.5 for Adam, and 0.17 sqrt(P) for SGD.
        momentum: SGD's, in [0, 1).
        weight_decay: Share of the mean, in units of sigma, that the gradient is lessened by.
        sigma_rate: How fast sigma follows the path of the gradients; 0 keeps it.
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.

    Raises:
        ValueError: The rank is below 1, the optimiser is another one, or the network can't be virtual.
    """

    SMALLER: ClassVar[str] = "evolve a smaller network, or some of its layers with only=..."

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        rank: int = 1,
        sigma: float | None = None,
        optimiser: Optimiser = "adam",
        learning_rate: float | None = None,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        sigma_rate: float = 0.5,
        draws: Draws = "host",
    ) -> None:
        if optimiser not in get_args(Optimiser):
            raise ValueError(f"optimiser must be one of {', '.join(get_args(Optimiser))}, but it is {optimiser!r}.")
        super().__init__(
            problem,
            population=population,
            seed=seed,
            sigma=sigma,
            weight_decay=weight_decay,
            sigma_rate=sigma_rate,
            rank=rank,
            draws=draws,
        )
        if optimiser == "adam":
            self.toolbox.register("optimise", adam, learning_rate=ADAM_RATE if learning_rate is None else learning_rate)
        else:
            rate = SGD_RATE * math.sqrt(self.population) if learning_rate is None else learning_rate
            self.toolbox.register("optimise", ascent, learning_rate=rate, momentum=momentum)


STRATEGIES = {"eggroll": EGGROLL}
