"""The laws that an operator is distributed as a reference, for mutation, crossover and selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.testing.laws.distribution import Sample, compare
from neuroevo.testing.laws.genes import Genes
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import ready, seeded
from neuroevo.testing.laws.selected import called
from neuroevo.testing.laws.settings import Grid, combinations
from neuroevo.testing.strategies import seeds

Row = NDArray[np.float64]
Names = tuple[str, str]
Settings = dict[str, Any]

BATCHES = ((1, 1, 1.0), (1, 2, 0.5), (3, 4, 0.0), (5, 3, 1.0), (64, 3, 0.1), (2, 140, 0.5))
"""Rows P, genes D and rate of the batches of a case, from small to large: all rates that a branch may be made for, many
rows for precision, and more genes than a byte counts with a sign."""

TELLING = (3, 4)
"""The batches that are drawn for other settings: noise in all genes, and few genes of many rows."""

NUMBERS = 20_000
"""Genes that are drawn for a case, over all calls."""

MOST_CALLS, LEAST_CALLS = 1000, 60

SIZES = ((1, 1), (2, 3), (5, 4), (9, 8), (3, 200), (200, 5))
"""Individuals P and selected k of a case's calls."""

SMALL = ((1, 1), (2, 1), (5, 2), (9, 4), (30, 15))
"""The same for what sorts the population, whose reference takes the time of many comparisons."""

Merit = Callable[[NDArray[np.float64]], Sequence[Any]]
"""Takes the fitness [P, M], and returns what can be compared for each individual."""

ROUNDING = 1e-12
"""Smallest change that counts, in units of the gene, in double precision."""

CASES = 2
"""Most cases of such a law: each one is thousands of calls, with batches of all shapes."""

CAUSE = "another distribution than the reference's: compare its source line by line"


