"""A feed-forward network as a graph with an evolving topology."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuroevo.genome import Genome


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
        ends = {end for one in self.connections for end in (one.source, one.target)}
        return tuple(sorted(end for end in ends if end >= self.first_hidden))

    @cached_property
    def depth(self) -> int:
        """The length of the longest enabled path to an output; 0 if nothing is connected."""
        depths: dict[int, int] = {}
        for node in self.order:
            before = [depths[one.source] for one in self.connections if one.enabled and one.target == node]
            depths[node] = 1 + max(before, default=-1)
        return max(depths.values(), default=0)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All nodes in topological order."""
        waiting = dict.fromkeys((*range(self.first_hidden), *self.hidden), 0)
        for one in self.connections:
            waiting[one.target] += 1
        ready, ordered = [node for node, count in waiting.items() if not count], []
        while ready:
            node = ready.pop(0)
            ordered.append(node)
            for one in self.connections:
                if one.source == node:
                    waiting[one.target] -= 1
                    if not waiting[one.target]:
                        ready.append(one.target)
        return tuple(ordered)

    def leads(self, source: int, target: int) -> bool:
        """Return whether there is a path from one node to another, enabled or not; each node leads to itself."""
        reached, waiting = {source}, [source]
        while waiting:
            node = waiting.pop()
            new = {one.target for one in self.connections if one.source == node} - reached
            reached |= new
            waiting += new
        return target in reached

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
        for row, graph in enumerate(graphs):
            places = {node: graph.first_hidden + place for place, node in enumerate(graph.hidden)}
            for one in graph.connections:
                if one.enabled:
                    ends = (places.get(one.source, one.source), places.get(one.target, one.target))
                    self.weights[row, ends[0], ends[1]] = one.weight

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
