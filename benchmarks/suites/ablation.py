"""Suite `ablation`: what each part of GTL contributes.

Each variant leaves one part out and is given the same gradient steps; `scratch` is the baseline of all. What a
population adds is left out of `gtl-population`, as `gtl` is one lineage.
"""

from __future__ import annotations

from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Setup, Suite

STRATEGIES = (
    *("scratch", "gtl", "gtl-paper", "gtl-cross-random", "gtl-no-condense", "gtl-no-memory", "gtl-own-cycles"),
    *("gtl-population", "gtl-no-mutation", "gtl-no-tournament", "gtl-no-tree", "gtl-no-average", "gtl-generation-0"),
)

FEW_STRATEGIES = ("scratch", "gtl", "gtl-cross-random", "gtl-no-condense", "gtl-population", "gtl-no-average")
"""Those of a quick run."""


def conditions(setup: Setup) -> Transfer:
    """Return the protocol as it is."""
    return setup.protocol


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return all strategies, or few for a quick run."""
    return FEW_STRATEGIES if setup.quick else STRATEGIES


SUITES = {
    "ablation": Suite(
        name="ablation",
        summary="What is each part of GTL good for?",
        claim="Every part of GTL adds to what descendants gain: mutation, tournaments, the gene tree, generations "
        "after the first, and what this implementation adds to the paper.",
        conditions=conditions,
        contestants=contestants,
    )
}
