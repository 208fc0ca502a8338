"""Operators over graphs with one fault each; for the rows see `planted_operators.py`."""

from __future__ import annotations

from dataclasses import replace

import torch

from neuroevo.graph import Connection, Graph
from neuroevo.operators import graphs
from neuroevo.operators.graphs import Innovations
from neuroevo.testing.laws import Law, graph_crossover_laws, graph_distance_laws, graph_mutation_laws


def connects_anything(graph: Graph, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Connect any hidden node or input with any other node, without looking for a path back."""
    known = {(one.source, one.target) for one in graph.connections}
    nodes = [*range(graph.first_hidden), *graph.hidden]
    free = [(a, b) for a in nodes for b in nodes if b > graph.inputs and a != b and (a, b) not in known]
    if not free:
        return graph
    source, target = free[int(torch.randint(len(free), (), generator=generator))]
    new = Connection(innovations.connection(source, target), source, target, 1.0, True)
    return replace(graph, connections=tuple(sorted([*graph.connections, new])))


def removes_the_split(graph: Graph, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Remove the connection that a node splits."""
    grown = graphs.add_node(graph, innovations=innovations, generator=generator)
    before = {one.innovation: one.enabled for one in graph.connections}
    kept = [one for one in grown.connections if one.enabled or not before.get(one.innovation, True)]
    return replace(grown, connections=tuple(kept))


def numbers_of_its_own(graph: Graph, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Number new connections within the graph."""
    grown = graphs.add_connection(graph, innovations=innovations, generator=generator)
    known = {one.innovation for one in graph.connections}
    following = max(known, default=-1) + 1
    own = [one if one.innovation in known else one._replace(innovation=following) for one in grown.connections]
    return replace(grown, connections=tuple(sorted(own)))


def weight_before_the_node(graph: Graph, *, innovations: Innovations, generator: torch.Generator) -> Graph:
    """Give the old weight to the connection into the node, and 1 to the one out of it."""
    grown = graphs.add_node(graph, innovations=innovations, generator=generator)
    known = {one.innovation for one in graph.connections}
    new = [one for one in grown.connections if one.innovation not in known]
    weights = {one.innovation: other.weight for one, other in zip(new, reversed(new), strict=True)}
    turned = [one._replace(weight=weights.get(one.innovation, one.weight)) for one in grown.connections]
    return replace(grown, connections=tuple(turned))


def matches_by_position(better: Graph, worse: Graph, *, generator: torch.Generator) -> Graph:
    """Match genes by their position."""
    fitted = [
        other._replace(innovation=one.innovation, source=one.source, target=one.target)
        for one, other in zip(better.connections, worse.connections, strict=False)
    ]
    return graphs.cross(better, replace(worse, connections=tuple(fitted)), generator=generator)


def stays_disabled(better: Graph, worse: Graph, *, generator: torch.Generator) -> Graph:
    """Disable every gene that is disabled in either parent."""
    child = graphs.cross(better, worse, generator=generator)
    off = {one.innovation for one in (*better.connections, *worse.connections) if not one.enabled}
    kept = [one._replace(enabled=one.innovation not in off) for one in child.connections]
    return replace(child, connections=tuple(kept))


def excess_of_one(first: Graph, second: Graph) -> float:
    """Count the genes of the first graph that the second one lacks, and forget the others."""
    ours, theirs = ({one.innovation for one in each.connections} for each in (first, second))
    return float(len(ours - theirs))


DISTRIBUTED = "graphs are distributed as the reference's"

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    (
        "connects_anything",
        "a cycle",
        "the result is a graph without a cycle, in the order of innovation numbers",
        (connects_anything, graph_mutation_laws(register=True)),
    ),
    (
        "removes_the_split",
        "a connection is removed and not disabled",
        "no gene is lost",
        (removes_the_split, graph_mutation_laws(register=True)),
    ),
    (
        "numbers_of_its_own",
        "innovation numbers within a graph",
        "innovation numbers are the register's",
        (numbers_of_its_own, graph_mutation_laws(register=True)),
    ),
    (
        "weight_before_the_node",
        "the two weights of a split exchanged",
        DISTRIBUTED,
        (weight_before_the_node, graph_mutation_laws(register=True, like="add node")),
    ),
    (
        "matches_by_position",
        "genes matched by position",
        "the child has the better parent's structure and the parents' weights",
        (matches_by_position, graph_crossover_laws()),
    ),
    (
        "stays_disabled",
        "disabled genes are never enabled again",
        DISTRIBUTED,
        (stays_disabled, graph_crossover_laws(like="matching genes")),
    ),
    (
        "excess_of_one",
        "excess genes of the other graph are forgotten",
        "the distance is symmetric, never negative, and 0 to oneself",
        (excess_of_one, graph_distance_laws()),
    ),
)

KINDS = {
    "mutation of graphs": graph_mutation_laws(like="add node", register=True),
    "crossover of graphs": graph_crossover_laws(like="matching genes"),
    "distance of graphs": graph_distance_laws(like="genes and weights"),
}
