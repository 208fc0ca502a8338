"""Operators over graphs of NEAT, connection by connection, on plain tuples.

Sections refer to Stanley and Miikkulainen, Evolving Neural Networks through Augmenting Topologies (2002). A connection
is (innovation, source, target, weight, enabled); nodes are the inputs, the bias, the outputs and then hidden ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Gene = tuple[int, int, int, float, bool]


@dataclass
class Register:
    """Innovation numbers by (source, target), the hidden node that split each of them, and the next hidden node."""

    next_node: int
    numbers: dict[tuple[int, int], int] = field(default_factory=dict)
    nodes: dict[int, int] = field(default_factory=dict)

    def number(self, source: int, target: int) -> int:
        """Return the innovation number of a connection: a new one for a new structure (section 3.2)."""
        if (source, target) not in self.numbers:
            self.numbers[source, target] = len(self.numbers)
        return self.numbers[source, target]

    def node(self, innovation: int, known: set[int]) -> int:
        """Return the node that splits a connection: the same one in all graphs, unless the graph has it already."""
        if innovation not in self.nodes:
            self.nodes[innovation] = self.next_node
            self.next_node += 1
        if self.nodes[innovation] not in known:
            return self.nodes[innovation]
        self.next_node += 1
        return self.next_node - 1


def minimal(inputs: int, outputs: int, *, register: Register, generator: np.random.Generator) -> list[Gene]:
    """Connect every input and the bias with every output, without hidden nodes (section 3.4)."""
    genes = []
    for source in range(inputs + 1):
        for target in range(inputs + 1, inputs + 1 + outputs):
            genes.append((register.number(source, target), source, target, generator.normal(), True))
    return sorted(genes)


def perturb_weights(
    genes: list[Gene], *, sigma: float = 1.0, replaced: float = 0.1, generator: np.random.Generator
) -> list[Gene]:
    """Perturb each weight, or draw it anew with a probability (section 4.1)."""
    changed = []
    for number, source, target, weight, enabled in genes:
        anew = generator.random() < replaced
        value = generator.normal() if anew else weight + sigma * generator.normal()
        changed.append((number, source, target, value, enabled))
    return changed


def add_connection(
    genes: list[Gene], inputs: int, outputs: int, *, register: Register, generator: np.random.Generator
) -> list[Gene]:
    """Connect two nodes that are not connected yet, with a random weight and without a cycle (section 3.1)."""
    nodes = {*range(inputs + 1 + outputs), *(end for gene in genes for end in gene[1:3])}
    ends = {gene[1:3] for gene in genes}
    is_output = {node: inputs < node < inputs + 1 + outputs for node in nodes}
    free = [
        (source, target)
        for source in nodes
        for target in nodes
        if not is_output[source] and target > inputs and (source, target) not in ends
        if not _reaches(genes, target, source)
    ]
    if not free:
        return genes
    source, target = free[generator.integers(len(free))]
    return sorted([*genes, (register.number(source, target), source, target, generator.normal(), True)])


def _reaches(genes: list[Gene], start: int, goal: int) -> bool:
    return start == goal or any(_reaches(genes, gene[2], goal) for gene in genes if gene[1] == start)


def add_node(
    genes: list[Gene], inputs: int, outputs: int, *, register: Register, generator: np.random.Generator
) -> list[Gene]:
    """Split an enabled connection, which is disabled: weight 1 into the node, the old one out of it (section 3.1)."""
    enabled = [gene for gene in genes if gene[4]]
    if not enabled:
        return genes
    number, source, target, weight, _ = enabled[generator.integers(len(enabled))]
    hidden = {end for gene in genes for end in gene[1:3] if end >= inputs + 1 + outputs}
    node = register.node(number, hidden)
    rest = [(*gene[:4], gene[4] and gene[0] != number) for gene in genes]
    into = (register.number(source, node), source, node, 1.0, True)
    out = (register.number(node, target), node, target, weight, True)
    return sorted([*rest, into, out])


def cross(better: list[Gene], worse: list[Gene], *, generator: np.random.Generator) -> list[Gene]:
    """Return the better one's genes, matching ones of either parent (section 3.2, figure 4).

    A gene that is disabled in either parent is disabled with a probability of 75 % (section 4.1).
    """
    other = {gene[0]: gene for gene in worse}
    child = []
    for gene in better:
        twin = other.get(gene[0], gene)
        number, source, target, weight, _ = twin if generator.random() < 0.5 else gene
        disabled = generator.random() < 0.75 if not (gene[4] and twin[4]) else False
        child.append((number, source, target, weight, not disabled))
    return child


def distance(first: list[Gene], second: list[Gene], *, disjoint: float = 1.0, weight: float = 0.4) -> float:
    """Return c1 E / N + c2 D / N + c3 W with N = 1 and c1 = c2 (section 3.3, equation 1)."""
    ours, theirs = {gene[0]: gene for gene in first}, {gene[0]: gene for gene in second}
    matching = [number for number in ours if number in theirs]
    alone = [number for number in [*ours, *theirs] if number not in matching]
    differences = [abs(ours[number][3] - theirs[number][3]) for number in matching]
    return disjoint * len(alone) + weight * (sum(differences) / len(differences) if differences else 0.0)


MUTATIONS: Mapping[str, Callable[..., list[Gene]]] = {
    "perturb weights": perturb_weights,
    "add connection": add_connection,
    "add node": add_node,
}
CROSSOVERS: Mapping[str, Callable[..., list[Gene]]] = {"matching genes": cross}
DISTANCES: Mapping[str, Callable[..., float]] = {"genes and weights": distance}
