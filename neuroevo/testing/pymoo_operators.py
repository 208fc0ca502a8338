"""pymoo's operators as the functions that the laws check, so that `pymoo.operators` and your own can be checked.

    check_mutation(as_mutation(PM(eta=20, prob=1.0), low=-1, high=1), rate="prob_var", bounds=(-1, 1))
    check_crossover(as_crossover(TwoPointCrossover(prob=1.0)), cuts=2, min_genes=3)
    check_selection(as_selection(TournamentSelection(func_comp=comp_by_cv_and_fitness)))
    check_selection(as_survival(RankAndCrowding()), with_replacement=False)

Its operators work on a population, a problem with bounds and a `random_state`; all three are made for each call,
the last one from the generator. Settings that the laws choose, such as `prob_var`, are set on a copy of the operator.
Operators that draw from numpy's global generator instead are reported; with `seed_globals=True` it is seeded for each
call and restored after it, so that all other laws can be checked.

pymoo minimises and the laws of selection maximise: the objectives of a population are the fitness with the other sign.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.global_generators import seeded_by


def as_mutation(
    mutation: Any, *, low: float | None = None, high: float | None = None, seed_globals: bool = False
) -> Callable[..., Tensor]:
    """Return a mutation of genomes [P, D] that calls a `pymoo.core.mutation.Mutation`.

    Args:
        mutation: pymoo's operator; note that it skips whole individuals unless its `prob` is 1.
        low: Lower bound of the problem's variables; None for a problem without bounds.
        high: Upper bound.
        seed_globals: Whether the global generators are seeded by `generator` for each call.
    """

    def mutate(genomes: Tensor, *, generator: torch.Generator, **settings: Any) -> Tensor:
        call = _drawing(_with(mutation, settings), generator, seed_globals)
        mutants = call(_problem(genomes.shape[-1], low, high), _population(genomes))
        return _rows(mutants, genomes)

    return _named(mutate, mutation)


def as_crossover(
    crossover: Any, *, low: float | None = None, high: float | None = None, seed_globals: bool = False
) -> Callable[..., Any]:
    """Return a crossover of parents [P, D] that calls a `pymoo.core.crossover.Crossover`.

    It takes as many parents as the operator, and returns as many children: a tuple of them, or one tensor [P, D].

    Args:
        crossover: pymoo's operator; note that it skips whole pairs unless its `prob` is 1.
        low: As for `as_mutation`.
        high: As for `as_mutation`.
        seed_globals: As for `as_mutation`.
    """

    def cross(*parents: Tensor, generator: torch.Generator, **settings: Any) -> Any:
        call = _drawing(_with(crossover, settings), generator, seed_globals)
        population = _population(torch.cat(parents))
        matings = np.arange(len(population)).reshape(len(parents), -1).T
        children = call(_problem(parents[0].shape[-1], low, high), population, matings)
        litter = _rows(children, parents[0]).reshape(-1, *parents[0].shape)
        return litter[0] if len(litter) == 1 else tuple(child.clone() for child in litter)

    return _named(cross, crossover)


def as_selection(selection: Any, *, seed_globals: bool = False) -> Callable[..., Tensor]:
    """Return a selection of indices that calls a `pymoo.core.selection.Selection` for k single parents.

    Args:
        selection: pymoo's operator.
        seed_globals: As for `as_mutation`.
    """

    def select(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
        call = _drawing(selection.do, generator, seed_globals)
        return torch.as_tensor(call(_problem(1), _scored(fitness), k, 1, to_pop=False).astype(np.int64)).reshape(k)

    return _named(select, selection)


def as_survival(survival: Any, *, seed_globals: bool = False) -> Callable[..., Tensor]:
    """Return a selection without replacement that calls a `pymoo.core.survival.Survival`.

    Args:
        survival: pymoo's operator.
        seed_globals: As for `as_mutation`.
    """

    def survive(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
        call = _drawing(survival.do, generator, seed_globals)
        return torch.tensor(call(_problem(1), _scored(fitness), n_survive=k, return_indices=True), dtype=torch.int64)

    return _named(survive, survival)


def as_sampling(
    sampling: Any, *, low: float | None = None, high: float | None = None, seed_globals: bool = False
) -> Callable[..., Tensor]:
    """Return `sample(number, genes, *, generator)` that calls a `pymoo.core.sampling.Sampling` for genomes [P, D].

    Args:
        sampling: pymoo's operator.
        low: As for `as_mutation`.
        high: As for `as_mutation`.
        seed_globals: As for `as_mutation`.
    """

    def sample(number: int, genes: int, *, generator: torch.Generator) -> Tensor:
        call = _drawing(sampling, generator, seed_globals)
        return torch.as_tensor(call(_problem(genes, low, high), number).get("X"))

    return _named(sample, sampling)


def _problem(genes: int, low: float | None = None, high: float | None = None) -> Any:
    from pymoo.core.problem import Problem

    return Problem(n_var=genes, n_obj=1, xl=low, xu=high)


def _population(genomes: Tensor) -> Any:
    from pymoo.core.population import Population

    return Population.new("X", genomes.detach().numpy())


def _scored(fitness: Tensor) -> Any:
    """Return a population with a fitness, [P] or [P, M] for M objectives, which pymoo minimises."""
    from pymoo.core.population import Population

    return Population.new("F", -fitness.detach().reshape(len(fitness), -1).numpy())


def _drawing(operator: Callable[..., Any], generator: torch.Generator, seed_globals: bool) -> Callable[..., Any]:
    """Return the operator with its source of random numbers."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        with seeded_by(generator) if seed_globals else nullcontext():
            return operator(*arguments, random_state=draws, **keywords)

    return call


def _with(operator: Any, settings: dict[str, Any]) -> Any:
    """Return a copy of an operator with other settings, which are its attributes."""
    changed = copy.copy(operator)
    for name, value in settings.items():
        if not hasattr(operator, name):
            raise AttributeError(f"{type(operator).__name__} has no setting {name!r}.")
        setattr(changed, name, value)
    return changed


def _rows(population: Any, genomes: Tensor) -> Tensor:
    genes = torch.as_tensor(np.stack([one.X for one in population]))
    # Integers stay integers only if the operator keeps them.
    return genes.to(genomes.dtype) if genomes.is_floating_point() else genes


def _named(function: Callable[..., Any], operator: object) -> Callable[..., Any]:
    function.__name__ = type(operator).__name__
    return function
