"""Legitimate variants of classical operators, written gene by gene: the references of foreign operators.

Mutation and crossover work on lists, as in DEAP, and `adapted` to batches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.testing.deap_verbs import as_crossover, as_mutation
from neuroevo.testing.references import reference_crossover

Genes = list[Any]


def chance(generator: torch.Generator) -> float:
    """Return a number from 0 to 1."""
    return float(torch.rand((), generator=generator, dtype=torch.float64))


def below(limit: int, generator: torch.Generator) -> int:
    """Return an integer from 0 to limit - 1."""
    return int(torch.randint(limit, (), generator=generator))


def _drawn_integers(genes: Genes, *, indpb: float = 0.5, generator: torch.Generator) -> tuple[Genes]:
    return ([below(10, generator) if chance(generator) < indpb else gene for gene in genes],)


def _swaps(genes: Genes, *, rate: float = 0.3, generator: torch.Generator) -> tuple[Genes]:
    for place in range(len(genes)):
        if chance(generator) < rate:
            others = [other for other in range(len(genes)) if other != place]
            other = others[below(len(others), generator)]
            genes[place], genes[other] = genes[other], genes[place]
    return (genes,)


def _uniformly_mapped(
    first: Genes, second: Genes, *, indpb: float = 0.5, generator: torch.Generator
) -> tuple[Genes, Genes]:
    for place in range(len(first)):
        if chance(generator) < indpb:
            one, other = first[place], second[place]
            for genes in (first, second):
                here, there = genes.index(one), genes.index(other)
                genes[here], genes[there] = genes[there], genes[here]
    return first, second


def _half_inverted(genes: Genes, *, generator: torch.Generator) -> tuple[Genes]:
    if chance(generator) < 0.5:
        start, stop = two_of(len(genes), generator)
        genes[start : stop + 1] = genes[start : stop + 1][::-1]
    return (genes,)


def _two_inner_points(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    start, stop = two_of(len(first) - 1, generator)
    return exchanged(first, second, [start < place <= stop for place in range(len(first))])


def _half_exchanged(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    different = [place for place in range(len(first)) if first[place] != second[place]]
    chosen = [different[one] for one in torch.randperm(len(different), generator=generator)]
    half = chosen[: (len(different) + 1) // 2]
    return exchanged(first, second, [place in half for place in range(len(first))])


def _binomial(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    kept = [chance(generator) < 0.5 for _ in first]
    if not any(kept):
        kept[below(len(first), generator)] = True
    return exchanged(first, second, [not one for one in kept])


def _exponential(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    length, start, count = len(first), below(len(first), generator), 0
    while count < length and chance(generator) < 0.5:
        count += 1
    places = [(start + step) % length for step in range(count)] or [below(length, generator)]
    return exchanged(first, second, [place in places for place in range(length)])


def _ordered_from_the_start(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    start, stop = two_of(len(first), generator)
    children = []
    for receiver, donor in ((first, second), (second, first)):
        segment = donor[start : stop + 1]
        rest = [gene for gene in receiver if gene not in segment]
        children.append([*rest[:start], *segment, *rest[start:]])
    return children[0], children[1]


def _first_genes_exchanged(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    cut = 1 + below(len(first) - 1, generator)
    return exchanged(first, second, [place < cut for place in range(len(first))])


def _two_points_or_none(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    start, stop = sorted(below(len(first) + 1, generator) for _ in range(2))
    return exchanged(first, second, [not start <= place < stop for place in range(len(first))])


def _perturbed_or_replaced(genes: Genes, *, generator: torch.Generator) -> tuple[Genes]:
    def mutant(gene: float) -> float:
        draw = chance(generator)
        if draw < 0.7:
            gene += 0.5 * normal(generator)
        elif draw < 0.8:
            gene = normal(generator)
        return min(max(gene, -30.0), 30.0)

    return ([mutant(gene) for gene in genes],)


def _disabled_in_three_of_four(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    def child() -> Genes:
        return [(a and b) or chance(generator) >= 0.75 for a, b in zip(first, second, strict=True)]

    return child(), child()


def _cauchy(genes: Genes, *, generator: torch.Generator) -> tuple[Genes]:
    # The ratio of two normal numbers.
    return ([gene + 0.1 * normal(generator) / normal(generator) for gene in genes],)


def _along_a_line(genes: Genes, *, generator: torch.Generator) -> tuple[Genes]:
    direction = [normal(generator) for _ in genes]
    length, step = math.hypot(*direction), normal(generator)
    return ([gene + 0.3 * step * part / length for gene, part in zip(genes, direction, strict=True)],)


def _one_of_all(genes: Genes, *, generator: torch.Generator) -> tuple[Genes]:
    genes[below(len(genes), generator)] += 0.5 * normal(generator)
    return (genes,)


def _between(first: Genes, second: Genes, *, generator: torch.Generator) -> tuple[Genes, Genes]:
    share = chance(generator)
    child = [a + share * (b - a) for a, b in zip(first, second, strict=True)]
    return child, child


def normal(generator: torch.Generator) -> float:
    """Return a standard normal number."""
    return float(torch.randn((), generator=generator, dtype=torch.float64))


def exchanged(first: Genes, second: Genes, places: Sequence[bool]) -> tuple[Genes, Genes]:
    """Return two parents with some places exchanged."""
    pairs = [(b, a) if there else (a, b) for a, b, there in zip(first, second, places, strict=True)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def two_of(limit: int, generator: torch.Generator) -> tuple[int, int]:
    """Return two different integers from 0 to limit - 1 in their order."""
    start, stop = sorted(torch.randperm(limit, generator=generator)[:2].tolist())
    return start, stop


first_genes_exchanged = as_crossover(_first_genes_exchanged)
two_points_or_none = as_crossover(_two_points_or_none)
perturbed_or_replaced = as_mutation(_perturbed_or_replaced)
disabled_in_three_of_four = as_crossover(_disabled_in_three_of_four)
cauchy = as_mutation(_cauchy)
along_a_line = as_mutation(_along_a_line)
one_of_all = as_mutation(_one_of_all)
_pair_between = as_crossover(_between)
half_inverted = as_mutation(_half_inverted)
two_inner_points = as_crossover(_two_inner_points)
half_exchanged = as_crossover(_half_exchanged)
binomial = as_crossover(_binomial)
exponential = as_crossover(_exponential)
ordered_from_the_start = as_crossover(_ordered_from_the_start)
drawn_integers = as_mutation(_drawn_integers)
swaps = as_mutation(_swaps)
uniformly_mapped = as_crossover(_uniformly_mapped)


def between(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return one point between two parents."""
    return _pair_between(first, second, generator=generator)[0]


_ordered = reference_crossover("ordered", least=2)


def ordered_the_other_way(first: Tensor, second: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return a child with the second parent's segment first."""
    return _ordered(second, first, generator=generator)


def any_of(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select k individuals at random, with replacement."""
    return torch.tensor([below(len(fitness), generator) for _ in range(k)])


def pointers_on_the_sorted(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select what k equally spaced pointers hit on a wheel with the greatest share first."""
    order = fitness.argsort(descending=True)
    ends = np.cumsum(fitness[order].numpy())
    pointers = (chance(generator) + np.arange(k)) * ends[-1] / k
    return order[np.searchsorted(ends, pointers, side="right")]


def shuffled(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select the first k of a row of shuffled populations."""
    rounds = -(-k // len(fitness))
    return torch.cat([torch.randperm(len(fitness), generator=generator) for _ in range(rounds)])[:k]


def tournaments_of_shuffled(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select the better one of each pair of neighbours in a row of shuffled populations."""
    pairs = shuffled(fitness, k=2 * k, generator=generator).reshape(k, 2)
    return torch.tensor([first if fitness[first] > fitness[second] else second for first, second in pairs.tolist()])
