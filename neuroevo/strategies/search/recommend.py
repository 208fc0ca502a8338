"""Which strategy for which problem: a small rule, after what was measured (`docs/which-strategy.md`)."""

from __future__ import annotations

from dataclasses import dataclass

from neuroevo.problems import Problem
from neuroevo.space import Space
from neuroevo.strategies.search.base import Search
from neuroevo.strategies.search.cma_es import CMAES
from neuroevo.strategies.search.genetic import Genetic
from neuroevo.strategies.search.map_elites import MAPElites
from neuroevo.strategies.search.memetic import Memetic
from neuroevo.strategies.search.nsga2 import NSGA2
from neuroevo.strategies.search.openai_es import OpenAIES
from neuroevo.strategies.search.pgpe import PGPE
from neuroevo.strategies.search.separable import EVALUATIONS, looks_separable
from neuroevo.strategies.search.separable_cma_es import SeparableCMAES

LEARNS = 100
"""Evaluations for each gene with which a covariance matrix is worth learning."""
LOOKS = 20
"""The rule looks at a problem if that takes at most one in this number of evaluations."""


@dataclass(frozen=True)
class Recommendation:
    """What to begin with.

    Attributes:
        strategy: The class, to be called with the problem.
        reason: Why, in a sentence.
        evaluations: How many evaluations of the problem it took to say so.
    """

    strategy: type[Search]
    reason: str
    evaluations: int = 0


def recommend(problem: Problem, evaluations: int, *, separable: bool | None = None) -> Recommendation:
    """Return which strategy to begin with on a problem: the best of those measured on problems of its kind.

    Args:
        problem: What genomes are scored on.
        evaluations: What the search may spend.
        separable: Whether the score is a sum over genes. By default 32 evaluations of the problem say so, where the
            answer matters and they are a twentieth of what may be spent at most.

    Raises:
        ValueError: There is no evaluation.
    """
    if evaluations < 1:
        raise ValueError(f"evaluations must be at least 1, but they are {evaluations}.")
    if found := _by_kind(problem):
        return found
    looked = separable is None and evaluations >= LOOKS * EVALUATIONS
    alone = looks_separable(problem) if looked else bool(separable)
    spent = EVALUATIONS if looked else 0
    if alone:
        return Recommendation(Memetic, "each gene contributes by itself, and can be improved by itself.", spent)
    size = problem.space.size
    if size > (CMAES.MAX_GENES or 0):
        return _for_many(problem.space, spent)
    if evaluations >= LEARNS * size:
        reason = "there are evaluations enough to learn how genes depend on each other."
        return Recommendation(CMAES, reason, spent)
    reason = "there are evaluations enough for step sizes, and not for how genes depend on each other."
    return Recommendation(SeparableCMAES, reason, spent)


def _by_kind(problem: Problem) -> Recommendation | None:
    """Return what is said by scores and genomes alone."""
    if getattr(problem, "measures", ()):
        return Recommendation(MAPElites, "a problem with measures asks for a repertoire.")
    if len(problem.weights) > 1:
        return Recommendation(NSGA2, "several objectives have a front, not a best genome.")
    if problem.space.KIND != Space.KIND:
        return Recommendation(Genetic, f"genomes are {problem.space.KIND}, which have no mean.")
    if getattr(problem, "noisy", False):
        return Recommendation(PGPE, "scores are noisy, and its mean averages over many of them.")
    return None


def _for_many(space: Space, spent: int) -> Recommendation:
    """Return what is said where there are too many genes for a covariance matrix."""
    if all(block.bounded for block in space.blocks):
        return Recommendation(OpenAIES, "there are too many genes to learn how they depend on each other.", spent)
    return Recommendation(
        PGPE, "there are too many genes to learn how they depend on each other, and no bounds.", spent
    )
