"""Suite `instinct`: what descendants can do after zero or a few updates.

Each number of updates is a training run of its own from the same birth, whose learning rate runs through a whole
cycle, so that a number says what a descendant reaches that is given that many. The head is always new: before the first
update every descendant guesses.
"""

from __future__ import annotations

from neuroevo.benchmarks.suites import condition
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.suite import Setup, Suite

UPDATES = (0, 1, 5, 10, 50)


def conditions(setup: Setup) -> list[Condition]:
    """Return the protocol with each of `UPDATES`."""
    return condition.conditions(setup.protocol, updates=UPDATES)


SUITES = {
    "instinct": Suite(
        name="instinct",
        summary="What can descendants do after no or few updates?",
        claim="Heirs of a learngene are born with instincts: after 0, 1, 5, 10 or 50 updates they know more than a "
        "network that starts from random weights.",
        conditions=conditions,
    )
}
