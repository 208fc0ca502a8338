"""Suite `transfer`: what descendants on novel classes gain from what each strategy transfers."""

from __future__ import annotations

from neuroevo.benchmarks.suites.cells import Cell, remaining, run
from neuroevo.benchmarks.suites.protocol import CURVE_POINTS, Transfer
from neuroevo.benchmarks.suites.suite import Setup, Suite

__all__ = ["CURVE_POINTS", "SUITES", "Cell", "Transfer", "remaining", "run"]


def conditions(setup: Setup) -> Transfer:
    """Return the protocol as it is."""
    return setup.protocol


SUITES = {
    "transfer": Suite(
        name="transfer",
        summary="What do descendants gain on classes that no ancestor saw?",
        claim="Learngenes with about 20 % of the parameters beat training from scratch.",
        conditions=conditions,
    )
}
