"""What strategies over weight vectors have in common: genomes are rows of one tensor [P, D]."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.execution.heap import keep_freed_memory
from neuroevo.free_memory import check_memory, free_memory
from neuroevo.individual import Fitness, Individual, genomes_of
from neuroevo.operators.replacement import best
from neuroevo.population import Population, columns_of, ids_of, in_columns, taken
from neuroevo.problems import Problem
from neuroevo.seeds import stream
from neuroevo.space import Space
from neuroevo.strategies.search.finalists import RECENT, ROUNDS, WHICH, scored_again
from neuroevo.strategies.strategy import ToolboxStrategy, scoring_cost

TAKE_ALL = "Genetic, Island, NSGA2 and Novelty"
"""The strategies whose `SPACES` are `ALL`, for errors."""

COPIES = 6
"""How many tensors [P, D] a generation of Genetic has at a time, by measurement; others have no more."""

ALL: tuple[type[Space], ...] = (Space, Bits, Integers, Permutations)


class Search(ToolboxStrategy):
    """A strategy over the genomes [D] of a problem; subclasses say in `ask` and `tell` how it searches.

    Attributes:
        individuals: Those that the next generation comes from; empty for a strategy that keeps a distribution.
        samples: What samples of a distribution are drawn from, `generator` unless they are drawn on a device.
        MIN_POPULATION: The smallest population.
        OBJECTIVES: Objectives of its problems; None for any number.
        SPACES: Spaces of its problems, those of real numbers by default.
        MAX_GENES: Largest genome for which the strategy is practical; None where there is no such limit.
        SMALLER: What can be done if there is not enough memory.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P.
        seed: The run's seed; everything follows from it.

    Raises:
        ValueError: `population` is below the smallest that the strategy can do with, or the problem has more
            objectives than it takes, or another kind of genomes.
        MemoryError: There is not enough memory for its tensors.
    """

    MIN_POPULATION: ClassVar[int] = 1
    OBJECTIVES: ClassVar[int | None] = 1
    SPACES: ClassVar[tuple[type[Space], ...]] = (Space,)
    MAX_GENES: ClassVar[int | None] = None
    SMALLER: ClassVar[str] = "choose a smaller population"

    def __init__(self, problem: Problem, *, population: int, seed: int = 0) -> None:
        if population < self.MIN_POPULATION:
            raise ValueError(f"population must be at least {self.MIN_POPULATION}, but it is {population}.")
        if self.OBJECTIVES is not None and len(problem.weights) != self.OBJECTIVES:
            raise ValueError(
                f"problem must have {self.OBJECTIVES} objective for {type(self).__name__}, but it has "
                f"{len(problem.weights)}; NSGA2 takes any number."
            )
        if problem.space.KIND not in (known := [space.KIND for space in self.SPACES]):
            raise ValueError(
                f"problem must have genomes of {' or '.join(known)} for {type(self).__name__}, but they are "
                f"{problem.space.KIND}; {TAKE_ALL} take those."
            )
        keep_freed_memory()
        super().__init__(seed=seed, purpose=type(self).__name__)
        self.problem = problem
        self.space = problem.space
        self.population = population
        self.individuals: Sequence[Individual] = []
        self._recent: Sequence[Individual] = []
        self._rescored: Individual | None = None
        self.samples = self.generator
        self.toolbox.register("evaluate", problem)
        check_memory(
            self.bytes_needed(),
            f"{type(self).__name__} with {self.space.size:,} genes and a population of {population:,}",
            self.SMALLER,
            free=_free_on(self._device()),
        )

    def bytes_needed(self) -> int:
        """Return about how many bytes its largest tensors take: parents, children and what lies between them."""
        return COPIES * self.population * self.space.size * self.space.start.element_size()

    def ask(self) -> Sequence[Individual]:
        """Return the individuals of a generation, waiting to be scored."""
        raise NotImplementedError

    def tell(self, population: Sequence[Individual]) -> None:
        """Learn from a generation that has been scored."""
        raise NotImplementedError

    def size(self, generation: int) -> int:
        """Return how many individuals a generation has."""
        del generation
        return self.population

    def individual_cost(self) -> Budget:
        """Return what one individual costs."""
        return scoring_cost(self.toolbox.evaluate, otherwise=Budget())

    def cost(self, generation: int) -> Budget:
        """Return what a generation costs."""
        return self.individual_cost().times(self.size(generation))

    def generate(self) -> Sequence[Individual]:
        """Return the individuals of a generation, waiting to be scored."""
        return self.ask()

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation: keep the best, and learn from all."""
        self.budget = self.budget.then(self.individual_cost().times(len(population)))
        self._rescored = None
        if population:
            self._keep_best(population)
            if self.noisy:
                self._recent = self._runners_up(population)
            self.tell(population)
        self.generation += 1

    @property
    def noisy(self) -> bool:
        """Whether the problem says that a genome's scores differ from one evaluation to the next."""
        return bool(getattr(self.problem, "noisy", False))

    def centre(self) -> Tensor | None:
        """Return the mean of the distribution, [D]; None if the strategy has none."""
        mean = getattr(self, "mean", None)
        return mean.clone() if isinstance(mean, Tensor) else None

    def result(self, which: Literal["best", "center", "rescored"] | None = None) -> Individual:
        """Return what the search has found.

        Args:
            which: "best" is the individual with the best score of all generations; "center" the mean of the
                distribution, "rescored" the best of these two and of the last generation after each was scored ten
                times more, with the mean of these scores. Default "best", and "rescored" where the problem is noisy: a
                best score is a lucky one there.

        Raises:
            RuntimeError: No generation has ended.
            ValueError: The strategy has no distribution, or `which` is another word.
        """
        which = which or ("rescored" if self.noisy else "best")
        if which not in WHICH:
            raise ValueError(f"which must be one of {', '.join(WHICH)}, but it is {which!r}.")
        found = super().result()
        if which == "best":
            return found
        centre = self._centre()
        if which == "rescored":
            return self._rescore([found, *self._recent, *([] if centre is None else [centre])])
        if centre is None:
            raise ValueError(f"which must be best or rescored for {type(self).__name__}, which has no distribution.")
        return scored_again([centre], self._score, rounds=ROUNDS if self.noisy else 1)

    def _runners_up(self, population: Sequence[Individual]) -> Sequence[Individual]:
        """Return the best of a generation besides the best of all."""
        known = None if self._best is None else self._best.id
        others = taken(population, [place for place, number in enumerate(ids_of(population)) if number != known])
        return compact(best(others, min(RECENT, len(population) - 1)))

    def final_cost(self, generations: int) -> Budget:
        """Return what scoring the finalists again costs, where the problem is noisy."""
        if not (self.noisy and generations):
            return Budget()
        count = 1 + min(RECENT, self.size(generations - 1) - 1) + (self.centre() is not None)
        return self.individual_cost().times(count * ROUNDS)

    def _rescore(self, individuals: Sequence[Individual]) -> Individual:
        """Return the best of the finalists, scored once for each generation; the first one if all of them fail now."""
        if self._rescored is None:
            found = scored_again(individuals, self._score)
            self._rescored = individuals[0] if found.fitness.failed else found
        return self._rescored

    def _score(self, individuals: list[Individual]) -> list[tuple[float, ...]]:
        """Score individuals, and spend what that costs."""
        self.budget = self.budget.then(self.individual_cost().times(len(individuals)))
        found = list(self.toolbox.map(self.toolbox.evaluate, individuals))
        for one, values in zip(individuals, found, strict=True):
            one.fitness.accept(values)
        return [one.fitness.values for one in individuals]

    def _centre(self) -> Individual | None:
        """Return the mean of the distribution as an individual, which has not been scored."""
        if (mean := self.centre()) is None:
            return None
        fitness = Fitness(weights=self.problem.weights)
        # The id of the next individual, which this one does not use up: a result changes no run.
        return Individual(self.space.clip(mean), fitness, id=self.ids.next, generation=self.generation)

    def record(self) -> dict[str, Any]:
        """Return the best value of each objective so far, and step sizes."""
        return {**super().record(), "best_values": [] if self._best is None else list(self._best.fitness.values)}

    def pack(self, individuals: Sequence[Individual]) -> dict[str, Any]:
        """Return individuals as JSON values and one tensor."""
        return population_state(individuals)

    def unpack(self, state: Mapping[str, Any]) -> list[Individual]:
        """Return the individuals that `pack` described."""
        return population_from(state, self.space.start)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, the generator included."""
        state = {**super().state_dict(), "individuals": self.pack(self.individuals)}
        state |= {} if self.samples is self.generator else {"samples": self.samples.get_state()}
        return {**state, "recent": self.pack(self._recent)} if self.noisy else state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        if ("samples" in state) is (self.samples is self.generator):
            raise ValueError("draws on a device must be continued on one of its kind, but this is another")
        super().load_state_dict(state)
        if "samples" in state:
            self.samples.set_state(state["samples"])
        self.individuals = self.unpack(state["individuals"])
        self._recent, self._rescored = self.unpack(state["recent"]) if self.noisy else [], None

    def initial_population(self, n: int | None = None) -> Sequence[Individual]:
        """Return `n` (default P) individuals without parents."""
        return self.new_individuals(self.space.sample(self.population if n is None else n, generator=self.generator))

    def population_of(self, n: int | None = None) -> list[Individual]:
        """Return `n` (default P) individuals without parents in a list, which loops of DEAP change in place."""
        return list(self.initial_population(n))

    def new_individuals(self, genomes: Tensor, parents: Sequence[Sequence[int]] = ()) -> Sequence[Individual]:
        """Return new individuals, whose genomes are the rows of a tensor [P, D] moved into the bounds.

        Args:
            genomes: Genomes of the space, [P, D].
            parents: The ids of the parents of each; default none.
        """
        count = len(genomes)
        return Population.new(
            self.space.clip(genomes),
            weights=tuple(map(float, self.problem.weights)),
            ids=self.ids.take(count),
            parents=parents or [()] * count,
            generations=[self.generation] * count,
        )

    def _device(self) -> torch.device:
        return self.space.start.device


def _free_on(device: torch.device) -> int | None:
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_memory()


def scores_of(individuals: Sequence[Individual]) -> Tensor:
    """Return the first objective of individuals, to be maximised, float64 [P]; -inf for those that failed."""
    if (known := in_columns(individuals)) is not None:
        return torch.from_numpy(known.wvalues[:, 0].copy())
    return torch.tensor([one.fitness.wvalues[0] for one in individuals], dtype=torch.float64)


def population_state(individuals: Sequence[Individual]) -> dict[str, Any]:
    """Return individuals with tensors as genomes as JSON values and one tensor."""
    if (known := in_columns(individuals)) is not None:
        return {
            "genomes": known.tensor(),
            "values": known.values.tolist(),
            "weights": [list(known.weights)] * len(known),
            "ids": known.ids.tolist(),
            "parents": list(map(list, known.parents)),
            "generations": known.generations.tolist(),
        }
    return {
        "genomes": genomes_of(individuals) if individuals else None,
        "values": [list(one.fitness.values) for one in individuals],
        "weights": [list(one.fitness.weights) for one in individuals],
        "ids": [one.id for one in individuals],
        "parents": [list(one.parents) for one in individuals],
        "generations": [one.generation for one in individuals],
    }


def population_from(state: Mapping[str, Any], like: Tensor) -> list[Individual]:
    """Return the individuals that `population_state` described, genomes in the dtype and on the device of `like`."""
    if state["genomes"] is None:
        return []
    genomes = state["genomes"].to(like.device, like.dtype, copy=True)
    facts = (state[key] for key in ("values", "weights", "ids", "parents", "generations"))
    return [
        Individual(row, Fitness(values, weights=weights), id=number, parents=parents, generation=generation)
        for row, values, weights, number, parents, generation in zip(genomes, *facts, strict=True)
    ]


def default_population(size: int) -> int:
    """Return the population of CMA-ES and similar strategies for D genes, 4 + floor(3 ln D)."""
    return 4 + int(3 * math.log(size))


def first_mean(space: Space, seed: int) -> Tensor:
    """Return where a distribution begins, [D]: the same for every strategy of a seed."""
    return space.begin(generator=stream(seed, "start"))


def first_sigma(space: Space, sigma: Tensor | float | None) -> Tensor:
    """Return the first step size of each gene, [D].

    Raises:
        ValueError: One is not finite and above 0.
    """
    # Without its dtype a number would be rounded to float32.
    given = torch.as_tensor(space.spread if sigma is None else sigma, dtype=space.start.dtype).detach()
    sizes = given.to(space.start.device).expand(space.size).clone()
    if not bool((sizes.isfinite() & (sizes > 0)).all()):
        raise ValueError(f"sigma must be finite and above 0, but it is {sigma}.")
    return sizes


def make_even(number: int) -> int:
    """Return the number, or the next one if it is odd."""
    return number + number % 2


def compact(individuals: Sequence[Individual]) -> Sequence[Individual]:
    """Return individuals whose genomes keep at most twice the memory that they need themselves.

    A survivor would otherwise keep the tensor of its whole generation. One that shares a tensor with many individuals
    that are gone is copied into a new one; all others are returned as they are. Those that hold nothing but columns
    are returned as a population in columns.
    """
    if (known := in_columns(individuals)) is not None:
        return known if known.dense else known.copied()
    return columns_of(_compact(individuals))


def _compact(individuals: Sequence[Individual]) -> list[Individual]:
    bases = [one.genome._base for one in individuals]
    living, size = Counter(map(id, bases)), individuals[0].genome.numel() if individuals else 0
    different = {id(base): base for base in bases if base is not None}
    sparse = {key for key, base in different.items() if 2 * living[key] * size < base.numel()}
    places = [place for place, base in enumerate(bases) if id(base) in sparse] if sparse else []
    if not places:
        return list(individuals)
    found = list(individuals)
    for place, row in zip(places, torch.stack([individuals[place].genome for place in places]).unbind(), strict=True):
        found[place] = twin(individuals[place], genome=row)
    return found


def twin(individual: Individual, **others: Any) -> Individual:
    """Return an individual with some other attributes; the rest is shared, with what users and DEAP added to it."""
    made = object.__new__(type(individual))
    made.__dict__.update(vars(individual), **others)
    return made
