"""CMA-ES: a normal distribution that learns its covariance matrix.

Source: Hansen and Ostermeier, Completely Derandomized Self-Adaptation in Evolution Strategies (2001); the class is
DEAP's (`deap.cma.Strategy`), which is subclassed where it draws from numpy's global generator, and for the negative
weights that it lacks: without them (`active=False`) and fed the same draws, it gives the same numbers. Equations are
those of Hansen's tutorial (arXiv 1604.00772): sampling (38) to (40), mean (41) and (42), step size (43) and (44),
covariance (45) to (47), where the worse half of a generation takes variance away from its directions (active CMA-ES,
Jastrebski and Arnold 2006) by the weights (49) to (53).

Defaults are DEAP's, from table 1 there: P = 4 + floor(3 ln D), half of them parents with logarithmic weights. The
first covariance is diagonal with the space's spread as standard deviations, and the first step size 1. Cost of a
generation: P evaluations, O(D^3) operations for the eigenvalues and O(P D^2) for the rest, O(D^2) numbers: up to
some hundred genes; beyond that, see `SeparableCMAES`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from deap import cma
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.columns import Places
from neuroevo.individual import Individual, genomes_of
from neuroevo.population import joined
from neuroevo.problems import Problem
from neuroevo.ranking import descending
from neuroevo.seeds import seed_of
from neuroevo.strategies.search.base import Search, default_population, first_mean, first_sigma, scores_of
from neuroevo.strategies.search.restarts import FIRST, Kind, ended, following, horizon
from neuroevo.strategies.search.step_sizes import limits_of
from neuroevo.strategies.toolbox import Verbs

Floats = NDArray[np.float64]

MATRIX_COPIES = 10
"""How many matrices [D, D] there are at a time, by measurement."""

MATRICES = ("centroid", "pc", "ps", "C", "B", "diagD")

LEAST_RATIO = 1e-7
"""Smallest standard deviation, in units of the greatest: the variances' ratio is what double precision can tell."""

LEAST_LENGTH = 1e-10
"""Least squared length of a step that variance is taken away from; samples at a bound may be the mean itself."""

MOST_SCALE = 1e30
"""Largest step size, and inverse of the smallest, before it becomes part of the covariance."""


