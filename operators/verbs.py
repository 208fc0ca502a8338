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
from typing import Any

import torch
from torch import Tensor

from neuroevo.individual import Ids, Individual, genomes_of, offspring, siblings, tensor_of

Crossover = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Mutation = Callable[[Tensor], Tensor]


class Select:
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

    def __call__(self, individuals: Sequence[Individual], k: int | None = None) -> list[Individual]:
        """Return the selected individuals, the same objects, as often as they were selected.

        Args:
            individuals: The population, at least one, all of them evaluated.
            k: How many to select; may be omitted where the function knows.

        Raises:
            ValueError: The function selects another number than `k`, or an individual has no
                fitness values.
            TypeError: The function needs a `k`, and none came.
        """
        chosen = self.function(_ranks(individuals), **self._keywords(k)).tolist()
        if k is not None and len(chosen) != k:
            raise ValueError(
                f"k must be {len(chosen)}, which is what the selection yields for "
                f"{len(individuals)} individuals, but it is {k}; omit it or use another selection."
            )
        return [individuals[index] for index in chosen]

    def _keywords(self, k: int | None) -> dict[str, Any]:
        accepted = signature(self.function).parameters.get("k")
        if k is None and accepted is not None and accepted.default is Parameter.empty:
            raise TypeError("select must be told k, how many to select, but none was given.")
        return {} if k is None or accepted is None else {"k": k}


class Mate:
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
        return offspring(left, mates, id=self.ids()), offspring(right, mates, id=self.ids())


class Mutate:
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


class Vary:
    """Crosses and mutates a whole population in one call of each operator.

    Neighbours mate, the first with the second and so on; where P is odd the last one is only
    mutated. Shuffle before where the order means something, as it does after a sort; the selections
    of this package return random orders.

    Args:
        crossover: Takes two batches of genomes [P // 2, D] and returns two.
        mutation: Takes genomes [P, D] and returns as many.
        ids: Gives the children their ids, in the order of the population.
    """

    def __init__(self, crossover: Crossover, mutation: Mutation, ids: Ids) -> None:
        self.crossover = crossover
        self.mutation = mutation
        self.ids = ids

    def __call__(self, population: Sequence[Individual]) -> list[Individual]:
        """Return as many children, whose genomes are the rows of one tensor [P, D].

        Raises:
            ValueError: The genomes differ in length, or the mutation returns another number of them.
            TypeError: A genome is not a tensor.
        """
        if not population:
            return []
        children = self.mutation(self._crossed(genomes_of(population))).unbind()
        if len(children) != len(population):
            raise ValueError(f"mutation must return {len(population)} genomes, but it returned {len(children)}.")
        pairs = [slice(start, start + 2) for start in range(0, len(population), 2)]
        return [child for pair in pairs for child in siblings(children[pair], population[pair], ids=self.ids)]

    def _crossed(self, genomes: Tensor) -> Tensor:
        paired = len(genomes) // 2 * 2
        if not paired:
            return genomes
        pairs = torch.stack(self.crossover(genomes[0:paired:2], genomes[1:paired:2]), dim=1).flatten(0, 1)
        return torch.cat([pairs, genomes[paired:]]) if paired < len(genomes) else pairs


def _ranks(individuals: Sequence[Individual]) -> Tensor:
    """Return 0 for each failed fitness, 1, 2, ... for the others from the worst on, float64 [P]."""
    orders = [individual.fitness.order for individual in individuals]
    for individual, order in zip(individuals, orders, strict=True):
        if not order[1]:
            raise ValueError(f"individual {individual.id} has no fitness values; evaluate it before selection.")
    known = sorted({order for order in orders if order[0]})
    rank = {order: place for place, order in enumerate(known, start=1)}
    return torch.tensor([rank.get(order, 0) for order in orders], dtype=torch.float64)
