"""DEAP's verbs over the tensor operators: select, mate and mutate, and vary for whole populations.

The adapters are objects that can be pickled; settings and generator are bound with
`functools.partial`:

    ids = Ids()
    toolbox.register("select", Select(partial(tournament, size=3, generator=generator)))
    toolbox.register("mate", Mate(partial(two_point, generator=generator), ids))
    toolbox.register("mutate", Mutate(partial(gaussian, sigma=0.1, generator=generator), ids))

Selection returns the individuals themselves. Variation leaves its arguments alone and returns new
individuals with new ids, their parents' ids and an invalid fitness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any, TypeVar

import torch
from torch import Tensor

from neuroevo.individual import Ids, Individual, genomes_of, offspring, tensor_of
from neuroevo.operators.trials import successes
from neuroevo.population import Population, in_columns, taken
from neuroevo.ranking import ranks
from neuroevo.signatures import Recorded

Crossover = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Mutation = Callable[[Tensor], Tensor]
Parent = TypeVar("Parent")


class Select(Recorded):
    """DEAP's `select`: a function of `neuroevo.operators.selection` chooses by rank.

    The function sees one number per individual: 0 for a failed fitness, otherwise 1 for the worst
    fitness, 2 for the next one and so on, equal fitnesses alike. Any number of objectives will do,
    compared as `Fitness` compares them, and `roulette` becomes the selection by linear ranks.

    Args:
        function: Takes the ranks, float64 [P], and returns the indices of the selected, int64 [k];
            may have a keyword `k`.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self.function = function
        self.k = signature(function).parameters.get("k")

    def __call__(self, individuals: Sequence[Individual], k: int | None = None) -> Sequence[Individual]:
        """Return the selected individuals, the same objects, as often as they were selected.

        Args:
            individuals: The population, at least one, all of them evaluated.
            k: How many to select; may be omitted where the function knows.

        Raises:
            ValueError: The function selects another number than `k`, or an individual has no
                fitness values.
            TypeError: The function needs a `k`, and none came.
        """
        chosen = self.function(torch.from_numpy(ranks(individuals)), **self._keywords(k)).tolist()
        if k is not None and len(chosen) != k:
            raise ValueError(
                f"k must be {len(chosen)}, which is what the selection yields for "
                f"{len(individuals)} individuals, but it is {k}; omit it or use another selection."
            )
        return taken(individuals, chosen)

    def _keywords(self, k: int | None) -> dict[str, Any]:
        if k is None and self.k is not None and self.k.default is Parameter.empty:
            raise TypeError("select must be given k, how many to select, but it is not.")
        return {} if k is None or self.k is None else {"k": k}


class Mate(Recorded):
    """DEAP's `mate`: a function of `neuroevo.operators.crossover` crosses two individuals.

    Args:
        crossover: Takes two genomes [D] and returns two.
        ids: Gives the children their ids.
    """

    def __init__(self, crossover: Crossover, ids: Ids) -> None:
        self.crossover = crossover
        self.ids = ids

    def __call__(self, first: Individual, second: Individual) -> tuple[Individual, Individual]:
        """Return two children of both parents.

        Raises:
            TypeError: A genome is not a tensor.
        """
        mates = (first, second)
        left, right = self.crossover(tensor_of(first), tensor_of(second))
        return offspring(left, mates, id=self.ids()), offspring(right, mates, id=self.ids(), like=second)


class Mutate(Recorded):
    """DEAP's `mutate`: a function of `neuroevo.operators.mutation` mutates an individual.

    Args:
        mutation: Takes a genome [D] and returns one.
        ids: Gives the mutant its id.
    """

    def __init__(self, mutation: Mutation, ids: Ids) -> None:
        self.mutation = mutation
        self.ids = ids

    def __call__(self, individual: Individual) -> tuple[Individual]:
        """Return one child, the mutant, in a tuple.

        Raises:
            TypeError: The genome is not a tensor.
        """
        return (offspring(self.mutation(tensor_of(individual)), (individual,), id=self.ids()),)


class Vary(Recorded):
    """Crosses and mutates a whole population in one call of each operator.

    Neighbours mate, the first with the second and so on; where P is odd the last one is only
    mutated. Shuffle before where the order means something, as it does after a sort; the selections
    of this package return random orders.

    Args:
        crossover: Takes two batches of genomes [M, D] and returns two; M is the number of pairs that mate.
        mutation: Takes genomes [P, D] and returns as many.
        ids: Gives the children their ids, in the order of the population.
        mating: Probability that a pair mates, in [0, 1]; others have a child each, a copy that may mutate.
        generator: A generator of the CPU, which says which pairs mate; needed where `mating` is below 1.

    Raises:
        ValueError: The probability lies outside [0, 1], or the generator that it needs is missing.
    """

    def __init__(
        self,
        crossover: Crossover,
        mutation: Mutation,
        ids: Ids,
        *,
        mating: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        if not 0 <= mating <= 1:
            raise ValueError(f"mating must lie in [0, 1], but it is {mating}.")
        if mating < 1 and generator is None:
            raise ValueError("generator must be given where mating is below 1, but it is None.")
        self.crossover = crossover
        self.mutation = mutation
        self.ids = ids
        self.mating = mating
        self.generator = generator

    def __call__(self, population: Sequence[Individual]) -> Sequence[Individual]:
        """Return as many children, whose genomes are the rows of one tensor [P, D].

        Raises:
            ValueError: The genomes differ in length, or the mutation returns another number of them.
            TypeError: A genome is not a tensor.
        """
        if not population:
            return []
        mates = self._mates(len(population) // 2)
        children = self.mutation(self._crossed(genomes_of(population, copy=True), mates))
        if len(children) != len(population):
            raise ValueError(f"mutation must return {len(population)} genomes, but it returned {len(children)}.")
        if (known := in_columns(population)) is not None:
            return self._in_columns(children, known, mates.tolist())
        families = _families(population, mates.tolist())
        return [
            offspring(row, family, id=self.ids(), like=one)
            for row, family, one in zip(children.unbind(), families, population, strict=True)
        ]

    def _in_columns(self, children: Tensor, parents: Population, mates: Sequence[int]) -> Population:
        """Return the children of parents in columns."""
        families, born = (_families(column, mates) for column in (parents.ids.tolist(), parents.generations.tolist()))
        return Population.new(
            children,
            weights=parents.weights,
            ids=self.ids.take(len(families)),
            parents=families,
            generations=[1 + max(family) for family in born],
        )

    def _mates(self, pairs: int) -> Tensor:
        """Return the numbers of the pairs that mate."""
        if self.generator is None or self.mating == 1:
            return torch.arange(pairs)
        return successes(pairs, self.mating, self.generator)

    def _crossed(self, genomes: Tensor, mates: Tensor) -> Tensor:
        """Return genomes [P, D], which are written over, after some pairs of them have mated."""
        if len(mates):
            first = 2 * mates.to(genomes.device)
            second = first + 1
            # Copies go in, for what comes out may be what went in.
            pair = self.crossover(genomes.index_select(0, first), genomes.index_select(0, second))
            for places, children in zip((first, second), pair, strict=True):
                genomes.index_copy_(0, places, children)
        return genomes


def _families(population: Sequence[Parent], mates: Sequence[int]) -> list[Sequence[Parent]]:
    """Return the parents of each child: pairs that mate have both of theirs together, all others one alone."""
    families: list[Sequence[Parent]] = list(zip(population, strict=True))
    for pair in mates:
        first = 2 * pair
        families[first] = families[first + 1] = population[first : first + 2]
    return families
