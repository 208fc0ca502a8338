"""Strategies whose individuals learn by gradient in plain numpy: Lamarck's, Baldwin's and PBT."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroevo.testing.references.strategies.genetic import Clip, Genome, PlainGenetic, unclipped
from neuroevo.testing.references.strategies.individuals import Child, Plain, PlainPopulation, State, best_first, row

Row = NDArray[np.float64]
Gradient = Callable[[Row], Row]
"""The gradient [D] of the score, to be maximised, at a genome [D]."""


class PlainLamarckian(PlainGenetic):
    """A genetic algorithm whose individuals learn (Whitley, Gordon and Mathias 1994, section 2).

    Args:
        gradient: The gradient of the score.
        spread: The standard deviation of first genomes.
        steps: Gradient steps of each child.
        learning_rate: Length of a step in each gene, in units of the spread.
        score: Scores a genome; for the Baldwinian form, in which genomes stay what they are, else None.
        population: Individuals that live at a time, P.
        **settings: As in `PlainGenetic`.
    """

    def __init__(
        self,
        *,
        gradient: Gradient,
        spread: float,
        steps: int = 5,
        learning_rate: float = 0.1,
        score: Callable[[Row], float] | None = None,
        population: int = 50,
        **settings: Any,
    ) -> None:
        super().__init__(population=population, **settings)
        self.gradient, self.spread, self.scorer = gradient, spread, score
        self.steps, self.learning_rate = steps, learning_rate
        self.cost = (steps, 0, steps, 1)

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return children, after learning if that is inherited."""
        children = super().generate(state, generator)
        return [Child(self.learned(child.genome), child.parents) for child in children] if not self.scorer else children

    def learned(self, genome: Genome) -> Genome:
        """Return a genome after some steps of Adam up the gradient, in units of the spread (Kingma and Ba 2015)."""
        mean, square, place = np.zeros(len(genome)), np.zeros(len(genome)), row(genome)
        for step in range(1, self.steps + 1):
            gradient = self.spread * np.nan_to_num(self.gradient(place), nan=0.0, posinf=0.0, neginf=0.0)
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient**2
            length = self.learning_rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            place = row(self.clip(place + self.spread * length))
        return tuple(place.tolist())

    def score(self, genome: Genome) -> tuple[float, ...] | None:
        """Return the value of what a genome becomes when it learns; None where it has learned before."""
        return (self.scorer(row(self.learned(genome))),) if self.scorer else None


class PlainPBT(PlainPopulation):
    """Population-based training (Jaderberg et al. 2017, algorithm 1, with section 4.1.1's exploit and explore).

    Args:
        first: Draws a genome of the first generation.
        gradient: The gradient of the score.
        clip: Moves a genome into the bounds.
        spread: The standard deviation of first genomes.
        population: Members, P.
        steps: Gradient steps of a member in a generation.
        rates: Least and greatest first learning rate.
    """

    def __init__(
        self,
        *,
        first: Callable[[np.random.Generator], Genome],
        gradient: Gradient,
        clip: Clip = unclipped,
        spread: float,
        population: int = 20,
        steps: int = 10,
        rates: tuple[float, float] = (0.01, 1.0),
    ) -> None:
        self.first, self.gradient, self.clip, self.spread = first, gradient, clip, spread
        self.population, self.steps, self.rates = population, steps, rates
        self.cost = (steps, 0, steps, 1)

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""
        del state
        return self.population

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps."""
        rates = {int(one): rate for one, rate in strategy.rates.items()}
        return {**super().state_of(strategy), "rates": rates, "unit": strategy.unit}

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return all members after their steps, those of the worst fifth from where one of the best fifth stands."""
        members = state["individuals"]
        if not members:
            low, high = map(math.log, self.rates)
            starts = [self.first(generator) for _ in range(self.population)]
            unit = self.unit_of(starts)
            return [Child(self.learned(start, unit * math.exp(generator.uniform(low, high)))) for start in starts]
        ranked, fifth = best_first(members), math.ceil(0.2 * len(members))
        best, worst = ranked[:fifth], ranked[-fifth:]
        children = []
        for member in members:
            source = best[generator.integers(fifth)] if member in worst else member
            factor = 1.0 if source == member else (0.8, 1.2)[generator.integers(2)]
            rate = state["unit"] * factor * state["rates"][source.id]
            children.append(Child(self.learned(source.genome, rate), (source.id,)))
        return children

    def unit_of(self, starts: Sequence[Genome]) -> float:
        """Return the inverse of the root mean square of the gradients at first genomes, in units of the spread."""
        gradients = [self.spread * self.gradient(row(start)) for start in starts]
        return 1 / math.sqrt(fmean(float(slope) ** 2 for gradient in gradients for slope in gradient))

    def learned(self, genome: Genome, rate: float) -> Genome:
        """Return a genome after its gradient steps."""
        for _ in range(self.steps):
            genome = self.clip(row(genome) + rate * self.spread**2 * self.gradient(row(genome)))
        return genome

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return all members."""
        del state
        return [*population]

    def comparable(self, state: State) -> State:
        """Return what is compared of a state: whose rate is known, that it is one, and that the mean is recorded."""
        rates = sorted((one, rate > 0) for one, rate in state["rates"].items())
        recorded, mean = state["record"].get("learning_rate", math.nan), fmean(state["rates"].values() or [math.nan])
        record = {**state["record"], "learning_rate": math.isclose(recorded, mean, rel_tol=1e-9)}
        return {**super().comparable(state), "rates": rates, "unit": state["unit"] > 0, "record": record}

    def update(self, state: State, population: Sequence[Plain]) -> State:
        """Return the state after a generation: the rates of all others are forgotten."""
        # The first gradients have been measured.
        return {**super().update(state, population), "rates": {one.id: 1.0 for one in population}, "unit": 1.0}

    def record(self, best: Plain, survivors: Sequence[Plain]) -> dict[str, Any]:
        """Return what the strategy records: the mean rate as well."""
        return {"learning_rate": 1.0, **super().record(best, survivors)}
