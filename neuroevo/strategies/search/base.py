"""What strategies over weight vectors have in common: genomes are rows of one tensor [P, D]."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from functools import reduce
from typing import Any, ClassVar

import torch
from deap.base import Toolbox
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.execution import batched_map
from neuroevo.execution.heap import keep_freed_memory
from neuroevo.individual import Fitness, Ids, Individual, genomes_of
from neuroevo.problems import Problem
from neuroevo.seeds import stream
from neuroevo.space import Space
from neuroevo.strategies.strategy import scoring_cost


class Search:
    """A strategy over the genomes [D] of a problem; subclasses say in `ask` and `tell` how it searches.

    Verbs on the toolbox: `generate`, `evaluate` (the problem), `update` and `map`, and those of the subclass.

    Attributes:
        settings: What a run that is continued must have been told, too.
        people: Individuals that the next generation comes from; empty for a strategy that keeps a distribution.
        EVOLVING: Names of further attributes that evolve, as tensors, numbers, or mappings of them; they make the
            state.
        LEAST: The least population.
        OBJECTIVES: Objectives of its problems; None for any number.
        MOST_GENES: More genes than these take it too long to be of use; None where there is no such limit.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P.
        seed: The run's seed; everything follows from it.

    Raises:
        ValueError: `population` is below the least that the strategy can do with, or the problem has more
            objectives than it takes.
    """

    EVOLVING: ClassVar[tuple[str, ...]] = ()
    LEAST: ClassVar[int] = 1
    OBJECTIVES: ClassVar[int | None] = 1
    MOST_GENES: ClassVar[int | None] = None

    def __init__(self, problem: Problem, *, population: int, seed: int = 0) -> None:
        if population < self.LEAST:
            raise ValueError(f"population must be at least {self.LEAST}, but it is {population}.")
        if self.OBJECTIVES is not None and len(problem.weights) != self.OBJECTIVES:
            raise ValueError(
                f"problem must have {self.OBJECTIVES} objective for {type(self).__name__}, but it has "
                f"{len(problem.weights)}; NSGA2 takes any number."
            )
        keep_freed_memory()
        self.problem = problem
        self.space = problem.space
        self.population = population
        self.seed = seed
        self.settings = {"population": population, "genes": self.space.size, "objectives": list(problem.weights)}
        self.generator = stream(seed, type(self).__name__)
        self.ids = Ids()
        self.generation = 0
        self.budget = Budget()
        self.people: list[Individual] = []
        self._best: Individual | None = None
        self.toolbox = toolbox = Toolbox()
        toolbox.register("map", batched_map)
        toolbox.register("evaluate", problem)
        toolbox.register("generate", self.generate)
        toolbox.register("update", self.update)

    def ask(self) -> list[Individual]:
        """Return the individuals of a generation, waiting to be scored."""
        raise NotImplementedError

    def tell(self, population: Sequence[Individual]) -> None:
        """Learn from a generation that has been scored."""
        raise NotImplementedError

    def size(self, generation: int) -> int:
        """Return how many individuals a generation has."""
        del generation
        return self.population

    def cost(self) -> Budget:
        """Return what one individual costs."""
        return scoring_cost(self.toolbox.evaluate, otherwise=Budget())

    def generate(self) -> list[Individual]:
        """Return the individuals of a generation, waiting to be scored."""
        return self.ask()

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation: keep the best, and learn from all."""
        self.budget = self.budget.then(self.cost().times(len(population)))
        if population:
            self._keep(max(population, key=lambda one: one.fitness.order))
            self.tell(population)
        self.generation += 1

    def result(self) -> Individual:
        """Return the best individual of all generations.

        Raises:
            RuntimeError: No generation has ended.
        """
        if self._best is None:
            raise RuntimeError("there is no result yet: run a generation first.")
        return self._best

    def planned_budget(self, generations: int) -> Budget:
        """Return what so many generations will cost."""
        each = [self.cost().times(self.size(generation)) for generation in range(generations)]
        return reduce(Budget.then, each, Budget())

    def record(self) -> dict[str, Any]:
        """Return the best value of each objective so far."""
        return {"best_values": [] if self._best is None else list(self._best.fitness.values)}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, the generator included."""
        return {
            "generation": self.generation,
            "budget": list(astuple(self.budget)),
            "generator": self.generator.get_state(),
            "ids": self.ids.next,
            "best": people_state([] if self._best is None else [self._best]),
            "people": people_state(self.people),
            "evolving": {name: copy.deepcopy(getattr(self, name)) for name in self.EVOLVING},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        self.generation = state["generation"]
        self.budget = Budget(*state["budget"])
        self.generator.set_state(state["generator"])
        self.ids.next = state["ids"]
        self._best = next(iter(people_from(state["best"], self.space.start)), None)
        self.people = people_from(state["people"], self.space.start)
        for name in self.EVOLVING:
            setattr(self, name, _moved(state["evolving"][name], self.space.start.device))

    def first(self, n: int | None = None) -> list[Individual]:
        """Return so many individuals, P unless it is told, that come from nobody."""
        return self.born(self.space.sample(self.population if n is None else n, generator=self.generator))

    def born(self, genomes: Tensor, parents: Sequence[Sequence[int]] = ()) -> list[Individual]:
        """Return new individuals, whose genomes are the rows of a tensor [P, D] moved into the bounds.

        Args:
            genomes: Floating point, [P, D].
            parents: The ids of the parents of each; default none.
        """
        weights, families = self.problem.weights, parents or [()] * len(genomes)
        return [
            Individual(row, Fitness(weights=weights), id=self.ids(), parents=family, generation=self.generation)
            for row, family in zip(self.space.clip(genomes).unbind(), families, strict=True)
        ]

    def _keep(self, best: Individual) -> None:
        if self._best is None or best.fitness > self._best.fitness:
            self._best = copy.deepcopy(best)


def scores_of(people: Sequence[Individual]) -> Tensor:
    """Return the first objective of individuals, to be maximised, float64 [P]; -inf for those that failed."""
    return torch.tensor([one.fitness.wvalues[0] for one in people], dtype=torch.float64)


def people_state(people: Sequence[Individual]) -> dict[str, Any]:
    """Return individuals with tensors as genomes as JSON values and one tensor."""
    return {
        "genomes": genomes_of(people) if people else None,
        "values": [list(one.fitness.values) for one in people],
        "weights": [list(one.fitness.weights) for one in people],
        "ids": [one.id for one in people],
        "parents": [list(one.parents) for one in people],
        "generations": [one.generation for one in people],
    }


def people_from(state: Mapping[str, Any], like: Tensor) -> list[Individual]:
    """Return the individuals that `people_state` described, genomes in the dtype and on the device of `like`."""
    if state["genomes"] is None:
        return []
    genomes = state["genomes"].to(like.device, like.dtype, copy=True)
    facts = (state[key] for key in ("values", "weights", "ids", "parents", "generations"))
    return [
        Individual(row, Fitness(values, weights=weights), id=number, parents=parents, generation=generation)
        for row, values, weights, number, parents, generation in zip(genomes, *facts, strict=True)
    ]


def _moved(value: Any, device: torch.device) -> Any:
    """Return a copy of tensors, and of mappings of them, on a device."""
    if isinstance(value, Tensor):
        return value.to(device, copy=True)
    if isinstance(value, Mapping):
        return {key: _moved(item, device) for key, item in value.items()}
    return value


def few(size: int) -> int:
    """Return the number of individuals that CMA-ES and its kin take for D genes, 4 + floor(3 ln D)."""
    return 4 + int(3 * math.log(size))


def first_mean(space: Space, seed: int) -> Tensor:
    """Return where a distribution begins, [D]: the same for every strategy of a seed."""
    return space.begin(generator=stream(seed, "start"))


def first_sigma(space: Space, sigma: Tensor | float | None) -> Tensor:
    """Return the first step size of each gene, [D].

    Raises:
        ValueError: One is not finite and above 0.
    """
    sizes = space.spread if sigma is None else torch.as_tensor(sigma).to(space.start).expand(space.size).clone()
    if not bool((sizes.isfinite() & (sizes > 0)).all()):
        raise ValueError(f"sigma must be finite and above 0, but it is {sigma}.")
    return sizes


def even(number: int) -> int:
    """Return the number, or the next one if it is odd."""
    return number + number % 2


def gathered(people: Sequence[Individual]) -> list[Individual]:
    """Return individuals whose genomes keep at most twice the memory that they need themselves.

    Whoever survives for long would otherwise keep the tensor of all that were born with it. Who shares a tensor with
    many that died is copied into a new one; all others are returned as they are.
    """
    bases = [one.genome._base for one in people]
    living, size = Counter(map(id, bases)), people[0].genome.numel() if people else 0
    different = {id(base): base for base in bases if base is not None}
    sparse = {key for key, base in different.items() if 2 * living[key] * size < base.numel()}
    places = [place for place, base in enumerate(bases) if id(base) in sparse] if sparse else []
    if not places:
        return list(people)
    found = list(people)
    for place, row in zip(places, torch.stack([people[place].genome for place in places]).unbind(), strict=True):
        one = people[place]
        found[place] = Individual(row, one.fitness, id=one.id, parents=one.parents, generation=one.generation)
    return found
