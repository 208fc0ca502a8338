"""Laws of operators over graphs: mutation, crossover and distance, as `neuroevo.operators.graphs`.

`mutate(graph, *, generator) -> graph`, with `innovations` if it adds connections;
`cross(better, worse, *, generator) -> graph`; `distance(first, second) -> number`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from neuroevo.graph import Connection, Graph
from neuroevo.operators.graphs import Innovations
from neuroevo.testing.graphs import related_graphs
from neuroevo.testing.laws.draws import named_like
from neuroevo.testing.laws.equations import agrees, pure, settings_of, unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw, purity_laws, seeded
from neuroevo.testing.laws.settings import Grid
from neuroevo.testing.references import (
    reference_graph_crossover,
    reference_graph_distance,
    reference_graph_mutation,
)
from neuroevo.testing.strategies import seeds

OWN = ("graph", "innovations", "better", "worse", "first", "second")
ALL_CALLS = 12_000
"""Calls over all graphs and settings."""

DISTRIBUTED = "graphs are distributed as the reference's"


def check_graph_mutation(
    mutate: Callable[..., Graph],
    *,
    register: bool = False,
    reference: Callable[..., Graph] | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `graph_mutation_laws` that a mutation of graphs breaks.

    Args:
        mutate: Takes a graph and `generator`; returns a graph.
        register: As for `graph_mutation_laws`.
        reference: As for `graph_mutation_laws`.
        like: As for `graph_mutation_laws`.
        grid: As for `graph_mutation_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `graph_mutation_laws`.
    """
    __tracebackhide__ = True
    laws = graph_mutation_laws(register=register, reference=reference, like=like, grid=grid, **settings)
    check(mutate, laws, label=name_of(mutate), examples=examples)


