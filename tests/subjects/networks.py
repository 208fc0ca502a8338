"""Graphs as networks, and their scores: node by node, one individual after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.genome import Genome
from neuroevo.graph import Connection, Graph, Networks
from neuroevo.individual import Individual
from neuroevo.problems import graphs
from neuroevo.testing.graphs import related_graphs
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.strategies import seeds
from subjects.subject import Subject

FILE, PROBLEM = ("neuroevo/graph.py",), ("neuroevo/problems/graphs.py",)
Facts = Mapping[str, Any]
CUT = Graph(2, 1, (Connection(0, 0, 4, 1.0, False), Connection(1, 4, 3, 0.5, True), Connection(2, 1, 3, 0.2, True)))
"""A graph with a node that nothing enabled leads to."""


def answer(graph: Graph, row: Sequence[float]) -> list[float]:
    """Return a graph's outputs: each node is the sigmoid of 4.9 times the sum of what leads to it."""

    def value(node: int) -> float:
        if node <= graph.inputs:
            return [*row, 1.0][node]
        incoming = [one for one in graph.connections if one.enabled and one.target == node]
        return 1 / (1 + math.exp(-4.9 * sum(one.weight * value(one.source) for one in incoming)))

    return [value(graph.inputs + 1 + place) for place in range(graph.outputs)]


def answered(several: Sequence[Graph], inputs: Tensor) -> Any:
    """Return the outputs of graphs together, for shared inputs and for own ones."""
    networks = Networks(several)
    own = torch.stack([inputs + place for place in range(len(several))])
    return networks(inputs).double(), networks(own).double(), networks.inputs, networks.outputs


def plainly_answered(several: Sequence[Graph], inputs: Tensor) -> Any:
    """Answer for one graph and one row after the other."""
    shared = [[answer(graph, row) for row in inputs.tolist()] for graph in several]
    own = [[answer(graph, row) for row in (inputs + place).tolist()] for place, graph in enumerate(several)]
    return torch.tensor(shared).double(), torch.tensor(own).double(), several[0].inputs, several[0].outputs


def seen(graph: Graph) -> Any:
    """Return what is known of a graph's structure, and whether a file holds it."""
    nodes = range(graph.first_hidden + len(graph.hidden) + 1)
    places = {node: place for place, node in enumerate(graph.order)}
    genome = graph.to_genome(note=1)
    return {
        "hidden": (graph.first_hidden, graph.hidden),
        "depth": graph.depth,
        "order": (sorted(places), all(places[one.source] < places[one.target] for one in graph.connections)),
        "paths": [[graph.leads(first, second) for second in nodes] for first in nodes],
        "file": Graph.from_genome(Genome.from_bytes(genome.to_bytes())) == graph,
        "notes": dict(genome.notes),
        "types": {name: block.dtype for name, block in genome.blocks.items()},
    }


def plainly_seen(graph: Graph) -> Any:
    """State it, by walking along connections."""
    first = graph.inputs + 1 + graph.outputs
    used = {end for one in graph.connections for end in (one.source, one.target)}
    hidden = tuple(sorted(node for node in used if node >= first))

    def longest(node: int) -> int:
        return max([1 + longest(one.source) for one in graph.connections if one.enabled and one.target == node] or [0])

    def leads(source: int, target: int) -> bool:
        return source == target or any(leads(one.target, target) for one in graph.connections if one.source == source)

    nodes = range(first + len(hidden) + 1)
    types = (torch.int64, torch.int64, torch.int64, torch.float64, torch.bool)
    return {
        "hidden": (first, hidden),
        "depth": max(longest(node) for node in (*range(first), *hidden)),
        "order": (sorted([*range(first), *hidden]), True),
        "paths": [[leads(source, target) for target in nodes] for source in nodes],
        "file": True,
        "notes": {"note": 1, "inputs": graph.inputs, "outputs": graph.outputs},
        "types": dict(zip(("innovation", "source", "target", "weight", "enabled"), types, strict=True)),
    }


def scored(several: Sequence[Graph], inputs: Tensor, targets: Tensor) -> Any:
    """Return the scores of graphs on a table, in company and alone, by the default and by another score."""
    individuals = [Individual(one, id=place) for place, one in enumerate(several)]
    table = graphs.GraphTable(inputs, targets)
    other = graphs.GraphTable(inputs, targets, lambda outputs, wanted: outputs[:, 0, 0] + wanted.sum())
    together = [*table.batch(individuals), *other.batch(individuals), *map(table, individuals)]
    return together, (table.inputs, table.outputs, table.weights, table.batch([]))


def plainly_scored(several: Sequence[Graph], inputs: Tensor, targets: Tensor) -> Any:
    """Return the square of the number of rows minus all errors, row by row."""
    answers = [[answer(graph, row) for row in inputs.tolist()] for graph in several]
    flat = [(torch.tensor(rows) - targets.double()).abs().flatten().tolist() for rows in answers]
    default = [((len(targets) - sum(errors)) ** 2,) for errors in flat]
    other = [(rows[0][0] + float(targets.sum()),) for rows in answers]
    return [*default, *other, *default], (inputs.shape[1], targets.shape[1], (1.0,), [])


def xor() -> Any:
    """Return the table of a well-known problem."""
    table = graphs.GRAPH_PROBLEMS["xor"]()
    return table.questions.tolist(), table.targets.tolist(), table.weights


def plain_xor() -> Any:
    """State it."""
    rows = [[float(first), float(second)] for first in (0, 1) for second in (0, 1)]
    return rows, [[float(first != second)] for first, second in rows], (1.0,)


@st.composite
def companies(draw: st.DrawFn, targets: bool = False) -> Facts:
    """Draw graphs with the same inputs and outputs, one of them with a node that is cut off, and a table."""
    several = [*draw(related_graphs(count=2, max_hidden=2)).graphs]
    if (several[0].inputs, several[0].outputs) == (2, 1):
        several.append(CUT)
    generator = torch.Generator().manual_seed(draw(seeds()))
    inputs = torch.rand(3, several[0].inputs, generator=generator)
    table = {"targets": torch.rand(3, several[0].outputs, generator=generator)} if targets else {}
    return {"several": several, "inputs": inputs, **table}


LOOSE = 2.0**38
"""Units of double precision in some units of single precision, in which networks are computed."""

SUBJECTS = [
    Subject(
        "graphs as networks",
        FILE,
        lambda: answered,
        lambda: agreement_laws(plainly_answered, companies(), tolerance=LOOSE),
    ),
    Subject(
        "structure of graphs",
        FILE,
        lambda: seen,
        lambda: agreement_laws(
            plainly_seen, st.fixed_dictionaries({"graph": related_graphs(max_hidden=3).map(lambda one: one.graphs[0])})
        ),
    ),
    Subject(
        "scores of graphs on a table",
        PROBLEM,
        lambda: scored,
        lambda: agreement_laws(plainly_scored, companies(targets=True), tolerance=LOOSE),
    ),
    Subject("exclusive or", PROBLEM, lambda: xor, lambda: agreement_laws(plain_xor, st.fixed_dictionaries({}))),
]
