"""Selections, mutations and crossovers with one fault each, many of them known from other libraries.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

import math
import random
from typing import Any

import torch
from torch import Tensor

from neuroevo.operators import crossover, mutation, selection
from neuroevo.testing.laws import Law, crossover_laws, mutation_laws, selection_laws

Pair = tuple[Tensor, Tensor]

BOUNDS = (-1.0, 1.0)


# Selections.


def _winners(fitness: Tensor, entrants: Tensor) -> Tensor:
    """Return the first best of each row of entrants."""
    return entrants.gather(1, fitness[entrants].argmax(1, keepdim=True)).flatten()


def _numbers(fitness: Tensor) -> Tensor:
    return torch.where(fitness.isfinite(), fitness, -math.inf)


def nan_wins(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Compare by `argmax`, for which NaN is the greatest number."""
    return _winners(fitness, torch.randint(len(fitness), (k, 3), generator=generator))


def all_but_the_last(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw entrants from a range that ends too early."""
    return _winners(_numbers(fitness), torch.randint(max(1, len(fitness) - 1), (k, 3), generator=generator))


def one_too_far(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw any individual, from a range that includes its end, as `random.randint` does."""
    return torch.randint(len(fitness) + 1, (k,), generator=generator)


def forgets_k(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select as many as there are."""
    return selection.tournament(fitness, k=len(fitness), size=3, generator=generator)


def repairs_in_place(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Make failures comparable in the caller's tensor."""
    fitness[~fitness.isfinite()] = -math.inf
    return selection.tournament(fitness, k=k, size=3, generator=generator)


def by_size(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select by softmax, and say that only ranks count."""
    scores = fitness.nan_to_num(-1e6, -1e6, -1e6)
    return selection.roulette(selection.sharpen(scores, temperature=1.0), k=k, generator=generator)


def nearly_equal(fitness: Tensor, *, generator: torch.Generator) -> Tensor:
    """Take fitnesses for equal that are close to each other."""
    best = _numbers(fitness).max()
    return (torch.isclose(_numbers(fitness), best)).nonzero()[:1].flatten()


def two_of_three(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Compare `range(1, size)` entrants with each other."""
    return selection.tournament(fitness, k=k, size=2, generator=generator)


def entrants_differ(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw the entrants of a tournament without replacement."""
    orders = torch.stack([torch.randperm(len(fitness), generator=generator)[:3] for _ in range(k)])
    return _winners(_numbers(fitness), orders)


def global_entrants(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw the entrants from Python's global generator."""
    entrants = [random.choices(range(len(fitness)), k=3) for _ in range(k)]
    return _winners(_numbers(fitness), torch.tensor(entrants))


def seeded_anew(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Seed a generator of its own in each call."""
    return selection.tournament(fitness, k=k, size=3, generator=torch.Generator().manual_seed(42))


def shifted_wheel(weights: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Shift the weights so that the least is zero, in case that one is negative."""
    shifted = weights - weights.min()
    return selection.roulette(shifted if shifted.any() else weights, k=k, generator=generator)


def sorted_best(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Take the best from a list sorted without regard to NaN, which stays in place."""
    places = sorted(range(len(fitness)), key=lambda place: float(fitness[place]), reverse=True)
    return torch.tensor(places[:k])


def position_counts(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Leave the last one out of a sort."""
    inside = _numbers(fitness)[: max(1, len(fitness) - 1)]
    order = inside.argsort(descending=True, stable=True)
    return torch.cat([order, torch.tensor([len(fitness) - 1])])[:k] if len(fitness) > 1 else order[:k]


def by_value(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Look the best fitnesses up by value: equals are taken for one."""
    values = _numbers(fitness).tolist()
    return torch.tensor([values.index(value) for value in sorted(values, reverse=True)[:k]])


# Mutations.


def in_place(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Add noise to the genomes themselves."""
    genomes += torch.randn(genomes.shape, generator=generator, dtype=genomes.dtype)
    return genomes.clone()


def sometimes_itself(genomes: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Tensor:
    """Return the genomes themselves where no gene was drawn."""
    mutants = mutation.gaussian(genomes, sigma=0.5, rate=rate, generator=generator)
    return genomes if torch.equal(mutants, genomes) else mutants


def promotes(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Add noise in double precision."""
    return genomes + torch.randn(genomes.shape, generator=generator, dtype=torch.float64)


def leaves_bounds(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Add noise without a clamp."""
    return mutation.gaussian(genomes, sigma=0.1, generator=generator)


def outside_its_domain(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Take a power of the distance to the upper bound, and forget that a genome can lie beyond it."""
    draws = torch.rand(genomes.shape, generator=generator, dtype=genomes.dtype)
    return 1 - (1 - genomes) ** (0.5 + draws)


def one_draw_for_all(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw the noise of one genome for the whole batch."""
    return genomes + torch.randn(genomes.shape[-1:], generator=generator, dtype=genomes.dtype)


def poisoned(genomes: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Tensor:
    """Mask by multiplication: 0 * inf is NaN."""
    mask = (torch.rand(genomes.shape, generator=generator) < rate).to(genomes.dtype)
    mutants = genomes + torch.randn(genomes.shape, generator=generator, dtype=genomes.dtype)
    return genomes * (1 - mask) + mutants * mask


def zero_is_default(genomes: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Tensor:
    """Treat rate 0 as if no rate was given."""
    return mutation.gaussian(genomes, sigma=0.5, rate=rate or 0.5, generator=generator)


def last_gene_stays(genomes: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Tensor:
    """Draw positions from a range that ends too early."""
    mutants = mutation.gaussian(genomes, sigma=0.5, rate=rate, generator=generator)
    return torch.cat([mutants[:, :-1], genomes[:, -1:]], 1)


def rate_per_genome(genomes: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Tensor:
    """Mutate all genes of a genome or none."""
    mutants = mutation.gaussian(genomes, sigma=0.5, generator=generator)
    return torch.where(torch.rand(len(genomes), 1, generator=generator) < rate, mutants, genomes)


def global_noise(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Draw from Python's global generator."""
    return genomes + torch.tensor([random.gauss(0, 1) for _ in range(genomes.numel())]).reshape(genomes.shape).to(
        genomes.dtype
    )


class Annealed:
    """A mutation with steps that shrink from call to call, for all runs of a process."""

    def __init__(self) -> None:
        self.sigma = 1.0

    def __call__(self, genomes: Tensor, *, generator: torch.Generator) -> Tensor:
        """Return mutants."""
        self.sigma *= 0.9
        return mutation.gaussian(genomes, sigma=self.sigma, generator=generator)


# Crossovers.


def swapped_views(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Swap slices in one statement: with lists they are copies, with arrays views of what is overwritten."""
    first, second = first.clone(), second.clone()
    for row, other in zip(first, second, strict=True):
        cut = int(torch.randint(len(row), (), generator=generator))
        row[cut:], other[cut:] = other[cut:], row[cut:]
    return first, second


def sometimes_the_parents(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Return the parents themselves if they are drawn not to mate."""
    if float(torch.rand((), generator=generator)) < 0.5:
        return first, second
    return crossover.two_point(first, second, generator=generator)


def one_child_twice(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Return the mean of both as both children."""
    mean = first + torch.rand(first.shape, generator=generator, dtype=first.dtype) * (second - first)
    return mean, mean


def _cut(first: Tensor, second: Tensor, cuts: Tensor) -> Pair:
    behind = torch.arange(first.shape[1]) >= cuts
    return torch.where(behind, second, first), torch.where(behind, first, second)


def cuts_too_early(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Draw the cut from a range that ends too early."""
    length = first.shape[1]
    cuts = torch.randint(1, max(2, length - 1), (len(first), 1), generator=generator)
    return _cut(first, second, cuts)


def cuts_nowhere(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Draw the cut from all places, the ends included."""
    return _cut(first, second, torch.randint(first.shape[1] + 1, (len(first), 1), generator=generator))


def one_cut_for_all(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Draw one cut for the whole batch."""
    length = first.shape[1]
    cut = torch.randint(1, max(2, length), (1, 1), generator=generator)
    return _cut(first, second, cut)


def poisoned_exchange(first: Tensor, second: Tensor, *, rate: float = 0.5, generator: torch.Generator) -> Pair:
    """Mask by multiplication: 0 * inf is NaN."""
    mask = (torch.rand(first.shape, generator=generator) < rate).to(first.dtype)
    return first * (1 - mask) + second * mask, second * (1 - mask) + first * mask


def beyond_the_parents(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Blend with a margin, and say that children stay within the bounds."""
    return crossover.blend(first, second, alpha=0.5, generator=generator)


def jittered(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Add noise to the mean of the parents, also where they agree."""
    noise = torch.randn(first.shape, generator=generator, dtype=first.dtype)
    return (first + second) / 2 + noise, (first + second) / 2 - noise


def given_to_both(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Draw the donor of each gene independently for each child."""
    picks = torch.rand((2, *first.shape), generator=generator) < 0.5
    return torch.where(picks[0], first, second), torch.where(picks[1], first, second)


def drops_a_dimension(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Pair:
    """Squeeze what came from a single pair."""
    children = crossover.one_point(first, second, generator=generator)
    return children[0].squeeze(0), children[1].squeeze(0)


def _select(selection: object, **settings: Any) -> tuple[object, list[Law]]:
    return selection, selection_laws(**settings)


def _mutate(mutant: object, **settings: Any) -> tuple[object, list[Law]]:
    return mutant, mutation_laws(**settings)


def _cross(cross: object, **settings: Any) -> tuple[object, list[Law]]:
    return cross, crossover_laws(**settings)


FREQUENCY = "permuting the population changes no frequency"
PRESSURE = "winners are as frequent as the tournament size implies"
GLOBAL = "global generators are neither read nor written"
CONSERVED = "each position keeps the parents' two genes"
RATE = "rate 0 is the identity"
BEST: dict[str, Any] = {"deterministic": True, "with_replacement": False}

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("nan_wins", "NaN wins comparisons (DEAP)", "NaN never beats a number", _select(nan_wins)),
    ("sorted_best", "NaN stays where it stands in a sort", "NaN never beats a number", _select(sorted_best, **BEST)),
    ("all_but_the_last", "off by one: the last one never takes part", FREQUENCY, _select(all_but_the_last)),
    ("one_too_far", "off by one: an index too far", "indices are valid", _select(one_too_far)),
    ("forgets_k", "the number wanted is ignored", "indices are valid", _select(forgets_k)),
    ("repairs_in_place", "failures repaired in place", "arguments are left unchanged", _select(repairs_in_place)),
    ("by_size", "scores count where ranks should", "only the order of the fitness counts", _select(by_size)),
    (
        "nearly_equal",
        "ties by a tolerance",
        "only the order of the fitness counts",
        _select(nearly_equal, deterministic=True),
    ),
    ("two_of_three", "off by one: an entrant too few", PRESSURE, _select(two_of_three, tournament=3)),
    ("entrants_differ", "entrants without replacement", PRESSURE, _select(entrants_differ, tournament=3)),
    ("global_entrants", "global random state (DEAP#75, pymoo#638)", GLOBAL, _select(global_entrants)),
    ("seeded_anew", "a seed in the operator", "other seeds give other results", _select(seeded_anew)),
    (
        "shifted_wheel",
        "weights shifted to zero: the worst one never comes",
        "individuals are drawn in proportion to their weights",
        _select(shifted_wheel, proportional=True),
    ),
    (
        "position_counts",
        "off by one in a sort",
        "permuting the population changes nothing",
        _select(position_counts, **BEST),
    ),
    ("by_value", "individuals looked up by fitness", "no individual is selected twice", _select(by_value, **BEST)),
    ("in_place", "variation in place (DEAP's convention)", "arguments are left unchanged", _mutate(in_place)),
    (
        "sometimes_itself",
        "aliased parents (DEAP#166, tpot#362)",
        "results share no storage with arguments",
        _mutate(sometimes_itself, rate="rate"),
    ),
    ("promotes", "noise in double precision", "shape, dtype and device are kept", _mutate(promotes)),
    (
        "leaves_bounds",
        "a step without a clamp (DEAP#54)",
        "mutants are finite and within the bounds",
        _mutate(leaves_bounds, bounds=BOUNDS),
    ),
    (
        "outside_its_domain",
        "a power of a negative number (DEAP#655)",
        "mutants are finite and within the bounds",
        _mutate(outside_its_domain),
    ),
    ("one_draw_for_all", "one draw for a batch", "rows of a batch mutate independently", _mutate(one_draw_for_all)),
    ("poisoned", "a mask by multiplication", RATE, _mutate(poisoned, rate="rate")),
    ("zero_is_default", "`rate or default`", RATE, _mutate(zero_is_default, rate="rate")),
    ("last_gene_stays", "off by one: the last gene", "every gene can mutate", _mutate(last_gene_stays, rate="rate")),
    ("rate_per_genome", "the rate of genomes", "genes mutate at the rate", _mutate(rate_per_genome, rate="rate")),
    ("global_noise", "global random state (DEAP#75, #349)", GLOBAL, _mutate(global_noise)),
    ("Annealed", "a state that all runs share", "equal seeds give equal results", _mutate(Annealed())),
    ("swapped_views", "slices of arrays swapped in one statement (DEAP)", CONSERVED, _cross(swapped_views)),
    (
        "sometimes_the_parents",
        "aliased parents (DEAP#166, tpot#362)",
        "results share no storage with arguments",
        _cross(sometimes_the_parents),
    ),
    (
        "one_child_twice",
        "one object returned twice",
        "siblings share no storage",
        _cross(one_child_twice, exchanges=False),
    ),
    ("cuts_too_early", "off by one: the last cut", "any two neighbours can be separated", _cross(cuts_too_early)),
    (
        "cuts_nowhere",
        "off by one: a cut at the end",
        "children have between one cut and the stated number",
        _cross(cuts_nowhere, cuts=1),
    ),
    ("one_cut_for_all", "one cut for a batch", "pairs of a batch are crossed independently", _cross(one_cut_for_all)),
    ("poisoned_exchange", "a mask by multiplication", CONSERVED, _cross(poisoned_exchange, rate="rate")),
    (
        "beyond_the_parents",
        "children out of bounds (DEAP#54, #740)",
        "children are finite and within the bounds",
        _cross(beyond_the_parents, exchanges=False, bounds=BOUNDS),
    ),
    ("jittered", "noise where parents agree", "equal parents have equal children", _cross(jittered, exchanges=False)),
    ("given_to_both", "genes lost and doubled", CONSERVED, _cross(given_to_both)),
    ("drops_a_dimension", "a squeeze", "shape, dtype and device are kept", _cross(drops_a_dimension)),
)
