"""Strategies whose state is a population: the evolution strategy, differential evolution, particle swarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroevo.testing.references.strategies.reference import Floats, State
from neuroevo.testing.references.strategies.search import PlainSearch, default_population


class PlainEvolutionStrategy(PlainSearch):
    """Evolution strategy with self-adaptation (Beyer and Schwefel 2002, equation 20 and section 3.2).

    A row is a genome, the logarithm of its step size, and which parents it has (see `lineage`).
    """

    def __init__(
        self,
        problem: Any,
        *,
        population: int | None = None,
        parents: int | None = None,
        plus: bool = False,
        lifespan: int | None = 5,
        sigma: Any = None,
    ) -> None:
        super().__init__(problem)
        self.population = max(8, default_population(self.size)) if population is None else population
        self.parents = max(1, self.population // 4) if parents is None else parents
        self.plus, self.lifespan = plus, lifespan
        self.sigma = self.each(self.spread if sigma is None else sigma)

    def first(self, generator: np.random.Generator) -> State:
        """Return the start."""
        return {"mean": self.begin(generator)}

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return genomes and logarithms of step sizes."""
        mean = state["genomes"].mean(0) if "genomes" in state else state["mean"]
        centre = state["sizes"].mean() if "sizes" in state else 0.0
        count = len(state.get("genomes", ()))
        rows = []
        for _ in range(self.population):
            size = centre + generator.normal() / np.sqrt(2 * self.size)
            genome = mean + np.exp(size) * self.sigma * generator.normal(size=self.size)
            rows.append(np.append(self.clip(genome), [size, count, sum(range(count))]))
        return np.array(rows)

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return the best of the children, or of children and parents that still live, and their step sizes."""
        genomes, sizes, scores = rows[:, : self.size], rows[:, self.size], values
        ages = np.ones(len(rows))
        if self.plus and "genomes" in state:
            alive = state["ages"] < (np.inf if self.lifespan is None else self.lifespan)
            genomes = np.concatenate([genomes, state["genomes"][alive]])
            sizes = np.concatenate([sizes, state["sizes"][alive]])
            scores = np.concatenate([scores, state["values"][alive]])
            ages = np.concatenate([ages, state["ages"][alive] + 1])
        order = sorted(range(len(genomes)), key=lambda place: self.rank(scores[place]), reverse=True)[: self.parents]
        return {
            "genomes": genomes[order],
            "values": scores[order],
            "sizes": sizes[order],
            "ages": ages[order],
            **self.with_best(state, rows[:, : self.size], values),
        }


def evolution_state(strategy: Any) -> State:
    """Return the state of `EvolutionStrategy`: parents, logarithms of their step sizes and ages, or the first mean."""
    from neuroevo.strategies.search.base import first_mean
    from neuroevo.testing.laws.lockstep import evolving

    state = evolving(strategy)
    if "genomes" not in state:
        return {**state, "mean": first_mean(strategy.space, strategy.seed).double().numpy()}
    ages = np.array([strategy.generation - one.generation for one in strategy.individuals], dtype=np.float64)
    return {**state, "sizes": _sizes(strategy, strategy.individuals), "ages": ages}


def evolution_rows(strategy: Any, population: Sequence[Any]) -> Floats:
    """Return genomes, logarithms of step sizes and parents of a generation, [P, D + 3]."""
    return np.column_stack([_genomes(population), _sizes(strategy, population), lineage(strategy, population)])


def differential_rows(strategy: Any, population: Sequence[Any]) -> Floats:
    """Return genomes and parents of a generation, [P, D + 2]."""
    return np.column_stack([_genomes(population), lineage(strategy, population)])


def lineage(strategy: Any, population: Sequence[Any]) -> Floats:
    """Return how many parents individuals have, and the sum of their places among the strategy's, [P, 2]."""
    places = {one.id: place for place, one in enumerate(strategy.individuals)}
    known = [[places[parent] for parent in one.parents] for one in population]
    return np.array([[len(family), sum(family)] for family in known], dtype=np.float64)


def _genomes(population: Sequence[Any]) -> Floats:
    return np.array([one.genome.double().numpy() for one in population])


def _sizes(strategy: Any, individuals: Sequence[Any]) -> Floats:
    return np.array([np.log(strategy.step_sizes[str(one.id)]) for one in individuals])


