"""Which strategy for which problem: a small rule, after what was measured (`docs/which-strategy.md`)."""

from __future__ import annotations

from dataclasses import dataclass

from neuroevo.problems import Problem
from neuroevo.space import Space
from neuroevo.strategies.search.base import Search
from neuroevo.strategies.search.cma_es import CMAES
from neuroevo.strategies.search.genetic import Genetic
from neuroevo.strategies.search.map_elites import MAPElites
from neuroevo.strategies.search.nsga2 import NSGA2
from neuroevo.strategies.search.openai_es import OpenAIES
from neuroevo.strategies.search.pgpe import PGPE
from neuroevo.strategies.search.separable_cma_es import SeparableCMAES

LEARNS = 200
"""Evaluations for each gene with which a covariance matrix is worth learning."""


@dataclass(frozen=True)
class Recommendation:
    """What to begin with.

    Attributes:
        strategy: The class, to be called with the problem.
        reason: Why, in a sentence.
    """

    strategy: type[Search]
    reason: str


def recommend(problem: Problem, evaluations: int) -> Recommendation:
    """Return which strategy to begin with on a problem: the best of those measured on problems of its kind.

    Args:
        problem: What genomes are scored on.
        evaluations: What the search may spend.

    Raises:
        ValueError: There is no evaluation.
    """
    if evaluations < 1:
        raise ValueError(f"evaluations must be at least 1, but they are {evaluations}.")
    space = problem.space
    if getattr(problem, "measures", ()):
        return Recommendation(MAPElites, "a problem with measures asks for a repertoire.")
    if len(problem.weights) > 1:
        return Recommendation(NSGA2, "several objectives have a front, not a best genome.")
    if space.KIND != Space.KIND:
        return Recommendation(Genetic, f"genomes are {space.KIND}, which have no mean.")
    if getattr(problem, "noisy", False):
        return Recommendation(PGPE, "scores are noisy, and its mean averages over many of them.")
    if space.size > (CMAES.MAX_GENES or 0):
        return Recommendation(OpenAIES, "there are too many genes to learn how they depend on each other.")
    if evaluations >= LEARNS * space.size:
        return Recommendation(CMAES, "there are evaluations enough to learn how genes depend on each other.")
    return Recommendation(SeparableCMAES, "there are evaluations enough for step sizes, and not for how genes depend.")
