"""References of operators over graphs by name, as operators of the house shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from neuroevo.graph import Connection, Graph
from neuroevo.operators.graphs import Innovations
from neuroevo.testing.references.batches import bound, numpy_generator
from neuroevo.testing.references.graphs import CROSSOVERS, DISTANCES, MUTATIONS, Gene, Register


def reference_graph_mutation(like: str, **settings: Any) -> Callable[..., Graph]:
    """Return `mutate(graph, *, generator, …) -> graph`, which takes `innovations` where connections are added.

    Args:
        like: A name in `neuroevo.testing.references.graphs.MUTATIONS`.
        **settings: Its settings.

    Raises:
        ValueError: There is no such reference.
        TypeError: It has no such setting, or needs another one.
    """
    function = bound(MUTATIONS, like, settings)

    def mutate(
        graph: Graph, *, generator: torch.Generator, innovations: Innovations | None = None, **changed: Any
    ) -> Graph:
        draws, genes = numpy_generator(generator), _genes(graph)
        if innovations is None:
            return _like(graph, function(genes, generator=draws, **changed))
        register = register_of(innovations)
        made = function(genes, graph.inputs, graph.outputs, register=register, generator=draws, **changed)
        write_back(register, innovations)
        return _like(graph, made)

    return mutate


def reference_graph_crossover(like: str, **settings: Any) -> Callable[..., Graph]:
    """Return `cross(better, worse, *, generator) -> graph`; the arguments are those of `reference_graph_mutation`."""
    function = bound(CROSSOVERS, like, settings)

    def cross(better: Graph, worse: Graph, *, generator: torch.Generator, **changed: Any) -> Graph:
        made = function(_genes(better), _genes(worse), generator=numpy_generator(generator), **changed)
        return _like(better, made)

    return cross


def reference_graph_distance(like: str, **settings: Any) -> Callable[..., float]:
    """Return `distance(first, second) -> number`; the arguments are those of `reference_graph_mutation`."""
    function = bound(DISTANCES, like, settings)

    def distance(first: Graph, second: Graph, **changed: Any) -> float:
        return float(function(_genes(first), _genes(second), **changed))

    return distance


def register_of(innovations: Innovations) -> Register:
    """Return a register as plain mappings."""
    numbers = {tuple(map(int, ends.split())): number for ends, number in innovations.connections.items()}
    nodes = {int(number): node for number, node in innovations.nodes.items()}
    return Register(innovations.next_node, numbers, nodes)  # type: ignore[arg-type]


def write_back(register: Register, innovations: Innovations) -> None:
    """Give a register's content to the one that it was made from."""
    innovations.next_node = register.next_node
    innovations.connections = {f"{source} {target}": each for (source, target), each in register.numbers.items()}
    innovations.nodes = {str(number): node for number, node in register.nodes.items()}


def _genes(graph: Graph) -> list[Gene]:
    return [(one.innovation, one.source, one.target, one.weight, one.enabled) for one in graph.connections]


def _like(graph: Graph, genes: list[Gene]) -> Graph:
    return Graph(graph.inputs, graph.outputs, tuple(map(Connection._make, genes)))
