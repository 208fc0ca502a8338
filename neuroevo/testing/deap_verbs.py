"""DEAP's operators as the functions that the laws check, so that `deap.tools` and your own can be checked.

    check_mutation(as_mutation(partial(tools.mutGaussian, mu=0, sigma=1)), rate="indpb")
    check_crossover(as_crossover(tools.cxOnePoint), cuts=1)
    check_selection(as_selection(partial(tools.selTournament, tournsize=3)), tournament=3)

An operator of DEAP works on individuals, one or two at a time; it is called here for each row of a batch, and may take
the keyword `generator`. Operators without it can only draw from global generators, which the laws then report; with
`seed_globals=True` these are seeded for each call and restored after it, so that all other laws can be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from inspect import signature
from typing import Any

import torch
from deap.base import Fitness as DeapFitness
from torch import Tensor

from neuroevo.global_generators import seeded_by
from neuroevo.individual import Individual
from neuroevo.testing.laws.law import name_of

Make = Callable[[Tensor], Any]
"""Makes an operator's argument from a genome [D]: a list, an array, an `Individual`."""


class StockFitness(DeapFitness):  # type: ignore[misc]
    """DEAP's own fitness with one objective to maximise, as `deap.creator` would make it."""

    weights = (1.0,)


class Scored(list[float]):
    """An individual as in DEAP: a list with a fitness, here also with its position in the population."""

    def __init__(self, position: int, fitness: DeapFitness) -> None:
        super().__init__([0.0])
        self.position = position
        self.fitness = fitness


def as_mutation(
    mutate: Callable[..., tuple[Any]], *, make: Make = Tensor.tolist, seed_globals: bool = False
) -> Callable[..., Tensor]:
    """Return a mutation of genomes [P, D] that calls `mutate(individual) -> (individual,)` for each row.

    Args:
        mutate: DEAP's operator; settings may be bound, others are passed on.
        make: Makes an individual from a row [D]; default a list, which is a copy, as `toolbox.clone` would make. With
            `Tensor.numpy` the operator works on the memory of the batch itself.
        seed_globals: Whether the global generators are seeded by `generator` for each call.
    """

    def mutate_rows(genomes: Tensor, *, generator: torch.Generator, **settings: Any) -> Tensor:
        call = _with_generator(mutate, generator)
        with _seeded(generator, seed_globals):
            return _batch([_genome(call(make(row), **settings)[0], row) for row in genomes])

    return _named(mutate_rows, mutate)


def as_crossover(
    mate: Callable[..., tuple[Any, Any]], *, make: Make = Tensor.tolist, seed_globals: bool = False
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Return a crossover of parents [P, D] that calls `mate(first, second) -> (first, second)` for each pair of rows.

    Args:
        mate: DEAP's operator; settings may be bound, others are passed on.
        make: As for `as_mutation`.
        seed_globals: As for `as_mutation`.
    """

    def mate_rows(
        first: Tensor, second: Tensor, *, generator: torch.Generator, **settings: Any
    ) -> tuple[Tensor, Tensor]:
        call, rows = _with_generator(mate, generator), zip(first, second, strict=True)
        with _seeded(generator, seed_globals):
            pairs = [(row, *call(make(row), make(other), **settings)) for row, other in rows]
        return _batch([_genome(a, row) for row, a, _ in pairs]), _batch([_genome(b, row) for row, _, b in pairs])

    return _named(mate_rows, mate)


def as_selection(
    select: Callable[..., Sequence[Any]], *, fitness: type[DeapFitness] = StockFitness, seed_globals: bool = False
) -> Callable[..., Tensor]:
    """Return a selection of indices that calls `select(individuals, k) -> individuals`.

    Args:
        select: DEAP's operator; settings may be bound.
        fitness: The class of the individuals' fitness: DEAP's own by default, or `neuroevo.Fitness`, with which NaN
            is worse than any number.
        seed_globals: As for `as_mutation`.
    """

    def select_indices(values: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
        population = [Scored(position, _valued(fitness, value)) for position, value in enumerate(values.tolist())]
        with _seeded(generator, seed_globals):
            chosen = _with_generator(select, generator)(population, k)
        return torch.tensor([one.position for one in chosen], dtype=torch.int64)

    return _named(select_indices, select)


def _valued(kind: type[DeapFitness], value: float) -> DeapFitness:
    fitness = kind()
    fitness.values = (value,)
    return fitness


def _with_generator(verb: Callable[..., Any], generator: torch.Generator) -> Callable[..., Any]:
    """Return the operator, with the generator if it takes one."""
    return partial(verb, generator=generator) if "generator" in signature(verb).parameters else verb


def _seeded(generator: torch.Generator, seed_globals: bool) -> AbstractContextManager[None]:
    # Once for a batch: to keep the states of all global generators takes longer than an operator.
    return seeded_by(generator) if seed_globals else nullcontext()


def _genome(individual: Any, row: Tensor) -> Tensor:
    genes = individual.genome if isinstance(individual, Individual) else individual
    # The dtype stays integer only if the operator keeps integers: for a list the elements decide.
    return torch.as_tensor(genes, dtype=row.dtype if row.is_floating_point() else None)


def _batch(rows: list[Tensor]) -> Tensor:
    """Return the rows as one tensor; a single row keeps its memory, so that aliasing can be detected."""
    return rows[0].unsqueeze(0) if len(rows) == 1 else torch.stack(rows)


def _named(function: Callable[..., Any], verb: Callable[..., Any]) -> Callable[..., Any]:
    function.__name__ = name_of(verb)
    return function
