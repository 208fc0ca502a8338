"""Proving an operator right: a mutation with three mistakes, what the laws say of each, and the mended one.

In a test suite the last line of code is all it takes; `parametrize_with_laws` makes a test of each law.
Usage: python examples/check_an_operator.py [EXAMPLES]
(cases that are tried for each law, default 100)
"""

import sys

import torch
from torch import Tensor

from neuroevo.testing.laws import LawBroken, check_law, check_mutation, mutation_laws

EXAMPLES = int(sys.argv[1]) if sys.argv[1:] else 100


def hasty(genomes: Tensor, *, rate: float = 0.1, generator: torch.Generator) -> Tensor:
    """Add noise to each gene [P, D] with the given probability, as one writes it in a hurry."""
    drawn = torch.rand(genomes.shape[-1]) < rate
    genomes += drawn * torch.randn(genomes.shape, generator=generator, dtype=genomes.dtype)
    return genomes


def careful(genomes: Tensor, *, rate: float = 0.1, generator: torch.Generator) -> Tensor:
    """Do the same with an explicit generator, a draw for every gene, and a result of its own."""
    drawn = torch.rand(genomes.shape, generator=generator) < rate
    mutants = genomes + torch.randn(genomes.shape, generator=generator, dtype=genomes.dtype)
    return torch.where(drawn, mutants, genomes)


laws = mutation_laws(rate="rate")
for law in laws:
    try:
        check_law(hasty, law, label="hasty", examples=EXAMPLES)
    except LawBroken as broken:
        print(broken)

check_mutation(careful, rate="rate", examples=EXAMPLES)
print(f"careful keeps all {len(laws)} laws")
