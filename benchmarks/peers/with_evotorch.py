"""EvoTorch in the comparison with peers (extra `peers`)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn import functional as F

from neuroevo.benchmarks.peers.contenders import Contender, Contenders, Quality, accuracy_of, of_generations
from neuroevo.benchmarks.speed.workloads import DIGITS, SHARE, Workload, digits, genomes_of, inputs_of, module_of

PACKAGE = "evotorch"

Fitness = Callable[[Tensor], Tensor]


def stacked(work: Workload) -> Contender:
    """Return `vmap` over its module that expects flat parameters."""
    module, inputs, genomes = _flat(work), inputs_of(work), genomes_of(work)
    every = vmap(module, in_dims=(0, 0 if work.name == "mlp-own-inputs" else None))

    @torch.no_grad()
    def run() -> Tensor:
        found: Tensor = every(genomes, inputs)
        return found

    return Contender(run, run)


def looped(work: Workload) -> Contender:
    """Return the same module, one network after the other."""
    module, inputs, genomes = _flat(work), inputs_of(work), genomes_of(work)

    @torch.no_grad()
    def run() -> Tensor:
        return torch.stack([module(genome, inputs) for genome in genomes])

    return Contender(run, run)


def digits_vectorised(work: Workload) -> Contender:
    """Return generations of its genetic algorithm on a vectorised problem."""
    fitness = _fitness(work)
    search = _search(work.population, genomes_of(work).shape[1], fitness, share=0.1)
    return Contender(search.step, lambda: fitness(genomes_of(work)).double())


def digits_supervised(work: Workload) -> Contender:
    """Return generations of its genetic algorithm on its `SupervisedNE`, which runs one network after the other."""
    from evotorch.neuroevolution import SupervisedNE

    inputs, classes = inputs_of(work), digits()[1][: work.inputs]
    problem = SupervisedNE(
        torch.utils.data.TensorDataset(inputs, classes),
        lambda: module_of(work),
        lambda outputs, targets: F.cross_entropy(outputs, targets),
        minibatch_size=len(inputs),
        num_actors=0,
    )
    search = _genetic(problem, work.population, share=0.1)

    def answer() -> Tensor:
        batch = problem.generate_batch(work.population)
        batch.set_values(genomes_of(work))
        problem.evaluate(batch)
        evaluations: Tensor = batch.evals[:, 0].as_subclass(Tensor)
        return -evaluations.double()

    return Contender(search.step, answer)


def nothing_evolved(work: Workload) -> Contender:
    """Return generations of its genetic algorithm with constant fitness."""
    search = _search(work.population, work.sizes[0], lambda genomes: torch.zeros(len(genomes)), share=SHARE)
    return of_generations(search.step, lambda: search.population.values.as_subclass(Tensor))


CONTENDERS: Contenders = {
    "mlp-own-inputs": {"vmap": stacked},
    "mlp-shared-inputs": {"vmap": stacked, "loop": looped},
    "digits": {"vectorised": digits_vectorised, "SupervisedNE": digits_supervised},
    "cnn": {"vmap": stacked, "loop": looped},
    "constant-fitness": {"GeneticAlgorithm": nothing_evolved},
}


def quality(seed: int, generations: int) -> float:
    """Return the accuracy of the best of the last generation on the digits."""
    search = _search(DIGITS.population, genomes_of(DIGITS).shape[1], _fitness(DIGITS), share=0.1, seed=seed)
    search.run(generations)
    population = search.population
    best = population.values.as_subclass(Tensor)[population.evals[:, 0].as_subclass(Tensor).argmax()]
    return accuracy_of(best)


QUALITY: Quality = {"vectorised": quality}


def _flat(work: Workload) -> Any:
    from evotorch.neuroevolution.net import ModuleExpectingFlatParameters

    return ModuleExpectingFlatParameters(module_of(work))


def _fitness(work: Workload) -> Fitness:
    inputs, classes = inputs_of(work), digits()[1][: work.inputs]
    every = vmap(_flat(work), in_dims=(0, None))

    @torch.no_grad()
    def fitness(genomes: Tensor) -> Tensor:
        outputs = every(genomes.as_subclass(Tensor), inputs)
        losses = F.cross_entropy(outputs.mT, classes.expand(outputs.shape[:2]), reduction="none")
        return -losses.mean(1)

    return fitness


def _search(population: int, length: int, fitness: Fitness, *, share: float, seed: int = 0) -> Any:
    from evotorch import Problem

    problem = Problem(
        "max",
        fitness,
        solution_length=length,
        initial_bounds=(-0.1 * 3**0.5, 0.1 * 3**0.5),
        vectorized=True,
        dtype=torch.float32,
        seed=seed,
    )
    return _genetic(problem, population, share=share)


def _genetic(problem: Any, population: int, *, share: float) -> Any:
    from evotorch.algorithms import GeneticAlgorithm
    from evotorch.operators import GaussianMutation, TwoPointCrossOver

    logging.getLogger("evotorch").setLevel(logging.WARNING)
    return GeneticAlgorithm(
        problem,
        operators=[
            TwoPointCrossOver(problem, tournament_size=3),
            GaussianMutation(problem, stdev=0.1, mutation_probability=share),
        ],
        popsize=population,
        elitist=False,
    )
