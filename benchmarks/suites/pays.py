"""Suite `pays`: whether evolution pays.

Every strategy is run with each of several budgets, and every budget is counted in gradient steps, multiply-adds,
core-seconds and critical path: the updates that must follow one another where every life has a worker of its own. A
contestant is a strategy with a budget: `gtl-2000`. Evolved ones meet the hardest rival that transfers as little (see
`neuroevo.benchmarks.analysis.duels`).
"""

from __future__ import annotations

from collections.abc import Sequence

from neuroevo.benchmarks.analysis.duels import name_of
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Entry, Setup, Suite, Trains

STRATEGIES = ("scratch", "narrow-pretraining", "finetune", "gtl-paper", "gtl", "gtl-population")


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
        Entry(name_of(name, budget), name, budget) for budget in budgets for name in names if trains(name)
    ]


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
