"""Genomes as values: equality of all kinds, and individuals as sequences that DEAP's tools can use in place."""

import copy
import math
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from deap import gp, tools
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.genes import equal
from neuroevo.individual import Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.testing.strategies import learngenes

NUMBERS = st.lists(st.floats(-4, 4, width=32) | st.just(math.nan), max_size=4)


@dataclass(frozen=True, eq=False)
class Box:
    """A genome that holds a tensor and has no equality of its own."""

    genes: Tensor
    name: str = "x"


def tree(seed: int = 0) -> gp.PrimitiveTree:
    """Return a tree over two inputs."""
    primitives = gp.PrimitiveSet("main", 2)
    primitives.addPrimitive(max, 2)
    primitives.addTerminal(seed)
    names = ("max", "ARG0", str(seed))
    return gp.PrimitiveTree.from_string(f"{names[0]}({names[1]}, {names[2]})", primitives)


def genomes(numbers: list[float]) -> list[Any]:
    """Return the numbers as genomes of all kinds."""
    tensor = torch.tensor(numbers, dtype=torch.float32)
    return [
        tensor,
        tensor.double(),
        tensor.isnan(),
        tensor.numpy().copy(),
        list(numbers),
        tuple(numbers),
        Box(tensor),
        {"x": tensor, "y": [tensor.clone()]},
    ]


@given(NUMBERS, NUMBERS)
def test_genomes_are_equal_if_their_content_is(first: list[float], second: list[float]) -> None:
    """A copy equals, and a genome of another kind, dtype or with other numbers does not; NaN is NaN."""
    same = len(first) == len(second) and all(a == b or (a != a and b != b) for a, b in zip(first, second, strict=True))
    for place, genome in enumerate(genomes(first)):
        one, clone = Individual(genome, id=0), Individual(copy.deepcopy(genome), id=1)
        assert one == clone == pickle.loads(pickle.dumps(one)) == one
        for other_place, other in enumerate(genomes(second)):
            # Zeros and ones of which numbers are NaN are equal more often.
            if place != 2 != other_place:
                expected = same and place == other_place
                assert equal(genome, other) == expected
                assert (one == Individual(other, id=0)) == expected
                assert (one != Individual(other, id=0)) != expected


@pytest.mark.parametrize("genome", [None, "ab", frozenset({1}), {1, 2}, tree(), np.array([1, 2])], ids=type)
def test_foreign_genomes_are_equal_to_their_copies(genome: Any) -> None:
    """Copies and pickles of trees, sets and arrays equal what they are copies of."""
    one = Individual(genome, id=0)
    assert one == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))
    assert one != Individual(torch.zeros(2), id=0)
    assert one != Individual(tree(1), id=0)


@given(learngenes())
def test_learngenes_are_equal_by_content(learngene: Learngene) -> None:
    """A hall of fame of learngenes, which are copied into it, holds each one once."""
    other = Individual(learngene.with_notes(name="other"), Fitness((2.0,)), id=0)
    hall = tools.HallOfFame(10)
    for index in range(3):
        hall.update([Individual(copy.deepcopy(learngene), Fitness((1.0,)), id=index), other])
    assert len(hall) == 2


def test_individuals_are_no_keys() -> None:
    """Equal by genome, which can change, they have no hash; other things are never equal to them."""
    with pytest.raises(TypeError, match="unhashable type: 'Individual'"):
        {Individual(torch.zeros(2), id=0)}
    assert Individual(torch.zeros(2), id=0) != torch.zeros(2).tolist()
    assert Individual([], id=0)
    assert Individual(None, id=0)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.data())
def test_an_individual_is_the_sequence_of_its_genes(numbers: list[int], data: st.DataObject) -> None:
    """Reading, slicing, iterating and writing are those of a list of the genes, for tensors and lists."""
    place = data.draw(st.integers(-len(numbers), len(numbers) - 1))
    cut = data.draw(st.slices(len(numbers)))
    for genome in (torch.tensor(numbers), torch.tensor(numbers, dtype=torch.float64), list(numbers)):
        twin, one = list(numbers), Individual(genome, id=0)
        assert (len(one), list(one), one[place], one[cut]) == (len(twin), twin, twin[place], twin[cut])
        assert type(one[place]) in (int, float)
        assert (numbers[place] in one, 99 in one) == (True, False)
        twin[place] = one[place] = 7
        twin[cut] = one[cut] = [5] * len(twin[cut])
        assert list(one) == twin
        with pytest.raises(IndexError):
            one[len(numbers)]


def test_slices_are_exchanged_and_not_lost() -> None:
    """`cxTwoPoint` in place exchanges genes between tensors, whose slices would be views of each other."""
    first, second = Individual(torch.arange(6.0), id=0), Individual(torch.arange(6.0) + 10, id=1)
    first[1:4], second[1:4] = second[1:4], first[1:4]
    assert first.genome.tolist() == [0.0, 11.0, 12.0, 13.0, 4.0, 5.0]
    assert second.genome.tolist() == [10.0, 1.0, 2.0, 3.0, 14.0, 15.0]


def test_what_a_tensor_can_not_hold_is_not_written() -> None:
    """A fraction into whole numbers, or a slice of another length, is refused and changes nothing."""
    one = Individual(torch.arange(3), id=4)
    with pytest.raises(TypeError, match=r"genes must be numbers that int64 can hold, but they are 0\.5\."):
        one[0] = 0.5
    with pytest.raises(ValueError, match="genes of individual 4 must keep the length of the tensor"):
        one[:2] = [7, 8, 9]
    with pytest.raises(TypeError, match="genes must be numbers that int64"):
        one[:2] = None
    assert one.genome.tolist() == [0, 1, 2]


@pytest.mark.parametrize("genome", [None, Box(torch.zeros(2)), 3])
def test_a_genome_without_genes_is_named(genome: Any) -> None:
    """An individual whose genome is no sequence has no length and no places, in one sentence."""
    one = Individual(genome, id=4)
    for use in (len, list, lambda it: it[0], lambda it: it.__setitem__(0, 1)):
        with pytest.raises(TypeError, match=r"individual 4 must have a sequence of genes as genome .*, but it has "):
            use(one)
