"""The circuits that are scored: of the same share, in other structures, chosen in two ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit, strongest_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.seeds import stream
from neuroevo.structure import Structure

NAMED: tuple[Structure, ...] = ("equal-ratios", "equal-widths")
SPREAD = math.log(4)
"""Other structures are equal widths times factors from a quarter to four, uniform in their logarithm."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A circuit of a network.

    Attributes:
        learngene: Its genes.
        structure: How wide its groups are beside each other: a name, or "drawn".
        selection: How its channels were chosen, "random" or "strongest".
    """

    learngene: Learngene
    structure: str
    selection: str


def cut(backbone: Backbone, weights: Mapping[str, Tensor], *, seed: int, number: int, share: float) -> Cut:
    """Return one of many circuits of a network: every other one has random channels, the rest the strongest.

    Args:
        backbone: The network's architecture.
        weights: Its tensors by name.
        seed: The network's seed.
        number: Number of the circuit; the first four have the named structures, all others drawn ones.
        share: Share of the parameters that the circuit holds at most.
    """
    layout, generator = backbone.layout, stream(seed, number, "cut")
    kind, chosen_at_random = divmod(number, 2)
    if kind < len(NAMED):
        structure, name = NAMED[kind], str(NAMED[kind])
    else:
        factors = (SPREAD * (2 * torch.rand(len(layout.groups), generator=generator) - 1)).exp()
        structure, name = tuple(factors.tolist()), "drawn"
    circuit = (
        random_circuit(layout, share=share, structure=structure, generator=generator)
        if chosen_at_random
        else strongest_circuit(layout, weights, share=share, structure=structure)
    )
    provenance = {group: torch.arange(len(indices)) for group, indices in circuit.items()}
    learngene = extract(weights, circuit, backbone=backbone, provenance=provenance)
    return Cut(learngene, name, "random" if chosen_at_random else "strongest")
