"""DEAP by itself in the comparison with peers: its loop and its operators on lists, and on arrays of numpy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from deap import algorithms, base, tools
from torch import nn
from torch.nn import functional as F

from neuroevo.benchmarks.peers.contenders import Contender, Contenders, of_generations
from neuroevo.benchmarks.speed.workloads import SHARE, Workload, digits, genomes_of, inputs_of, module_of

PACKAGE = "deap"
LOOPS = 3
"""Generations of one call of its loop."""


class _Fitness(base.Fitness):  # type: ignore[misc]
    weights = (1.0,)


class _List(list[float]):
    """An individual as DEAP's tutorials make it."""

    def __init__(self, genes: Any) -> None:
        super().__init__(genes)
        self.fitness = _Fitness()


class _Array(np.ndarray[Any, Any]):
    """An individual that is an array of numpy, as DEAP's documentation shows it."""

    fitness: _Fitness

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> _Array:
        clone = self.copy().view(_Array)
        clone.fitness = _Fitness(self.fitness.values)
        return clone


def digits_in_lists(work: Workload) -> Contender:
    """Return generations on the digits with lists, one network after the other."""
    evaluate = _evaluation(work)
    individuals = [_List(row) for row in genomes_of(work).tolist()]
    run = _loop(individuals, evaluate, _list_operators(0.1), mating=1.0, mutating=1.0)
    genomes = [_List(row) for row in genomes_of(work).tolist()]
    return Contender(run, lambda: torch.tensor([evaluate(one)[0] for one in genomes], dtype=torch.float64), LOOPS)


def nothing_in_lists(work: Workload) -> Contender:
    """Return generations with constant fitness with lists."""
    individuals: list[Any] = [_List(row) for row in genomes_of(work).tolist()]
    run = _loop(individuals, lambda one: (0.0,), _list_operators(5 * SHARE))
    return of_generations(run, lambda: torch.tensor(individuals), times=LOOPS)


def nothing_in_arrays(work: Workload) -> Contender:
    """Return generations with constant fitness with arrays and a mutation over whole arrays."""
    individuals: list[Any] = []
    for row in genomes_of(work).numpy():
        individuals.append(row.copy().view(_Array))
        individuals[-1].fitness = _Fitness()
    random = np.random.default_rng(0)
    run = _loop(individuals, lambda one: (0.0,), {"mate": _mate_arrays(random), "mutate": _mutate_arrays(random)})
    return of_generations(run, lambda: torch.as_tensor(np.stack(individuals)), times=LOOPS)


CONTENDERS: Contenders = {
    "digits": {"lists": digits_in_lists},
    "constant-fitness": {"lists": nothing_in_lists, "arrays": nothing_in_arrays},
}


def _evaluation(work: Workload) -> Callable[[Any], tuple[float]]:
    module, inputs, classes = module_of(work), inputs_of(work), digits()[1][: work.inputs]

    @torch.no_grad()
    def evaluate(individual: Any) -> tuple[float]:
        nn.utils.vector_to_parameters(torch.tensor(individual, dtype=torch.float32), module.parameters())
        return (-float(F.cross_entropy(module(inputs), classes)),)

    return evaluate


def _list_operators(rate: float) -> dict[str, Callable[..., Any]]:
    return {
        "mate": tools.cxTwoPoint,
        "mutate": partial(tools.mutGaussian, mu=0.0, sigma=0.1, indpb=rate),
    }


def _mate_arrays(random: np.random.Generator) -> Callable[..., Any]:
    def mate(first: _Array, second: _Array) -> tuple[_Array, _Array]:
        start, stop = sorted(random.integers(1, len(first) + 1, 2))
        first[start:stop], second[start:stop] = second[start:stop].copy(), first[start:stop].copy()
        return first, second

    return mate


def _mutate_arrays(random: np.random.Generator) -> Callable[..., Any]:
    def mutate(one: _Array) -> tuple[_Array]:
        drawn = random.random(len(one), dtype=np.float32) < 5 * SHARE
        one[drawn] += 0.1 * random.standard_normal(int(drawn.sum()), dtype=np.float32)
        return (one,)

    return mutate


def _loop(
    individuals: list[Any],
    evaluate: Callable[[Any], tuple[float]],
    operators: dict[str, Callable[..., Any]],
    *,
    mating: float = 0.5,
    mutating: float = 0.2,
) -> Callable[[], object]:
    toolbox = base.Toolbox()
    toolbox.register("evaluate", evaluate)
    toolbox.register("select", tools.selTournament, tournsize=3)
    for name, operator in operators.items():
        toolbox.register(name, operator)
    return lambda: algorithms.eaSimple(individuals, toolbox, cxpb=mating, mutpb=mutating, ngen=LOOPS, verbose=False)
