"""A hypothesis strategy for toolboxes: algorithms composed at random from the library's operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from deap.base import Toolbox
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.execution import batched_map
from neuroevo.individual import Ids, Individual
from neuroevo.operators import crossover, mutation, selection
from neuroevo.operators.verbs import Crossover, Mate, Mutate, Mutation, Select, Vary


@st.composite
def toolboxes(draw: DrawFn, *, max_individuals: int = 6, max_size: int = 8) -> Toolbox:
    """Draw a toolbox that `evolve` runs: a genetic algorithm of the library's operators, or a search around a mean.

    The genetic form has `population`, `select`, `evaluate`, `map` and either `mate` and `mutate` or `vary`; the other
    one `generate`, `evaluate`, `update` and `map`. Fitness is minus the squared length of a genome, to be maximised.

    Example: a toolbox with tournaments of 3, one-point crossover and Gaussian mutation over 4 genomes [2]. Shrinks to
    a search around a mean with one individual of one or two genes.

    Args:
        draw: Given by hypothesis.
        max_individuals: Largest number of individuals P.
        max_size: Largest number of genes D.
    """
    around_mean = draw(st.booleans())
    number, size = draw(st.integers(1, max_individuals)), draw(st.integers(1, max_size))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    toolbox, ids = Toolbox(), Ids()
    toolbox.register("map", draw(st.sampled_from([map, batched_map])))
    toolbox.register("evaluate", Sphere())
    cloud = Cloud(number, torch.zeros(size), generator, ids)
    if around_mean:
        toolbox.register("generate", cloud.generate)
        toolbox.register("update", cloud.update)
        return toolbox
    toolbox.register("population", cloud.generate)
    toolbox.register("select", Select(draw(_selections(generator))))
    cross, mutate = draw(_crossovers(generator)), draw(_mutations(generator))
    if draw(st.booleans()):
        toolbox.register("vary", Vary(cross, mutate, ids))
    else:
        toolbox.register("mate", Mate(cross, ids))
        toolbox.register("mutate", Mutate(mutate, ids))
    return toolbox


class Sphere:
    """Minus the squared length of a genome [D]; the origin is best."""

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the fitness of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the fitness of each individual."""
        return [(-float(one.genome.double().square().sum()),) for one in individuals]


class Cloud:
    """A search that draws individuals from a normal distribution around the best one of the last generation."""

    def __init__(self, number: int, mean: Tensor, generator: torch.Generator, ids: Ids) -> None:
        self.number = number
        self.mean = mean
        self.generator = generator
        self.ids = ids

    def generate(self) -> list[Individual]:
        """Return new individuals, with the rows of one tensor as genomes."""
        steps = torch.randn(self.number, len(self.mean), generator=self.generator)
        return [Individual(row, id=self.ids()) for row in self.mean + steps]

    def update(self, population: Sequence[Individual]) -> None:
        """Move the mean to the best individual."""
        self.mean = max(population, key=lambda one: one.fitness).genome.clone()


def _selections(generator: torch.Generator) -> SearchStrategy[Callable[..., Tensor]]:
    tournaments = st.builds(
        partial, st.just(selection.tournament), size=st.integers(1, 3), generator=st.just(generator)
    )
    return tournaments | st.just(partial(selection.roulette, generator=generator))


def _crossovers(generator: torch.Generator) -> SearchStrategy[Crossover]:
    kinds = (crossover.one_point, crossover.two_point, crossover.uniform, crossover.blend)
    return st.sampled_from([partial(kind, generator=generator) for kind in kinds])


def _mutations(generator: torch.Generator) -> SearchStrategy[Mutation]:
    kinds = (partial(mutation.gaussian, sigma=0.5), partial(mutation.uniform, low=-1.0, high=1.0))
    return st.builds(partial, st.sampled_from(kinds), rate=st.floats(0, 1), generator=st.just(generator))
