"""Operators over graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from neuroevo.graph import Connection, Graph
from neuroevo.operators import graphs
from neuroevo.operators.graphs import Innovations
from neuroevo.testing.laws import Law
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.graphs import graph_crossover_laws, graph_distance_laws, graph_mutation_laws
from neuroevo.testing.laws.law import Case
from neuroevo.testing.laws.purity import Arguments, other_seeds_other_results, purity_laws
from neuroevo.testing.references.graphs import Register, perturb_weights
from neuroevo.testing.references.graphs import minimal as reference
from subjects.subject import Subject

COVERS = ("operators/graphs.py",)


def minimal(inputs: int, outputs: int, generator: torch.Generator) -> list[Any]:
    """Make two graphs, for which one connection is known, by one register."""
    register = Innovations(inputs + outputs + 1, {"0 9": 0})
    made = [graphs.minimal(inputs, outputs, innovations=register, generator=generator) for _ in range(2)]
    return [*made, register.state()]


def plainly_minimal(inputs: int, outputs: int, generator: torch.Generator) -> list[Any]:
    """Make them by the reference."""
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    register = Register(inputs + outputs + 1)
    register.number(0, 9)
    made = [reference(inputs, outputs, register=register, generator=draws) for _ in range(2)]
    graphs = [Graph(inputs, outputs, tuple(map(Connection._make, genes))) for genes in made]
    return [*graphs, {"next_node": register.next_node, "connections": register.numbers}]


def sizes(case: Case) -> Arguments:
    """Draw numbers of inputs and outputs."""
    return {name: case.draw(name, st.integers(1, 4)) for name in ("inputs", "outputs")}


def several(case: Case) -> Iterator[Arguments]:
    """Yield numbers of inputs and outputs."""
    for inputs, outputs in case.each("inputs and outputs", ((1, 1), (2, 1), (1, 3), (3, 2))):
        yield {"inputs": inputs, "outputs": outputs}


def call(function: Any, arguments: Arguments, generator: torch.Generator) -> Any:
    """Make the graphs."""
    return function(arguments["inputs"], arguments["outputs"], generator)


def numbers(found: Any, arguments: Arguments) -> Sample:
    """Return all genes of both graphs, sizes and the register in a row."""
    *made, register = found
    genes = [float(each) for graph in made for gene in graph.connections for each in gene]
    sizes = [number for graph in made for number in (graph.inputs, graph.outputs, len(graph.connections))]
    return np.array([[*genes, *sizes, register["next_node"], len(register["connections"])]])


def laws_of_minimal_graphs() -> list[Law]:
    """Return the laws of minimal graphs."""
    return [
        *purity_laws(sizes, call),
        other_seeds_other_results(sizes, call),
        distributed_as(plainly_minimal, several, call, numbers, calls=400),
    ]


WEIGHTS = 200
MANY = Graph(WEIGHTS - 1, 1, tuple(Connection(place, place, WEIGHTS, 0.5, True) for place in range(WEIGHTS)))


def perturbed(graph: Graph, generator: torch.Generator, **settings: float) -> Graph:
    """Perturb weights as the paper has it: noise of deviation 1, and one in ten anew."""
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    genes = perturb_weights([tuple(one) for one in graph.connections], **settings, generator=draws)
    return Graph(graph.inputs, graph.outputs, tuple(map(Connection._make, genes)))


def defaults(case: Case) -> Iterator[Arguments]:
    """Yield settings that leave one default: without noise the share of new weights is seen, and vice versa."""
    for name in case.each("without", ("sigma", "replaced")):
        yield {name: 0.0}


def perturbing(function: Any, arguments: Arguments, generator: torch.Generator) -> Any:
    """Perturb many weights."""
    return function(MANY, generator=generator, **arguments)


def shares(graph: Any, arguments: Arguments) -> Sample:
    """Return how many weights changed, and how widely."""
    changes = np.array([one.weight for one in graph.connections]) - 0.5
    return np.array([[float((changes != 0).sum()), changes.std()]])


SUBJECTS = [
    Subject(
        "perturbing many weights by default",
        COVERS,
        lambda: graphs.perturb_weights,
        lambda: [distributed_as(perturbed, defaults, perturbing, shares, calls=300)],
    ),
    Subject("minimal graphs", COVERS, lambda: minimal, laws_of_minimal_graphs),
    Subject(
        "perturbing weights",
        COVERS,
        lambda: graphs.perturb_weights,
        lambda: graph_mutation_laws(
            like="perturb weights", grid={"sigma": (1.0, 0.0, 0.3), "replaced": (0.1, 0.0, 1.0, 0.5)}
        ),
    ),
    Subject(
        "perturbing weights by default",
        COVERS,
        lambda: graphs.perturb_weights,
        lambda: graph_mutation_laws(like="perturb weights", grid={"replaced": (0.0,)}),
    ),
    Subject(
        "replacing weights by default",
        COVERS,
        lambda: graphs.perturb_weights,
        # Without noise, the share of the replaced is seen.
        lambda: graph_mutation_laws(like="perturb weights", grid={"sigma": (0.0,)}),
    ),
    Subject(
        "adding connections",
        COVERS,
        lambda: graphs.add_connection,
        lambda: graph_mutation_laws(like="add connection", register=True),
    ),
    Subject(
        "adding nodes", COVERS, lambda: graphs.add_node, lambda: graph_mutation_laws(like="add node", register=True)
    ),
    Subject("crossover of graphs", COVERS, lambda: graphs.cross, lambda: graph_crossover_laws(like="matching genes")),
    Subject(
        "distance of graphs",
        COVERS,
        lambda: graphs.distance,
        lambda: graph_distance_laws(
            like="genes and weights", grid={"disjoint": (1.0, 0.0, 2.5), "weight": (0.4, 0.0, 3.0)}
        ),
    ),
    Subject(
        "distance of graphs by default",
        COVERS,
        lambda: graphs.distance,
        lambda: graph_distance_laws(like="genes and weights"),
    ),
]
