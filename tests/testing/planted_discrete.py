"""Operators over bits, integers and permutations with one fault each; for the rows see `planted_operators.py`."""

from __future__ import annotations

import torch
from torch import Tensor

from neuroevo.operators import crossover
from neuroevo.testing.laws import Law, crossover_laws, mutation_laws


def flips_to_numbers(genomes: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Tensor:
    """Subtract bits from 1, which makes numbers of them."""
    flipped = torch.rand(genomes.shape, generator=generator) < rate
    return torch.where(flipped, 1 - genomes.long(), genomes.long())


def creeps_out(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Move integers by one without looking at the bounds."""
    return genomes + 1 - 2 * torch.randint(2, genomes.shape, generator=generator)


def overwrites(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Copy the gene of one place to another one, as an exchange without a third variable does."""
    places = torch.randint(genomes.shape[1], (2, len(genomes), 1), generator=generator)
    return genomes.scatter(1, places[0], genomes.gather(1, places[1]))


def cuts_orders(first: Tensor, second: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Cross permutations at two points, as if they were any numbers."""
    return crossover.two_point(first, second, generator=generator)


STAY = "permutations stay permutations"

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    (
        "flips_to_numbers",
        "bits become numbers",
        "shape, dtype and device are kept",
        (flips_to_numbers, mutation_laws(bounds=(0, 1), dtypes=(torch.bool,), rate="rate")),
    ),
    (
        "creeps_out",
        "integers beyond their bounds",
        "mutants are finite and within the bounds",
        (creeps_out, mutation_laws(bounds=(-3, 6), dtypes=(torch.int64,))),
    ),
    ("overwrites", "a gene twice, another one lost", STAY, (overwrites, mutation_laws(permutations=True))),
    (
        "cuts_orders",
        "crossover of numbers on permutations",
        STAY,
        (cuts_orders, crossover_laws(permutations=True)),
    ),
)