def mutates_like(
    reference: Callable[..., Tensor], genes: Genes, *, rate: Names | None = None, grid: Grid | None = None
) -> Law:
    """Return the law that mutants are distributed as those of a reference.

    Args:
        reference: Takes genomes [P, D] and `generator`, as the operator does, and returns mutants [P, D].
        genes: What genomes consist of.
        rate: Names of the keyword that is the probability to change a gene, of the operator and of the reference; the
            law then chooses its value.
        grid: Values of other settings, by the name that they have in both.
    """

    def statement(mutate: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for *shape, share, others in case.each("batch", _batches(mutate, genes, grid)):
            settings = _settings(rate, share, others)
            genomes = case.draw("genomes", _genomes(genes, *shape))

            def changes(operator: Any, settings: Settings, seed: int, genomes: Tensor = genomes) -> Sample:
                generator = seeded(seed)
                mutants = [
                    _exact(ready(operator)(genomes.clone(), generator=generator, **settings))
                    for _ in range(_calls(genomes))
                ]
                return _moved(np.stack(mutants), _exact(genomes))

            mine, there = changes(mutate, settings[0], seed), changes(reference, settings[1], seed + 1)
            compare(mine, there, pairs=_neighbours(shape[1]))

    return Law("mutants are distributed as the reference's", CAUSE, statement, examples=CASES, shrinks=False)


def crosses_like(
    reference: Callable[..., Any],
    genes: Genes,
    *,
    rate: Names | None = None,
    grid: Grid | None = None,
    parents: int = 2,
) -> Law:
    """Return the law that children are distributed as those of a reference.

    Args:
        reference: Takes parents [P, D] and [P, D] and `generator`, as the operator does, and returns as many children.
        genes: What parents consist of.
        rate: Names of the keyword that is the probability to change a gene, of the operator and of the reference; the
            law then chooses its value.
        grid: Values of other settings, by the name that they have in both.
        parents: The number of parents.
    """

    def statement(cross: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for population, length, share, others in case.each("batch", _batches(cross, genes, grid)):
            settings = _settings(rate, share, others)
            several = [_genomes(genes, population, length, place) for place in range(parents)]
            drawn = [case.draw(f"parent {place}", one) for place, one in enumerate(several)]

            def changes(operator: Any, settings: Settings, seed: int, drawn: list[Tensor] = drawn) -> Sample:
                generator = seeded(seed)
                litters = [
                    litter(ready(operator)(*(one.clone() for one in drawn), generator=generator, **settings))
                    for _ in range(_calls(drawn[0]))
                ]
                width = len(litters[0])
                origin = _side_by_side([drawn[place % parents] for place in range(width)])
                return _moved(np.stack([_side_by_side(each) for each in litters]), origin)

            mine, there = changes(cross, settings[0], seed), changes(reference, settings[1], seed + 1)
            width = mine.shape[2]
            pairs = [*_neighbours(length), *((gene, length + gene) for gene in {0, length - 1} if width > length)]
            compare(mine, there, pairs=pairs)

    return Law("children are distributed as the reference's", CAUSE, statement, examples=CASES, shrinks=False)


def litter(children: Any) -> tuple[Any, ...]:
    """Return the children of a crossover, which may return a single one as it is."""
    return tuple(children) if isinstance(children, tuple | list) else (children,)


def selects_like(
    reference: Callable[..., Tensor],
    *,
    with_replacement: bool = True,
    weights: Sequence[float] = (1.0,),
    merit: Merit | None = None,
) -> Law:
    """Return the law that the selected are distributed as those of a reference.

    Args:
        reference: Takes the fitness, [P] or with several objectives [P, M], the greater the better, `k` and
            `generator`, and returns indices.
        with_replacement: Whether an individual can be selected more than once; otherwise k is at most P.
        weights: Weights of the objectives as in DEAP.
        merit: What individuals are compared by, if not by their fitness; then the order of the selected means nothing.
    """

    def statement(select: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for population, most in case.each("sizes", SIZES if merit is None else SMALL):
            k = most if with_replacement else min(most, population)
            fitness = case.draw("fitness", _fitness(population, len(weights)))
            signs = torch.tensor(weights).double().sign()
            better = fitness * signs if len(weights) > 1 else fitness * signs[0]
            labels = _labels(better, merit)

            def chosen(operator: Any, given: Tensor, seed: int, k: int = k, labels: Tensor = labels) -> Sample:
                generator = seeded(seed)
                most_calls = MOST_CALLS if merit is None else LEAST_CALLS
                calls = range(max(LEAST_CALLS, min(most_calls, NUMBERS // (2 * k))))
                found = torch.stack([labels[called(operator, given.clone(), k, generator)] for _ in calls])
                return _exact((found if merit is None else found.sort(1).values).unsqueeze(1))

            mine, there = chosen(select, fitness, seed), chosen(reference, better, seed + 1)
            if mine.shape != there.shape:
                raise Breach(f"{mine.shape[2]} are selected, and {there.shape[2]} by the reference")
            compare(mine, there, pairs=_neighbours(mine.shape[2]), item="draw")

    return Law("the selected are distributed as the reference's", CAUSE, statement, examples=CASES, shrinks=False)


def _fitness(population: int, objectives: int) -> SearchStrategy[Tensor]:
    """Draw a fitness of different numbers, [P], or of several objectives with ties, [P, M]."""
    if objectives == 1:
        return st.permutations(range(1, population + 1)).map(lambda order: torch.tensor(order, dtype=torch.float64))
    shape = (population, objectives)
    drawn = seeds().map(lambda seed: torch.randint(5, shape, generator=seeded(seed)))
    return drawn.map(lambda scores: scores.double())


def _labels(fitness: Tensor, merit: Merit | None) -> Tensor:
    """Return a number for each individual, equal for those that are no different."""
    if merit is not None:
        merits = merit(fitness.numpy())
        ranks = {one: float(rank) for rank, one in enumerate(sorted(set(merits)), start=1)}
        return torch.tensor([ranks[one] for one in merits], dtype=torch.float64)
    return fitness if fitness.dim() == 1 else fitness.unique(dim=0, return_inverse=True)[1].double() + 1


def _genomes(genes: Genes, population: int, length: int, place: int = 0) -> SearchStrategy[Tensor]:
    """Draw genomes [P, D]: spread between the bounds, at the bounds, or anywhere within.

    The simplest ones differ between parents of other places, since children of equal parents show nothing.
    """
    shape = (population, length)
    if genes.permutations:
        return seeds().map(lambda seed: torch.rand(shape, generator=seeded(seed + place)).argsort(1))
    low, high = genes.ends(length)
    spread = torch.linspace(0, 1, population * length + 2, dtype=torch.float64)[1:-1].reshape(shape)
    fixed = [spread, (1 - spread) ** 2, spread.flip(1), torch.zeros_like(spread), torch.ones_like(spread)]
    chosen = st.sampled_from(fixed[place % 2 :])
    drawn = seeds().map(lambda seed: torch.rand(shape, generator=seeded(seed + place), dtype=torch.float64))
    return (chosen | drawn).map(lambda shares: genes.typed(torch.lerp(low, high, shares)))


def _settings(names: Names | None, share: float, others: Settings) -> tuple[Settings, Settings]:
    """Return the settings of the operator and of the reference: others, and the rate if they have one."""
    return (others, others) if names is None else ({**others, names[0]: share}, {**others, names[1]: share})


def _batches(operator: Any, genes: Genes, grid: Grid | None) -> list[tuple[int, int, float, Settings]]:
    """Return rows P, genes D, rate and other settings of a case's batches: all of them at the own settings."""
    own, *others = combinations(operator, grid or {})
    lengths = [genes.length or max(length, genes.least) for _, length, _ in BATCHES]
    batches = [(rows, length, share) for (rows, _, share), length in zip(BATCHES, lengths, strict=True)]
    return [
        *((*batch, own) for batch in batches),
        *((*batches[place], settings) for settings in others if settings != own for place in TELLING),
    ]


def _moved(results: Sample, origin: Row) -> Sample:
    """Return what was added to genomes, 0 where it is an error of rounding: a blend of equal genes makes some."""
    changes: Sample = results - origin
    return np.where(np.abs(changes) > ROUNDING * np.abs(origin), changes, 0.0)


def _side_by_side(batches: Sequence[Tensor]) -> Row:
    """Return N batches [P, D] as one [P, N D]."""
    return np.concatenate([_exact(one) for one in batches], axis=1)


def _calls(genomes: Tensor) -> int:
    return max(LEAST_CALLS, min(MOST_CALLS, NUMBERS // genomes.numel()))


def _exact(genomes: Tensor) -> Row:
    return genomes.detach().double().numpy()


def _neighbours(length: int) -> list[tuple[int, int]]:
    """Return pairs of neighbours at both ends and in the middle, and the two ends."""
    starts = {0, length // 2 - 1, length - 2} & set(range(length - 1))
    return [*((start, start + 1) for start in sorted(starts)), *([(0, length - 1)] if length > 2 else [])]
