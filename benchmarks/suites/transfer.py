"""Suite `transfer`: what descendants on novel classes gain from what each strategy transfers."""

from __future__ import annotations

from neuroevo.benchmarks.suites.cells import Cell, remaining, run
from neuroevo.benchmarks.suites.protocol import CURVE_POINTS, Transfer
from neuroevo.benchmarks.suites.suite import Setup, Suite

__all__ = ["CURVE_POINTS", "SUITES", "Cell", "Transfer", "remaining", "run"]

FEW_STRATEGIES = ("scratch", "random-circuit", "narrow-pretraining", "finetune", "gtl")
"""Those of a quick run: what is left out, `gtl-paper` and `untrained-circuit`, takes more seeds to tell apart."""


def conditions(setup: Setup) -> Transfer:
    """Return the protocol as it is."""
    return setup.protocol


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return few strategies for a quick run, and leave others to the caller."""
    return FEW_STRATEGIES if setup.quick else ()


SUITES = {
    "transfer": Suite(
        name="transfer",
        summary="What do descendants gain on classes that no ancestor saw?",
        claim="Learngenes with about 20 % of the parameters beat training from scratch.",
        conditions=conditions,
        contestants=contestants,
    )
}
