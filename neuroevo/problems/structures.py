"""Structures of circuits as a problem: how wide the channel groups of a learngene are beside each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import relative_widths, strongest_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.signatures import Recorded
from neuroevo.space import Block, Space

FACTOR = 4.0
"""A group is this many times wider or narrower than with equal widths at most; ours."""


class Structures(Recorded):
    """Scores structures: the ability of a trained network's circuit whose groups are as wide as a genome says.

    A gene for each channel group is the logarithm of its width in units of equal widths, from a quarter to four; the
    circuit is as large as `share` allows and has the channels of greatest L1 norm. With two shares the share is one
    more gene and a second objective, to be minimised: NSGA-II then finds the front of ability and size.

    What gradients can't choose, and any search of the library can: `structure(search.result())` is what GTL and its
    rivals take as `structure`.

    Args:
        ancestor: A whole trained network as a learngene, such as the strategy `Finetune` makes.
        evaluate: Scores learngenes, to be maximised: a `TangentKernel`, a `Critic`, or a `NearestMean`. With tasks
            that stay the same a search finds what suits them (see `Untrained.fresh`).
        share: Share of the backbone's parameters that the circuit holds at most, in (0, 1]; or the least and the
            greatest one.

    Raises:
        ValueError: The ancestor is not a whole network, or a share lies outside (0, 1].
    """

    def __init__(
        self,
        ancestor: Learngene,
        evaluate: Callable[[Individual], tuple[float, ...]],
        *,
        share: float | tuple[float, float] = 0.2,
    ) -> None:
        layout = ancestor.backbone.layout
        if ancestor.parameters < layout.parameters():
            raise ValueError(
                f"ancestor must be a whole network, but it has {ancestor.parameters} of "
                f"{layout.parameters()} parameters."
            )
        low, high = share if isinstance(share, tuple) else (share, share)
        if not 0 < low <= high <= 1:
            raise ValueError(f"share must lie in (0, 1], or be a lower and a higher one, but it is {share}.")
        self.ancestor = ancestor
        self.evaluate = evaluate
        self.shares = (low, high)
        self.weights = (1.0, -1.0) if low < high else (1.0,)
        self._unit = relative_widths(layout, "equal-widths")
        limit = math.log(FACTOR)
        blocks = [Block(name=group, shape=(), low=-limit, high=limit) for group in layout.groups]
        start = [0.0] * len(blocks)
        if low < high:
            blocks.append(Block(name="share", shape=(), low=math.log(low), high=math.log(high)))
            start.append((math.log(low) + math.log(high)) / 2)
        self.space = Space(tuple(blocks), torch.tensor(start, dtype=torch.float64), anywhere=True)

    @property
    def noisy(self) -> bool:
        """Whether another generation gives other scores: its tasks are others."""
        return bool(getattr(self.evaluate, "noisy", False))

    @property
    def budget(self) -> Budget:
        """The cost of one individual, without its evaluation."""
        cost: Budget = getattr(self.evaluate, "budget", Budget())
        return cost

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the values of each individual."""
        bearers = [Individual(self.learngene(one), id=one.id, generation=one.generation) for one in individuals]
        batch: Any = getattr(self.evaluate, "batch", None)
        scores = batch(bearers) if batch else [self.evaluate(one) for one in bearers]
        if len(self.weights) == 1:
            return [(score[0],) for score in scores]
        return [(score[0], self._size(one.genome)) for score, one in zip(scores, bearers, strict=True)]

    def learngene(self, individual: Individual) -> Learngene:
        """Return the circuit of an individual, cut from the ancestor."""
        genes: Tensor = individual.genome
        layout, slices = self.ancestor.backbone.layout, self.ancestor.slices
        widths = [unit * math.exp(gene) for unit, gene in zip(self._unit.values(), genes.tolist(), strict=False)]
        share = math.exp(float(genes[-1])) if len(self.weights) > 1 else self.shares[0]
        circuit = strongest_circuit(layout, slices, share=min(share, 1.0), structure=tuple(widths))
        provenance = {group: self.ancestor.provenance[group][rows] for group, rows in circuit.items()}
        return extract(slices, circuit, backbone=self.ancestor.backbone, provenance=provenance)

    def structure(self, individual: Individual) -> tuple[int, ...]:
        """Return the number of channels of each group, from input to output: a structure for GTL and its rivals."""
        return tuple(len(rows) for rows in self.learngene(individual).indices.values())

    def _size(self, learngene: Learngene) -> float:
        return learngene.parameters / self.ancestor.backbone.layout.parameters()
