"""A feed-forward network as a graph with an evolving topology."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuroevo.genome import Genome

STRUCTURE = ("hidden", "innovations", "order", "_reached")
"""What is known of a graph whatever its weights, and whichever connections are enabled."""

ENABLED = ("depth", "_outgoing")
"""What is known of a graph whatever its weights."""


class Connection(NamedTuple):
    """A connection between two nodes.

    Attributes:
        innovation: Its innovation number: the same in all graphs of a run that connect these two nodes.
        source: The node that it comes from.
        target: The node that it goes to.
        weight: Its weight.
        enabled: Whether it is part of the network.
    """

    innovation: int
    source: int
    target: int
    weight: float
    enabled: bool


@dataclass(frozen=True)
class Graph:
    """Nodes and connections without a cycle.

    Nodes are numbers: first the inputs, then the bias, then the outputs, then hidden ones.

    Attributes:
        inputs: The number of inputs, I.
        outputs: The number of outputs, O.
        connections: In the order of their innovation numbers.
    """

    inputs: int
    outputs: int
    connections: tuple[Connection, ...]

    @property
    def first_hidden(self) -> int:
        """The lowest number that a hidden node can have."""
        return self.inputs + 1 + self.outputs

    @cached_property
    def hidden(self) -> tuple[int, ...]:
        """The hidden nodes."""
        ends = {one[1] for one in self.connections} | {one[2] for one in self.connections}
        return tuple(sorted(ends - {*range(self.first_hidden)}))

    @cached_property
    def innovations(self) -> int:
        """The innovation numbers as a set of bits: two graphs are compared by one operation each."""
        found = 0
        for one in self.connections:
            found |= 1 << one.innovation
        return found

    @cached_property
    def weights(self) -> dict[int, float]:
        """The weights by innovation number."""
        return {innovation: weight for innovation, _, _, weight, _ in self.connections}

    @cached_property
    def depth(self) -> int:
        """The length of the longest enabled path to an output; 0 if nothing is connected."""
        depths = dict.fromkeys(self.order, 0)
        for node in self.order:
            after = depths[node] + 1
            for target, enabled in self._outgoing.get(node, ()):
                if enabled and depths[target] < after:
                    depths[target] = after
        return max(depths.values(), default=0)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All nodes in topological order."""
        waiting = dict.fromkeys((*range(self.first_hidden), *self.hidden), 0)
        for one in self.connections:
            waiting[one.target] += 1
        ordered = [node for node, count in waiting.items() if not count]
        for node in ordered:  # which grows
            for target, _ in self._outgoing.get(node, ()):
                waiting[target] -= 1
                if not waiting[target]:
                    ordered.append(target)
        return tuple(ordered)

    @cached_property
    def _outgoing(self) -> dict[int, list[tuple[int, bool]]]:
        """The targets of each node's connections, and whether these are enabled."""
        found: dict[int, list[tuple[int, bool]]] = {}
        for _, source, target, _, enabled in self.connections:
            found.setdefault(source, []).append((target, enabled))
        return found

    @cached_property
    def _reached(self) -> dict[int, int]:
        """The nodes that each node leads to, enabled or not, as bits; every node leads to itself."""
        found: dict[int, int] = {}
        for node in reversed(self.order):
            nodes = 1 << node
            for target, _ in self._outgoing.get(node, ()):
                nodes |= found[target]
            found[node] = nodes
        return found

    def rewired(self, connections: Iterable[Connection], *, enabled: bool) -> Graph:
        """Return a graph of the same structure with other weights; what is known of this one is known of it.

        Args:
            connections: Those of this graph in their order, with other weights.
            enabled: Whether other ones may be enabled, too.
        """
        found = Graph(self.inputs, self.outputs, tuple(connections))
        kept = STRUCTURE if enabled else STRUCTURE + ENABLED
        found.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        return found

    def leads(self, source: int, target: int) -> bool:
        """Return whether there is a path from one node to another, enabled or not; each node leads to itself."""
        return bool(self._reached.get(source, 1 << source) >> target & 1)

    def to_genome(self, **notes: Any) -> Genome:
        """Return the graph as tensors by name, which `from_genome` reads."""
        columns = list(zip(*self.connections, strict=True)) or [()] * len(Connection._fields)
        types = (torch.int64, torch.int64, torch.int64, torch.float64, torch.bool)
        blocks = {
            name: torch.tensor(column, dtype=dtype)
            for name, column, dtype in zip(Connection._fields, columns, types, strict=True)
        }
        return Genome(blocks, {**notes, "inputs": self.inputs, "outputs": self.outputs})

    @classmethod
    def from_genome(cls, genome: Genome) -> Graph:
        """Return the graph that `to_genome` described."""
        columns = [genome.blocks[name].tolist() for name in Connection._fields]
        connections = tuple(map(Connection._make, zip(*columns, strict=True)))
        return cls(genome.notes["inputs"], genome.notes["outputs"], connections)


class Networks:
    """Graphs as one padded batch of networks, evaluated in one pass.

    A node outputs sigmoid(4.9 x) of its sum x, as in NEAT (Stanley and Miikkulainen 2002, section 4.1).

    Args:
        graphs: P graphs with the same inputs and outputs, at least one.
    """

    STEEPNESS = 4.9

    def __init__(self, graphs: Sequence[Graph]) -> None:
        first = graphs[0]
        self.inputs, self.outputs = first.inputs, first.outputs
        self.depth = max(graph.depth for graph in graphs)
        nodes = max(len(graph.hidden) for graph in graphs) + first.first_hidden
        self.weights = torch.zeros(len(graphs), nodes, nodes)
        places: list[int] = []
        weights: list[float] = []
        for row, graph in enumerate(graphs):
            of = {node: graph.first_hidden + place for place, node in enumerate(graph.hidden)}
            for _, source, target, weight, enabled in graph.connections:
                if enabled:
                    places.append((row * nodes + of.get(source, source)) * nodes + of.get(target, target))
                    weights.append(weight)
        self.weights.view(-1)[torch.tensor(places, dtype=torch.int64)] = torch.tensor(weights)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return outputs [P, N, O] for inputs [N, I], or [P, N, I] if each network has its own."""
        count, nodes = self.weights.shape[:2]
        given = inputs.expand(count, *inputs.shape[-2:])
        fixed = torch.cat([given, torch.ones_like(given[..., :1])], dim=-1)
        # The sigmoid of an empty sum, which a node without enabled connections has before the first sweep.
        values = torch.cat([fixed, fixed.new_full((*fixed.shape[:2], nodes - fixed.shape[-1]), 0.5)], dim=-1)
        # After as many sweeps as the longest path has connections, every node has its value.
        for _ in range(self.depth):
            sums = (values @ self.weights)[..., self.inputs + 1 :]
            values = torch.cat([fixed, torch.sigmoid(self.STEEPNESS * sums)], dim=-1)
        return values[..., self.inputs + 1 : self.inputs + 1 + self.outputs]
