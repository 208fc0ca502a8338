"""Laws of how often individuals are selected: tournaments, groups and wheels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from neuroevo.testing.laws import chance
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.laws.selected import Wanted, call, counts_of, distinct, needs_k, shares_of_a_wheel
from neuroevo.testing.strategies import seeds

Odds = Callable[[Tensor], Tensor]

CALLS = 300
"""Number of counted calls: enough to distinguish 1/2 from 1/4."""

DRAWS = 3000
"""Number of individuals that are selected in one call if it takes `k`."""


def odds_laws(
    tournament: int | None, group: int | None, wanted: Wanted, *, distinct: bool, proportional: bool
) -> list[Law]:
    """Return the laws of how often individuals are selected."""
    laws = []
    if tournament is not None:
        odds = _distinct_odds(tournament) if distinct else _tournament_odds(tournament)
        laws.append(_pressure(odds, wanted, multiple=1))
    if group is not None:
        laws.append(_pressure(_group_odds(group), wanted, multiple=group))
    if proportional:
        laws.append(_proportions(wanted))
    return laws


def _pressure(odds: Odds, wanted: Wanted, *, multiple: int) -> Law:
    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", distinct(multiple=multiple, max_size=max(5, 2 * multiple)))
        k = case.draw("k", wanted.least(fitness))
        _compare_with_odds(select, fitness, odds(fitness).tolist(), seeded(case.draw("seed", seeds())), k)

    cause = (
        "another number of entrants than stated, entrants that are not equally likely, or a wrong winner; "
        "distinct_entrants=True describes tournaments without replacement"
    )
    return Law("winners are as frequent as the tournament size implies", cause, statement)


def _proportions(wanted: Wanted) -> Law:
    def statement(select: Any, case: Case) -> None:
        shares = case.draw("weights", shares_of_a_wheel(max_size=5))
        generator, k = seeded(case.draw("seed", seeds())), case.draw("k", wanted.least(shares))
        _compare_with_odds(select, shares, (shares / shares.sum()).tolist(), generator, k)

    cause = "the running sum is cut at the wrong end, or weights are changed before the draw"
    return Law("individuals are drawn in proportion to their weights", cause, statement)


def _compare_with_odds(select: Any, fitness: Tensor, odds: Sequence[float], generator: torch.Generator, k: int) -> None:
    if needs_k(select):
        # One call for all, unless the number of each call is given.
        calls, each = (1, DRAWS) if k == 1 else (CALLS, k)
        chosen = [call(select, {"fitness": fitness, "k": each}, generator) for _ in range(calls)]
        trials, counts = calls * each, torch.bincount(torch.cat(chosen), minlength=len(fitness)).tolist()
    else:
        trials, counts = CALLS, counts_of(select, fitness, generator, calls=CALLS)
    for place, (count, probability) in enumerate(zip(counts, odds, strict=True)):
        if not chance.fits(count, trials, probability, among=len(fitness)):
            raise Breach(
                f"individual {place} was selected {count} times out of {trials}, "
                f"but {trials * probability:.1f} times are expected"
            )


def _tournament_odds(size: int) -> Odds:
    """Return a function of P distinct fitnesses: the probability of each to win a tournament with replacement."""

    def odds(fitness: Tensor) -> Tensor:
        population = len(fitness)
        not_better = fitness.argsort().argsort().double() + 1
        shares: Tensor = (not_better / population) ** size - ((not_better - 1) / population) ** size
        return shares

    return odds


def _distinct_odds(size: int) -> Odds:
    """Return a function of P distinct fitnesses: the probability of each to win a tournament of different entrants."""

    def odds(fitness: Tensor) -> Tensor:
        entrants = min(size, len(fitness))
        worse = fitness.argsort().argsort().tolist()
        of_all = math.comb(len(worse), entrants)
        return torch.tensor([math.comb(below, entrants - 1) / of_all for below in worse])

    return odds


def _group_odds(size: int) -> Odds:
    """Return a function of P distinct fitnesses: the probability of each to win its group; P is a multiple of size."""

    def odds(fitness: Tensor) -> Tensor:
        worse = fitness.argsort().argsort().tolist()
        of_all = math.comb(len(worse) - 1, size - 1)
        return torch.tensor([math.comb(below, size - 1) / of_all for below in worse])

    return odds
