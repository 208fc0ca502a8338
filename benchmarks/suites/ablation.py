"""Suite `ablation`: what each part of GTL contributes.

Each variant leaves one part out and is given the same gradient steps; `scratch` is the baseline of all.
"""

from __future__ import annotations

from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Setup, Suite

STRATEGIES = (
    *("scratch", "gtl", "gtl-paper", "gtl-no-mutation", "gtl-no-tournament", "gtl-no-tree", "gtl-generation-0"),
    *("gtl-cross-random", "gtl-no-condense", "gtl-no-average", "gtl-four-lives", "gtl-no-memory", "gtl-own-cycles"),
)


def conditions(setup: Setup) -> Transfer:
    """Return the protocol as it is."""
    return setup.protocol


SUITES = {
    "ablation": Suite(
        name="ablation",
        summary="What is each part of GTL good for?",
        claim="Every part of GTL adds to what descendants gain: mutation, tournaments, the gene tree, generations "
        "after the first, and what this implementation adds to the paper.",
        conditions=conditions,
        contestants=STRATEGIES,
    )
}
