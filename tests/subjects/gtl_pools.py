"""The gene pool and the gene tree: what is passed on, and what ancestors earn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import MLP
from neuroevo.individual import Individual
from neuroevo.operators.layers import layer_overlap
from neuroevo.strategies.gtl.operators import choose_parents
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.strategies.gtl.tree import GeneTree
from neuroevo.testing.laws import agreement_laws, selection_laws
from neuroevo.testing.references.batches import numpy_generator
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.references.layers import layer_overlap as plain_layer_overlap
from neuroevo.testing.references.layers import layers, layers_held, tensors_of
from neuroevo.testing.references.learngenes import overlap as plain_overlap
from neuroevo.testing.references.selection import boltzmann_weights
from subjects.subject import Subject

POOL = ("neuroevo/strategies/gtl/pool.py", "neuroevo/strategies/learngenes.py")
TREE = ("neuroevo/strategies/gtl/tree.py",)
OPERATORS = ("neuroevo/strategies/gtl/operators.py",)
BACKBONE = MLP(widths=(3, 2), inputs=2)
LAYOUT = BACKBONE.layout

Step = tuple[Any, ...]
Entries = list[tuple[int, float]]
Line = Sequence[tuple[int, Any]]


def pool(capacity: int, turnover: int, steps: Sequence[Step]) -> list[Any]:
    """Return the entries of a pool, best first, after each step."""
    genes, seen = GenePool(capacity=capacity, turnover=turnover), []
    for kind, *given in steps:
        if kind == "decay":
            genes.decay(*given)
        elif kind == "credit":
            genes.credit(*given)
        elif kind == "merge":
            newcomers = [Individual(None, id=one, generation=one + 1) for one in given[0]]
            genes.merge(iter(newcomers), given[0])
        else:
            state, genes = genes.state_dict(), GenePool(capacity=capacity, turnover=turnover)
            genes.load_state_dict(state, BACKBONE)
        generations = [one.generation for one in genes.individuals]
        seen.append(([(one.id, genes.scores[one.id]) for one in genes.individuals], len(genes), generations))
    return seen


def plain_pool(capacity: int, turnover: int, steps: Sequence[Step]) -> list[Any]:
    """Do the same with a list of pairs."""
    if capacity < 1 or turnover < 0:
        raise ValueError("an empty pool, or less than none that leave")
    entries: Entries = []
    seen = []
    for kind, *given in steps:
        if kind == "decay":
            entries = [(one, given[0] * score) for one, score in entries]
        elif kind == "credit":
            entries = [(one, score + given[0].get(one, 0.0)) for one, score in entries]
        elif kind == "merge":
            entries = plain_merge(entries, given[0], capacity, turnover)
        entries.sort(key=lambda entry: (-entry[1], entry[0]))
        seen.append(([*entries], len(entries), [one + 1 for one, _ in entries]))
    return seen


def plain_merge(entries: Entries, newcomers: Mapping[int, float], capacity: int, turnover: int) -> Entries:
    """Let newcomers compete with the worst entries, and take what is free."""
    known = [one for one, _ in entries]
    safe = [entry for place, entry in enumerate(entries) if place < len(entries) - turnover]
    rivals = [entry for entry in entries if entry not in safe]
    rivals += [(one, score) for one, score in newcomers.items() if one not in known]
    rivals.sort(key=lambda entry: (-entry[1], entry[0]))
    while len(safe) < capacity and rivals:
        safe.append(rivals.pop(0))
    return safe


SCORE = st.sampled_from([0.0, 0.25, 0.5, 0.75, -1.0])
SCORES = st.dictionaries(st.integers(0, 8), SCORE, min_size=1, max_size=6)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("merge"), SCORES),
    st.tuples(st.just("decay"), st.sampled_from([0.5, 1.0, 0.0])),
    st.tuples(st.just("credit"), SCORES),
    st.tuples(st.just("restore")),
)


@st.composite
def pools(draw: DrawFn) -> Mapping[str, Any]:
    """Draw what happens to a pool: some come in first, and more later."""
    steps = [("merge", draw(SCORES)), *draw(st.lists(STEPS, min_size=1, max_size=6)), ("merge", draw(SCORES))]
    capacity, turnover = draw(st.sampled_from([3, 4, 2, 5, 1, 0])), draw(st.sampled_from([1, 2, 0, 3, -1]))
    return {"capacity": capacity, "turnover": turnover, "steps": steps}


@st.composite
def lineages(draw: DrawFn, *, partial: bool = False) -> Mapping[str, Any]:
    """Draw individuals, (parent, channels, tensors), that keep most of the channels of their parents, and a tree."""
    line: list[tuple[int | None, dict[str, list[int]], Any]] = []
    for place in range(draw(st.integers(1, 7))):
        # Mostly a long line, because what is earned depends on all of it.
        parent = draw(st.sampled_from([place - 1, place - 1, place - 1, place - 2])) if place else -1
        held = dict(line[parent][1]) if parent >= 0 else {group: [*range(n)] for group, n in LAYOUT.groups.items()}
        for group, ids in held.items():
            kept = draw(st.integers(1, len(ids)))
            held[group] = [one if at < kept else 100 * (place + 1) + at for at, one in enumerate(ids)]
        tensors = draw(st.sets(st.sampled_from([*layers(LAYOUT)]), min_size=1)) if partial else None
        line.append((parent if parent >= 0 else None, held, None if tensors is None else tensors_of(LAYOUT, tensors)))
    places = st.integers(0, len(line) - 1)
    return {
        "line": line,
        "beta": draw(st.sampled_from([0.5, 1 / math.e, 1.0, 0.0, 1.5, -0.5])),
        "credit": draw(st.sampled_from(["geometric", "geometric", "grl", "grl", "other"])),
        "score": draw(st.sampled_from([1.0, 0.5, -2.0])),
        "living": draw(st.sets(places)),
    }


def individuals_of(line: Line) -> list[Individual]:
    """Return the individuals of a lineage, with all-zero weights."""
    made = []
    for place, (parent, held, tensors) in enumerate(line):
        indices = {group: torch.arange(len(ids)) for group, ids in held.items()}
        ids = {group: torch.tensor(numbers) for group, numbers in held.items()}
        weights = {name: torch.zeros(shape) for name, shape in LAYOUT.shapes.items()}
        genes = cut_out(weights, indices, backbone=BACKBONE, provenance=ids, tensors=tensors)
        made.append(Individual(genes, id=10 + place, parents=() if parent is None else (10 + parent,)))
    return made


def tree_of(overlap: Callable[..., float] | None) -> Callable[..., Any]:
    """Return the function that builds a gene tree and asks it everything."""

    def grown(line: Line, beta: float, credit: Any, score: float, living: set[int]) -> Any:
        settings = {"beta": beta, "credit": credit, **({} if overlap is None else {"overlap": overlap})}
        tree = GeneTree(LAYOUT, **settings)
        individuals = individuals_of(line)
        tree.add(individuals[:2])
        tree.add(iter(individuals[2:]))
        state, tree = tree.state_dict(), GeneTree(LAYOUT, **settings)
        tree.load_state_dict(state)
        lines = [tree.lineage(one.id) for one in individuals]
        earned = [sorted(tree.credits(one.id, score).items()) for one in individuals]
        tree.prune(iter(10 + place for place in living))
        held = {
            one: {group: ids.tolist() for group, ids in node.provenance.items()} for one, node in tree.nodes.items()
        }
        return lines, earned, held

    return grown


def plain_tree_of(overlap: Callable[..., float]) -> Callable[..., Any]:
    """Return the same with lists: a_j earns beta^j s J_1 … J_{j-1}, or beta^(2^(j-1)) s J_{j-1}."""

    def grown(line: Line, beta: float, credit: str, score: float, living: set[int]) -> Any:
        if not 0 <= beta <= 1 or credit not in ("geometric", "grl"):
            raise ValueError("no share, or another form")
        held = [provenance_of(one) for one in individuals_of(line)]
        lines, earned = [], []
        for place in range(len(line)):
            ancestry = [place]
            while line[ancestry[-1]][0] is not None:
                ancestry.append(line[ancestry[-1]][0])
            lines.append([10 + one for one in ancestry])
            # What a_i inherited is the learngene of a_{i+1}.
            overlaps = [overlap(LAYOUT, held[a], held[b]) for a, b in pairwise(ancestry[1:])]
            shares = {}
            for j, ancestor in enumerate(ancestry[1:], start=1):
                geometric = beta**j * math.prod(overlaps[: j - 1])
                grl = beta ** (2 ** (j - 1)) * ([1.0, *overlaps][j - 1])
                shares[10 + ancestor] = score * (geometric if credit == "geometric" else grl)
            earned.append(sorted(shares.items()))
        kept = sorted({one for place in living for one in lines[place]})
        return lines, earned, {one: {g: ids.tolist() for g, ids in held[one - 10].items()} for one in kept}

    return grown


def provenance_of(one: Individual) -> dict[str, Tensor]:
    """Return the ids of the channels of each layer that an individual holds."""
    return {layer: one.genome.provenance[layer] for layer in layers_held(one.genome)}


def parents(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Choose parents of a pool with these scores; return their places."""
    entries = [Individual(None, id=place) for place in range(len(fitness))]
    genes = GenePool(capacity=len(fitness), turnover=0)
    genes.merge(entries, dict(enumerate(fitness.tolist())))
    return torch.tensor([one.id for one in choose_parents(genes, k, temperature=7.0, generator=generator)])


def plain_parents(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw by weights exp(score / 7)."""
    weights = boltzmann_weights(fitness.double().numpy(), temperature=7.0)
    draws = numpy_generator(generator)
    return torch.from_numpy(draws.choice(len(fitness), size=k, p=weights / weights.sum()))


SUBJECTS = [
    Subject("gene pool", POOL, lambda: pool, lambda: agreement_laws(plain_pool, pools())),
    Subject(
        "gene tree",
        TREE,
        lambda: tree_of(None),
        lambda: agreement_laws(plain_tree_of(plain_overlap), lineages(), tolerance=64),
    ),
    Subject(
        "gene tree of layers",
        TREE,
        lambda: tree_of(layer_overlap),
        lambda: agreement_laws(plain_tree_of(plain_layer_overlap), lineages(partial=True), tolerance=64),
    ),
    Subject(
        "choice of parents",
        OPERATORS,
        lambda: parents,
        lambda: [law for law in selection_laws(reference=plain_parents, rank_based=False) if "distributed" in law.name],
    ),
]
