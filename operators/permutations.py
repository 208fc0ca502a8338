"""Mutation and crossover of permutations: every child is a permutation of what its parents are.

Mutations take genomes [..., D] of any dtype and put their genes into another order. Crossovers take paired parents, two
permutations of 0, …, D - 1 as int64 [..., D]. Each leading index has draws of its own; they come from the CPU, so that
they are the same on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuroevo.discrete import uniform_integers
from neuroevo.operators.crossover import Pair, check_pair
from neuroevo.operators.trials import check_rate, happens


def swap(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Exchange the genes at two different places, all pairs of which are equally likely.

    Args:
        genomes: Genomes, [..., D].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; copies where D is less than 2.
    """
    if genomes.shape[-1] < 2:
        return genomes.clone()
    first, second = _two_places(genomes, generator)
    places = _places(genomes)
    sources = torch.where(places == first, second, torch.where(places == second, first, places))
    return genomes.gather(-1, sources)


def insert(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Move the gene at one place to another one; those between them move up by one place.

    Args:
        genomes: Genomes, [..., D].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; copies where D is less than 2.

    Source: Fogel 1988; insertion mutation in Eiben and Smith, Introduction to Evolutionary Computing, section 4.5.1.
    """
    if genomes.shape[-1] < 2:
        return genomes.clone()
    taken, put = _two_places(genomes, generator)
    places = _places(genomes)
    later = torch.where((places >= taken) & (places < put), places + 1, places)
    sources = torch.where((places <= taken) & (places > put), places - 1, later)
    return genomes.gather(-1, torch.where(places == put, taken, sources))


def invert(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Reverse the genes between two different places, both of them included; all pairs are equally likely.

    In a tour it replaces two edges by two others (2-opt).

    Args:
        genomes: Genomes, [..., D].
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D]; copies where D is less than 2.

    Source: Holland 1975; `deap.tools.mutInversion`, which may also reverse one gene or none.
    """
    if genomes.shape[-1] < 2:
        return genomes.clone()
    ends = _two_places(genomes, generator)
    start, last = torch.minimum(*ends), torch.maximum(*ends)
    places = _places(genomes)
    return genomes.gather(-1, torch.where((places >= start) & (places <= last), start + last - places, places))


def shuffle(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Put the genes at some places into a random order; each place is among them with the given probability.

    Args:
        genomes: Genomes, [..., D].
        rate: Probability that a place takes part, in [0, 1]; with 1 all orders are equally likely.
        generator: A generator of the CPU.

    Returns:
        Mutated genomes, [..., D].

    Raises:
        ValueError: The rate lies outside [0, 1].

    Source: scramble mutation, Syswerda 1991. `deap.tools.mutShuffleIndexes` exchanges each place with another one
    instead, so that about twice as many genes move.
    """
    check_rate(rate)
    taking_part = happens(genomes.shape, rate, generator)
    # In double precision ties between keys are negligible, so that every order is equally likely.
    keys = torch.rand(genomes.shape, generator=generator, dtype=torch.float64)
    # Both begin with the places that take part, in their order and in a random one, and agree on the rest.
    targets = (~taking_part).byte().argsort(dim=-1, stable=True)
    sources = torch.where(taking_part, keys, 1.0).argsort(dim=-1, stable=True)
    moved = genomes.gather(-1, sources.to(genomes.device))
    return torch.empty_like(moved).scatter_(-1, targets.to(genomes.device), moved)


def partially_mapped(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Partially mapped crossover (PMX): exchange a segment, and keep the places of as many other genes as possible.

    A gene outside the segment that came in with it is replaced by the one that it took the place of, and this one
    likewise, until there is no conflict.

    Args:
        first: Parents, permutations of 0, …, D - 1, int64 [..., D].
        second: Their mates, of the same shape and device.
        generator: A generator of the CPU.

    Returns:
        Two children, int64 [..., D].

    Raises:
        ValueError: The parents differ in shape, dtype or device, or one is no permutation.

    Source: Goldberg and Lingle 1985; `deap.tools.cxPartialyMatched`. The cost is O(D log D).
    """
    _check_permutations(first, second)
    exchanged = _segment(first, generator)
    return _mapped(first, second, exchanged), _mapped(second, first, exchanged)


def ordered(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Order crossover (OX): keep a segment of one parent, and take the others in the order of the other parent.

    Beginning behind the segment and going round, the places of a child are filled by what it lacks, in the order in
    which the other parent has it behind the segment.

    Args:
        first: Parents, permutations of 0, …, D - 1, int64 [..., D].
        second: Their mates, of the same shape and device.
        generator: A generator of the CPU.

    Returns:
        Two children, int64 [..., D].

    Raises:
        ValueError: The parents differ in shape, dtype or device, or one is no permutation.

    Source: Davis 1985; `deap.tools.cxOrdered`. The cost is O(D log D).
    """
    _check_permutations(first, second)
    kept = _segment(first, generator)
    return _in_order(first, second, kept), _in_order(second, first, kept)


def _mapped(keeper: Tensor, donor: Tensor, exchanged: Tensor) -> Tensor:
    """Return a child with the donor's genes where they are exchanged, and the keeper's elsewhere if possible.

    For every gene the mapping says what stands in for it: itself, or what the exchange removes from its place.
    """
    came_in = torch.zeros_like(exchanged).scatter_(-1, donor, exchanged)
    removed = torch.empty_like(keeper).scatter_(-1, donor, keeper)
    mapping = torch.where(came_in, removed, _places(keeper))
    # Each round follows twice as many steps; no chain is longer than the genome.
    for _ in range(max(1, keeper.shape[-1]).bit_length()):
        mapping = mapping.gather(-1, mapping)
    return torch.where(exchanged, donor, mapping.gather(-1, keeper))


def _in_order(keeper: Tensor, donor: Tensor, kept: Tensor) -> Tensor:
    """Return a child with the keeper's genes where they are kept, and all others in the donor's order."""
    # Places in the order in which they are filled: those behind the segment, those before it, the segment.
    behind = kept.long().cumsum(-1).eq(kept.sum(-1, keepdim=True)) & ~kept
    targets = torch.where(kept, 2, torch.where(behind, 0, 1)).argsort(dim=-1, stable=True)
    # The donor's genes in the order in which they are read, those that the child has behind all others.
    start = kept.long().argmax(-1, keepdim=True) + kept.sum(-1, keepdim=True)
    read = donor.gather(-1, (start + _places(donor)) % donor.shape[-1])
    has = torch.zeros_like(kept).scatter_(-1, keeper, kept)
    lacking = read.gather(-1, has.gather(-1, read).byte().argsort(dim=-1, stable=True))
    child = torch.empty_like(keeper).scatter_(-1, targets, lacking)
    return torch.where(kept, keeper, child)


def _segment(genomes: Tensor, generator: torch.Generator) -> Tensor:
    """Return a mask of each genome's segment, bool [..., D], of 1 to D - 1 genes: a uniform length, then its start."""
    length, shape = genomes.shape[-1], (*genomes.shape[:-1], 1)
    sizes = torch.randint(1, max(2, length), shape, generator=generator)
    start = uniform_integers(shape, 0, length - sizes, generator=generator)
    places = _places(genomes)
    return (places >= start.to(genomes.device)) & (places < (start + sizes).to(genomes.device))


def _two_places(genomes: Tensor, generator: torch.Generator) -> Pair:
    """Return two different places for each genome, int64 [..., 1]."""
    length, shape = genomes.shape[-1], (*genomes.shape[:-1], 1)
    first = torch.randint(length, shape, generator=generator)
    step = torch.randint(1, length, shape, generator=generator)
    return first.to(genomes.device), ((first + step) % length).to(genomes.device)


def _places(genomes: Tensor) -> Tensor:
    return torch.arange(genomes.shape[-1], device=genomes.device).expand(genomes.shape)


def _check_permutations(first: Tensor, second: Tensor) -> None:
    check_pair(first, second)
    for name, parents in (("first", first), ("second", second)):
        if parents.dtype != torch.int64 or not bool((parents.sort(-1).values == _places(parents)).all()):
            raise ValueError(
                f"{name} must be permutations of 0 to {parents.shape[-1] - 1} as torch.int64, but some are not."
            )


OPERATORS = {
    "permutations.swap": swap,
    "permutations.insert": insert,
    "permutations.invert": invert,
    "permutations.shuffle": shuffle,
    "permutations.partially_mapped": partially_mapped,
    "permutations.ordered": ordered,
}
