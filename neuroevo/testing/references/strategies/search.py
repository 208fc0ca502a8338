"""What plain implementations of searches have in common: the space, and how scores are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from neuroevo.testing.references.strategies.reference import Floats, State


class PlainSearch:
    """A problem in plain numbers.

    Attributes:
        size: Genes D.
        low: Lowest value of each gene, [D].
        high: Highest value of each gene, [D].
        spread: Standard deviation of first genomes, [D].
        start: Where a search starts, [D].
        weights: The weight of each value, as in DEAP.
        precision: Distance of 1 from the next greater number of the genomes' dtype.
        least: Smallest number whose square is a normal number of that dtype.

    Args:
        problem: What genomes are scored on.
    """

    def __init__(self, problem: Any) -> None:
        space = problem.space
        self.size = int(space.size)
        self.low, self.high, self.spread, self.start = (
            numbers.double().numpy() for numbers in (space.low, space.high, space.spread, space.start)
        )
        self.anywhere = bool(space.anywhere)
        self.weights = np.array(problem.weights)
        self.precision = torch.finfo(space.start.dtype).eps
        self.least = torch.finfo(space.start.dtype).tiny ** 0.5

    def clip(self, genomes: Floats) -> Floats:
        """Return genomes [..., D] moved into the bounds."""
        return np.asarray(np.minimum(np.maximum(genomes, self.low), self.high))

    def halfway(self, moved: Floats, genome: Floats) -> Floats:
        """Return a genome [D] whose genes beyond a bound lie half way from it to where they were."""
        moved = np.where(moved < self.low, (self.low + genome) / 2, moved)
        return np.asarray(np.where(moved > self.high, (self.high + genome) / 2, moved))

    def each(self, sigma: Any) -> Floats:
        """Return a number for each gene, [D], of one number or of D."""
        return np.array(np.broadcast_to(np.asarray(sigma, dtype=np.float64), self.size))

    def sample(self, count: int, generator: np.random.Generator) -> Floats:
        """Return first genomes [count, D]: uniform between two bounds if `anywhere`, else normal around the start."""
        genomes = np.empty((count, self.size))
        for row in range(count):
            for gene in range(self.size):
                if self.anywhere and np.isfinite(self.high[gene] - self.low[gene]):
                    genomes[row, gene] = generator.uniform(self.low[gene], self.high[gene])
                else:
                    genomes[row, gene] = generator.normal(self.start[gene], self.spread[gene])
        return self.clip(genomes)

    def begin(self, generator: np.random.Generator) -> Floats:
        """Return the first mean [D]: a first genome if `anywhere`, else the start."""
        return np.asarray(self.sample(1, generator)[0] if self.anywhere else self.start)

    def scores(self, values: Floats) -> Floats:
        """Return the first value of each individual, [P], to be maximised; -inf for those that failed."""
        return np.array([self.rank(row)[1] if self.rank(row)[0] else -np.inf for row in values])

    def rank(self, values: Floats) -> tuple[float, ...]:
        """Return the key by which fitness is compared: failures are the worst, then the values in their order."""
        succeeded = bool(np.isfinite(values).all())
        return (
            float(succeeded),
            *(
                float(value * weight) if np.isfinite(value) else -np.inf
                for value, weight in zip(values, self.weights, strict=True)
            ),
        )

    def with_best(self, state: State, genomes: Floats, values: Floats) -> State:
        """Return the count of generations and the best individual so far, the older one of equals."""
        candidates = [(self.rank(row), genome, row) for genome, row in zip(genomes, values, strict=True)]
        if "best.values" in state:
            known = state["best.values"][0]
            candidates.insert(0, (self.rank(known), state["best.genomes"][0], known))
        best = candidates[0]
        for candidate in candidates[1:]:
            if candidate[0] > best[0]:
                best = candidate
        return {
            "generation": state["generation"] + 1,
            "best.genomes": best[1].reshape(1, -1),
            "best.values": best[2].reshape(1, -1),
        }

    def settled(self, sigma: Floats, mean: Floats) -> Floats:
        """Return step sizes [D] that move the mean [D] and whose squares neither vanish nor overflow."""
        moving = np.maximum(sigma, self.precision * np.abs(mean))
        return np.asarray(np.minimum(np.maximum(moving, self.least), 1 / self.least))


def default_population(size: int) -> int:
    """Return 4 + 3 ln D, rounded down (Hansen's tutorial, arXiv 1604.00772, equation 48)."""
    return 4 + int(np.floor(3 * np.log(size)))


def expected_length(size: int) -> float:
    """Return about the mean length of a standard normal vector [D] (Hansen's tutorial, after equation 44)."""
    return float(np.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2)))


def ranked_utilities(scores: Floats, by_rank: Floats) -> Floats:
    """Return utilities [P]: the first number for the best score and so on; equal scores get the mean of theirs.

    Scores that are no finite numbers are equal, and the worst. The numbers sum to 0, so that equals have 0.
    """
    known = np.where(np.isfinite(scores), scores, -np.inf)
    utilities = np.zeros(len(known))
    if (known == known[0]).all():
        return utilities
    for place, score in enumerate(known):
        better, equal = int((known > score).sum()), int((known == score).sum())
        utilities[place] = by_rank[better : better + equal].mean()
    return utilities
