"""Operators over graphs, as in NEAT: weights, connections, nodes, crossover by innovation numbers, distance.

Every operator returns a new graph without a cycle and leaves its arguments as they are; innovation numbers come
from one register for a whole run, so that equal structures have equal numbers. Sections refer to Stanley and
Miikkulainen, Evolving Neural Networks through Augmenting Topologies (Evolutionary Computation, 2002).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from neuroevo.graph import Connection, Graph

KEPT_DISABLED = 0.75
"""Probability that a gene that is disabled in either parent is disabled in the child (section 4.1)."""


@dataclass
class Innovations:
    """The register of innovation numbers and of hidden nodes (section 3.2).

    Attributes:
        connections: Innovation number by source and target, `"3 5"`.
        nodes: Hidden node by the innovation number of the connection that it split.
        next_node: The number of the next hidden node.
    """

    next_node: int
    connections: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)

    def connection(self, source: int, target: int) -> int:
        """Return the innovation number of a connection."""
        return self.connections.setdefault(f"{source} {target}", len(self.connections))

    def node(self, split: int, known: set[int]) -> int:
        """Return the hidden node that splits a connection, one that is not in the graph yet."""
        node = self.nodes.setdefault(str(split), self.next_node)
        if node in known:
            # The connection was split in this graph before, and has been enabled again since.
            node = self.next_node
        self.next_node = max(self.next_node, node + 1)
        return node

    def describe(self) -> str:
        """Return what it is: an operator that holds it does not become another one as it fills."""
        return "innovations"

    def state(self) -> dict[str, Any]:
        """Return the register as JSON values."""
        return {"next_node": self.next_node, "connections": dict(self.connections), "nodes": dict(self.nodes)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore the register that `state` returned."""
        self.next_node, self.connections, self.nodes = (
            state["next_node"],
            dict(state["connections"]),
            dict(state["nodes"]),
        )


def minimal(inputs: int, outputs: int, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Return a graph that connects every input and the bias with every output (section 3.4), weights normal."""
    weights = torch.randn(inputs + 1, outputs, generator=generator, dtype=torch.float64).tolist()
    connections = [
        Connection(innovations.connection(source, inputs + 1 + target), source, inputs + 1 + target, weight, True)
        for source, row in enumerate(weights)
        for target, weight in enumerate(row)
    ]
    return _graph(inputs, outputs, connections)


def perturb_weights(graph: Graph, *, sigma: float = 1.0, replaced: float = 0.1, generator: torch.Generator) -> Graph:
    """Add normal noise to every weight; some are drawn anew (section 4.1, with normal instead of uniform noise)."""
    count = len(graph.connections)
    # As Python's numbers, which are double, too: for this few, operations on tensors take longer than all else.
    steps, others = torch.randn(2, count, generator=generator, dtype=torch.float64).tolist()
    draws = torch.rand(count, generator=generator, dtype=torch.float64).tolist()
    changed = [
        Connection(innovation, source, target, other if draw < replaced else weight + sigma * step, enabled)
        for (innovation, source, target, weight, enabled), step, other, draw in zip(
            graph.connections, steps, others, draws, strict=True
        )
    ]
    return graph.rewired(changed, enabled=False)


def add_connection(graph: Graph, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Connect two nodes that are not connected, without a cycle (section 3.1); the same graph if there are none."""
    known = {(source, target) for _, source, target, _, _ in graph.connections}
    sources = [*range(graph.inputs + 1), *graph.hidden]
    targets = [*range(graph.inputs + 1, graph.first_hidden), *graph.hidden]
    free = [
        (source, target)
        for source in sources
        for target in targets
        if (source, target) not in known and not graph.leads(target, source)
    ]
    if not free:
        return graph
    source, target = free[_below(len(free), generator)]
    weight = float(torch.randn((), generator=generator, dtype=torch.float64))
    new = Connection(innovations.connection(source, target), source, target, weight, True)
    return _graph(graph.inputs, graph.outputs, [*graph.connections, new])


def add_node(graph: Graph, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Split an enabled connection by a node (section 3.1): weight 1 into it, the old weight out of it."""
    enabled = [place for place, one in enumerate(graph.connections) if one.enabled]
    if not enabled:
        return graph
    place = enabled[_below(len(enabled), generator)]
    old = graph.connections[place]
    node = innovations.node(old.innovation, set(graph.hidden))
    into = Connection(innovations.connection(old.source, node), old.source, node, 1.0, True)
    out = Connection(innovations.connection(node, old.target), node, old.target, old.weight, True)
    rest = [one._replace(enabled=False) if one is old else one for one in graph.connections]
    return _graph(graph.inputs, graph.outputs, [*rest, into, out])


def cross(better: Graph, worse: Graph, *, generator: torch.Generator) -> Graph:
    """Return a child with the better parent's structure, and matching genes of either (section 3.2, figure 4)."""
    others = {one[0]: one for one in worse.connections}
    draws = torch.rand(2, len(better.connections), generator=generator, dtype=torch.float64).tolist()
    child = []
    for own, from_other, disabled in zip(better.connections, *draws, strict=True):
        match = others.get(own[0], own)
        innovation, source, target, weight, _ = match if from_other < 0.5 else own
        both = own.enabled and match.enabled
        child.append(Connection(innovation, source, target, weight, both or disabled >= KEPT_DISABLED))
    return better.rewired(child, enabled=True)


def distance(
    first: Graph, second: Graph, *, disjoint: float = 1.0, weight: float = 0.4, enough: float = math.inf
) -> float:
    """Return how different two graphs are (section 3.3, equation 1, with N = 1 as for the small graphs there).

    Args:
        first: A graph.
        second: Another one.
        disjoint: Coefficient of the number of genes in only one of them, c1 and c2.
        weight: Coefficient of the mean difference of matching weights, c3.
        enough: Distance from which on weights are not compared any more: what genes alone give is returned, if it is
            this or more.
    """
    alone = disjoint * (first.innovations ^ second.innovations).bit_count()
    if alone >= enough:
        return alone
    ours, theirs = first.weights, second.weights
    common = ours.keys() & theirs.keys()
    apart = sum(abs(ours[number] - theirs[number]) for number in sorted(common)) / max(1, len(common))
    return alone + weight * apart


def _graph(inputs: int, outputs: int, connections: list[Connection]) -> Graph:
    return Graph(inputs, outputs, tuple(sorted(connections)))


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))


OPERATORS = {
    "graphs.minimal": minimal,
    "graphs.perturb_weights": perturb_weights,
    "graphs.add_connection": add_connection,
    "graphs.add_node": add_node,
    "graphs.cross": cross,
    "graphs.distance": distance,
}
