"""Variants of rivals: the same with other settings."""

from __future__ import annotations

from neuroevo.strategies.transfer.rivals import PrunedCircuit
from neuroevo.strategies.variant import Variant

CONTESTANTS = {
    "pruned-equal-ratios": Variant(
        PrunedCircuit,
        summary="The strongest channels of a pre-trained network, the same share of each group.",
        settings={"structure": "equal-ratios"},
    ),
    "pruned-by-activations": Variant(
        PrunedCircuit,
        summary="The channels of a pre-trained network with the greatest mean activations.",
        settings={"importance": "activations"},
    ),
    "pruned-by-gradients": Variant(
        PrunedCircuit,
        summary="The channels of a pre-trained network that the loss depends on most, to first order.",
        settings={"importance": "gradients"},
    ),
}
