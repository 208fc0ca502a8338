"""A hypothesis strategy for graphs of NEAT and their register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.graph import Connection, Graph
from neuroevo.operators.graphs import Innovations


@dataclass(frozen=True)
class Related:
    """Graphs of one run.

    Attributes:
        graphs: The graphs, with the same inputs and outputs.
        innovations: The register that their innovation numbers come from.
    """

    graphs: tuple[Graph, ...]
    innovations: Innovations


@st.composite
def related_graphs(
    draw: DrawFn, *, count: int = 1, max_inputs: int = 3, max_outputs: int = 2, max_hidden: int = 3
) -> Related:
    """Draw graphs without a cycle whose innovation numbers come from one register; some genes are disabled.

    Example: `Related(graphs=(Graph(inputs=1, outputs=1, connections=(Connection(innovation=0, source=0, target=2,
    weight=1.0, enabled=True),)),), innovations=Innovations(next_node=3, …))`. Shrinks to one input and one output.

    Args:
        draw: Given by hypothesis.
        count: Number of graphs.
        max_inputs: Largest number of inputs I.
        max_outputs: Largest number of outputs O.
        max_hidden: Largest number of hidden nodes.
    """
    inputs, outputs = draw(st.integers(1, max_inputs)), draw(st.integers(1, max_outputs))
    first = inputs + 1 + outputs
    last = first + draw(st.integers(0, max_hidden))
    possible = _forwards(inputs, first, draw(st.permutations(range(first, last))))
    numbers = {ends: number for number, ends in enumerate(draw(st.permutations(possible)))}
    made = tuple(draw(_graph(inputs, outputs, numbers)) for _ in range(count))
    split = draw(st.dictionaries(st.integers(0, len(numbers) - 1), st.integers(first, last), max_size=3))
    register = Innovations(
        max([last, *(node + 1 for node in split.values())]),
        {f"{source} {target}": number for (source, target), number in numbers.items()},
        {str(number): node for number, node in split.items()},
    )
    return Related(made, register)


def _forwards(inputs: int, first: int, hidden: Sequence[int]) -> list[tuple[int, int]]:
    """Return all connections that lead forwards in one order of the nodes, which their numbers do not follow."""
    order = [*range(inputs + 1), *hidden, *range(inputs + 1, first)]
    return [
        (source, target)
        for place, source in enumerate(order)
        for target in order[place + 1 :]
        if target > inputs and not inputs < source < first
    ]


@st.composite
def _graph(draw: DrawFn, inputs: int, outputs: int, numbers: dict[tuple[int, int], int]) -> Graph:
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0.5, 1.0, 0.0, 0.2, 0.9]))
    connections = []
    for (source, target), number in sorted(numbers.items(), key=lambda entry: entry[1]):
        kept, enabled = torch.rand(2, generator=generator).tolist()
        weight = float(torch.randn((), generator=generator, dtype=torch.float64))
        if kept < share:
            connections.append(Connection(number, source, target, round(weight, 2), enabled < 0.7))
    return Graph(inputs, outputs, tuple(connections))
