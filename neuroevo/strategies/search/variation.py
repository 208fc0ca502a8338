"""How parents become children in searches: by DEAP's `mate` and `mutate`, in one call for all where these allow it.

What is registered as `mate` and `mutate` may be any function over individuals; operators of `neuroevo.operators` in the
adapters `Mate` and `Mutate` are called once for the whole population, on genomes [P, D].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from deap.base import Toolbox
from torch import Tensor

from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.individual import Ids, Individual, offspring, tensor_of
from neuroevo.operators.bits import flip
from neuroevo.operators.crossover import two_point, uniform
from neuroevo.operators.integers import reset
from neuroevo.operators.mutation import multiscale
from neuroevo.operators.permutations import ordered, shuffle
from neuroevo.operators.selection import tournament
from neuroevo.operators.trials import successes
from neuroevo.operators.verbs import Mate, Mutate, Select, Vary
from neuroevo.space import Space
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import first_sigma
from neuroevo.strategies.toolbox import Check

VARIATION: Mapping[str, str] = {
    "select": "select(individuals, k) -> individuals",
    "mate": "mate(first, second) -> (child, child)",
    "mutate": "mutate(individual) -> (child,)",
    "vary": "vary(parents) -> children",
    "replace": "replace(parents, children) -> individuals",
    "population": "population(n) -> individuals",
}
"""The operators of genetic algorithms, by name how each is called."""

VARIATION_CHECKS: Mapping[str, Check] = {
    "select": checks.selected,
    "mate": checks.children(2),
    "mutate": checks.children(1),
    "vary": checks.varied,
    "replace": checks.survivors,
}


class Clipped:
    """An operator over genomes [..., D] whose results are moved into the bounds of a space."""

    def __init__(self, space: Space, operator: Callable[..., Any]) -> None:
        self.space = space
        self.operator = operator

    def __call__(self, *genomes: Tensor) -> Any:
        """Return what the operator returns, within the bounds."""
        found = self.operator(*genomes)
        if isinstance(found, tuple):
            return tuple(map(self.space.clip, found))
        return self.space.clip(found)

    def describe(self) -> Any:
        """Return the operator; the space belongs to the problem."""
        from neuroevo.signatures import describe

        return describe(self.operator)


class Variation:
    """`vary`: neighbours mate, and every child mutates, by what is registered as `mate` and `mutate`.

    Args:
        toolbox: Holds `mate`, unless there is no crossover, and `mutate`.
        space: Children are moved into its bounds.
        ids: Gives children their ids.
        generator: Says which pairs mate.
        mating: Probability that a pair mates, in [0, 1]; None leaves crossover out.

    Raises:
        ValueError: The probability lies outside [0, 1].
    """

    def __init__(
        self, toolbox: Toolbox, space: Space, ids: Ids, *, generator: torch.Generator, mating: float | None = 1.0
    ) -> None:
        if mating is not None and not 0 <= mating <= 1:
            raise ValueError(f"mating must lie in [0, 1], but it is {mating}.")
        self.toolbox = toolbox
        self.space = space
        self.ids = ids
        self.generator = generator
        self.mating = mating

    def __call__(self, parents: Sequence[Individual]) -> Sequence[Individual]:
        """Return as many children."""
        mate, mutate = (_innermost(getattr(self.toolbox, name, None)) for name in ("mate", "mutate"))
        if not isinstance(mutate, Mutate) or not (self.mating is None or isinstance(mate, Mate)):
            return self._one_by_one(parents)
        crossover, mating = (_alone, 0.0) if self.mating is None else (mate.crossover, self.mating)
        return Vary(crossover, mutate.mutation, self.ids, mating=mating, generator=self.generator)(parents)

    def _one_by_one(self, parents: Sequence[Individual]) -> list[Individual]:
        """Vary by operators over individuals, which get copies and may change them in place, as DEAP's do."""
        children = [self.toolbox.clone(one) for one in parents]
        families: list[Sequence[Individual]] = [(one,) for one in parents]
        if self.mating is not None:
            for pair in successes(len(parents) // 2, self.mating, self.generator).tolist():
                first, second = 2 * pair, 2 * pair + 1
                children[first], children[second] = self.toolbox.mate(children[first], children[second])
                families[first] = families[second] = (parents[first], parents[second])
        mutants = [self.toolbox.mutate(child)[0] for child in children]
        return [self._child(mutant, family) for mutant, family in zip(mutants, families, strict=True)]

    def _child(self, found: Individual, family: Sequence[Individual]) -> Individual:
        genome = self.space.clip(tensor_of(found).to(family[0].genome, copy=True))
        return offspring(genome, family, id=self.ids(), like=found)


def register_variation(
    toolbox: Toolbox,
    space: Space,
    ids: Ids,
    *,
    generator: torch.Generator,
    mutation: Callable[..., Tensor],
    crossover: Callable[..., Any] | None = None,
    mating: float = 1.0,
) -> None:
    """Register `vary`, `mutate` and, if there is a crossover, `mate`, over operators on genomes [..., D]."""
    toolbox.register("mutate", Mutate(Clipped(space, mutation), ids))
    if crossover is not None:
        toolbox.register("mate", Mate(Clipped(space, crossover), ids))
    toolbox.register(
        "vary",
        Variation(toolbox, space, ids, generator=generator, mating=None if crossover is None else mating),
    )


def mutation_step(space: Space, sigma: Tensor | float | None) -> Tensor:
    """Return the largest step of a mutation, [D], or [] where it is the same for all genes, which is faster to use.

    It is on the CPU, where mutations check it and draw.

    Args:
        space: Where genomes lie.
        sigma: The wanted step, one for all genes or one for each; None is the space's spread.

    Raises:
        ValueError: One is not finite and above 0.
    """
    sizes = first_sigma(space, sigma).cpu()
    return sizes[0] if bool((sizes == sizes[0]).all()) else sizes


def default_mutation(
    space: Space,
    *,
    sigma: Tensor | float | None = None,
    rate: float,
    generator: torch.Generator,
    step: Callable[..., Tensor] = multiscale,
) -> Callable[[Tensor], Tensor]:
    """Return the mutation of a space: steps of all lengths, flips of bits, uniform integers, a shuffle of some places.

    Args:
        space: Where genomes lie.
        sigma: The largest step, for real numbers only; None is the space's spread.
        rate: Probability that a gene mutates, in [0, 1].
        generator: A generator of the CPU.
        step: The mutation of real numbers.

    Raises:
        ValueError: There is a `sigma`, but genomes are no real numbers; or one is not finite and above 0.
    """
    if space.KIND == Space.KIND:
        return partial(step, sigma=mutation_step(space, sigma), rate=rate, generator=generator)
    if sigma is not None:
        raise ValueError(f"sigma must be left out for genomes of {space.KIND}, which have no step, but it is {sigma}.")
    mutations: Mapping[str, Callable[..., Tensor]] = {
        Bits.KIND: flip,
        Integers.KIND: partial(reset, low=space.low, high=space.high),
        Permutations.KIND: shuffle,
    }
    return partial(mutations[space.KIND], rate=rate, generator=generator)


def default_crossover(space: Space, *, generator: torch.Generator) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the crossover of a space: uniform for real numbers, by order for permutations, else at two points."""
    crossovers: Mapping[str, Callable[..., Any]] = {Space.KIND: uniform, Permutations.KIND: ordered}
    return partial(crossovers.get(space.KIND, two_point), generator=generator)


def select_by_tournament(size: int, generator: torch.Generator) -> Select:
    """Return the selection by tournaments of that size."""
    return Select(partial(tournament, size=size, generator=generator))


def _alone(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    return first, second


def _innermost(operator: Any) -> Any:
    while isinstance(operator, partial):
        operator = operator.func
    return operator
