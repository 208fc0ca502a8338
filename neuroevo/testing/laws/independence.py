"""Laws of independence: what an operator does in one place says nothing of what it does in another.

They need no reference: a batch of rows is compared with its rows one by one, a genome with genomes of one gene, the
individuals selected in one call with those of as many calls, and calls with one generator with calls that have a
generator each. Whole distributions are compared, so that rows, genes or draws that repeat, are sorted, spread evenly,
antithetic or treated by their number are noticed, and no law has to know how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.changes import (
    Parents,
    Settings,
    Variation,
    Vary,
    calls_for,
    changes,
    exact,
    pairs_of,
)
from neuroevo.testing.laws.distribution import Sample, compare
from neuroevo.testing.laws.law import Breach, Case, Law, Statement
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.laws.selected import Wanted, called
from neuroevo.testing.strategies import seeds

ROWS = ((5, 3, 1.0), (300, 1, 0.3))
"""Rows P, genes D and rate of batches that are compared with their parts."""

PARTS = 8
"""Most parts that a batch is cut into: small batches into single rows."""

GENES = ((1, 2, 1.0), (3, 9, 0.5), (1, 300, 0.1), (1, 140, 0.9))
"""Rows P, genes D and rate: more genes than a byte counts with and without a sign."""

LEADING = ((6, 3, 0.5), (4, 1, 1.0))
"""Rows P, genes D and rate of batches that are given other leading dimensions."""

CALLS = ((1, 3, 1.0), (2, 4, 0.5))
"""Rows P, genes D and rate of batches for consecutive calls."""

UNIT = 2.0**600
"""The unit of weights in every other population; in those between it is the reciprocal."""

ISLANDS = ((2, 5), (3, 1), (2, 12))
"""Islands and individuals P on each."""

DRAWS = ((5, 4), (9, 8), (3, 300))
"""Individuals P and selected k of calls that are compared with several calls."""

FEW_PARTS = 4
"""Most calls that one call is compared with: for small k as many as k."""

NUMBERS = 12_000
"""Numbers that are drawn for a sample, over all calls."""

CASES = 1
"""Cases of such a law: each one is thousands of calls."""

ENTWINED = "draws are shared, repeated, sorted, spread evenly or paired, or the number of a {} counts"
CONSECUTIVE = "a state is kept between calls, or the generator is copied or seeded anew and so gives the same again"


def varies_independently(kind: Variation, *, separate_genes: bool | None) -> list[Law]:
    """Return the laws that rows, calls and, if they are stated to be, genes and leading dimensions are independent.

    Args:
        kind: Mutation or crossover, and its domain.
        separate_genes: Whether each gene varies as if it were the only one; by default where there is a rate, genomes
            can have one gene, and they are no permutations.
    """
    laws = [_by_calls(kind), _by_rows(kind)]
    fixed = kind.genes.permutations or kind.genes.length is not None or kind.genes.least > 1
    apart = kind.rate is not None and not fixed
    if apart if separate_genes is None else separate_genes:
        laws.append(_by_genes(kind))
    if kind.genes.leading:
        laws.append(_by_leading(kind))
    return laws


def selects_independently(
    wanted: Wanted, *, separate_draws: bool | None, leading: bool, proportional: bool = False
) -> list[Law]:
    """Return the laws that calls and, if they are stated to be, draws and leading dimensions are independent.

    Args:
        wanted: How many individuals are selected.
        separate_draws: Whether the selected of one call are as those of several calls; None for those with
            replacement, of which any number can be selected.
        leading: Whether it takes the fitness of several populations, [..., P].
        proportional: Whether the fitness are weights, whose unit is not the same in all populations.
    """
    laws = [_selects_by_calls(wanted)]
    if wanted.with_replacement and wanted.given is None if separate_draws is None else separate_draws:
        laws.append(_selects_by_draws())
    if leading:
        laws.append(_selects_by_islands(wanted, UNIT if proportional else 1.0))
    return laws


def _by_rows(kind: Variation) -> Law:
    def statement(operator: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for rows, length, settings in kind.shapes(case, ROWS):
            parents = kind.draw(case, rows, length)
            _compare(kind.of(operator), _in_parts(kind.of(operator), -(-rows // PARTS)), parents, seed, settings)

    return _law("a batch varies as its rows one by one", ENTWINED.format("row"), statement)


def _by_genes(kind: Variation) -> Law:
    def statement(operator: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for rows, length, settings in kind.shapes(case, GENES):
            parents = kind.draw(case, rows, length)
            _compare(kind.of(operator), _reshaped(kind.of(operator), (rows * length, 1)), parents, seed, settings)

    cause = f"{ENTWINED.format('gene')}; if genes are meant to depend on each other, separate_genes=False"
    return _law("each gene varies as if it were the only one", cause, statement)


def _by_leading(kind: Variation) -> Law:
    def statement(operator: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for rows, length, settings in kind.shapes(case, LEADING):
            parents = kind.draw(case, rows, length)
            for shape in ((2, rows // 2, length), (1, rows, 1, length)):
                _compare(_reshaped(kind.of(operator), shape), kind.of(operator), parents, seed, settings)
            alone = tuple(one[0] for one in parents)
            children = kind.of(operator)(*alone, generator=seeded(seed), **settings)
            if any(child.shape != (length,) for child in children):
                raise Breach(f"genomes [{length}] have children {[list(child.shape) for child in children]}")

    cause = f"{ENTWINED.format('batch')}; if genomes must have the shape [P, D], leading=False"
    return _law("leading dimensions are batches of their own", cause, statement)


def _by_calls(kind: Variation) -> Law:
    def statement(operator: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for rows, length, settings in kind.shapes(case, CALLS):
            parents = kind.draw(case, rows, length)

            def calls(start: int, number: int, parents: Parents = parents, settings: Settings = settings) -> Sample:
                return changes(kind.of(operator), parents, seed=start, calls=number, settings=settings)

            _compare_calls(calls, seed, calls_for(rows * length))

    return _law("consecutive calls are independent", CONSECUTIVE, statement)


def _selects_by_calls(wanted: Wanted) -> Law:
    def statement(select: Any, case: Case) -> None:
        seed, fitness = case.draw("seed", seeds()), case.draw("fitness", _distinct(6))
        k = case.draw("k", _few(wanted, fitness))

        def calls(start: int, number: int) -> Sample:
            return _selected(select, fitness, k=k, seed=start, calls=number)

        _compare_calls(calls, seed, calls_for(k))

    return _law("consecutive calls are independent", CONSECUTIVE, statement)


def _selects_by_draws() -> Law:
    def statement(select: Any, case: Case) -> None:
        def in_parts(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
            sizes = [len(part) for part in torch.arange(k).chunk(FEW_PARTS)]
            return torch.cat([called(select, fitness.clone(), size, generator) for size in sizes])

        seed = case.draw("seed", seeds())
        for population, k in case.each("sizes", DRAWS):
            fitness = case.draw("fitness", _distinct(population))
            mine, there = (
                _selected(each, fitness, k=k, seed=start, calls=calls_for(k))
                for each, start in ((select, seed), (in_parts, seed + 1))
            )
            compare(mine, there, pairs=pairs_of(k, k), item="draw")

    cause = f"{ENTWINED.format('draw')}; if draws are meant to depend on each other, separate_draws=False"
    return _law("the selected of one call are as those of several calls", cause, statement)


def _selects_by_islands(wanted: Wanted, unit: float) -> Law:
    def statement(select: Any, case: Case) -> None:
        def all_islands(fitness: Tensor, k: int, generator: torch.Generator) -> Tensor:
            units = torch.tensor([unit ** (-1) ** place for place in range(len(fitness))], dtype=fitness.dtype)
            return fitness.gather(-1, called(select, fitness * units.unsqueeze(-1), k, generator)).flatten()

        def one_by_one(fitness: Tensor, k: int, generator: torch.Generator) -> Tensor:
            return torch.cat([island[called(select, island.clone(), k, generator)] for island in fitness])

        seed = case.draw("seed", seeds())
        for islands, population in case.each("islands", ISLANDS):
            fitness = case.draw("fitness", st.tuples(*[_distinct(population)] * islands).map(torch.stack))
            k = case.draw("k", _few(wanted, fitness[0]))
            generators, calls = (seeded(seed), seeded(seed + 1)), range(calls_for(k * islands))
            mine, there = (
                exact(torch.stack([select_from(fitness, k, generator) for _ in calls]).unsqueeze(1))
                for select_from, generator in zip((all_islands, one_by_one), generators, strict=True)
            )
            if mine.shape != there.shape:
                raise Breach(f"{mine.shape[2]} are selected of {islands} populations, and {there.shape[2]} one by one")
            compare(mine, there, pairs=pairs_of(*mine.shape[2:] * 2), item="draw")

    cause = f"{ENTWINED.format('population')}; if the fitness must have the shape [P], leading=False"
    return _law("leading dimensions are populations of their own", cause, statement)


def _few(wanted: Wanted, fitness: Tensor) -> SearchStrategy[int]:
    return st.just(min(3, len(fitness))) if wanted.given is None else wanted.of(fitness)


def _selected(select: Any, fitness: Tensor, *, k: int, seed: int, calls: int) -> Sample:
    """Return the fitness of what calls of a selection, with one generator, select: [N, 1, k]."""
    generator = seeded(seed)
    chosen = [fitness[called(select, fitness.clone(), k, generator)] for _ in range(calls)]
    return exact(torch.stack(chosen).unsqueeze(1))


def _law(name: str, cause: str, statement: Statement) -> Law:
    return Law(name, cause, statement, examples=CASES, shrinks=False)


def _compare(mine: Vary, there: Vary, parents: Parents, seed: int, settings: Settings) -> None:
    calls = calls_for(parents[0].numel(), numbers=NUMBERS)
    one, other = (
        changes(each, parents, seed=start, calls=calls, settings=settings)
        for each, start in ((mine, seed), (there, seed + 1))
    )
    compare(one, other, pairs=pairs_of(parents[0].shape[1], one.shape[2]))


def _compare_calls(calls: Callable[[int, int], Sample], seed: int, number: int) -> None:
    """Compare two calls in a row with one generator with two calls that have a generator each.

    Args:
        calls: Takes a seed and a number of calls N with that generator, and returns what they did, [N, P, C].
        seed: The seed of the seeds.
        number: Number of calls of each kind.
    """
    starts = iter(torch.randint(2**48, (2 * number,), generator=seeded(seed)).tolist())
    in_a_row, apart = [], []
    for _ in range(number // 2):
        in_a_row.append(np.concatenate(calls(next(starts), 2)))
        apart.append(np.concatenate([calls(next(starts), 1)[0] for _ in range(2)]))
    mine, there = np.stack(in_a_row), np.stack(apart)
    compare(mine, there, pairs=pairs_of(*mine.shape[2:] * 2))


def _in_parts(vary: Vary, size: int) -> Vary:
    """Return an operator that varies parts of a batch, of `size` rows each, in calls of their own."""

    def varied(*parents: Tensor, generator: torch.Generator, **settings: float) -> Parents:
        parts = zip(*(one.split(size) for one in parents), strict=True)
        litters = [vary(*(one.clone() for one in part), generator=generator, **settings) for part in parts]
        return tuple(torch.cat(children) for children in zip(*litters, strict=True))

    return varied


def _reshaped(vary: Vary, shape: tuple[int, ...]) -> Vary:
    """Return an operator that sees genomes in another shape."""

    def varied(*parents: Tensor, generator: torch.Generator, **settings: float) -> Parents:
        children = vary(*(one.reshape(shape) for one in parents), generator=generator, **settings)
        if strange := [list(child.shape) for child in children if child.shape != shape]:
            raise Breach(f"genomes {list(shape)} have children {strange[0]}")
        return tuple(child.reshape(parents[0].shape) for child in children)

    return varied


def _distinct(population: int) -> SearchStrategy[Tensor]:
    return st.permutations(range(1, population + 1)).map(lambda order: torch.tensor(order, dtype=torch.float64))
