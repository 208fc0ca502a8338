"""Suite `pays`: whether evolution pays.

Every strategy is run with each of several budgets, and every budget is counted in gradient steps, multiply-adds,
core-seconds and critical path: the updates that must follow one another where every life has a worker of its own. A
contestant is a strategy with a budget: `gtl-2000`. Evolved ones meet the hardest rival that transfers as little (see
`neuroevo.benchmarks.analysis.duels`).
"""

from __future__ import annotations

from collections.abc import Sequence

from neuroevo.benchmarks.analysis.duels import EVOLVED, name_of
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Entry, Setup, Suite, Trains

TOURNAMENT = 2
"""Individuals of a tournament where a generation has as many."""
STRATEGIES = ("scratch", "narrow-pretraining", "finetune", "gtl-paper", "gtl", "gtl-four-lives")


def lives_of(budget: int) -> int:
    """Return how many lives of a generation GTL spends a budget of gradient steps on.

    Lives of fewer than some 200 updates learn less than their average makes good, so that small budgets have one
    lineage and no siblings; found on `held_out` classes.
    """
    return 2 if budget >= 1200 else 1


def conditions(setup: Setup, *, budgets: tuple[int, ...] = (600, 2000, 6000)) -> Transfer:
    """Return the protocol as it is: contestants differ in their budgets, descendants in nothing.

    Args:
        setup: What conditions are made of.
        budgets: Gradient steps before transfer, several in turn.
    """
    del budgets
    return setup.protocol


def entries(names: Sequence[str], trains: Trains, *, budgets: Sequence[int]) -> list[Entry]:
    """Return the contestants: each strategy with each budget, those that spend nothing once."""
    return [Entry(name, name) for name in names if not trains(name)] + [
        Entry(name_of(name, budget), name, budget, defaults_of(name, budget))
        for budget in budgets
        for name in names
        if trains(name)
    ]


def defaults_of(name: str, budget: int) -> dict[str, int]:
    """Return the settings that GTL has with a budget; those of its variants are their own."""
    lives = lives_of(budget)
    return {"population": lives, "tournament": min(TOURNAMENT, lives)} if name == EVOLVED else {}


SUITES = {
    "pays": Suite(
        name="pays",
        summary="What does each strategy reach for what it spends?",
        claim="At equal gradient steps, and at an equal critical path, descendants reach more with a learngene that "
        "GTL evolved than with a network of the circuit's size that was trained alone on all ancestry classes and then "
        "inherited (narrow-pretraining).",
        conditions=conditions,
        contestants=STRATEGIES,
        entries=entries,
    )
}
