"""EvoTorch's operators: classes for batches of a problem, and functions that draw from the global generator."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch

with warnings.catch_warnings():
    # It uses what PyTorch 2.15 calls deprecated.
    warnings.simplefilter("ignore", FutureWarning)
    from evotorch import Problem, SolutionBatch
    from evotorch.operators import GaussianMutation, PolynomialMutation, functional
    from evotorch.operators.real import OnePointCrossOver, TwoPointCrossOver
from torch import Tensor

from neuroevo.global_generators import seeded_by
from neuroevo.testing.laws import Law, crossover_laws, mutation_laws
from subjects import variants
from subjects.subject import Subject

REALS: dict[str, Any] = {"dtypes": (torch.float64,)}

# Each problem that is made is logged.
logging.getLogger("evotorch").setLevel(logging.WARNING)


Bounds = tuple[float, float] | None


def as_mutation(make: Callable[..., Any], *, bounds: Bounds = None) -> Callable[..., Tensor]:
    """Return a mutation of genomes [P, D] by an operator that is made for a problem with these bounds."""

    def mutate(genomes: Tensor, *, generator: torch.Generator, **settings: Any) -> Tensor:
        problem = _problem(genomes, generator, bounds)
        batch = SolutionBatch(problem, popsize=len(genomes), empty=True)
        batch.set_values(genomes)
        mutants: Tensor = make(problem, **settings)(batch).values.clone()
        return mutants

    return mutate


def as_crossover(make: Callable[..., Any], *, bounds: Bounds = None) -> Callable[..., Sequence[Tensor]]:
    """Return a crossover of parents [P, D], without the tournament that chooses them."""

    def cross(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Sequence[Tensor]:
        operator = make(_problem(first, generator, bounds), tournament_size=1)
        return [child.clone() for child in operator._do_cross_over(first, second).values.chunk(2)]

    return cross


def of_halves(function: Callable[..., Tensor]) -> Callable[..., Sequence[Tensor]]:
    """Return a crossover by a function that crosses the two halves of a population."""

    def cross(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Sequence[Tensor]:
        with seeded_by(generator):
            return [child.clone() for child in function(torch.cat([first, second])).chunk(2)]

    return cross


def _problem(genomes: Tensor, generator: torch.Generator, bounds: Bounds) -> Problem:
    return Problem(
        "min",
        solution_length=genomes.shape[-1],
        initial_bounds=(-1.0, 1.0),
        bounds=bounds,
        dtype=genomes.dtype,
        seed=int(torch.randint(2**31, (), generator=generator)),
    )


def _but(laws: Callable[[], Sequence[Law]], name: str) -> list[Law]:
    return [law for law in laws() if law.name != name]


def _subject(
    name: str,
    make: Callable[[], object],
    laws: Callable[[], Sequence[Law]],
    failures: Mapping[str, str] | None = None,
) -> Subject:
    # Its makers of random tensors move the global generator also where the problem has one of its own.
    laws_kept = partial(_but, laws, "global generators are neither read nor written")
    return Subject(f"EvoTorch {name}", (), make, laws_kept, origin="EvoTorch", expected_failures=failures or {})


SUBJECTS = [
    _subject(
        "GaussianMutation",
        lambda: as_mutation(partial(GaussianMutation, stdev=0.5)),
        lambda: mutation_laws(rate="mutation_probability", like="gaussian", sigma=0.5, **REALS),
    ),
    _subject(
        "PolynomialMutation",
        lambda: as_mutation(partial(PolynomialMutation, eta=20.0), bounds=(-1.0, 1.0)),
        lambda: mutation_laws(
            rate="mutation_probability", bounds=(-1, 1), like="polynomial", eta=20, low=-1, high=1, **REALS
        ),
    ),
    _subject(
        "OnePointCrossOver",
        lambda: as_crossover(OnePointCrossOver),
        lambda: crossover_laws(cuts=1, min_genes=2, reference=variants.first_genes_exchanged, **REALS),
    ),
    _subject(
        "TwoPointCrossOver",
        lambda: as_crossover(TwoPointCrossOver),
        lambda: crossover_laws(reference=variants.two_points_or_none, **REALS),
    ),
    _subject(
        "one_point_cross_over",
        lambda: of_halves(partial(functional.one_point_cross_over)),
        lambda: crossover_laws(cuts=1, min_genes=3, like="one-point", **REALS),
        {
            "any two neighbours can be separated": "fault: the cuts end before the last gene",
            "each position keeps the parents' two genes": "fault: masks by multiplication turn infinities into NaN",
            "children are distributed as the reference's": "fault: the cuts end before the last gene",
        },
    ),
    _subject(
        "simulated_binary_cross_over",
        lambda: of_halves(partial(functional.simulated_binary_cross_over, eta=15.0)),
        lambda: crossover_laws(exchanges=False, like="simulated binary", eta=15, rate=1.0, exchange=0.0, **REALS),
    ),
]
