"""neuroevo in the comparison with peers, as its users would write it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial

import torch
from deap import algorithms
from torch import Tensor

from neuroevo.benchmarks.peers.contenders import Contender, Contenders, Quality, accuracy_of, of_generations
from neuroevo.benchmarks.speed.overhead import classic, nothing
from neuroevo.benchmarks.speed.workloads import (
    CHECKED,
    DIGITS,
    SHARE,
    Workload,
    digits,
    genomes_of,
    inputs_of,
    module_of,
    race_of,
)
from neuroevo.evolution import evolve
from neuroevo.execution.forward import Forward
from neuroevo.individual import Individual
from neuroevo.individual import genomes_of as stacked
from neuroevo.problems import Function, Problem, Supervised
from neuroevo.space import Space
from neuroevo.strategies import Genetic

LOOPS = 10
"""Generations of one call of DEAP's loop."""


def forward(work: Workload) -> Contender:
    """Return forward passes from weight vectors to outputs."""
    module, genomes, inputs = module_of(work), genomes_of(work), inputs_of(work)
    space, run = Space.of_module(module), Forward(module)

    def outputs() -> Tensor:
        return run(space.split(genomes), inputs, shared=work.name != "mlp-own-inputs")

    return Contender(outputs, outputs)


def digits_evolved(work: Workload) -> Contender:
    """Return generations on the digits through `evolve`."""
    problem = _digits(work)
    return Contender(_Generations(_search(problem, work.population)), partial(_scores, problem, work))


def digits_under_deap(work: Workload) -> Contender:
    """Return generations on the digits under DEAP's loop, with the operators of `Genetic` for each pair."""
    problem = _digits(work)
    run = _EaSimple(_search(problem, work.population), work.population, mating=1.0, mutating=1.0)
    return Contender(run, partial(_scores, problem, work), LOOPS)


def nothing_evolved(work: Workload) -> Contender:
    """Return generations with constant fitness through `evolve`; half of the pairs mate, as under DEAP's loop."""
    generations = _Generations(_search(_constant(work), work.population, rate=SHARE, mating=0.5))
    return of_generations(generations, lambda: stacked(generations.individuals))


def nothing_under_deap(work: Workload) -> Contender:
    """Return generations with constant fitness under DEAP's loop; every fifth child mutates, in each gene as likely."""
    search = _search(_constant(work), work.population, rate=5 * SHARE)
    run = _EaSimple(search, work.population, mating=0.5, mutating=0.2)
    return of_generations(run, lambda: stacked(run.individuals), times=LOOPS)


def trained(work: Workload) -> Contender:
    """Return updates of a population through `train_all`."""
    race = race_of(work)
    return Contender(race.ours(), lambda: race_of(work, updates=CHECKED).ours()(), race.updates)


CONTENDERS: Contenders = {
    "mlp-own-inputs": {"Forward": forward},
    "mlp-shared-inputs": {"Forward": forward},
    "digits": {"evolve": digits_evolved, "stock eaSimple": digits_under_deap},
    "cnn": {"Forward": forward},
    "constant-fitness": {"evolve": nothing_evolved, "stock eaSimple": nothing_under_deap},
    "train-mlp": {"train_all": trained},
    "train-convnet4": {"train_all": trained},
}


def quality(seed: int, generations: int) -> float:
    """Return the accuracy of the best of the last generation on the digits."""
    search = _search(_digits(DIGITS), DIGITS.population, seed=seed)
    *_, last = evolve(search, generations)
    return accuracy_of(max(last.population, key=lambda one: one.fitness.order).genome)


QUALITY: Quality = {"evolve": quality}


class _Generations:
    """Makes one generation at each call, and keeps the last."""

    def __init__(self, search: Genetic) -> None:
        self.going = evolve(search, 10**9)
        self.individuals: Sequence[Individual] = ()
        self()

    def __call__(self) -> None:
        self.individuals = next(self.going).population


class _EaSimple:
    """Makes some generations under DEAP's loop at each call."""

    def __init__(self, search: Genetic, population: int, *, mating: float, mutating: float) -> None:
        self.toolbox = search.toolbox
        self.individuals: list[Individual] = self.toolbox.population(n=population)
        self.loop: Callable[..., object] = partial(
            algorithms.eaSimple, cxpb=mating, mutpb=mutating, ngen=LOOPS, verbose=False
        )

    def __call__(self) -> None:
        self.loop(self.individuals, self.toolbox)


def _search(problem: Problem, population: int, *, rate: float = 0.1, mating: float = 1.0, seed: int = 0) -> Genetic:
    return classic(problem, population=population, sigma=0.1, rate=rate, mating=mating, elites=0, seed=seed)


def _digits(work: Workload) -> Supervised:
    module = module_of(work)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()  # the first population lies around zero, as in all programs
    return Supervised(module, inputs_of(work), digits()[1][: work.inputs])


def _constant(work: Workload) -> Function:
    return Function(nothing, Space.box(work.sizes[0], spread=0.1, dtype=torch.float32), batched=True)


def _scores(problem: Supervised, work: Workload) -> Tensor:
    individuals = [Individual(row, id=number) for number, row in zip(itertools.count(), genomes_of(work), strict=False)]
    return torch.tensor(problem.batch(individuals), dtype=torch.float64).squeeze(1)
