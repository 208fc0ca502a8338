"""The laws that an operator is distributed as a reference, for mutation, crossover and selection."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.testing.laws.distribution import Sample, compare
from neuroevo.testing.laws.genes import WITHIN, Genes
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

Row = NDArray[np.float64]
Names = tuple[str, str]
Settings = dict[str, float]

BATCHES = ((1, 1, 1.0), (1, 2, 0.5), (3, 4, 0.0), (5, 3, 1.0), (64, 3, 0.1), (2, 140, 0.5))
"""Rows P, genes D and rate of the batches of a case, from small to large: all rates that a branch may be made for, many
rows for precision, and more genes than a byte counts with a sign."""

NUMBERS = 20_000
"""Genes that are drawn for a case, over all calls."""

MOST_CALLS, LEAST_CALLS = 1500, 250

CASES = 2
"""Most cases of such a law: each one is thousands of calls, with batches of all shapes."""

CAUSE = "another distribution than the reference's: compare its source line by line"


def mutates_like(reference: Callable[..., Tensor], genes: Genes, *, rate: Names | None = None) -> Law:
    """Return the law that mutants are distributed as those of a reference.

    Args:
        reference: Takes genomes [P, D] and `generator`, as the operator does, and returns mutants [P, D].
        genes: What genomes consist of.
        rate: Names of the keyword that is the probability to change a gene, of the operator and of the reference; the
            law then chooses its value.
    """

    def statement(mutate: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for *shape, share in case.each("batch", _batches(genes.least)):
            settings = _settings(rate, share)
            genomes = case.draw("genomes", _genomes(genes, *shape))

            def changes(operator: Callable[..., Tensor], settings: Settings, genomes: Tensor = genomes) -> Sample:
                call = partial(operator, generator=seeded(seed), **settings)
                mutants = [_exact(call(genomes.clone())) for _ in range(_calls(genomes))]
                return np.stack(mutants) - _exact(genomes)

            compare(changes(mutate, settings[0]), changes(reference, settings[1]), pairs=_neighbours(shape[1]))

    return Law("mutants are distributed as the reference's", CAUSE, statement, examples=CASES, shrinks=False)


def crosses_like(reference: Callable[..., tuple[Tensor, Tensor]], genes: Genes, *, rate: Names | None = None) -> Law:
    """Return the law that children are distributed as those of a reference.

    Args:
        reference: Takes parents [P, D] and [P, D] and `generator`, as the operator does, and returns two children.
        genes: What parents consist of.
        rate: Names of the keyword that is the probability to change a gene, of the operator and of the reference; the
            law then chooses its value.
    """

    def statement(cross: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for *shape, share in case.each("batch", _batches(genes.least)):
            settings = _settings(rate, share)
            parents = case.draw("first", _genomes(genes, *shape)), case.draw("second", _genomes(genes, *shape))

            def changes(
                operator: Callable[..., tuple[Tensor, Tensor]],
                settings: Settings,
                parents: tuple[Tensor, Tensor] = parents,
            ) -> Sample:
                call = partial(operator, generator=seeded(seed), **settings)
                litters = [call(*(one.clone() for one in parents)) for _ in range(_calls(parents[0]))]
                return np.stack([_side_by_side(litter) for litter in litters]) - _side_by_side(parents)

            length = shape[1]
            pairs = [*_neighbours(length), *((gene, length + gene) for gene in {0, length - 1})]
            compare(changes(cross, settings[0]), changes(reference, settings[1]), pairs=pairs)

    return Law("children are distributed as the reference's", CAUSE, statement, examples=CASES, shrinks=False)


def selects_like(
    reference: Callable[..., Tensor],
    call: Callable[[Any, Tensor, int, torch.Generator], Tensor],
    *,
    with_replacement: bool = True,
) -> Law:
    """Return the law that the selected are distributed as those of a reference.

    Args:
        reference: Takes the fitness [P], `k` and `generator`, as the operator does, and returns indices.
        call: Calls an operator with the fitness [P], k and a generator.
        with_replacement: Whether an individual can be selected more than once; otherwise k is at most P.
    """

    def statement(select: Any, case: Case) -> None:
        population = case.draw("population", st.integers(1, 9))
        order = case.draw("fitness", st.permutations(range(1, population + 1)))
        fitness = torch.tensor(order, dtype=torch.float64)
        k = case.draw("k", st.integers(1, 8 if with_replacement else population))
        seed = case.draw("seed", seeds())

        def chosen(operator: Any, seed: int) -> Sample:
            generator = seeded(seed)
            calls = [fitness[call(operator, fitness.clone(), k, generator)] for _ in range(MOST_CALLS)]
            return _exact(torch.stack(calls).unsqueeze(1))

        mine, there = chosen(select, seed), chosen(reference, seed + 1)
        if mine.shape != there.shape:
            raise Breach(f"{mine.shape[2]} are selected, and {there.shape[2]} by the reference")
        compare(mine, there, pairs=_neighbours(mine.shape[2]), item="draw")

    return Law("the selected are distributed as the reference's", CAUSE, statement, examples=3 * CASES, shrinks=False)


def _genomes(genes: Genes, population: int, length: int) -> SearchStrategy[Tensor]:
    """Draw genomes [P, D]: spread between the bounds, at the bounds, or anywhere within."""
    shape = (population, length)
    if genes.permutations:
        return seeds().map(lambda seed: torch.rand(shape, generator=seeded(seed)).argsort(1))
    low, high = genes.bounds or WITHIN
    spread = torch.linspace(low, high, population * length + 2)[1:-1].reshape(shape)
    ends = torch.full(shape, low), torch.full(shape, high)
    drawn = seeds().map(lambda seed: low + (high - low) * torch.rand(shape, generator=seeded(seed)))
    fixed = st.sampled_from([spread, spread.flip(1), *ends])
    return (fixed | drawn).map(lambda numbers: _of_dtype(numbers, genes.dtype))


def _of_dtype(numbers: Tensor, dtype: torch.dtype) -> Tensor:
    exact = dtype.is_floating_point
    return numbers.to(dtype, copy=True) if exact else numbers.round().to(dtype)


def _settings(names: Names | None, share: float) -> tuple[Settings, Settings]:
    """Return the settings of the operator and of the reference: the rate, if they have one."""
    return ({}, {}) if names is None else ({names[0]: share}, {names[1]: share})


def _batches(least: int) -> list[tuple[int, int, float]]:
    """Return rows P, genes D and rate of a case's batches."""
    return [(population, max(length, least), share) for population, length, share in BATCHES]


def _side_by_side(pair: tuple[Tensor, Tensor]) -> Row:
    """Return two batches [P, D] as one [P, 2 D]."""
    return np.concatenate([_exact(one) for one in pair], axis=1)


def _calls(genomes: Tensor) -> int:
    return max(LEAST_CALLS, min(MOST_CALLS, NUMBERS // genomes.numel()))


def _exact(genomes: Tensor) -> Row:
    return genomes.detach().double().numpy()


def _neighbours(length: int) -> list[tuple[int, int]]:
    """Return pairs of neighbours at both ends and in the middle, and the two ends."""
    starts = {0, length // 2 - 1, length - 2} & set(range(length - 1))
    return [*((start, start + 1) for start in sorted(starts)), *([(0, length - 1)] if length > 2 else [])]
