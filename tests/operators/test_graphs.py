"""Operators over graphs: never a cycle, and equal structures have equal innovation numbers."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.graph import Connection, Graph
from neuroevo.operators.graphs import (
    Innovations,
    add_connection,
    add_node,
    cross,
    distance,
    minimal,
    perturb_weights,
)

seeds = st.integers(0, 2**32)


def register() -> Innovations:
    """Return a fresh register for 2 inputs and 2 outputs."""
    return Innovations(5)


def grown(seed: int, innovations: Innovations, steps: int = 12) -> Graph:
    """Return a graph after some mutations of structure and weights."""
    generator = torch.Generator().manual_seed(seed)
    graph = minimal(2, 2, innovations=innovations, generator=generator)
    for kind in torch.randint(3, (steps,), generator=generator).tolist():
        if kind == 0:
            graph = add_node(graph, innovations=innovations, generator=generator)
        elif kind == 1:
            graph = add_connection(graph, innovations=innovations, generator=generator)
        else:
            graph = perturb_weights(graph, generator=generator)
    return graph


def check(graph: Graph) -> None:
    """Raise AssertionError unless a graph is one: no cycle, no connection twice, nothing into inputs or bias."""
    assert len(graph.order) == graph.first_hidden + len(graph.hidden)
    ends = [(one.source, one.target) for one in graph.connections]
    assert len(set(ends)) == len(ends)
    assert all(target > graph.inputs for _, target in ends)
    numbers = [one.innovation for one in graph.connections]
    assert numbers == sorted(set(numbers))


@given(seed=seeds)
def test_mutations_never_make_a_cycle(seed: int) -> None:
    """Whatever is added, there is an order in which every node comes behind those that it is connected from."""
    check(grown(seed, register()))


@given(first=seeds, second=seeds)
def test_a_child_has_the_better_parents_structure(first: int, second: int) -> None:
    """Its connections are the better parent's, its weights come from either; parents stay as they are."""
    innovations = register()
    better, worse = grown(first, innovations), grown(second, innovations)
    before = (better, worse)
    child = cross(better, worse, generator=torch.Generator().manual_seed(0))
    check(child)
    assert (better, worse) == before
    others = {one.innovation: one for one in worse.connections}
    for own, new in zip(better.connections, child.connections, strict=True):
        match = others.get(own.innovation, own)
        assert (own.source, own.target) == (match.source, match.target) == (new.source, new.target)
        assert new.weight in (own.weight, match.weight)
        assert new.enabled or not (own.enabled and match.enabled)


@given(first=seeds, second=seeds)
def test_distance(first: int, second: int) -> None:
    """It is symmetric, 0 between equals, and 1 for each gene that only one has and 0.4 for weights."""
    innovations = register()
    one, other = grown(first, innovations), grown(second, innovations)
    assert distance(one, other) == distance(other, one) >= 0
    assert distance(one, one) == 0
    unmatched = len({c.innovation for c in one.connections} ^ {c.innovation for c in other.connections})
    assert distance(one, other, weight=0) == unmatched


def test_a_node_splits_a_connection() -> None:
    """The old connection is disabled; 1 leads into the node and the old weight out of it."""
    innovations, generator = register(), torch.Generator().manual_seed(3)
    graph = minimal(2, 2, innovations=innovations, generator=generator)
    split = add_node(graph, innovations=innovations, generator=generator)
    (old,) = [one for one in split.connections if not one.enabled]
    into, out = split.connections[-2:]
    assert split.hidden == (5,)
    assert (into.source, into.target, into.weight) == (old.source, 5, 1.0)
    assert (out.source, out.target, out.weight) == (5, old.target, old.weight)


def test_equal_structures_have_equal_numbers() -> None:
    """Two graphs that split the same connection get the same numbers; one that splits it twice gets another node."""
    innovations = register()
    graph = Graph(1, 1, (Connection(innovations.connection(0, 2), 0, 2, 0.5, True),))
    first, second = (
        add_node(graph, innovations=innovations, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1)
    )
    assert first == second
    again = Graph(1, 1, tuple(one._replace(enabled=one.innovation == 0) for one in first.connections))
    twice = add_node(again, innovations=innovations, generator=torch.Generator().manual_seed(0))
    assert len(twice.hidden) == 2
    assert len({one.innovation for one in twice.connections}) == 5


def test_a_register_comes_back() -> None:
    """A register that loads a state gives the numbers that the other one would have given."""
    innovations, other = register(), register()
    grown(1, innovations)
    other.load(innovations.state())
    assert grown(2, innovations) == grown(2, other)
    assert innovations.state() == other.state()


@pytest.mark.parametrize("add", [add_node, add_connection])
def test_nothing_can_be_added(add: Callable[..., Graph]) -> None:
    """A graph without room for another connection, or without one to split, stays as it is."""
    graph = Graph(0, 1, (Connection(0, 0, 1, 1.0, False),))
    assert add(graph, innovations=Innovations(2), generator=torch.Generator()) is graph