class PlainDifferential(PlainSearch):
    """Differential evolution (Storn and Price 1997, DE/rand/1/bin).

    A row is a genome, and which parents it has (see `lineage`).
    """

    def __init__(self, problem: Any, *, population: int | None = None, factor: float = 0.5, rate: float = 0.5) -> None:
        super().__init__(problem)
        self.population = min(40, max(20, 5 * self.size)) if population is None else population
        self.factor = factor
        self.rate = rate

    def first(self, generator: np.random.Generator) -> State:
        """Return that nothing has evolved: the first generation is drawn."""
        return {"generation": np.array(0.0)}

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return first genomes without parents, or a trial for each individual, which is its parent."""
        places = [*range(self.population)]
        if "genomes" not in state:
            return np.column_stack([self.sample(self.population, generator), np.zeros((self.population, 2))])
        trials = np.array([self.trial(state["genomes"], place, generator) for place in places])
        return np.column_stack([trials, np.ones(self.population), places])

    def trial(self, genomes: Floats, place: int, generator: np.random.Generator) -> Floats:
        """Return equations 2 and 4: a mutant of three different others, crossed with the target."""
        others = [other for other in range(len(genomes)) if other != place]
        first, second, third = genomes[generator.choice(others, 3, replace=False)]
        mutant = first + self.factor * (second - third)
        sure = generator.integers(self.size)
        taken = (generator.random(self.size) < self.rate) | (np.arange(self.size) == sure)
        return self.halfway(np.where(taken, mutant, genomes[place]), genomes[place])

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return the individuals, each replaced by its trial where that is no worse."""
        genomes, scores = rows[:, : self.size].copy(), values.copy()
        for place in range(len(rows) if "genomes" in state else 0):
            if self.rank(state["values"][place]) > self.rank(values[place]):
                genomes[place], scores[place] = state["genomes"][place], state["values"][place]
        return {"genomes": genomes, "values": scores, **self.with_best(state, rows[:, : self.size], values)}


class PlainPSO(PlainSearch):
    """Particle swarm optimisation (Clerc and Kennedy 2002; the ring of Bratton and Kennedy 2007; Zhan et al. 2009).

    A row is a genome, and which parents it has (see `lineage`).
    """

    def __init__(
        self,
        problem: Any,
        *,
        population: int = 20,
        neighbours: int = 3,
        inertia: float | None = None,
        pull: float = 1.49618,
    ) -> None:
        super().__init__(problem)
        self.population, self.neighbours, self.inertia, self.pull = population, neighbours, inertia, pull

    def first(self, generator: np.random.Generator) -> State:
        """Return that no particle has a place."""
        return {"places": np.empty((0, self.size)), "velocities": np.empty((0, self.size))}

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return first genomes without parents, or where each particle flies to."""
        count = self.population
        if "genomes" not in state:
            return np.column_stack([self.sample(count, generator), np.zeros((count, 2))])
        rows, inertia = [], self.inertia if self.inertia is not None else self.adapted(state)
        for k in range(count):
            near = [(k + step) % count for step in range(-self.neighbours, self.neighbours + 1)]
            near.sort(key=lambda other: min((other - k) % count, (k - other) % count))
            leader = max(near, key=lambda other: self.rank(state["values"][other]))
            x = state["places"][k]
            velocity = inertia * state["velocities"][k]
            for best in (state["genomes"][k], state["genomes"][leader]):
                velocity = velocity + self.pull * generator.random(self.size) * (best - x)
            rows.append(np.append(self.halfway(x + velocity, x), [1, k]))
        return np.array(rows)

    def adapted(self, state: State) -> float:
        """Return 1 / (1 + 1.5 exp(-2.6 f)), with f by the mean distances between best places."""
        genomes = state["genomes"] / self.spread
        means = [float(np.mean([np.linalg.norm(one - other) for other in genomes])) for one in genomes]
        best = max(range(len(genomes)), key=lambda place: self.rank(state["values"][place]))
        width = max(means) - min(means)
        return 1 / (1 + 1.5 * math.exp(-2.6 * ((means[best] - min(means)) / width if width else 0.0)))

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return where particles are now, the way that they covered, and their best places."""
        places = rows[:, : self.size]
        genomes, scores, covered = places.copy(), values.copy(), np.zeros_like(places)
        if "genomes" in state:
            covered = places - state["places"]
            for k in range(len(rows)):
                if self.rank(values[k]) <= self.rank(state["values"][k]):
                    genomes[k], scores[k] = state["genomes"][k], state["values"][k]
        return {
            "places": places,
            "velocities": covered,
            "genomes": genomes,
            "values": scores,
            **self.with_best(state, places, values),
        }
