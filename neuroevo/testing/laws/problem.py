"""The laws of evaluators: a score depends only on the individual, not on how and with which others it is scored."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st

from neuroevo.execution import batched_map
from neuroevo.global_generators import reseed, restored
from neuroevo.individual import Individual
from neuroevo.testing.laws.content import content, difference, module_content
from neuroevo.testing.laws.law import Breach, Case, Law, check, must, name_of
from neuroevo.testing.laws.purity import Arguments, global_generators_left_alone
from neuroevo.testing.laws.trial import account

Evaluator = Callable[[Individual], tuple[float, ...]]
Scores = Sequence[tuple[float, ...]]

CASES = 20
"""Largest number of cases per law: evaluators may train networks."""


def check_problem(
    evaluator: Evaluator, individuals: Sequence[Individual], *, tolerance: float = 0.0, examples: int | None = None
) -> None:
    """Raise LawBroken unless an evaluator keeps all laws of evaluators.

    Args:
        evaluator: Called as `evaluator(individual)`; may have a method `batch` that takes a list of individuals.
        individuals: Some individuals to score, preferably five or more, with different genomes; they are not changed.
        tolerance: Tolerance for scores of one individual, for arithmetic with rounding that depends on the batch; by
            default they must be equal bit for bit.
        examples: Largest number of cases per law.
    """
    laws = problem_laws(individuals, tolerance=tolerance)
    check(evaluator, laws, label=name_of(evaluator), examples=examples)


def problem_laws(individuals: Sequence[Individual], *, tolerance: float = 0.0) -> list[Law]:
    """Return the laws of evaluators; for the arguments see `check_problem`."""
    individuals = copy.deepcopy([*individuals])
    laws = [
        Law(
            "scores are tuples of numbers",
            "a bare number, a tensor or a list is returned; end it with `return (score,)`",
            partial(_tuples, individuals=individuals),
        ),
        Law(
            "individuals are left unchanged",
            "the genome is trained, normalised or sorted in place; work on a copy",
            partial(_unchanged, individuals=individuals),
        ),
        Law(
            "scoring again gives the same score",
            "a random number generator, a counter or a cache that is kept between calls",
            partial(_again, individuals=individuals, tolerance=tolerance),
        ),
        Law(
            "scores depend neither on order nor on what was scored before",
            "a hidden state, a running mean or a cache that one batch leaves to the next",
            partial(_order, individuals=individuals, tolerance=tolerance),
        ),
        global_generators_left_alone(_nothing, partial(_all_scores, individuals=individuals)),
        Law(
            "a batch gives what single calls give",
            "`batch` normalises or ranks over the population, or mixes up its rows",
            partial(_batch, individuals=individuals, tolerance=tolerance),
        ),
        Law(
            "a clone has the score of its original",
            "scores are looked up by the identity of an object, or depend on the genome's memory layout",
            partial(_clone, individuals=individuals, tolerance=tolerance),
        ),
        Law(
            "modules of an evaluator are left unchanged",
            "weights are put into the evaluator's own module, or its forward pass keeps something; work on a copy",
            partial(_modules_unchanged, individuals=individuals),
        ),
        Law(
            "a pickled evaluator gives the same scores",
            "a lambda, an open file or a generator inside; workers get a pickle",
            partial(_pickled, individuals=individuals, tolerance=tolerance),
        ),
    ]
    return [replace(law, examples=CASES) for law in laws]


def _nothing(case: Case) -> Arguments:
    return {}


def _all_scores(
    evaluator: Evaluator, arguments: Arguments, generator: torch.Generator, *, individuals: Sequence[Individual]
) -> Any:
    return batched_map(evaluator, copy.deepcopy(individuals))


def _one(case: Case, individuals: Sequence[Individual]) -> Individual:
    place = case.draw("individual", st.integers(0, len(individuals) - 1))
    return copy.deepcopy(individuals[place])


def _several(case: Case, individuals: Sequence[Individual]) -> list[Individual]:
    places = case.draw("individuals", st.lists(st.integers(0, len(individuals) - 1), min_size=1, max_size=6))
    return [copy.deepcopy(individuals[place]) for place in places]


def _tuples(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual]) -> None:
    one = _one(case, individuals)
    for values in (evaluator(one), *batched_map(evaluator, [one, one])):
        if not isinstance(values, tuple) or not all(isinstance(value, int | float) for value in values):
            raise Breach(f"a score must be a tuple of numbers, but it is {values!r}")
        if len(values) != len(one.fitness.weights):
            raise Breach(f"there are {len(one.fitness.weights)} objectives, but the score is {values}")
    if hasattr(evaluator, "batch") and (scores := list(evaluator.batch([]))):
        raise Breach(f"no individual was to be scored, but there are the scores {scores}")


def _unchanged(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual]) -> None:
    several = _several(case, individuals)
    before = content([*map(account, several)])
    for call in (lambda: [*map(evaluator, several)], lambda: batched_map(evaluator, several)):
        call()
        if where := difference(before, content([*map(account, several)])):
            raise Breach(f"scoring the individuals changed {where}")


def _again(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual], tolerance: float) -> None:
    several = _several(case, individuals)
    # In another order, so that state left by one call affects another individual.
    forth, back = (_scored_in_order(evaluator, order) for order in (several, several[::-1]))
    _expect(back[::-1], forth, "when all are scored again in reverse order", tolerance)


def _order(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual], tolerance: float) -> None:
    several, others = _several(case, individuals), _several(case, individuals)
    places = case.draw("order", st.permutations(range(len(several))))
    with restored():
        # Reading a global generator is reported by the law about them.
        reseed(0)
        first = batched_map(evaluator, several)
        batched_map(evaluator, others)
        reseed(0)
        again = batched_map(evaluator, [several[place] for place in places])
    _expect(again, [first[place] for place in places], "in another order, after others", tolerance)


def _scored_in_order(evaluator: Evaluator, individuals: Sequence[Individual]) -> Scores:
    with restored():
        # Reading a global generator is reported by the law about them.
        reseed(0)
        return [evaluator(one) for one in individuals]


def _batch(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual], tolerance: float) -> None:
    several, chunk = _several(case, individuals), case.draw("individuals in a batch", st.integers(1, 6))
    alone = [*map(evaluator, several)]
    _expect(batched_map(evaluator, several, chunk=chunk), alone, "in a batch", tolerance)


def _clone(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual], tolerance: float) -> None:
    one = _one(case, individuals)
    _expect([evaluator(copy.deepcopy(one))], [evaluator(one)], "as a clone", tolerance)


def _modules_unchanged(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual]) -> None:
    several = _several(case, individuals)
    before = module_content(evaluator)
    for call in (lambda: [*map(evaluator, several)], lambda: batched_map(evaluator, several)):
        call()
        if where := difference(before, module_content(evaluator)):
            raise Breach(f"scoring individuals changed {where}")
    # A tensor that a transformation left behind can be neither read nor copied.
    must("it can not be copied after it has scored", partial(copy.deepcopy, evaluator))


def _pickled(evaluator: Evaluator, case: Case, *, individuals: Sequence[Individual], tolerance: float) -> None:
    several = _several(case, individuals)
    data = must("it can not be pickled", partial(pickle.dumps, evaluator))
    worker = pickle.loads(data)  # noqa: S301 - bytes of our own making
    _expect(batched_map(worker, several), batched_map(evaluator, several), "by a pickled evaluator", tolerance)


def _expect(found: Scores, expected: Scores, how: str, tolerance: float) -> None:
    for values, others in zip(found, expected, strict=True):
        if not all(_close(*pair, tolerance) for pair in zip(values, others, strict=True)):
            raise Breach(f"an individual is scored {others}, but {values} {how}")


def _close(first: float, second: float, tolerance: float) -> bool:
    return first == second or abs(first - second) <= tolerance or (math.isnan(first) and math.isnan(second))
