"""Graphs as networks: the padded batch answers as each graph does, node by node."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.genome import Genome
from neuroevo.graph import Connection, Graph, Networks
from neuroevo.operators.graphs import (
    Innovations,
    add_connection,
    add_node,
    cross,
    distance,
    minimal,
    perturb_weights,
)


def grown(seed: int, steps: int) -> Graph:
    """Return a graph with additional nodes and connections."""
    innovations, generator = Innovations(4), torch.Generator().manual_seed(seed)
    graph = minimal(2, 1, innovations=innovations, generator=generator)
    for _ in range(steps):
        graph = add_node(graph, innovations=innovations, generator=generator)
        graph = add_connection(graph, innovations=innovations, generator=generator)
    return graph


def answer(graph: Graph, inputs: list[float]) -> list[float]:
    """Return a graph's outputs, computed in the order of its nodes."""
    values = dict(enumerate([*inputs, 1.0]))
    for node in graph.order:
        if node > graph.inputs:
            incoming = [one for one in graph.connections if one.enabled and one.target == node]
            total = sum(one.weight * values[one.source] for one in incoming)
            values[node] = 1 / (1 + math.exp(-4.9 * total))
    return [values[graph.inputs + 1 + place] for place in range(graph.outputs)]


@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(0, 6), min_size=1, max_size=4))
def test_a_batch_answers_as_its_graphs(seed: int, sizes: list[int]) -> None:
    """Graphs of any sizes together give what each gives alone, for shared inputs and for own ones."""
    graphs = [grown(seed + place, size) for place, size in enumerate(sizes)]
    inputs = torch.rand(3, 2, generator=torch.Generator().manual_seed(seed))
    expected = torch.tensor([[answer(graph, row.tolist()) for row in inputs] for graph in graphs])
    torch.testing.assert_close(Networks(graphs)(inputs), expected, rtol=1e-4, atol=1e-5)
    own = torch.stack([inputs + place for place in range(len(graphs))])
    expected = torch.tensor(
        [[answer(graph, row.tolist()) for row in rows] for graph, rows in zip(graphs, own, strict=True)]
    )
    torch.testing.assert_close(Networks(graphs)(own), expected, rtol=1e-4, atol=1e-5)


@given(seed=st.integers(0, 2**32), steps=st.integers(0, 5))
def test_a_file_comes_back(seed: int, steps: int) -> None:
    """A graph written to a genome file is read back as it was."""
    graph = grown(seed, steps)
    assert Graph.from_genome(Genome.from_bytes(graph.to_genome(note=1).to_bytes())) == graph


def test_a_graph_without_connections() -> None:
    """Its outputs are the sigmoid of an empty sum, and it is written and read, too."""
    empty = Graph(2, 2, ())
    assert empty.depth == 0
    assert empty.hidden == ()
    assert Graph.from_genome(empty.to_genome()) == empty
    disabled = Graph(2, 1, (Connection(0, 0, 3, 5.0, False),))
    outputs = Networks([disabled, grown(0, 1)])(torch.ones(1, 2))
    assert float(outputs[0]) == pytest.approx(0.5)


def test_nodes_without_enabled_connections() -> None:
    """Their value is the sigmoid of an empty sum, alone and beside deeper graphs."""
    cut = Graph(1, 1, (Connection(0, 0, 3, 1.0, False), Connection(1, 3, 2, 2.0, True)))
    for graph in (cut, Graph(1, 1, ())):
        expected = answer(graph, [1.0])
        deeper = Graph(
            1, 1, tuple(Connection(place, *ends, 1.0, True) for place, ends in enumerate([(0, 3), (3, 4), (4, 2)]))
        )
        for graphs in ([graph], [graph, deeper]):
            assert Networks(graphs)(torch.ones(1, 1))[0, 0].tolist() == pytest.approx(expected)


def leads(graph: Graph, source: int, target: int) -> bool:
    """Return whether there is a path, found step by step."""
    return source == target or any(
        leads(graph, one.target, target) for one in graph.connections if one.source == source
    )


@given(seed=st.integers(0, 2**32), steps=st.integers(0, 5))
def test_what_is_kept_of_a_structure_is_true_of_the_rewired_graph(seed: int, steps: int) -> None:
    """Children with other weights, or other enabled connections, are described as if they were new."""
    generator = torch.Generator().manual_seed(seed)
    graph = grown(seed, steps)
    nodes = graph.order
    assert graph.depth <= len(nodes)
    for child in (perturb_weights(graph, generator=generator), cross(graph, grown(seed, 0), generator=generator)):
        fresh = Graph(child.inputs, child.outputs, child.connections)
        assert child == fresh
        for name in ("hidden", "order", "depth", "innovations", "weights"):
            assert getattr(child, name) == getattr(fresh, name)
        for source in nodes:
            for target in nodes:
                assert child.leads(source, target) == leads(child, source, target)


@given(seed=st.integers(0, 2**32), steps=st.integers(0, 5), enough=st.floats(0, 8))
def test_a_distance_that_is_large_enough_need_not_be_exact(seed: int, steps: int, enough: float) -> None:
    """Weights count as long as they decide whether it is large enough."""
    first, second = grown(seed, steps), grown(seed + 1, 1)
    exact, found = distance(first, second), distance(first, second, enough=enough)
    assert (found >= enough) == (exact >= enough)
    assert found == exact or enough <= found <= exact
