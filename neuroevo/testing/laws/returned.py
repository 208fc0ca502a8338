"""The laws of what problems return: modules, and genomes from files, score what was recorded."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import strategies as st
from torch import nn

from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of

ByHand = Callable[[nn.Module, Individual], float]
"""Scores a module by hand, as a user would with what an individual became."""

CASES = 10
"""Largest number of cases per law: each plays or trains."""


def check_returned(
    problem: Any,
    individuals: Sequence[Individual],
    by_hand: ByHand,
    *,
    tolerance: float = 0.0,
    examples: int | None = None,
) -> None:
    """Raise LawBroken unless what a problem returns scores what it recorded.

    Args:
        problem: A problem over weights, with `space`, `module` and `to_module(individual)`.
        individuals: Some individuals, with different genomes; they are not changed.
        by_hand: Called as `by_hand(module, individual)`; returns the score of a module, by code that is independent of
            the problem.
        tolerance: Tolerance for scores; by default they must be equal to the bit.
        examples: Largest number of cases per law.
    """
    laws = returned_laws(individuals, by_hand, tolerance=tolerance)
    check(problem, laws, label=name_of(problem), examples=examples)


def returned_laws(individuals: Sequence[Individual], by_hand: ByHand, *, tolerance: float = 0.0) -> list[Law]:
    """Return the laws of what is returned; for the arguments see `check_returned`."""
    own: dict[str, Any] = {"individuals": copy.deepcopy([*individuals]), "by_hand": by_hand, "tolerance": tolerance}
    laws = [
        Law(
            "the module that is returned scores what was recorded",
            "`to_module` leaves out what the evaluation adds, such as a normalisation or the clipping of outputs",
            partial(_module, **own),
        ),
        Law(
            "a genome from a file scores what was recorded",
            "something that the evaluation adds is not in the space, so that it does not get into the file",
            partial(_file, **own),
        ),
    ]
    return [replace(law, examples=CASES) for law in laws]


def _module(problem: Any, case: Case, *, individuals: Sequence[Individual], by_hand: ByHand, tolerance: float) -> None:
    one = individuals[case.draw("individual", st.integers(0, len(individuals) - 1))]
    _expect(by_hand(problem.to_module(one), one), problem(one), "as a module", tolerance)


def _file(problem: Any, case: Case, *, individuals: Sequence[Individual], by_hand: ByHand, tolerance: float) -> None:
    one = individuals[case.draw("individual", st.integers(0, len(individuals) - 1))]
    genome = Genome.from_bytes(Genome.of(one, problem.space).to_bytes())
    _expect(by_hand(genome.to_module(problem.module), one), problem(one), "from a file", tolerance)


def _expect(found: float, recorded: Sequence[float], how: str, tolerance: float) -> None:
    # Written so that NaN is a difference.
    if not abs(found - recorded[0]) <= tolerance:
        raise Breach(f"the score {recorded[0]} was recorded, but {how} it is {found}")
