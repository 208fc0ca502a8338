"""Ideas of evosax and others, written anew in a few lines."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neuroevo.testing.laws import crossover_laws, mutation_laws
from subjects import variants
from subjects.subject import Subject

REALS: dict[str, Any] = {"dtypes": (torch.float64,)}


def mean(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return the arithmetic mean of two parents."""
    del generator
    return (first + second) / 2


def on_the_line(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return a point between two parents, a draw for each pair."""
    share = torch.rand((len(first), 1), generator=generator, dtype=torch.float64).to(first.dtype)
    return first + share * (second - first)


def differential(base: Tensor, one: Tensor, other: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return a base that moved by half of the difference of two others."""
    del generator
    return base + 0.5 * (one - other)


def heavy_tails(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Add a Cauchy draw to each gene, as fast evolutionary programming does."""
    angles = torch.pi * (torch.rand(genomes.shape, generator=generator, dtype=torch.float64) - 0.5)
    return genomes + 0.1 * angles.tan().to(genomes.dtype)


def one_line(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Move each genome along a random direction by a normal step."""
    directions = torch.nn.functional.normalize(torch.randn(genomes.shape, generator=generator).double(), dim=-1)
    steps = torch.randn((len(genomes), 1), generator=generator, dtype=torch.float64)
    return genomes + 0.3 * (steps * directions).to(genomes.dtype)


def one_gene(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Add normal noise to one gene of each genome, a step of simulated annealing."""
    places = torch.randint(genomes.shape[-1], (len(genomes), 1), generator=generator)
    steps = torch.randn((len(genomes), 1), generator=generator, dtype=torch.float64)
    return genomes.scatter_add(-1, places, 0.5 * steps.to(genomes.dtype))


def _idea(name: str, origin: str, make: Any, laws: Any) -> Subject:
    return Subject(f"{name} ({origin})", (), lambda: make, laws, origin=origin)


SUBJECTS = [
    _idea(
        "arithmetic mean",
        "idea of evolution strategies",
        mean,
        lambda: crossover_laws(children=1, exchanges=False, deterministic=True, **REALS),
    ),
    _idea(
        "point on the line",
        "idea of evosax",
        on_the_line,
        lambda: crossover_laws(children=1, exchanges=False, reference=variants.between, **REALS),
    ),
    _idea(
        "difference of two",
        "idea of evosax",
        differential,
        lambda: crossover_laws(parents=3, children=1, exchanges=False, deterministic=True, **REALS),
    ),
    _idea("Cauchy mutation", "idea of evosax", heavy_tails, lambda: mutation_laws(reference=variants.cauchy, **REALS)),
    _idea("line mutation", "idea of evosax", one_line, lambda: mutation_laws(reference=variants.along_a_line, **REALS)),
    _idea("annealing step", "idea of evosax", one_gene, lambda: mutation_laws(reference=variants.one_of_all, **REALS)),
]
