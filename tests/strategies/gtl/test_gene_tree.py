"""The gene tree: credit by hand, by a naive recursion, and what it forgets."""

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.backbones import MLP
from neuroevo.individual import Individual
from neuroevo.strategies import GeneTree

# A unit of the one hidden layer has 3 weights and a bias, so the overlap is that of the id sets.
BACKBONE = MLP(widths=(9,), inputs=3)
LAYOUT = BACKBONE.layout


def individual(id: int, parent: int | None, genes: set[int]) -> Individual:
    """Return an individual whose genes have the given provenance."""
    genome = SimpleNamespace(
        backbone=BACKBONE, slices=dict.fromkeys(LAYOUT.axes), provenance={"hidden1": torch.tensor(sorted(genes))}
    )
    return Individual(genome, id=id, parents=() if parent is None else (parent,))


def tree_of(*individuals: tuple[int, int | None, set[int]], **settings: Any) -> GeneTree:
    """Return a tree of individuals given as (id, parent, genes)."""
    tree = GeneTree(LAYOUT, **{"beta": 0.5, "credit": "geometric", **settings})
    tree.add([individual(*one) for one in individuals])
    return tree


# Overlaps of 10 and 11: {1, 2} of {0, 1, 2, 3}, 1/2; of 11 and 12: {1, 2, 3} of {1, 2, 3}, 1; of 12 and 13: 1/5.
FAMILY = [(10, None, {0, 1, 2}), (11, 10, {1, 2, 3}), (12, 11, {1, 2, 3}), (13, 12, {3, 4, 5})]


@pytest.mark.parametrize("credit", ["geometric", "grl"])
def test_a_parent_earns_beta(credit: str) -> None:
    """Whatever the winner's own genes became, its parent earns beta of its score; a founder's win credits none."""
    tree = tree_of(*FAMILY, credit=credit)
    assert tree.credits(11, 0.8) == {10: pytest.approx(0.4)}
    assert tree.credits(10, 0.8) == {}


@pytest.mark.parametrize("credit", ["geometric", "grl"])
def test_three_generations_by_hand(credit: str) -> None:
    """The grandparent earns beta^2 times the overlap of what the winner and its parent inherited (1/2)."""
    tree = tree_of(*FAMILY, credit=credit)
    assert tree.credits(12, 0.8) == {11: pytest.approx(0.4), 10: pytest.approx(0.8 * 0.25 * 0.5)}


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        # beta, beta^2 J_1, beta^3 J_1 J_2 with J_1 = overlap(12, 11) = 1 and J_2 = overlap(11, 10) = 1/2
        ("geometric", {12: 0.5, 11: 0.25, 10: 0.0625}),
        # beta, beta^2 J_1, beta^4 J_2
        ("grl", {12: 0.5, 11: 0.25, 10: 0.03125}),
    ],
)
def test_four_generations_by_hand(credit: str, expected: dict[int, float]) -> None:
    """The great-grandparent earns by the product of both overlaps, or as GRL computes it by the last alone."""
    assert tree_of(*FAMILY, credit=credit).credits(13, 1.0) == pytest.approx(expected)


def test_another_overlap_can_be_given() -> None:
    """It is asked for the genes that each of two neighbours in the lineage inherited."""
    asked = []
    tree = tree_of(*FAMILY, overlap=lambda layout, first, second: asked.append((layout, first, second)) or 0.1)
    assert tree.credits(13, 1.0) == pytest.approx({12: 0.5, 11: 0.025, 10: 0.00125})
    assert [layout for layout, _, _ in asked] == [LAYOUT, LAYOUT]
    assert [ids["hidden1"].tolist() for _, *both in asked for ids in both] == [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
        [0, 1, 2],
    ]


def test_the_two_forms_differ_in_product_and_power() -> None:
    """With overlaps of 1/2 and 1/5 the product is a tenth, the last one a fifth."""
    family = [*FAMILY, (14, 13, {0})]
    assert tree_of(*family, beta=1).credits(14, 1.0) == pytest.approx({13: 1, 12: 0.2, 11: 0.2, 10: 0.1})
    assert tree_of(*family, beta=1, credit="grl").credits(14, 1.0) == pytest.approx({13: 1, 12: 0.2, 11: 1, 10: 0.5})
    assert tree_of(*family, credit="grl").credits(14, 1.0)[10] == pytest.approx(0.5**8 * 0.5)


