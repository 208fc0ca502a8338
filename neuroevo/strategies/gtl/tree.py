"""The gene tree: the lineage of each individual, and what ancestors earn when their offspring win."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from neuroevo.backbones import Layout
from neuroevo.individual import Individual
from neuroevo.operators.layers import layers_held
from neuroevo.operators.learngenes import overlap

Credit = Literal["geometric", "grl"]
Overlap = Callable[[Layout, Mapping[str, Tensor], Mapping[str, Tensor]], float]


@dataclass(frozen=True)
class Node:
    """An individual in the tree.

    Attributes:
        parent: Its parent's id; None in generation 0.
        provenance: The provenance of what it holds.
        environment: Name of the environment that it lives in, if it lives in one of several.
    """

    parent: int | None
    provenance: Mapping[str, Tensor]
    environment: str | None = None


class GeneTree:
    """The lineages of all living individuals and the credit that runs up them.

    A winner x = a_0 with score s(x) credits its ancestors a_1 (parent), a_2, ... Let J_i be the overlap of the genes
    that a_{i-1} and a_i inherited (an individual inherits the learngene of its parent), then a_j earns

    - `geometric`: beta^j * s(x) * J_1 * ... * J_{j-1};
    - `grl`: beta^(2^(j-1)) * s(x) * J_{j-1}, as GRL's code computes it (arXiv 2306.10225; J_0 = 1).

    Attributes:
        layout: The channel groups of the backbone that learngenes are cut from.
        beta: The share of a winner's score that its parent earns.
        credit: Which of the two forms.
        overlap: The overlap of two genes by their provenance ids, in [0, 1].
    """

    def __init__(self, layout: Layout, *, beta: float, credit: Credit, overlap: Overlap = overlap) -> None:
        if not 0 <= beta <= 1:
            raise ValueError(f"beta must lie in [0, 1], but it is {beta}.")
        if credit not in ("geometric", "grl"):
            raise ValueError(f'credit must be "geometric" or "grl", but it is {credit!r}.')
        self.layout = layout
        self.beta = beta
        self.credit: Credit = credit
        self.overlap = overlap
        self.nodes: dict[int, Node] = {}

    def add(self, individuals: Iterable[Individual]) -> None:
        """Add individuals whose parents are in the tree already (at most one parent each)."""
        for one in individuals:
            held = {layer: one.genome.provenance[layer] for layer in layers_held(one.genome)}
            self.nodes[one.id] = Node(next(iter(one.parents), None), held, one.environment)

    def lineage(self, individual: int) -> list[int]:
        """Return the ids from an individual up to its founder, itself first."""
        line = [individual]
        while (parent := self.nodes[line[-1]].parent) is not None:
            line.append(parent)
        return line

    def environments(self, individual: int) -> list[str]:
        """Return the environments along a lineage, the individual's own first; founders have none."""
        found = (self.nodes[one].environment for one in self.lineage(individual))
        return [name for name in found if name is not None]

    def credits(self, winner: int, score: float) -> dict[int, float]:
        """Return what each ancestor of a winner earns, by id."""
        ancestors = self.lineage(winner)[1:]
        earned: dict[int, float] = {}
        product = last = 1.0
        for j, ancestor in enumerate(ancestors, start=1):
            if j > 1:
                # a_{j-2} inherited the learngene of a_{j-1}, and a_{j-1} that of a_j.
                last = self.overlap(
                    self.layout, self.nodes[ancestors[j - 2]].provenance, self.nodes[ancestor].provenance
                )
                product *= last
            factor = self.beta**j * product if self.credit == "geometric" else self.beta ** (2 ** (j - 1)) * last
            earned[ancestor] = factor * score
        return earned

    def prune(self, living: Iterable[int]) -> None:
        """Forget individuals that are neither living nor ancestors of living ones."""
        kept = {one for individual in living for one in self.lineage(individual)}
        self.nodes = {one: node for one, node in self.nodes.items() if one in kept}

    def state_dict(self) -> list[dict[str, Any]]:
        """Return the nodes as JSON values and tensors."""
        return [
            {
                "id": one,
                "parent": node.parent,
                "provenance": dict(node.provenance),
                **({} if node.environment is None else {"environment": node.environment}),
            }
            for one, node in self.nodes.items()
        ]

    def load_state_dict(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Continue from a state that `state_dict` returned."""
        self.nodes = {
            node["id"]: Node(node["parent"], dict(node["provenance"]), node.get("environment")) for node in state
        }