def graph_mutation_laws(
    *,
    register: bool = False,
    reference: Callable[..., Graph] | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a mutation of graphs.

    Args:
        register: Whether it takes `innovations`, the register of the run, which it writes new connections into.
        reference: Another implementation, which graphs are distributed as; None for none.
        like: Its name, such as "add node"; see `neuroevo.testing.references.graphs`.
        grid: Values of settings by name, which the laws choose from, of the operator and of the reference.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        reference = reference_graph_mutation(like, **settings)

    def draw(case: Case) -> Arguments:
        related = case.draw("graphs", related_graphs())
        known = {"innovations": related.innovations} if register else {}
        return {"graph": related.graphs[0], **known, **settings_of(case, grid)}

    laws = [*purity_laws(draw, _mutated), _stays_a_graph(draw, _mutated, "graph"), _old_genes_stay(draw)]
    if register:
        laws.append(_numbers_are_the_registers(draw))
    if reference is not None:
        tried = [{**one, **chosen} for one in _examples(register) for chosen in _all_settings(grid)]
        calls = max(400, ALL_CALLS // len(tried))
        laws.append(named_like(DISTRIBUTED, reference, tried, _mutated_with_register, _described, calls=calls))
    return laws


def check_graph_crossover(
    cross: Callable[..., Graph],
    *,
    reference: Callable[..., Graph] | None = None,
    like: str | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `graph_crossover_laws` that a crossover of graphs breaks.

    Args:
        cross: Takes the better and the worse parent and `generator`; returns a graph.
        reference: As for `graph_crossover_laws`.
        like: As for `graph_crossover_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `graph_crossover_laws`.
    """
    __tracebackhide__ = True
    check(
        cross, graph_crossover_laws(reference=reference, like=like, **settings), label=name_of(cross), examples=examples
    )


def graph_crossover_laws(
    *, reference: Callable[..., Graph] | None = None, like: str | None = None, **settings: Any
) -> list[Law]:
    """Return the laws of a crossover of graphs in which the child has the better parent's structure.

    Args:
        reference: Another implementation, which children are distributed as; None for none.
        like: Its name, such as "matching genes"; see `neuroevo.testing.references.graphs`.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        reference = reference_graph_crossover(like, **settings)

    def draw(case: Case) -> Arguments:
        better, worse = case.draw("graphs", related_graphs(count=2)).graphs
        return {"better": better, "worse": worse}

    laws = [*purity_laws(draw, _crossed), _stays_a_graph(draw, _crossed, "better"), _structure_of_the_better(draw)]
    if reference is None:
        return laws
    return [*laws, named_like(DISTRIBUTED, reference, _example_pairs(), _crossed_alone, _described, calls=1000)]


def check_graph_distance(
    distance: Callable[..., float],
    *,
    reference: Callable[..., float] | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `graph_distance_laws` that a distance of graphs breaks.

    Args:
        distance: Takes two graphs and returns a number.
        reference: As for `graph_distance_laws`.
        like: As for `graph_distance_laws`.
        grid: As for `graph_distance_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `graph_distance_laws`.
    """
    __tracebackhide__ = True
    laws = graph_distance_laws(reference=reference, like=like, grid=grid, **settings)
    check(distance, laws, label=name_of(distance), examples=examples)


def graph_distance_laws(
    *,
    reference: Callable[..., float] | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a distance of graphs.

    Args:
        reference: Another implementation, which distances are equal to; None for none.
        like: Its name, such as "genes and weights"; see `neuroevo.testing.references.graphs`.
        grid: Values of settings by name, which the laws choose from, of the operator and of the reference.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        reference = reference_graph_distance(like, **settings)

    def draw(case: Case) -> Arguments:
        first, second = case.draw("graphs", related_graphs(count=2)).graphs
        return {"first": first, "second": second, **settings_of(case, grid)}

    laws = [*pure(draw, _distance), _symmetric(draw)]
    return [*laws, agrees(reference, draw, _distance)] if reference is not None else laws


def _mutated(mutate: Any, arguments: Arguments, generator: torch.Generator) -> Graph:
    return _mutated_with_register(mutate, arguments, generator)[0]


def _mutated_with_register(mutate: Any, arguments: Arguments, generator: torch.Generator) -> tuple[Graph, Any]:
    """Return a mutant and the register after the call, which is a copy: it is meant to be changed."""
    settings = {name: one for name, one in arguments.items() if name not in OWN}
    innovations = copy.deepcopy(arguments.get("innovations"))
    known = {} if innovations is None else {"innovations": innovations}
    return mutate(arguments["graph"], generator=generator, **known, **settings), innovations


def _crossed(cross: Any, arguments: Arguments, generator: torch.Generator) -> Graph:
    child: Graph = cross(arguments["better"], arguments["worse"], generator=generator)
    return child


def _crossed_alone(cross: Any, arguments: Arguments, generator: torch.Generator) -> tuple[Graph, None]:
    return _crossed(cross, arguments, generator), None


def _distance(distance: Any, arguments: Arguments, generator: torch.Generator | None = None) -> float:
    del generator
    settings = {name: one for name, one in arguments.items() if name not in OWN}
    return float(distance(arguments["first"], arguments["second"], **settings))


def _stays_a_graph(draw: Draw, call: Callable[..., Any], like: str) -> Law:
    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        graph, before = call(subject, arguments, seeded(case.draw("seed", seeds()))), arguments[like]
        if not isinstance(graph, Graph) or (graph.inputs, graph.outputs) != (before.inputs, before.outputs):
            raise Breach(f"{before} became {graph}")
        numbers = [one.innovation for one in graph.connections]
        ends = {(one.source, one.target) for one in graph.connections}
        if numbers != sorted(set(numbers)):
            raise Breach(f"the innovation numbers {numbers} are not in order, or occur twice")
        if len(ends) < len(numbers):
            raise Breach(f"a connection occurs twice in {graph}")
        if any(target <= graph.inputs for _, target in ends):
            raise Breach(f"a connection leads into an input or the bias: {graph}")
        if len(graph.order) < graph.first_hidden + len(graph.hidden):
            raise Breach(f"there is a cycle in {graph}")

    cause = "a connection is added without looking for a path back, or at the end in place of its innovation number"
    return Law("the result is a graph without a cycle, in the order of innovation numbers", cause, statement)


def _old_genes_stay(draw: Draw) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = draw(case)
        graph = _mutated(mutate, arguments, seeded(case.draw("seed", seeds())))
        kept = {one[:3] for one in graph.connections}
        if lost := [one for one in arguments["graph"].connections if one[:3] not in kept]:
            raise Breach(f"{lost[0]} is lost, or has another number")

    cause = "a connection that was split is removed and not disabled, or numbers are given anew"
    return Law("no gene is lost", cause, statement)


def _numbers_are_the_registers(draw: Draw) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = draw(case)
        before: Innovations = arguments["innovations"]
        graph, register = _mutated_with_register(mutate, arguments, seeded(case.draw("seed", seeds())))
        known = register.connections
        wrong = [one for one in graph.connections if known.get(f"{one.source} {one.target}") != one.innovation]
        if wrong:
            raise Breach(f"{wrong[0]} has another number in the register {known}")
        if len(set(known.values())) < len(known):
            raise Breach(f"two connections of the register {known} have one number")
        if any(known.get(ends) != number for ends, number in before.connections.items()):
            raise Breach(f"the register {before.connections} became {known}")
        if graph.hidden and register.next_node <= max(graph.hidden):
            raise Breach(f"the next node is {register.next_node}, but {max(graph.hidden)} is in the graph")

    cause = "a number that does not come from `innovations.connection`, or a node that is counted by itself"
    return Law("innovation numbers are the register's", cause, statement)


def _structure_of_the_better(draw: Draw) -> Law:
    def statement(cross: Any, case: Case) -> None:
        arguments = draw(case)
        child = _crossed(cross, arguments, seeded(case.draw("seed", seeds())))
        better, worse = arguments["better"], arguments["worse"]
        if [one[:3] for one in child.connections] != [one[:3] for one in better.connections]:
            raise Breach(f"the child's connections are {child.connections}")
        weights = {one.innovation: {one.weight} for one in better.connections}
        for one in worse.connections:
            weights.get(one.innovation, set()).add(one.weight)
        enabled = {one.innovation for one in better.connections if one.enabled}
        off = {one.innovation for one in worse.connections if not one.enabled}
        for one in child.connections:
            if one.weight not in weights[one.innovation]:
                raise Breach(f"{one} has the weight of no parent")
            if one.innovation in enabled - off and not one.enabled:
                raise Breach(f"{one} is disabled, though it is enabled wherever it occurs")

    cause = "genes are matched by position and not by innovation number, or excess genes of the worse parent are taken"
    return Law("the child has the better parent's structure and the parents' weights", cause, statement)


def _symmetric(draw: Draw) -> Law:
    def statement(distance: Any, case: Case) -> None:
        arguments = draw(case)
        there = _distance(distance, arguments)
        back = _distance(distance, {**arguments, "first": arguments["second"], "second": arguments["first"]})
        own = _distance(distance, {**arguments, "second": arguments["first"]})
        if own != 0 or there < 0 or unlike(back, there):
            raise Breach(f"it is {there}, the other one first {back}, and {own} to the graph itself")

    cause = "genes of one of the two graphs are left out, or a difference without its absolute value"
    return Law("the distance is symmetric, never negative, and 0 to oneself", cause, statement)


def _all_settings(grid: Grid | None) -> list[dict[str, Any]]:
    """Return settings that have all values in turn."""
    count = max([1, *map(len, (grid or {}).values())])
    return [{name: each[turn % len(each)] for name, each in (grid or {}).items()} for turn in range(count)]


def _examples(register: bool) -> list[dict[str, Any]]:
    """Return graphs: one connection, two of which one is disabled, everything connected, hidden nodes, none enabled."""
    rows = [
        (1, 1, [(0, 0, 2, 0.5, True)]),
        (1, 2, [(0, 0, 2, 0.5, True), (1, 1, 3, -1.5, False), (3, 0, 3, 2.5, True)]),
        (1, 1, [(0, 0, 2, 0.5, True), (1, 1, 2, -2.0, True)]),
        (1, 1, [(0, 0, 2, 0.5, True), (1, 0, 4, 1.0, True), (2, 4, 2, 0.25, True), (4, 3, 2, 1.5, True)]),
        (1, 1, [(0, 0, 2, 0.5, False)]),
        (1, 1, []),
    ]
    splits = [{}, {"0": 4}, {"0": 3}, {"0": 4, "1": 3}, {}, {}]
    made = [{"graph": Graph(inputs, outputs, tuple(map(Connection._make, genes)))} for inputs, outputs, genes in rows]
    if not register:
        return made
    return [{**one, "innovations": _register(one["graph"], split)} for one, split in zip(made, splits, strict=True)]


def _register(graph: Graph, split: Mapping[str, int]) -> Innovations:
    """Return a register that knows a graph's connections, and others in between."""
    numbers = {one.innovation: f"{one.source} {one.target}" for one in graph.connections}
    count = max(numbers, default=-1) + 1
    known = {numbers.get(number, f"{number + 50} {number + 60}"): number for number in range(count)}
    return Innovations(
        max([graph.first_hidden, *(node + 1 for node in (*graph.hidden, *split.values()))]), known, dict(split)
    )


def _example_pairs() -> list[dict[str, Any]]:
    """Return pairs of parents: equal structures, disabled genes in one or both, disjoint and excess genes."""
    ends = [(0, 3), (1, 3), (2, 3), (0, 4), (4, 3)]

    def graph(weights: list[float | None], off: set[int]) -> Graph:
        genes = [
            Connection(number, *ends[number], weight, number not in off)
            for number, weight in enumerate(weights)
            if weight is not None
        ]
        return Graph(2, 1, tuple(genes))

    full = graph([1.0, 2.0, 4.0, 8.0, 16.0], set())
    return [
        {"better": full, "worse": graph([-1.0, -2.0, -4.0, -8.0, -16.0], set())},
        {"better": graph([1.0, 2.0, 4.0, 8.0, 16.0], {0, 1}), "worse": graph([-1.0, -2.0, -4.0, -8.0, -16.0], {1, 2})},
        {"better": graph([None, 2.0, 4.0, 8.0, 16.0], {1, 3}), "worse": graph([-1.0, None, -4.0, None, None], {2})},
        {"better": graph([1.0, None, 4.0, None, None], {0}), "worse": full},
    ]


def _described(result: tuple[Graph, Innovations | None], arguments: Arguments) -> dict[str, float]:
    """Return the numbers of a graph and of its register, by name."""
    del arguments
    graph, register = result
    numbers: dict[str, float] = {"the number of connections": len(graph.connections)}
    for one in graph.connections:
        name = f"connection {one.source} to {one.target}"
        numbers[f"the weight of {name}"] = one.weight
        numbers[f"whether it is enabled, of {name}"] = float(one.enabled)
        numbers[f"weight and state of {name}"] = one.weight + 100 * one.enabled
        numbers[f"the innovation number of {name}"] = one.innovation
    numbers |= _neighbours(graph)
    if register is not None:
        numbers["the next node"] = register.next_node
        numbers["the number of known connections"] = len(register.connections)
        numbers |= {f"the node that splits {split}": node for split, node in register.nodes.items()}
    return numbers


def _neighbours(graph: Graph) -> Iterator[tuple[str, float]]:
    """Yield what two neighbouring genes have together."""
    for place, (one, other) in enumerate(zip(graph.connections, graph.connections[1:], strict=False)):
        yield f"genes {place} and {place + 1}, weights times each other", one.weight * other.weight
        yield f"genes {place} and {place + 1}, sum of weights", one.weight + other.weight
        yield f"genes {place} and {place + 1}, enabled", float(one.enabled) + other.enabled