class Model(cma.Strategy):  # type: ignore[misc]
    """DEAP's CMA-ES with draws from a generator of its own.

    Args:
        centroid: First mean, [D].
        deviations: First standard deviations, [D].
        offspring: Samples from one update to the next, lambda.
        random: Gives the draws.
        dtype: That of genomes.
        active: Whether the worse half has negative weights.
        **settings: Those of `deap.cma.Strategy`.
    """

    dim: int
    lambda_: int
    update_count: int
    sigma: float
    centroid: Floats
    diagD: Floats
    pc: Floats
    B: Floats
    BD: Floats
    C: Floats

    def __init__(
        self,
        centroid: Floats,
        deviations: Floats,
        offspring: int,
        *,
        random: np.random.Generator,
        dtype: torch.dtype,
        active: bool = True,
        **settings: Any,
    ) -> None:
        self.random = random
        self.dtype = dtype
        self.active = active
        self.settings = settings
        self.begin(centroid, deviations, offspring)

    def begin(self, centroid: Floats, deviations: Floats, offspring: int) -> None:
        """Forget everything but the generator, and begin at a mean [D] with deviations [D]."""
        super().__init__(centroid, 1.0, **self.settings, cmatrix=np.diag(deviations**2), lambda_=offspring)
        self.losses = self._negative_weights() if self.active and self.ccovmu > 0 else np.zeros(0)

    def sample(self, count: int) -> Floats:
        """Return a number of samples, [count, D]."""
        draws = self.random.standard_normal((count, self.dim))
        return np.asarray(self.centroid + self.sigma * np.dot(draws, self.BD.T))

    def update(self, population: Ranked) -> None:
        """Update mean, step size and covariance, which stays positive where the search has converged."""
        # What is rounded to a variance below 0 has no root, and is mended next.
        with np.errstate(invalid="ignore", divide="ignore"):
            inverse, covariance = (self.B / self.diagD) @ self.B.T, self.C
            centroid, sigma = self.centroid, self.sigma
            super().update(population)
            if len(losers := population[self.mu :]) and len(self.losses):
                self._avoid((losers - centroid) / sigma, inverse, covariance)
        self._settle()

    def state(self) -> dict[str, Any]:
        """Return what evolves, as tensors and JSON values, the generator included."""
        return {
            **{name: torch.tensor(getattr(self, name)) for name in MATRICES},
            "sigma": float(self.sigma),
            "offspring": self.lambda_,
            "update_count": self.update_count,
            "random": self.random.bit_generator.state,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` returned."""
        if state["offspring"] != self.lambda_:
            self.begin(self.centroid, np.ones(self.dim), state["offspring"])
        for name in MATRICES:
            # In the layout of the array it replaces, which decides in what order products are summed.
            values = np.empty_like(getattr(self, name))
            values[...] = state[name].cpu().numpy()
            setattr(self, name, values)
        self.sigma, self.update_count = state["sigma"], state["update_count"]
        self.BD = self.B * self.diagD
        self.random.bit_generator.state = state["random"]

    def _negative_weights(self) -> Floats:
        """Return what the weights of all but the parents take away, [P - mu], at least 0 (equations 49 to 53)."""
        raw = math.log((self.lambda_ + 1) / 2) - np.log(np.arange(self.mu + 1, self.lambda_ + 1))
        lost = np.maximum(0.0, -raw)
        if not lost.any():
            return np.zeros(0)
        mass = lost.sum() ** 2 / (lost**2).sum()
        total = min(
            1 + self.ccov1 / self.ccovmu,
            1 + 2 * mass / (self.mueff + 2),
            (1 - self.ccov1 - self.ccovmu) / (self.dim * self.ccovmu),
        )
        return np.asarray(max(0.0, total) * lost / lost.sum())

    def _avoid(self, steps: Floats, inverse: Floats, covariance: Floats) -> None:
        """Take variance away along the steps [P - mu, D] of the worse ones, each as long as is usual (equation 46).

        Args:
            steps: Steps from the mean, in units of the step size.
            inverse: The inverse root of the covariance that they were drawn with.
            covariance: That covariance.
        """
        lost = self.losses[: len(steps)]
        lengths = ((steps @ inverse) ** 2).sum(1)
        scaled = lost * self.dim / np.maximum(lengths, LEAST_LENGTH)
        self.C = self.C + self.ccovmu * (lost.sum() * covariance - (scaled * steps.T) @ steps)
        variances, axes = np.linalg.eigh(self.C)
        order = np.argsort(variances)
        self.diagD, self.B = np.sqrt(variances[order]), axes[:, order]
        self.BD = self.B * self.diagD

    def _settle(self) -> None:
        """Keep the standard deviations [D] along the axes above the precision of the mean, in limits, and comparable.

        A step size that leaves its own limits becomes part of the covariance.
        """
        least, greatest = limits_of(self.dtype)
        noise = torch.finfo(self.dtype).eps * np.abs(self.centroid)
        floors = np.maximum(np.sqrt((self.B**2).T @ noise**2), least)
        lengths = self.sigma * self.diagD
        kept = np.clip(np.nan_to_num(lengths, nan=0.0), np.maximum(floors, LEAST_RATIO * np.nanmax(lengths)), greatest)
        if np.array_equal(kept, lengths) and 1 / MOST_SCALE < self.sigma < MOST_SCALE:
            return
        self.pc = self.sigma * self.pc
        self.sigma, self.diagD = 1.0, kept
        self.BD = self.B * kept
        self.C = self.BD @ self.BD.T


class Ranked:
    """Genomes [P, D] from the best to the worst, as DEAP's update wants its individuals.

    Args:
        individuals: A generation, scored.
        places: The places of its individuals, best first.
    """

    def __init__(self, individuals: Sequence[Individual], places: Sequence[int] | Places) -> None:
        self.genomes: Floats = genomes_of(individuals).detach().cpu().double().numpy()[np.asarray(places)]

    def sort(self, **how: Any) -> None:
        """Do nothing: they are sorted."""

    def __getitem__(self, places: slice) -> Floats:
        found: Floats = self.genomes[places]
        return found


class CMAES(Search):
    """The evolution strategy with covariance matrix adaptation.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D, at least 2.
        seed: The run's seed.
        sigma: First standard deviation, one for all genes or one for each; default the space's spread.
        mu: Parents; default half of P.
        weights: Weights of the parents, "superlinear", "linear" or "equal".
        cs: Rate of the step size's path; default from P and D, as all that follow.
        damps: Damping of the step size.
        ccum: Rate of the covariance's path.
        ccov1: Learning rate of the rank-one update.
        ccovmu: Learning rate of the rank-mu update.
        active: Whether the covariance learns from the worse half of a generation, too, by negative weights.
        restarts: Whether the search begins anew, elsewhere, where it has come to its end: "ipop" with twice the samples
            of an update, "bipop" with more or fewer in turn. A generation has P individuals in any case.
    """

    VERBS: ClassVar[Verbs] = {"sample": "sample() -> genomes [P, D]"}
    EVOLVING = ("distribution", "schedule", "recent", "deviations")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}
    MIN_POPULATION = 2
    MAX_GENES = 200
    SMALLER = "SeparableCMAES needs none of these matrices"

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        mu: int | None = None,
        weights: Literal["superlinear", "linear", "equal"] = "superlinear",
        cs: float | None = None,
        damps: float | None = None,
        ccum: float | None = None,
        ccov1: float | None = None,
        ccovmu: float | None = None,
        active: bool = True,
        restarts: Literal["ipop", "bipop"] | None = None,
    ) -> None:
        size = problem.space.size
        super().__init__(problem, population=default_population(size) if population is None else population, seed=seed)
        given = {"mu": mu, "cs": cs, "damps": damps, "ccum": ccum, "ccov1": ccov1, "ccovmu": ccovmu}
        self.restarts = restarts
        self.schedule = FIRST
        self.recent = torch.zeros(0, dtype=torch.float64)
        self.widest = first_sigma(self.space, sigma).cpu().double()
        self.deviations = self.widest
        self.model = Model(
            first_mean(self.space, seed).cpu().double().numpy(),
            self.deviations.numpy(),
            self.population,
            dtype=self.space.start.dtype,
            random=np.random.default_rng(seed_of(seed, "CMAES")),
            weights=weights,
            active=active,
            **{name: value for name, value in given.items() if value is not None},
        )
        self.toolbox.register("sample", self.model.sample, self.population)

    def bytes_needed(self) -> int:
        """Return about how many bytes its matrices [D, D] take, those of a checkpoint included."""
        return super().bytes_needed() + MATRIX_COPIES * 8 * self.space.size**2

    def ask(self) -> Sequence[Individual]:
        """Return a sample of the distribution."""
        return self.new_individuals(torch.as_tensor(self.toolbox.sample()).to(self.space.start))

    def centre(self) -> Tensor:
        """Return the mean of the distribution, [D]."""
        return torch.as_tensor(self.model.centroid).to(self.space.start)

    def tell(self, population: Sequence[Individual]) -> None:
        """Update mean, step size and covariance, when all samples of the update are scored."""
        self.schedule = {**self.schedule, "spent": self.schedule["spent"] + 1}
        samples = joined(self.individuals, population)
        if self.schedule["spent"] % self.schedule["offspring"]:
            self.individuals = samples
            return
        self.individuals = []
        self.model.update(Ranked(samples, descending(samples)))
        if self.restarts is not None:
            self._restart_at_the_end(self.restarts, scores_of(samples))

    def _restart_at_the_end(self, kind: Kind, scores: Tensor) -> None:
        """Begin anew, in the bounds or around the start, if the run has come to its end."""
        self.recent = torch.cat([self.recent, scores.max().reshape(1)])[-horizon(self.model) :]
        found = (self.recent.numpy(), scores.numpy(), self.deviations.numpy())
        if ended(self.model, self.schedule, *found, kind) is None:
            return
        draws = torch.rand(2, generator=self.generator, dtype=torch.float64).tolist()
        self.schedule, factor = following(self.schedule, kind, (draws[0], draws[1]))
        self.recent = self.recent[:0]
        self.deviations = factor * self.widest
        start = self.space.sample(1, generator=self.generator)[0].cpu().double().numpy()
        self.model.begin(start, self.deviations.numpy(), self.schedule["offspring"] * self.population)

    def record(self) -> dict[str, Any]:
        """Return the best value and step sizes, and the number of restarts where there can be any."""
        return super().record() | ({} if self.restarts is None else {"restarts": self.schedule["restarts"]})

    @property
    def sigma(self) -> Tensor:
        """The standard deviation of each gene, float64 [D]."""
        return torch.from_numpy(self.model.sigma * np.sqrt(np.diag(self.model.C)))

    @property
    def distribution(self) -> dict[str, Any]:
        """What evolves, as tensors and JSON values, the generator included."""
        return self.model.state()

    @distribution.setter
    def distribution(self, state: Mapping[str, Any]) -> None:
        self.model.load(state)


STRATEGIES = {"cma-es": CMAES}
