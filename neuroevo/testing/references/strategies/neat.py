"""NEAT in plain numpy, gene by gene (Stanley and Miikkulainen 2002)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any

import numpy as np

from neuroevo.graph import Connection, Graph
from neuroevo.testing.references.strategies.individuals import Child, Plain, State, best_first, plain, spent

PATIENCE, PROTECTED = 15, 2

Draws = np.random.Generator


class PlainNEAT:
    """NEAT (sections 3.1 to 3.4 and 4.1).

    Args:
        inputs: Inputs of a graph, without the bias.
        outputs: Outputs of a graph.
        population: Individuals in a generation, P.
        threshold: Distance from which on two graphs are of different species.
        weight_rate: Probability that a child's weights change.
        connection_rate: Probability that a child gets a connection.
        node_rate: Probability that a child gets a node.
    """

    generations: Sequence[tuple[int, str]] = (
        (0, "distinct"),
        (3, "distinct"),
        (4, "ties"),
        (3, "failures"),
        (1, "flat"),
        (18, "declining"),
    )

    def __init__(
        self,
        *,
        inputs: int,
        outputs: int,
        population: int = 150,
        threshold: float = 3.0,
        weight_rate: float = 0.8,
        connection_rate: float = 0.3,
        node_rate: float = 0.1,
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.population, self.threshold = population, threshold
        self.rates = (weight_rate, connection_rate, node_rate)

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""
        del state
        return self.population

    def score(self, genome: Graph) -> None:
        """Return nothing: how graphs are scored is the problem's affair."""

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps."""
        species = [
            {
                "number": one.number,
                "representative": one.representative,
                "members": [*map(plain, one.members)],
                "best": one.best,
                "stale": one.stale,
            }
            for one in strategy.species
        ]
        return {
            "species": species,
            "individuals": [member for one in species for member in one["members"]],
            "result": plain(strategy.result()) if strategy.generation else None,
            "generation": strategy.generation,
            "budget": astuple(strategy.budget),
            "next_species": strategy.next_species,
            "record": strategy.record(),
        }

    def generate(self, state: State, generator: Draws) -> list[Child]:
        """Return minimal graphs, later the children of all species (sections 3.3 and 3.4)."""
        if not state["species"]:
            return [Child(self.minimal(generator)) for _ in range(self.population)]
        counts = allotted(state["species"], self.population)
        return [
            child
            for species, count in zip(state["species"], counts, strict=True)
            for child in self.brood(species["members"], count, generator)
        ]

    def minimal(self, generator: Draws) -> Graph:
        """Return a graph that connects every input, and the bias, with every output."""
        connections = [
            Connection(number, source, self.inputs + 1 + target, float(generator.normal()), True)
            for number, (source, target) in enumerate(np.ndindex(self.inputs + 1, self.outputs))
        ]
        return Graph(self.inputs, self.outputs, tuple(connections))

    def brood(self, members: Sequence[Plain], count: int, generator: Draws) -> list[Child]:
        """Return the children of a species: its champion if it has more than five members, and those of the best."""
        ranked = best_first(members)
        breeding = ranked[: math.ceil(0.4 * len(ranked))]
        children = [Child(ranked[0].genome, (ranked[0].id,))] if count and len(ranked) > 5 else []
        while len(children) < count:
            children.append(self.child(breeding, generator))
        return children

    def child(self, breeding: Sequence[Plain], generator: Draws) -> Child:
        """Return a child of two parents in three quarters of the cases, otherwise of one; then it mutates."""
        first, second = (breeding[int(generator.integers(len(breeding)))] for _ in range(2))
        graph, parents = first.genome, [first.id]
        if first.id != second.id and generator.random() < 0.75:
            better, worse = (second, first) if second.order > first.order else (first, second)
            graph, parents = crossed(better.genome, worse.genome, generator), [better.id, worse.id]
        weight_rate, connection_rate, node_rate = self.rates
        if generator.random() < weight_rate:
            graph = with_other_weights(graph, generator)
        if generator.random() < connection_rate:
            graph = with_connection(graph, generator)
        if generator.random() < node_rate:
            graph = with_node(graph, generator)
        return Child(graph, tuple(parents))

    def numbers(self, child: Child, state: State) -> list[float]:
        """Return what is compared of a child: its parents, and in what it differs from them."""
        places = {one.id: place for place, one in enumerate(state["individuals"])}
        parents = [places[parent] for parent in child.parents]
        graph: Graph = child.genome
        first = state["individuals"][parents[0]].genome if parents else Graph(self.inputs, self.outputs, ())
        second = state["individuals"][parents[-1]].genome if parents else first
        own, one, other = (genes_of(each) for each in (graph, first, second))
        common = [pair for pair in own if pair in one]
        new = [own[pair] for pair in own if pair not in one]
        disabled = [place for place, pair in enumerate(one) if one[pair].enabled and not own[pair].enabled]
        enabled = [place for place, pair in enumerate(one) if own[pair].enabled and not one[pair].enabled]
        moved = [own[pair].weight - one[pair].weight for pair in common]
        strange = [
            pair for pair in common if own[pair].weight not in (one[pair].weight, other.get(pair, one[pair]).weight)
        ]
        ends = [min(max(each.source, each.target), graph.first_hidden) for each in new]
        return [
            *([*parents, -1, -1][:2]),
            len(new),
            len(graph.hidden) - len(first.hidden),
            len(disabled) + (disabled[0] / 10 if len(disabled) == 1 else 0),
            len(enabled),
            len(strange),
            sum(moved),
            moved[-1] if moved else 0.0,
            sum(each != 0 for each in moved) - len(strange),
            new[-1].weight if new else 0.0,
            new[0].weight if new else 0.0,
            sum(ends) if ends else -1,
            sum(each.source for each in new if each.source < graph.first_hidden),
        ]

    def complaint(self, state: State, population: Sequence[Plain], after: State) -> str:
        """Return what is wrong with the state after a generation, as the end of a sentence."""
        if wrong := self.wrong_numbers(population):
            return wrong
        for one in after["species"]:
            if one["representative"] not in [member.genome for member in one["members"]]:
                return f"species {one['number']} is represented by none of its members"
        expected, found = self.update(state, population), after
        for name in expected:
            mine, theirs = (comparable(each[name]) for each in (expected, found))
            if repr(mine) != repr(theirs):
                return f"{name} should be {mine!r}, but it is {theirs!r}"
        return ""

    def wrong_numbers(self, population: Sequence[Plain]) -> str:
        """Return what is wrong with innovation numbers: equal structures have equal ones (section 3.2)."""
        known: dict[int, tuple[int, int]] = {}
        numbers: dict[tuple[int, int], int] = {}
        for one in population:
            for gene in one.genome.connections:
                ends = (gene.source, gene.target)
                if known.setdefault(gene.innovation, ends) != ends:
                    return f"innovation {gene.innovation} is {known[gene.innovation]} and {ends}"
                if numbers.setdefault(ends, gene.innovation) != gene.innovation:
                    return f"the connection {ends} is innovation {numbers[ends]} and {gene.innovation}"
        return ""

    def update(self, state: State, population: Sequence[Plain]) -> State:
        """Return the state after a generation (section 3.3)."""
        species = [{**one, "members": []} for one in state["species"]]
        number = state["next_species"]
        for child in population:
            home = next(
                (each for each in species if distance(each["representative"], child.genome) < self.threshold), None
            )
            if home is None:
                home = {"number": number, "representative": child.genome, "members": [], "best": -math.inf, "stale": 0}
                species.append(home)
                number += 1
            home["members"].append(child)
        living = [one for one in species if one["members"]]
        for one in living:
            one["members"] = best_first(one["members"])
            score = one["members"][0].scores[0]
            one["stale"] = 0 if score > one["best"] else one["stale"] + 1
            one["best"] = max(score, one["best"])
        known = [] if state["result"] is None else [state["result"]]
        best = best_first([*known, *population])[0]
        record = {
            "best_values": [*best.values],
            "species": [len(one["members"]) for one in living],
            "hidden": len(best.genome.hidden),
            "connections": len([one for one in best.genome.connections if one.enabled]),
        }
        return {
            "species": living,
            "result": best,
            "generation": state["generation"] + 1,
            "budget": spent(state["budget"], (0, 0, 0, 1), len(population)),
            "next_species": max(state["next_species"], *(one["number"] + 1 for one in living)),
            "record": record,
        }


def comparable(value: Any) -> Any:
    """Return what is compared of a value: who represents a species is drawn."""
    if isinstance(value, list):
        return [{name: item for name, item in one.items() if name != "representative"} for one in value]
    return value


def allotted(species: Sequence[State], places: int) -> list[int]:
    """Return the number of children of each species: in proportion to its mean score above the worst (section 3.3)."""
    scores = [[one.scores[0] for one in each["members"]] for each in species]
    finite = [score for row in scores for score in row if math.isfinite(score)]
    worst = min(finite) if finite else 0.0
    by_best = sorted(range(len(species)), key=lambda place: -species[place]["best"])
    shares = []
    for place, row in enumerate(scores):
        mean = sum(score - worst for score in row if math.isfinite(score)) / len(row)
        patient = species[place]["stale"] < PATIENCE or place in by_best[:PROTECTED]
        shares.append(mean if patient else 0.0)
    if sum(shares) == 0:
        shares = [float(len(row)) for row in scores]
    exact = [places * share / sum(shares) for share in shares]
    counts = [math.floor(number) for number in exact]
    while sum(counts) < places:
        left = [
            number - count if count == math.floor(number) else -1.0 for number, count in zip(exact, counts, strict=True)
        ]
        counts[left.index(max(left))] += 1
    return counts


def distance(first: Graph, second: Graph) -> float:
    """Return c1 E + c2 D + c3 W with c1 = c2 = 1, c3 = 0.4 and N = 1 (equation 1)."""
    ours = {one.innovation: one.weight for one in first.connections}
    theirs = {one.innovation: one.weight for one in second.connections}
    alone = [number for number in {**ours, **theirs} if (number in ours) != (number in theirs)]
    both = [abs(ours[number] - theirs[number]) for number in ours if number in theirs]
    return 1.0 * len(alone) + 0.4 * (sum(both) / len(both) if both else 0.0)


def crossed(better: Graph, worse: Graph, generator: Draws) -> Graph:
    """Return a child: matching genes are either's, all others the better one's (section 3.2, figure 4)."""
    others = {one.innovation: one for one in worse.connections}
    child = []
    for gene in better.connections:
        other = others.get(gene.innovation, gene)
        chosen = other if generator.random() < 0.5 else gene
        lost = not (gene.enabled and other.enabled) and generator.random() < 0.75
        child.append(chosen._replace(enabled=not lost))
    return replace(better, connections=tuple(child))


def with_other_weights(graph: Graph, generator: Draws) -> Graph:
    """Return a graph with noise on nine tenths of its weights, and the others drawn anew (section 4.1)."""
    genes = []
    for gene in graph.connections:
        start = 0.0 if generator.random() < 0.1 else gene.weight
        genes.append(gene._replace(weight=start + float(generator.normal())))
    return replace(graph, connections=tuple(genes))


def with_connection(graph: Graph, generator: Draws) -> Graph:
    """Return a graph with one more connection that closes no cycle (section 3.1)."""
    first_output, first_hidden = graph.inputs + 1, graph.inputs + 1 + graph.outputs
    known = genes_of(graph)
    nodes = [*range(first_hidden), *graph.hidden]
    free = [
        (source, target)
        for source in nodes
        for target in nodes
        if not first_output <= source < first_hidden
        and target >= first_output
        and (source, target) not in known
        and source not in reached(graph, target)
    ]
    if not free:
        return graph
    source, target = free[generator.integers(len(free))]
    new = Connection(next_number(graph), source, target, float(generator.normal()), True)
    return replace(graph, connections=(*graph.connections, new))


def with_node(graph: Graph, generator: Draws) -> Graph:
    """Return a graph in which a node splits a connection: weight 1 into it, the old weight out of it (section 3.1)."""
    enabled = [one for one in graph.connections if one.enabled]
    if not enabled:
        return graph
    old = enabled[generator.integers(len(enabled))]
    node = max(graph.inputs + graph.outputs, *graph.hidden, old.source) + 1
    number = next_number(graph)
    genes = [one._replace(enabled=False) if one is old else one for one in graph.connections]
    into, out = (
        Connection(number, old.source, node, 1.0, True),
        Connection(number + 1, node, old.target, old.weight, True),
    )
    return replace(graph, connections=(*genes, into, out))


def reached(graph: Graph, start: int) -> set[int]:
    """Return the nodes that can be reached from one, itself included."""
    found = {start}
    while more := {one.target for one in graph.connections if one.source in found} - found:
        found |= more
    return found


def genes_of(graph: Graph) -> dict[tuple[int, int], Connection]:
    """Return the connections by their ends."""
    return {(one.source, one.target): one for one in graph.connections}


def next_number(graph: Graph) -> int:
    """Return an innovation number that no connection of a graph has."""
    return 1 + max(one.innovation for one in graph.connections)
