"""Genomes of any kind: laws are judged by what the user draws, compares and copies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.operators import crossover
from neuroevo.testing.laws import (
    DrawingFailed,
    LawBroken,
    check_crossover,
    check_mutation,
    mutation_laws,
)

FEW: dict[str, Any] = {"examples": 2}
SETS = st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=4)
WORDS = st.lists(st.text("abc"), min_size=1, max_size=3)
Sets = list[set[int]]


def toggled(genomes: Sets, *, rate: float = 0.3, generator: torch.Generator) -> Sets:
    """Add or remove each of ten numbers with a probability."""
    draws = torch.rand((len(genomes), 10), generator=generator)
    return [genome ^ set((row < rate).nonzero().flatten().tolist()) for genome, row in zip(genomes, draws, strict=True)]


def toggled_in_place(genomes: Sets, *, generator: torch.Generator) -> Sets:
    """The same within the argument."""
    for genome in genomes:
        genome ^= {int(torch.randint(10, (), generator=generator))}
    return [set(genome) for genome in genomes]


def sometimes_themselves(genomes: Sets, *, generator: torch.Generator) -> Sets:
    """Some genomes are returned as they are."""
    return [
        genome if len(genome) > 3 else new
        for genome, new in zip(genomes, toggled(genomes, generator=generator), strict=True)
    ]


def shared_elements(first: Sets, second: Sets, *, generator: torch.Generator) -> tuple[Sets, Sets]:
    """Intersection and union."""
    pairs = list(zip(first, second, strict=True))
    return [a & b for a, b in pairs], [a | b for a, b in pairs]


def test_foreign_genomes() -> None:
    """Sets, with a typical one for the laws of chance."""
    check_mutation(toggled, genomes=SETS, typical=set(range(10)), rate="rate", **FEW)
    check_crossover(shared_elements, genomes=SETS, deterministic=True, **FEW)
    names = [law.name for law in mutation_laws(genomes=SETS)]
    assert "rows of a batch mutate independently" not in names
    assert "rows of a batch mutate independently" in [law.name for law in mutation_laws(genomes=SETS, typical={1})]


@pytest.mark.parametrize(
    ("mutate", "law"),
    [
        (toggled_in_place, "arguments are left unchanged"),
        (sometimes_themselves, "results share no storage with arguments"),
        (lambda genomes, *, generator: [set(genomes[0])], "shape, dtype and device are kept"),
        (lambda genomes, *, generator: [genome | {1} for genome in genomes], "other seeds give other results"),
    ],
)
def test_faults_in_foreign_genomes_are_noticed(mutate: Callable[..., Any], law: str) -> None:
    """By the laws that those of tensors are noticed by."""
    with pytest.raises(LawBroken) as caught:
        check_mutation(mutate, genomes=SETS, typical={1, 2})
    assert caught.value.law == law


def test_equality_and_snapshots_of_foreign_genomes() -> None:
    """Genomes without an equality of their own are compared as the user says."""

    class Word:
        def __init__(self, text: str) -> None:
            self.text = text

    def shouted(genomes: list[Word], *, rate: float = 1.0, generator: torch.Generator) -> list[Word]:
        return [Word(genome.text.upper() if rate else genome.text) for genome in genomes]

    words = WORDS.map(lambda texts: [*map(Word, texts)])
    domain: dict[str, Any] = {"genomes": words, "rate": "rate", "deterministic": True}
    check_mutation(shouted, snapshot=lambda word: word.text, **domain, **FEW)
    check_mutation(shouted, equal=lambda one, other: one.text == other.text, **domain, **FEW)
    with pytest.raises(DrawingFailed, match="give equal= or snapshot="):
        check_mutation(shouted, **domain)


def test_genomes_that_are_tensors_can_be_drawn() -> None:
    """Only positive ones, say, of one length."""
    positive = st.integers(1, 4).map(
        lambda rows: torch.rand(rows, 5, generator=torch.Generator().manual_seed(rows)) + 0.1
    )

    def scaled(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
        return genomes * torch.rand(genomes.shape, generator=generator) + genomes.log() * 0

    check_mutation(scaled, genomes=positive, typical=torch.ones(5), **FEW)
    check_crossover(partial(crossover.blend, alpha=0.0), genomes=positive, exchanges=False, **FEW)
    with pytest.raises(LawBroken, match="finite"):
        check_mutation(scaled)
