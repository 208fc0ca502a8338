"""Operators over graphs."""

from __future__ import annotations

from neuroevo.operators import graphs
from neuroevo.testing.laws.graphs import graph_crossover_laws, graph_distance_laws, graph_mutation_laws
from subjects.subject import Subject

COVERS = ("operators/graphs.py",)

SUBJECTS = [
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
