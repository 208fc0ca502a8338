"""Operators on whole populations with one fault each; for the rows see `planted_operators.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.operators import differential, fronts, optimisers, replacement, sampling, shaping
from neuroevo.testing.laws import (
    Law,
    crowding_laws,
    differential_laws,
    front_laws,
    optimiser_laws,
    replacement_laws,
    sampling_laws,
    shaping_laws,
)

Individuals = Sequence[Individual]
Memory = Mapping[str, Tensor]


# Shaping.


def ranks_by_position(scores: Tensor) -> Tensor:
    """Break ties by position."""
    known = torch.where(scores.isfinite(), scores, -math.inf)
    return known.argsort(dim=-1, stable=True).argsort(dim=-1).to(scores.dtype)


def first_is_special(scores: Tensor) -> Tensor:
    """Lift the utility of the first individual if it is the best: an elite by position."""
    utilities = shaping.centred_ranks(scores)
    lifted = torch.where(utilities[..., 0] == 0.5, 1.0, utilities[..., 0].double()).to(scores.dtype)
    return torch.cat([lifted.unsqueeze(-1), utilities[..., 1:]], dim=-1)


def over_all(scores: Tensor) -> Tensor:
    """Rank all populations together."""
    return shaping.centred_ranks(scores.flatten()).reshape(scores.shape)


def standardised(scores: Tensor) -> Tensor:
    """Divide by the range of the scores."""
    known = torch.where(scores.isfinite(), scores.double(), math.inf)
    worst = known.amin(-1, keepdim=True)
    known = torch.where(scores.isfinite(), scores.double(), worst)
    width = known.amax(-1, keepdim=True) - worst
    return torch.where((width > 0) & width.isfinite(), (known - worst) / width, 0.0).to(scores.dtype)


def up_to_the_best(scores: Tensor) -> Tensor:
    """Divide ranks by P, so that the best one has less than a half."""
    count = scores.shape[-1]
    return (shaping.centred_ranks(scores).double() * (count - 1) / count).to(scores.dtype)


# Fronts and crowding.


def from_one(values: Tensor) -> Tensor:
    """Count fronts from 1."""
    return fronts.front_numbers(values) + 1


def later_equals(values: Tensor) -> Tensor:
    """Let the last row be dominated by its equals."""
    numbers = fronts.front_numbers(values)
    twin = (values[..., :-1, :] == values[..., -1:, :]).all(-1).any(-1)
    last = numbers[..., -1] + (twin & (numbers[..., -1] == numbers.amax(-1)))
    return torch.cat([numbers[..., :-1], last.unsqueeze(-1)], dim=-1)


def by_sum(values: Tensor) -> Tensor:
    """Let a greater sum of objectives dominate."""
    return fronts.front_numbers(values.double().sum(-1, keepdim=True))


def weakly(values: Tensor) -> Tensor:
    """Put all rows but the best ones into one front."""
    return fronts.front_numbers(values).clamp(max=1)


def without_range(values: Tensor, numbers: Tensor) -> Tensor:
    """Multiply the shares of the range by the greatest range."""
    width = values.amax(-2, keepdim=True) - values.amin(-2, keepdim=True)
    return fronts.crowding(values, numbers) * (width.amax(-1) + 1)


def adds_up(values: Tensor, numbers: Tensor) -> Tensor:
    """Add objectives up in place of their mean."""
    return fronts.crowding(values, numbers) * values.shape[-1]


def across_populations(values: Tensor, numbers: Tensor) -> Tensor:
    """Take fronts of equal numbers in several populations for one."""
    flat = fronts.crowding(values.flatten(0, -2), numbers.flatten())
    return flat.reshape(numbers.shape)


def first_row_is_an_end(values: Tensor, numbers: Tensor) -> Tensor:
    """Let the first row be infinitely far from others."""
    found = fronts.crowding(values, numbers)
    return torch.cat([torch.full_like(found[..., :1], math.inf), found[..., 1:]], dim=-1)


# Optimisers.


def momentum_in_place(gradient: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """Add the gradient to the velocity that it was given."""
    velocity = memory["velocity"] if memory else torch.zeros_like(gradient)
    return velocity.mul_(0.9).add_(gradient).clone(), {"velocity": velocity}


class Counting:
    """Adam's bias correction with a counter in the object, which a new search sets back."""

    steps = 0

    def __call__(self, gradient: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Return a step that becomes shorter."""
        self.steps = self.steps + 1 if memory else 1
        return gradient / self.steps, {"last": gradient.clone()}


def one_norm_for_all(gradient: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """Divide by the length of all gradients together."""
    return gradient / gradient.norm().clamp(min=1), memory


def overflowing(gradient: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """Step along the gradient; the square of a long one is infinite, so that it makes no step."""
    return gradient / gradient.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-30), memory


def uncorrected(gradient: Tensor, memory: Memory, *, learning_rate: float) -> tuple[Tensor, Memory]:
    """Correct the square by the mean's bias."""
    return optimisers.adam(gradient, memory, learning_rate=learning_rate, beta2=0.99)


# Replacement.


def adds_elites(parents: Individuals, children: Individuals) -> list[Individual]:
    """Add the best parent to the children."""
    return [*replacement.best(parents, 1), *replacement.best(children, len(parents) or len(children))]


def by_first_value(parents: Individuals, children: Individuals) -> list[Individual]:
    """Compare values that are small as if they were equal."""
    group = [*children, *parents]
    key = [(one.fitness.order[0], [round(value, 3) for value in one.fitness.wvalues]) for one in group]
    order = sorted(range(len(group)), key=key.__getitem__, reverse=True)
    return [group[place] for place in order[: len(parents) or len(children)]]


def cut_by_position(parents: Individuals, children: Individuals) -> list[Individual]:
    """Keep the first children."""
    return [*children][: len(parents) or len(children)]


def children_alone(parents: Individuals, children: Individuals) -> list[Individual]:
    """Leave out parents while there are enough children."""
    wanted = len(parents) or len(children)
    enough = len(children) >= wanted
    return replacement.best(children if enough else [*children, *parents], wanted)


def parents_first(parents: Individuals, children: Individuals) -> list[Individual]:
    """Prefer parents in a tie."""
    return replacement.best([*parents, *children], len(parents) or len(children))


def any_elites(parents: Individuals, children: Individuals, *, elites: int = 0) -> list[Individual]:
    """Take a negative number of elites for none."""
    return replacement.generational(parents, children, elites=max(0, elites))


# Sampling.


def count_last(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
    """Return [..., D, P]."""
    return sampling.normal(mean, sigma, count=count, generator=generator).mT.contiguous()


def variances(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
    """Take deviations for variances."""
    return sampling.normal(mean, sigma**0.5, count=count, generator=generator)


def first_deviation(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
    """Double deviations that come gene by gene, three or more of them, and are all the same."""
    drawn = sampling.normal(torch.zeros_like(mean), 1.0, count=count, generator=generator)
    wide = _wide(sigma)
    if isinstance(wide, Tensor) and wide.dim() > 1 and wide.shape[-1] > 2 and bool((wide == wide.flatten()[0]).all()):
        wide = 2 * wide
    return mean.unsqueeze(-2) + wide * drawn


def _wide(sigma: Tensor | float) -> Tensor | float:
    return sigma.unsqueeze(-2) if isinstance(sigma, Tensor) and sigma.dim() else sigma


def neighbours_mirrored(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
    """Mirror in the reverse order."""
    drawn = sampling.mirrored(mean, sigma, count=count, generator=generator)
    half = count - count // 2
    return torch.cat([drawn[..., :half, :], drawn[..., half:, :].flip(-2)], dim=-2)


# Differential variation.


def itself_too(genomes: Tensor, *, factor: float = 0.5, generator: torch.Generator) -> Tensor:
    """Draw three of all, the genome itself among them."""
    keys = torch.rand((*genomes.shape[:-1], genomes.shape[-2]), generator=generator)
    first, second, third = (
        genomes.gather(-2, keys.argsort(-1)[..., place : place + 1].expand_as(genomes)) for place in range(3)
    )
    return first + factor * (second - third)


def weighs_the_base(genomes: Tensor, *, factor: float = 0.5, generator: torch.Generator) -> Tensor:
    """Multiply the base by the factor, too."""
    return (1 + factor) / 2 * differential.rand_one(genomes, factor=factor, generator=generator)


def no_gene_for_sure(genomes: Tensor, mutants: Tensor, *, rate: float, generator: torch.Generator) -> Tensor:
    """Leave out the gene that always comes from the mutant."""
    return torch.where(torch.rand(genomes.shape, generator=generator) < rate, mutants, genomes)


LADDER = "better scores have no lower utilities, and equal ones equal utilities"
POPULATIONS = "each leading index is a population of its own"
SAME = "results are the reference's"
FRONTS = "every row has the number of a front, from 0 on without gaps"
SURVIVORS = "as many individuals survive as there were parents, none of them twice"

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("ranks_by_position", "ties by position", LADDER, (ranks_by_position, shaping_laws())),
    (
        "first_is_special",
        "an elite by position",
        "permuting the population permutes the utilities",
        (first_is_special, shaping_laws()),
    ),
    ("over_all", "ranks over all populations", POPULATIONS, (over_all, shaping_laws())),
    (
        "standardised",
        "scores count where ranks should",
        "only the order of the scores counts",
        (standardised, shaping_laws()),
    ),
    ("up_to_the_best", "P in place of P - 1", SAME, (up_to_the_best, shaping_laws(like="centred ranks"))),
    ("from_one", "fronts are counted from 1", FRONTS, (from_one, front_laws())),
    (
        "later_equals",
        "equals dominate each other",
        "permuting the population permutes the fronts",
        (later_equals, front_laws()),
    ),
    ("by_sum", "objectives are added up", "only the order within each objective counts", (by_sum, front_laws())),
    ("weakly", "only the first front is peeled", SAME, (weakly, front_laws())),
    (
        "first_row_is_an_end",
        "an end by position",
        "permuting the population permutes the distances",
        (first_row_is_an_end, crowding_laws()),
    ),
    ("across_populations", "fronts of all populations are one", POPULATIONS, (across_populations, crowding_laws())),
    (
        "without_range",
        "gaps in the units of the objectives",
        "units and signs of the objectives are irrelevant",
        (without_range, crowding_laws()),
    ),
    ("adds_up", "a sum in place of a mean", SAME, (adds_up, crowding_laws())),
    (
        "momentum_in_place",
        "a velocity that is changed in place",
        "the memory is left unchanged",
        (momentum_in_place, optimiser_laws()),
    ),
    (
        "Counting",
        "a counter that is not in the state",
        "the memory holds all that the next step needs",
        (Counting(), optimiser_laws()),
    ),
    (
        "one_norm_for_all",
        "a norm without its dimension",
        "each leading index is a search of its own",
        (one_norm_for_all, optimiser_laws()),
    ),
    (
        "overflowing",
        "squares that overflow",
        "only the direction of the gradient counts",
        (overflowing, optimiser_laws(direction_only=True)),
    ),
    (
        "uncorrected",
        "another default",
        "steps are the reference's",
        (uncorrected, optimiser_laws(like="Adam", grid={"learning_rate": (0.5,)})),
    ),
    ("adds_elites", "one survivor too many", SURVIVORS, (adds_elites, replacement_laws(least_children=1))),
    (
        "by_first_value",
        "equality has a tolerance",
        "only the order of the fitness counts",
        (by_first_value, replacement_laws()),
    ),
    (
        "cut_by_position",
        "children cut by position",
        "no child survives a better one",
        (cut_by_position, replacement_laws(least_children=1)),
    ),
    (
        "children_alone",
        "parents are left out",
        "the best one survives",
        (children_alone, replacement_laws(keeps_best=True)),
    ),
    (
        "parents_first",
        "parents win ties",
        "the survivors are the reference's",
        (parents_first, replacement_laws(like="plus")),
    ),
    (
        "any_elites",
        "a check that is missing",
        "arguments outside of the domain are refused",
        (any_elites, replacement_laws(least_children=1, refuses=[{"elites": -1}])),
    ),
    (
        "count_last",
        "dimensions exchanged",
        "genomes have the shape [..., P, D], dtype and device of the mean",
        (count_last, sampling_laws()),
    ),
    (
        "variances",
        "a deviation taken for a variance",
        "genomes are the mean plus the deviation times a draw",
        (variances, sampling_laws()),
    ),
    (
        "first_deviation",
        "a deviation for all counts twice as a tensor",
        "one deviation for all genes is that of each",
        (first_deviation, sampling_laws()),
    ),
    (
        "neighbours_mirrored",
        "mirror images in another order",
        "genomes are distributed as the reference's",
        (neighbours_mirrored, sampling_laws(like="mirrored")),
    ),
    (
        "weighs_the_base",
        "a weight that counts for the base, too",
        "moving all genomes moves the results",
        (weighs_the_base, differential_laws()),
    ),
    (
        "itself_too",
        "a genome takes part in its own mutant",
        "each mutant is made of three different others",
        (itself_too, differential_laws(factor="factor")),
    ),
    (
        "no_gene_for_sure",
        "no gene is sure to be the mutant's",
        "genomes are distributed as the reference's",
        (
            no_gene_for_sure,
            differential_laws(batches=2, least=1, like="binomial", grid={"rate": (0.5, 0.1)}),
        ),
    ),
)

KINDS = {
    "shaping": shaping_laws(like="centred ranks"),
    "fronts": front_laws(),
    "crowding": crowding_laws(),
    "optimisers": optimiser_laws(like="ascent", learning_rate=1.0, direction_only=True),
    "replacement": replacement_laws(like="plus", keeps_best=True, refuses=[{"elites": -1}]),
    "sampling": sampling_laws(like="normal"),
    "differential variation": differential_laws(like="rand/1", factor="factor", grid={"factor": (0.5,)}),
}
