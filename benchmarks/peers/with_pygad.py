"""PyGAD in the comparison with peers (extra `peers`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from neuroevo.benchmarks.peers.contenders import Contender, Contenders, of_generations
from neuroevo.benchmarks.speed.workloads import SHARE, Workload, digits, genomes_of, inputs_of, module_of

PACKAGE = "pygad"
LOOPS = 3
"""Generations of one call of its loop."""
MOST_NETWORKS = 16
"""It runs one network after the other; more would show the same rate."""


def forward(work: Workload) -> Contender:
    """Return its prediction of each network."""
    from pygad import torchga

    module, inputs, genomes = module_of(work), inputs_of(work), genomes_of(work).numpy()

    @torch.no_grad()
    def run() -> Tensor:
        return torch.stack([torchga.predict(module, genome, inputs) for genome in genomes])

    return Contender(run, run)


def digits_evolved(work: Workload) -> Contender:
    """Return generations on the digits."""
    from pygad import torchga

    module, inputs, classes = module_of(work), inputs_of(work), digits()[1][: work.inputs]

    @torch.no_grad()
    def fitness(search: Any, genome: Any, place: Any) -> float:
        return -float(F.cross_entropy(torchga.predict(module, genome, inputs), classes))

    search = _search(work, fitness, share=0.1, mating=1.0)

    def answer() -> Tensor:
        return torch.tensor([fitness(None, genome, 0) for genome in genomes_of(work).numpy()], dtype=torch.float64)

    return Contender(search.run, answer, LOOPS)


def nothing_evolved(work: Workload) -> Contender:
    """Return generations with constant fitness."""
    search = _search(work, lambda search, genome, place: 0.0, share=SHARE, mating=0.5)
    return of_generations(search.run, lambda: torch.as_tensor(search.population.astype(np.float32)), times=LOOPS)


CONTENDERS: Contenders = {
    "mlp-shared-inputs": {"torchga": forward},
    "digits": {"torchga": digits_evolved},
    "constant-fitness": {"GA": nothing_evolved},
}


def _search(work: Workload, fitness: Callable[..., float], *, share: float, mating: float) -> Any:
    import pygad

    return pygad.GA(
        num_generations=LOOPS,
        num_parents_mating=work.population,
        fitness_func=fitness,
        initial_population=genomes_of(work).numpy(),
        gene_type=np.float32,
        parent_selection_type="tournament",
        K_tournament=3,
        crossover_type="two_points",
        crossover_probability=mating,
        mutation_type="random",
        mutation_probability=share,
        random_mutation_min_val=-0.17,
        random_mutation_max_val=0.17,
        keep_parents=0,
        keep_elitism=0,
        suppress_warnings=True,
    )
