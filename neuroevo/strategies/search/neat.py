"""NEAT: topologies and weights of networks evolve together, from the simplest ones on.

Source: Stanley and Miikkulainen, Evolving Neural Networks through Augmenting Topologies (Evolutionary Computation,
2002): genes with innovation numbers (sections 3.1 and 3.2), species that share their fitness (3.3), minimal
beginnings (3.4), and the parameters of section 4.1.

One generation: individuals are sorted into species by distance; each species has children in proportion to its mean
score; its best member survives unchanged if it has more than five; the better two fifths have the children, a
quarter of them by mutation alone, the others by crossover first. Mutations change weights (80 %), add a connection
(30 %) or a node (10 %).

Defaults are those of section 4.1 (P = 150, c1 = c2 = 1, c3 = 0.4, distance 3, 80 % change weights, 75 % kept disabled,
15 generations of patience), but for the rates of structure, which are 5 % and 3 % there, and 30 % for connections of
larger populations: ours solve XOR sooner (`docs/search-quality.md`). The two fifths and the normal noise of weights
with deviation 1 are our choices, too. Cost of a
generation: P evaluations in one padded batch of O(P B N^2) for B inputs and N nodes, and O(P S C) for S species and C
connections.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch

from neuroevo.budget import Budget
from neuroevo.graph import Connection, Graph
from neuroevo.individual import Fitness, Individual
from neuroevo.operators import graphs
from neuroevo.problems.graphs import GraphProblem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.species import Species, allot, sort_into
from neuroevo.strategies.strategy import ToolboxStrategy, scoring_cost
from neuroevo.strategies.toolbox import Checks, Verbs, settled

WITHOUT_CROSSOVER = 0.25
BREEDING = 0.4
LEAST_FOR_CHAMPION = 5


class NEAT(ToolboxStrategy):
    """Neuroevolution of augmenting topologies.

    Args:
        problem: What graphs are scored on, with one objective.
        population: Individuals in a generation, P.
        seed: The run's seed; everything follows from it.
        threshold: Distance from which on two graphs are of different species.
        weight_rate: Probability that a child's weights change.
        connection_rate: Probability that a child gets a connection.
        node_rate: Probability that a child gets a node.

    Raises:
        ValueError: There is no individual, or the problem has several objectives.
    """

    VERBS: ClassVar[Verbs] = {
        "crossover": "crossover(better graph, worse graph) -> graph",
        "perturb_weights": "perturb_weights(graph) -> graph",
        "add_connection": "add_connection(graph) -> graph",
        "add_node": "add_node(graph) -> graph",
        "distance": "distance(first graph, second graph) -> number",
    }
    CHECKS: ClassVar[Checks] = {
        **dict.fromkeys(("crossover", "perturb_weights", "add_connection", "add_node"), checks.graph),
        "distance": checks.number,
    }

    def __init__(
        self,
        problem: GraphProblem,
        *,
        population: int = 150,
        seed: int = 0,
        threshold: float = 3.0,
        weight_rate: float = 0.8,
        connection_rate: float = 0.3,
        node_rate: float = 0.1,
    ) -> None:
        if population < 1:
            raise ValueError(f"population must be at least 1, but it is {population}.")
        if len(problem.weights) != 1:
            raise ValueError(f"problem must have 1 objective for NEAT, but it has {len(problem.weights)}.")
        super().__init__(seed=seed, purpose="NEAT")
        self.problem = problem
        self.population = population
        self.threshold = threshold
        self.rates = {"perturb_weights": weight_rate, "add_connection": connection_rate, "add_node": node_rate}
        self.innovations = graphs.Innovations(problem.inputs + 1 + problem.outputs)
        self.species: list[Species] = []
        self.next_species = 0
        register = {"innovations": self.innovations, "generator": self.generator}
        self.toolbox.register("evaluate", problem)
        self.toolbox.register("crossover", graphs.cross, generator=self.generator)
        self.toolbox.register("perturb_weights", graphs.perturb_weights, generator=self.generator)
        self.toolbox.register("add_connection", graphs.add_connection, **register)
        self.toolbox.register("add_node", graphs.add_node, **register)
        self.toolbox.register("distance", graphs.distance, enough=threshold)

    def generate(self) -> list[Individual]:
        """Return first individuals, later the children of all species."""
        if not self.species:
            return [self._born(self._minimal()) for _ in range(self.population)]
        counts = allot(self.species, self.population)
        return [child for one, count in zip(self.species, counts, strict=True) for child in self._brood(one, count)]

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation: keep the best, and sort all into species."""
        self.budget = self.budget.then(self.individual_cost().times(len(population)))
        if population:
            self._keep_best(population)
            self.species = sort_into(self.species, population, alike=self._alike(), number=self.next_species)
            self.next_species = max(self.next_species, *(one.number + 1 for one in self.species))
            for one in self.species:
                one.representative = one.members[self._below(len(one.members))].genome
        self.generation += 1

    def size(self, generation: int) -> int:
        """Return how many individuals a generation has."""
        del generation
        return self.population

    def individual_cost(self) -> Budget:
        """Return what one individual costs."""
        return scoring_cost(self.toolbox.evaluate, otherwise=Budget())

    def cost(self, generation: int) -> Budget:
        """Return what a generation costs."""
        return self.individual_cost().times(self.size(generation))

    def record(self) -> dict[str, Any]:
        """Return the best value so far, and the sizes of species and of the best graph."""
        best = self._best
        graph = None if best is None else best.genome
        return {
            "best_values": [] if best is None else list(best.fitness.values),
            "species": [len(one.members) for one in self.species],
            "hidden": 0 if graph is None else len(graph.hidden),
            "connections": 0 if graph is None else sum(one.enabled for one in graph.connections),
        }

    def pack(self, individuals: Sequence[Individual]) -> list[dict[str, Any]]:
        """Return individuals as JSON values."""
        return [_individual_state(one) for one in individuals]

    def unpack(self, state: Sequence[Mapping[str, Any]]) -> list[Individual]:
        """Return the individuals that `pack` described."""
        return [self._individual(one) for one in state]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, the generator included."""
        return {
            **super().state_dict(),
            "innovations": self.innovations.state(),
            "next_species": self.next_species,
            "species": [
                {
                    "number": one.number,
                    "representative": _graph_state(one.representative),
                    "members": self.pack(one.members),
                    "best": one.best,
                    "stale": one.stale,
                }
                for one in self.species
            ],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        super().load_state_dict(state)
        self.innovations.load(state["innovations"])
        self.next_species = state["next_species"]
        self.species = [
            Species(
                one["number"],
                self._graph(one["representative"]),
                self.unpack(one["members"]),
                one["best"],
                one["stale"],
            )
            for one in state["species"]
        ]

    def _minimal(self) -> Graph:
        inputs, outputs = self.problem.inputs, self.problem.outputs
        return graphs.minimal(inputs, outputs, innovations=self.innovations, generator=self.generator)

    def _brood(self, species: Species, count: int) -> list[Individual]:
        """Return the children of one species."""
        members = species.members
        champions = members[:1] if count and len(members) > LEAST_FOR_CHAMPION else []
        breeding = members[: max(1, math.ceil(BREEDING * len(members)))]
        children = [self._born(one.genome, (one.id,)) for one in champions]
        return children + [self._child(breeding) for _ in range(count - len(children))]

    def _child(self, breeding: Sequence[Individual]) -> Individual:
        first, second = (breeding[self._below(len(breeding))] for _ in range(2))
        parents = [first]
        graph = first.genome
        if first.id != second.id and self._draw() >= WITHOUT_CROSSOVER:
            parents = sorted((first, second), key=lambda one: one.fitness, reverse=True)
            graph = self.toolbox.crossover(*(one.genome for one in parents))
        for verb, rate in self.rates.items():
            if self._draw() < rate:
                graph = getattr(self.toolbox, verb)(graph)
        return self._born(graph, [one.id for one in parents])

    def _born(self, graph: Graph, parents: Sequence[int] = ()) -> Individual:
        fitness = Fitness(weights=self.problem.weights)
        return Individual(graph, fitness, id=self.ids(), parents=parents, generation=self.generation)

    def _alike(self) -> Callable[[object, object], bool]:
        distance, threshold = settled(self.toolbox.distance), self.threshold

        def alike(first: object, second: object) -> bool:
            return bool(distance(first, second) < threshold)

        return alike

    def _draw(self) -> float:
        return float(torch.rand((), generator=self.generator, dtype=torch.float64))

    def _below(self, count: int) -> int:
        return int(torch.randint(count, (), generator=self.generator))

    def _graph(self, state: Sequence[Sequence[Any]]) -> Graph:
        return Graph(self.problem.inputs, self.problem.outputs, tuple(map(Connection._make, state)))

    def _individual(self, state: Mapping[str, Any]) -> Individual:
        fitness = Fitness(state["values"], weights=self.problem.weights)
        facts = {key: state[key] for key in ("id", "parents", "generation")}
        return Individual(self._graph(state["genome"]), fitness, **facts)


def _graph_state(graph: Any) -> list[list[Any]]:
    return [list(one) for one in graph.connections]


def _individual_state(one: Individual) -> dict[str, Any]:
    return {
        "genome": _graph_state(one.genome),
        "values": list(one.fitness.values),
        "id": one.id,
        "parents": list(one.parents),
        "generation": one.generation,
    }


STRATEGIES = {"neat": NEAT}
NEEDS = {"neat": "a problem over graphs (xor, cartpole)"}
