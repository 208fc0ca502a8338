"""Suite `structures`: what a circuit should keep of a network, and whether evolution finds it.

All contestants but the control cut circuits of one size out of the same pre-trained network, and descendants are
trained alike. Some keep the same share of each channel group, others the same width, and one what a search finds;
channels are chosen at random, by their weights, by their activations, or by gradients.
"""

from __future__ import annotations

from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Setup, Suite

STRATEGIES = (
    *("scratch", "random-circuit", "pruned-equal-ratios", "pruned-circuit", "pruned-by-activations"),
    *("pruned-by-gradients", "evolved-circuit", "finetune"),
)

FEW_STRATEGIES = ("scratch", "pruned-equal-ratios", "pruned-circuit", "evolved-circuit")
"""Those of a quick run."""


def conditions(setup: Setup) -> Transfer:
    """Return the protocol as it is."""
    return setup.protocol


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return all strategies, or few for a quick run."""
    return FEW_STRATEGIES if setup.quick else STRATEGIES


SUITES = {
    "structures": Suite(
        name="structures",
        summary="Which channels should a circuit keep, and can evolution say so?",
        claim="How many channels of each group a circuit keeps matters more than which, and a search finds numbers "
        "that are better than equal ratios, and than equal widths.",
        conditions=conditions,
        contestants=contestants,
    )
}
