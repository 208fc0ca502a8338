"""Faults of searches: equations that are wrong in one place, and what depends on what it must not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.individual import Fitness, Individual, genomes_of
from neuroevo.strategies import CMAES, PGPE, SNES
from neuroevo.strategies.search.base import scores_of, twin
from neuroevo.testing.laws import Law, Twin, behaviour_laws, lockstep_laws
from neuroevo.testing.references.strategies import PlainSNES


class WiderStart(SNES):
    """Begins with twice the spread."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.sigma = 2 * self.sigma


class UncutUtilities(SNES):
    """Gives all ranks the logarithms that the better half has."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.toolbox.register("shape", uncut)


def uncut(scores: Tensor) -> Tensor:
    """Return utilities that fall further below the middle."""
    places = scores.argsort(descending=True).argsort() + 1
    return -(places.to(scores).log() - places.to(scores).log().mean())


class RepeatedHalf(SNES):
    """Draws half of a generation, and that twice."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        sample = self.toolbox.sample

        def repeated(mean: Tensor, sigma: Tensor, *, count: int) -> Tensor:
            return sample(mean, sigma, count=count)[torch.arange(count) // 2]

        self.toolbox.register("sample", repeated)


class Unclipped(SNES):
    """Scores what it draws, wherever that lies."""

    def ask(self) -> list[Individual]:
        """Return a sample of the distribution."""
        genomes = self.toolbox.sample(self.mean, self.sigma, count=self.population)
        return [twin(one, genome=row) for one, row in zip(self.new_individuals(genomes), genomes, strict=True)]


class LatestBest(SNES):
    """Takes the latest of equals."""

    def _keep_best(self, population: Sequence[Individual]) -> None:
        best = max(population, key=lambda one: one.fitness.order)
        if self._best is None or best.fitness >= self._best.fitness:
            self._best = best


class RawValues(SNES):
    """Maximises, whatever the weight says."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Follow the natural gradient."""
        super().tell([twin(one, fitness=Fitness(one.fitness.values, weights=(1.0,))) for one in population])


class DrawsForRecords(SNES):
    """Draws a genome for its record."""

    def record(self) -> dict[str, Any]:
        """Return a record."""
        return {**super().record(), "drawn": self.toolbox.sample(self.mean, self.sigma, count=1).tolist()}


class ByPlace(PGPE):
    """Remembers the genomes that it asked for, and pairs them with scores by their places."""

    def ask(self) -> list[Individual]:
        """Return a sample of the distribution."""
        self.asked = super().ask()
        return self.asked

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step."""
        super().tell([twin(one, genome=mine.genome) for one, mine in zip(population, self.asked, strict=False)])


class ByScore(SNES):
    """Weights individuals by their scores."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.toolbox.register("shape", standardised)


def standardised(scores: Tensor) -> Tensor:
    """Return distances from the mean score in deviations."""
    known = torch.where(scores.isfinite(), scores, scores[scores.isfinite()].min() if scores.isfinite().any() else 0.0)
    apart = known - known.mean()
    return apart / (len(scores) * apart.abs().mean().clamp(min=1e-12))


class TowardsZero(PGPE):
    """Shrinks the mean."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step, and a bit towards 0."""
        super().tell(population)
        self.mean = 0.99 * self.mean


class Outward(PGPE):
    """Follows the gradient beyond the bounds."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step in which nothing is clipped."""
        utilities = self.toolbox.shape(scores_of(population)).to(self.mean)
        self.mean = self.mean + 3 * utilities @ (genomes_of(population) - self.mean)


class Hasty(SNES):
    """Divides its steps by three in every generation."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step, and settle."""
        super().tell(population)
        self.sigma = self.sigma / 3


class Coarse(SNES):
    """Has steps of at least a hundredth, whatever the scale of genes is."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step, and keep the step sizes above a number of its own."""
        super().tell(population)
        self.sigma = self.sigma.clamp(min=0.01)


class OneStep(SNES):
    """Has the mean of all step sizes in every gene."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Go a step, and forget which genes need other steps."""
        super().tell(population)
        self.sigma = self.sigma.mean().expand_as(self.sigma).clone()


class AxesOnly(CMAES):
    """Learns variances, and no covariances."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Learn, and forget how genes depend on each other."""
        super().tell(population)
        variances = np.diag(self.model.C)
        self.model.C, self.model.B = np.diag(variances), np.eye(len(variances))
        self.model.diagD = np.sqrt(variances)
        self.model.BD = np.diag(self.model.diagD)


def _stepwise(kind: object) -> tuple[object, list[Law]]:
    return kind, lockstep_laws(Twin(PlainSNES))


def _behaving(kind: object, **options: Any) -> tuple[object, list[Law]]:
    return kind, behaviour_laws(genes=(1, 2, 3), converges=80, **options)


PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("WiderStart", "another default", "a search begins as the reference does", _stepwise(WiderStart)),
    (
        "UncutUtilities",
        "utilities that are not cut at zero",
        "an update gives what the reference's gives",
        _stepwise(UncutUtilities),
    ),
    (
        "RepeatedHalf",
        "the second half of a sample is the first one",
        "generations are distributed as the reference's",
        _stepwise(RepeatedHalf),
    ),
    ("Unclipped", "a sample without a clamp (DEAP#54)", "individuals lie in the space", _behaving(Unclipped)),
    ("LatestBest", "`>=` where `>` should be", "the result is the first of the best", _behaving(LatestBest)),
    (
        "RawValues",
        "values without their weights",
        "maximising is minimising with the other sign",
        _behaving(RawValues),
    ),
    (
        "DrawsForRecords",
        "a record that draws",
        "asking for a result, a record or a state changes nothing",
        _behaving(DrawsForRecords),
    ),
    (
        "ByPlace",
        "genomes and scores paired by position",
        "the order of individuals makes no difference to `update`",
        _behaving(ByPlace),
    ),
    ("ByScore", "scores count where ranks should", "only the order of scores counts", _behaving(ByScore)),
    (
        "TowardsZero",
        "a decay that nothing asked for",
        "moving landscape and start moves the run",
        _behaving(TowardsZero),
    ),
    ("Coarse", "a least step in units of genes", "scaling landscape and space scales the run", _behaving(Coarse)),
    (
        "OneStep",
        "a mean where each gene should have its own",
        "scaling landscape and space scales the run",
        _behaving(OneStep),
    ),
    (
        "AxesOnly",
        "a diagonal where a matrix should be",
        "rotating landscape and start rotates the run",
        _behaving(AxesOnly, scales=False, translates=False, turns=True),
    ),
    (
        "Hasty",
        "steps that shrink whatever happens",
        "a search comes near the lowest point of a sphere",
        _behaving(Hasty),
    ),
    ("Outward", "a mean beyond its bounds", "every gene can still move", _behaving(Outward)),
)
KINDS = {"lockstep": lockstep_laws(Twin(PlainSNES)), "behaviour": behaviour_laws(converges=80, turns=True)}
