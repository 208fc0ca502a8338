"""Laws of critics, evaluators that score learngenes by fresh networks: equal conditions for all candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import inherit
from neuroevo.operators.inherited import Inheritance
from neuroevo.testing.laws.content import content, difference
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of

Make = Callable[[Callable[..., Inheritance]], Any]
"""Makes a critic whose networks inherit by an operator."""

Reference = Callable[[Any, Individual], tuple[float, float]]

CASES = 10
"""Most cases: in each of them networks are trained."""

ROUNDING = 1e-6


def check_critic(
    make: Make,
    learngenes: SearchStrategy[Learngene],
    *,
    reference: Reference | None = None,
    examples: int | None = None,
) -> None:
    """Raise LawBroken for the first of `critic_laws` that a critic breaks.

    Args:
        make: Given an operator `inherit(learngene, weights, *, layout)`, makes a critic that inherits by it: an
            evaluator with `batch(individuals)`.
        learngenes: As for `critic_laws`.
        reference: As for `critic_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(make, critic_laws(learngenes, reference=reference), label=name_of(make), examples=examples)


def critic_laws(learngenes: SearchStrategy[Learngene], *, reference: Reference | None = None) -> list[Law]:
    """Return the laws of scoring learngenes by fresh networks.

    Args:
        learngenes: Draws what the critic scores.
        reference: Given the critic and an individual, returns the lowest and the highest score that is right.
    """

    def candidates(case: Case) -> list[Individual]:
        genes = case.draw("learngenes", st.lists(learngenes, min_size=2, max_size=3))
        generation = case.draw("generation", st.integers(0, 3))
        return [Individual(gene, id=number, generation=generation) for number, gene in enumerate(genes)]

    laws = [
        _law("equal candidates have equal scores", EQUAL, _equal_scores, candidates),
        _law("the order of candidates does not count", ORDER, _in_any_order, candidates),
        _law("all candidates meet the same fresh networks", FRESH, _same_networks, candidates),
        _law("scores lie between 0 and 1", "a count in place of a share", _in_range, candidates),
    ]
    if reference is not None:

        def right(make: Make, individuals: list[Individual], case: Case) -> None:
            _is_right(make, individuals, reference)

        cause = "another task, recipe, measure or mean than the reference's: compare the two line by line"
        laws.append(_law("scores are the reference's", cause, right, candidates))
    return laws


EQUAL = "tasks or random numbers that follow from an individual's id, its place in the batch, or from earlier draws"
ORDER = "a generator that all candidates share, so that each of them draws what comes next"
FRESH = "random weights, or heads, that differ from candidate to candidate: no common random numbers"

Judge = Callable[[Make, list[Individual], Case], None]


def _law(name: str, cause: str, judge: Judge, candidates: Callable[[Case], list[Individual]]) -> Law:
    def statement(make: Any, case: Case) -> None:
        judge(make, candidates(case), case)

    return Law(name, cause, statement, examples=CASES)


def _scores(make: Make, individuals: Sequence[Individual]) -> list[float]:
    return [score for (score,) in make(inherit).batch(individuals)]


def _equal_scores(make: Make, individuals: list[Individual], case: Case) -> None:
    twin = Individual(individuals[0].genome, id=99, generation=individuals[0].generation)
    first, *_, last = _scores(make, [*individuals, twin])
    if first != last:
        raise Breach(f"one learngene has the score {first} as the first candidate, and {last} as the last")


def _in_any_order(make: Make, individuals: list[Individual], case: Case) -> None:
    ordered, turned = _scores(make, individuals), _scores(make, individuals[::-1])[::-1]
    if ordered != turned:
        raise Breach(f"the scores {ordered} are {turned} if the candidates come in the opposite order")


def _same_networks(make: Make, individuals: list[Individual], case: Case) -> None:
    met: list[list[Mapping[str, Any]]] = []

    def watched(learngene: Learngene, weights: Mapping[str, Tensor], *, layout: Layout, **settings: Any) -> Inheritance:
        met[-1].append(content(dict(weights)))
        return inherit(learngene, weights, layout=layout, **settings)

    critic = make(watched)
    for individual in individuals:
        met.append([])
        critic.batch([individual])
    first, *others = met
    for number, other in enumerate(others, start=1):
        if len(first) != len(other):
            raise Breach(f"{len(first)} networks inherit from candidate 0, and {len(other)} from candidate {number}")
        for one, two in zip(first, other, strict=True):
            if path := difference(one, two):
                raise Breach(f"{path} of a network is another one for candidate 0 than for candidate {number}")
    if any(not difference(one, other) for place, one in enumerate(first) for other in first[:place]):
        raise Breach("two networks of one candidate begin with the same weights")


def _in_range(make: Make, individuals: list[Individual], case: Case) -> None:
    if wrong := [score for score in _scores(make, individuals) if not 0 <= score <= 1]:
        raise Breach(f"a score is {wrong[0]}")


def _is_right(make: Make, individuals: list[Individual], reference: Reference) -> None:
    critic = make(inherit)
    for individual, (score,) in zip(individuals, critic.batch(individuals), strict=True):
        low, high = reference(critic, individual)
        if not low - ROUNDING <= score <= high + ROUNDING:
            raise Breach(f"the score of candidate {individual.id} is {score}, but the reference's {low} to {high}")
