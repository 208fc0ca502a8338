"""Operators whose distribution alone is wrong; for the rows see `planted_operators.py`, but each has its law alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from scipy import stats
from torch import Tensor

from neuroevo.operators import crossover, mutation, selection
from neuroevo.testing.laws import Law, crossover_laws, mutation_laws, selection_laws

Pair = tuple[Tensor, Tensor]

SIGMA = 0.5


# Mutations.


def _noise(genomes: Tensor, generator: torch.Generator) -> Tensor:
    return SIGMA * torch.randn(genomes.shape, generator=generator, dtype=torch.float64).to(genomes.dtype)


def only_upwards(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Add the absolute value of noise."""
    return genomes + _noise(genomes, generator).abs()


def repeats_from_the_fourth(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Give the fourth row and later ones the noise of the first rows again."""
    steps = _noise(genomes, generator)
    steps[3:] = steps[: max(0, len(steps) - 3)]
    return genomes + steps


def one_coin_for_two(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Let two neighbouring genes mutate together."""
    coins = torch.rand(genomes.shape, generator=generator)
    coins[:, 1::2] = coins[:, : genomes.shape[1] // 2 * 2 : 2]
    return torch.where(coins < rate, genomes + _noise(genomes, generator), genomes)


def first_128_genes(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Draw the places of mutated genes as numbers of one byte."""
    mutants = mutation.gaussian(genomes, sigma=SIGMA, rate=rate, generator=generator)
    mutants[:, 128:] = genomes[:, 128:]
    return mutants


def sorted_noise(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Sort the draws of each row."""
    steps = _noise(genomes, generator).sort(1).values
    return torch.where(torch.rand(genomes.shape, generator=generator) < rate, genomes + steps, genomes)


def evenly_spaced(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Spread the rows' steps evenly over the quantiles of the normal distribution, in any order."""
    places = torch.rand(genomes.shape, generator=generator, dtype=torch.float64).argsort(0)
    start = torch.rand(genomes.shape[1:], generator=generator, dtype=torch.float64)
    return genomes + (SIGMA * torch.special.ndtri((places + start) / len(genomes))).to(genomes.dtype)


def halves_mirrored(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw antithetic steps, without saying so."""
    half = _noise(genomes[: (len(genomes) + 1) // 2], generator)
    return genomes + torch.cat([half, -half])[: len(genomes)]


def copies_the_generator(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw from a copy, so that each call draws the same."""
    copy = torch.Generator().manual_seed(generator.initial_seed())
    return genomes + _noise(genomes, copy)


def one_draw_for_all_islands(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw noise in the shape of the last two dimensions alone."""
    return genomes + _noise(genomes.new_empty(genomes.shape[-2:]), generator)


def cut_at_four(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Cut noise at four deviations."""
    return genomes + _noise(genomes, generator).clamp(-4 * SIGMA, 4 * SIGMA)


def towards_the_end(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Take a place and one behind it, not two places: a shift by one place that goes one way."""
    starts = torch.randint(max(1, genomes.shape[1] - 1), (len(genomes), 1), generator=generator)
    ends = torch.full_like(starts, genomes.shape[1] - 1)
    moved = genomes.gather(1, starts), genomes.gather(1, ends)
    return genomes.scatter(1, starts, moved[1]).scatter(1, ends, moved[0])


def lowest_stays(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Exchange two places, unless one of them has the gene 0."""
    swapped = torch.rand(genomes.shape, generator=generator).argsort(1)[:, :2]
    genes = genomes.gather(1, swapped)
    mutants = genomes.scatter(1, swapped, genes.flip(1))
    return torch.where((genes == 0).any(1, keepdim=True), genomes, mutants)


# Crossovers.


def _exchanged(first: Tensor, second: Tensor, taken: Tensor) -> Pair:
    return torch.where(taken, second, first), torch.where(taken, first, second)


def first_pair_again(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Cut the last pair where the first one is cut."""
    cuts = torch.randint(1, max(2, first.shape[1]), (len(first), 1), generator=generator)
    cuts[3:] = cuts[:1]
    return _exchanged(first, second, torch.arange(first.shape[1]) >= cuts)


def neighbours_together(first: Tensor, second: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Pair:
    """Exchange two neighbouring genes by one coin, now and then."""
    coins, others = torch.rand((2, *first.shape), generator=generator)
    together = others[:, 1::2] < 0.5
    coins[:, 1::2] = torch.where(together, coins[:, : first.shape[1] // 2 * 2 : 2], coins[:, 1::2])
    return _exchanged(first, second, coins < rate)


def leans_to_the_first(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Mix with shares of the second parent that are mostly small, for both children."""
    shares = torch.rand((2, *first.shape), generator=generator).square().to(first.dtype)
    step = second - first
    return first + shares[0] * step, first + shares[1] * step


def upper_half(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Blend towards the greater parent."""
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    shares = 0.5 + torch.rand((2, *first.shape), generator=generator).to(first.dtype) / 2
    return low + shares[0] * (high - low), low + shares[1] * (high - low)


def in_units(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Blend, and never move by more than one."""
    share = torch.rand(first.shape, generator=generator).to(first.dtype)
    step = (share * (second - first)).clamp(-1, 1)
    return first + step, second - step


def next_exponent(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Cross with the index 16, and say that it is 15."""
    return crossover.simulated_binary(first, second, eta=16.0, rate=1.0, generator=generator)


def about_zero(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Mix by a proportion that depends on where zero is."""
    share = torch.rand(first.shape, generator=generator).to(first.dtype) * (first.abs() + 1) / (first.abs() + 2)
    step = share * (second - first)
    return first + step, second - step


# Selections.


def sorted_winners(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Return the winners in the order of the population."""
    return selection.tournament(fitness, k=k, size=2, generator=generator).sort().values


def second_half_again(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Return the first half of the winners twice."""
    chosen = selection.tournament(fitness, k=k, size=2, generator=generator)
    chosen[k - k // 2 :] = chosen[: k // 2]
    return chosen


def entrants_of_all_islands(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Hold the same tournaments on every island."""
    known = torch.where(fitness.isfinite(), fitness, -torch.inf)
    entrants = torch.randint(fitness.shape[-1], (k, 2), generator=generator)
    winners = known[..., entrants].argmax(-1, keepdim=True)
    return entrants.expand(*fitness.shape[:-1], k, 2).gather(-1, winners).squeeze(-1)


def last_of_equals(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Let the last of equal entrants win, as a sort from the worst on does."""
    chosen = selection.tournament(fitness.flip(-1), k=k, size=2, generator=generator)
    return len(fitness) - 1 - chosen


def in_single_bytes(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Take draws in the dtype of the fitness."""
    draws = torch.rand(fitness.shape, generator=generator, dtype=torch.float64).to(fitness.dtype)
    best = torch.where(fitness.isfinite(), fitness, -1).argsort(descending=True, stable=True)
    return best[draws[best].argsort(stable=True)][torch.arange(k) % len(fitness)]


def with_a_constant(weights: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Add a small constant, so that no sum of weights is zero."""
    return selection.roulette(weights + 1e-12 * (weights > 0), k=k, generator=generator)


BY_ROWS = "a batch varies as its rows one by one"
BY_GENES = "each gene varies as if it were the only one"
BY_CALLS = "consecutive calls are independent"
BY_DRAWS = "the selected of one call are as those of several calls"
BY_LEADING = "leading dimensions are batches of their own"


Row = tuple[Callable[..., Any], str, str, dict[str, Any]]
RATE = {"rate": "rate"}
COMPUTED = {"exchanges": False}

MUTANTS: tuple[Row, ...] = (
    (only_upwards, "noise that only goes up", "mirroring the genes mirrors the children", {}),
    (repeats_from_the_fourth, "noise that repeats from the fourth row on", BY_ROWS, {}),
    (evenly_spaced, "draws of one call that are spaced evenly", BY_ROWS, {}),
    (halves_mirrored, "antithetic draws that are not stated", BY_ROWS, {}),
    (copies_the_generator, "draws from a copy of the generator", BY_CALLS, {}),
    (one_coin_for_two, "one coin for two neighbouring genes", BY_GENES, RATE),
    (first_128_genes, "places in one byte", BY_GENES, RATE),
    (sorted_noise, "draws of one row that are sorted", BY_GENES, RATE),
    (one_draw_for_all_islands, "one draw for all islands", BY_LEADING, {"leading": True}),
    (cut_at_four, "a tail that is cut", "steps follow the distribution", {"reference": stats.norm(scale=SIGMA)}),
    (
        towards_the_end,
        "the last place always takes part",
        "permuting the genes permutes the children's",
        {"permutations": True, "min_genes": 2, "equivariant": ("permute",)},
    ),
    (
        lowest_stays,
        "a gene is special by its number",
        "relabelling the genes relabels the children's",
        {"permutations": True, "min_genes": 3},
    ),
)
CROSSES: tuple[Row, ...] = (
    (first_pair_again, "two pairs share a cut", BY_ROWS, {"cuts": 1}),
    (neighbours_together, "one coin for two neighbours, now and then", BY_GENES, RATE),
    (leans_to_the_first, "both children are near one parent", "swapping the parents swaps the children", COMPUTED),
    (upper_half, "children near the greater genes", "mirroring the genes mirrors the children", COMPUTED),
    (in_units, "a step in units", "scaling the genes scales the children", COMPUTED),
    (
        next_exponent,
        "an exponent of simulated binary crossover off by one",
        "distances of children follow the formula",
        {"exchanges": False, "like": "simulated binary", "eta": 15.0, "rate": 1.0},
    ),
    (about_zero, "a share that depends on where zero is", "shifting the genes shifts the children", COMPUTED),
)
SELECTIONS: tuple[Row, ...] = (
    (sorted_winners, "winners in the order of the population", BY_DRAWS, {}),
    (second_half_again, "the second half of the selected repeats the first", BY_DRAWS, {}),
    (
        entrants_of_all_islands,
        "islands that share their entrants",
        "leading dimensions are populations of their own",
        {"leading": True},
    ),
    (last_of_equals, "the last of equals wins", "the first of equals wins", {"first_of_equals": True}),
    (
        in_single_bytes,
        "draws in the dtype of the fitness",
        "the dtype of the fitness changes nothing",
        {"any_dtype": True},
    ),
    (with_a_constant, "a constant added to weights", "scaling all weights changes nothing", {"proportional": True}),
)

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = tuple(
    # Each with its law alone: it keeps all others, which take long together.
    (operator.__name__, fault, law, (operator, [one for one in laws_of(**settings) if one.name == law]))
    for laws_of, rows in ((mutation_laws, MUTANTS), (crossover_laws, CROSSES), (selection_laws, SELECTIONS))
    for operator, fault, law, settings in rows
)
