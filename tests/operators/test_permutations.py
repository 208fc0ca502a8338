"""Operators over permutations: references, one place after the other, and how their draws are distributed."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.discrete import Permutations
from neuroevo.operators import permutations
from neuroevo.testing.laws import chance
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

MANY = 6000


def parents(seed: int, genes: int, rows: int = 20) -> tuple[Tensor, Tensor]:
    """Return two batches of permutations."""
    generator = seeded(seed)
    return tuple(Permutations(genes).sample(rows, generator=generator) for _ in range(2))


def mapped(keeper: list[int], donor: list[int], exchanged: list[bool]) -> list[int]:
    """Return a child of PMX, gene by gene."""
    came_in = [gene for gene, inside in zip(donor, exchanged, strict=True) if inside]
    child = []
    for place, inside in enumerate(exchanged):
        gene = donor[place] if inside else keeper[place]
        while not inside and gene in came_in:
            gene = keeper[donor.index(gene)]
        child.append(gene)
    return child


def in_order(keeper: list[int], donor: list[int], kept: list[bool]) -> list[int]:
    """Return a child of OX, gene by gene."""
    genes, stop = len(keeper), max(place for place, inside in enumerate(kept) if inside) + 1
    around = [(stop + step) % genes for step in range(genes)]
    owned = {gene for gene, inside in zip(keeper, kept, strict=True) if inside}
    missing = iter([donor[place] for place in around if donor[place] not in owned])
    child = list(keeper)
    for place in around:
        child[place] = keeper[place] if kept[place] else next(missing)
    return child


@pytest.mark.parametrize("name", ["partially_mapped", "ordered"])
@given(seed=seeds(), genes=st.integers(2, 9))
def test_crossovers_are_those_of_the_reference(name: str, seed: int, genes: int) -> None:
    """The batched form gives what the plain one gives for the same segments."""
    cross, reference = {
        "partially_mapped": (permutations.partially_mapped, mapped),
        "ordered": (permutations.ordered, in_order),
    }[name]
    first, second = parents(seed, genes)
    children = cross(first, second, generator=seeded(seed))
    segments = permutations._segment(first, seeded(seed)).tolist()
    for child, keepers, donors in zip(children, (first, second), (second, first), strict=True):
        rows = zip(keepers.tolist(), donors.tolist(), segments, strict=True)
        assert child.tolist() == [reference(*row) for row in rows]


def test_known_children() -> None:
    """PMX of Goldberg and Lingle's kind: 4 comes in with the segment, so its old place takes what 4 stood for."""
    first, second = [0, 1, 2, 3, 4], [4, 3, 2, 1, 0]
    assert mapped(first, second, [False, True, False, False, False]) == [0, 3, 2, 1, 4]
    assert in_order(first, second, [False, True, True, False, False]) == [3, 1, 2, 0, 4]


@given(seed=seeds(), genes=st.integers(2, 9), name=st.sampled_from(["swap", "insert", "invert"]))
def test_mutations_change_every_genome(seed: int, genes: int, name: str) -> None:
    """Two different places are drawn: an exchange, a move and a reversal never give the parent."""
    genomes, _ = parents(seed, genes)
    mutants = getattr(permutations, name)(genomes, generator=seeded(seed))
    assert bool((mutants != genomes).any(-1).all())


@pytest.mark.parametrize(("name", "kinds"), [("swap", 6), ("insert", 9), ("invert", 6)])
def test_mutants_are_equally_likely(name: str, kinds: int) -> None:
    """Of four genes there are 6 exchanges and reversals, and 12 moves, of which neighbours' are the same twice."""
    genomes = torch.arange(4).repeat(MANY, 1)
    mutants = getattr(permutations, name)(genomes, generator=seeded(1))
    counts = mutants.unique(dim=0, return_counts=True)[1].tolist()
    assert len(counts) == kinds
    shares = [1 / 6] * 6 if kinds == 6 else [1 / 12] * 6 + [1 / 6] * 3
    for count, share in zip(sorted(counts), shares, strict=True):
        assert chance.fits(count, MANY, share, among=kinds * kinds)


def test_a_shuffle_of_all_gives_every_order() -> None:
    """With rate 1 all orders are equally likely; with a rate it moves the places that take part alone."""
    mutants = permutations.shuffle(torch.arange(3).repeat(MANY, 1), rate=1.0, generator=seeded(2))
    counts = mutants.unique(dim=0, return_counts=True)[1].tolist()
    assert len(counts) == 6
    assert all(chance.fits(count, MANY, 1 / 6) for count in counts)


def test_segments_have_all_lengths_and_starts() -> None:
    """From one gene to all but one, at every place."""
    segments = permutations._segment(torch.zeros(2000, 4), seeded(0)).unique(dim=0)
    assert len(segments) == 4 + 3 + 2
    assert set(segments.sum(-1).tolist()) == {1, 2, 3}


@pytest.mark.parametrize("name", ["partially_mapped", "ordered"])
@pytest.mark.parametrize("wrong", [torch.tensor([0, 0, 1]), torch.tensor([1, 2, 3]), torch.tensor([0.0, 1.0, 2.0])])
def test_no_permutation_is_refused(name: str, wrong: Tensor) -> None:
    """In one sentence that says which parent it is."""
    right = torch.arange(3).to(wrong.dtype)
    with pytest.raises(ValueError, match=r"^(first|second) must be permutations of 0 to 2 as torch.int64, but some "):
        getattr(permutations, name)(right, wrong, generator=seeded(0))