@st.composite
def forests(draw: st.DrawFn) -> list[tuple[int, int | None, set[int]]]:
    """Draw individuals in the order of their births, with some founders."""
    individuals: list[tuple[int, int | None, set[int]]] = []
    for id in range(draw(st.integers(1, 12))):
        parent = draw(st.none() | st.integers(0, id - 1)) if id else None
        individuals.append((id, parent, draw(st.sets(st.integers(0, 5), min_size=1, max_size=4))))
    return individuals


def naive_credits(
    individuals: list[tuple[int, int | None, set[int]]], winner: int, score: float, beta: float, form: str
) -> Any:
    """Return credits by a recursion over (ancestor, distance, product of overlaps)."""
    parents = {id: parent for id, parent, _ in individuals}
    genes = {id: genes for id, _, genes in individuals}

    def climb(child: int, j: int, product: float, last: float) -> dict[int, float]:
        parent = parents[child]
        if parent is None:
            return {}
        if j > 1:
            last = len(genes[child] & genes[parent]) / len(genes[child] | genes[parent])
            product *= last
        own = beta**j * product if form == "geometric" else beta ** (2 ** (j - 1)) * last
        return {parent: own * score, **climb(parent, j + 1, product, last)}

    return climb(winner, 1, 1.0, 1.0)


@given(forests(), st.floats(0, 1), st.floats(0, 1), st.sampled_from(["geometric", "grl"]))
def test_credits_agree_with_a_recursion(individuals: Any, score: float, beta: float, form: str) -> None:
    """For every winner the credits are the naive ones, and go to its ancestors alone."""
    tree = tree_of(*individuals, beta=beta, credit=form)
    for winner, _, _ in individuals:
        credits = tree.credits(winner, score)
        assert credits == pytest.approx(naive_credits(individuals, winner, score, beta, form))
        assert list(credits) == tree.lineage(winner)[1:]


@given(forests(), st.floats(0, 1), st.floats(0, 0.9), st.sampled_from(["geometric", "grl"]))
def test_credits_are_bounded(individuals: Any, score: float, beta: float, form: str) -> None:
    """All ancestors of a winner together earn no more than a geometric series of its score."""
    tree = tree_of(*individuals, beta=beta, credit=form)
    earned = list(tree.credits(individuals[-1][0], score).values())
    assert all(0 <= credit <= beta * score for credit in earned)
    assert math.fsum(earned) <= score * beta / (1 - beta) + 1e-9
    if form == "geometric":
        assert all(later <= beta * earlier + 1e-12 for earlier, later in pairwise(earned))


@given(forests(), st.data())
def test_the_dead_without_living_heirs_are_forgotten(individuals: Any, data: st.DataObject) -> None:
    """After pruning there are exactly the living and their ancestors, which earn what they earned before."""
    tree = tree_of(*individuals)
    living = data.draw(st.lists(st.sampled_from([id for id, _, _ in individuals]), unique=True))
    before = {one: (tree.lineage(one), tree.credits(one, 0.7)) for one in living}
    parents = {id: parent for id, parent, _ in individuals}
    kept = set(living)
    while more := {parents[one] for one in kept} - kept - {None}:
        kept |= more
    tree.prune(living)
    assert set(tree.nodes) == kept
    assert {one: (tree.lineage(one), tree.credits(one, 0.7)) for one in living} == before
    tree.prune(living)
    assert set(tree.nodes) == kept


@given(forests())
def test_states_keep_lineages_and_credits(individuals: Any) -> None:
    """A tree that is made anew from the state answers as the old one."""
    tree, twin = tree_of(*individuals), tree_of()
    twin.load_state_dict(tree.state_dict())
    for one, _, _ in individuals:
        assert twin.lineage(one) == tree.lineage(one)
        assert twin.credits(one, 0.3) == tree.credits(one, 0.3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"beta": 1.5}, r"^beta must lie in \[0, 1\], but it is 1\.5\.$"),
        ({"beta": math.nan}, r"^beta must lie in \[0, 1\], but it is nan\.$"),
        ({"credit": "linear"}, r'^credit must be "geometric" or "grl", but it is \'linear\'\.$'),
    ],
)
def test_impossible_trees_are_refused(wrong: dict[str, Any], words: str) -> None:
    """Settings out of their range are named."""
    with pytest.raises(ValueError, match=words):
        tree_of(**wrong)
