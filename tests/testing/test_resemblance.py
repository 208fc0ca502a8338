"""The laws that an operator is distributed as a reference: what they notice, and what they let pass."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from neuroevo.operators import crossover, fronts, mutation, selection
from neuroevo.testing.laws import (
    Breach,
    LawBroken,
    check_crossover,
    check_law,
    check_mutation,
    check_selection,
    selection_laws,
)
from neuroevo.testing.laws.genes import Genes
from neuroevo.testing.laws.resemblance import crosses_like, mutates_like
from neuroevo.testing.references import reference_crossover, reference_mutation, reference_selection
from neuroevo.testing.references.crossover import segment

SIGMA = 0.5
REALS = Genes(dtypes=(torch.float64,))


def noise(genomes: Tensor, generator: torch.Generator) -> Tensor:
    """Return normal noise for genomes."""
    return SIGMA * torch.randn(genomes.shape, generator=generator, dtype=torch.float64).to(genomes.dtype)


def where(genomes: Tensor, steps: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Return genomes with steps added at the rate."""
    return torch.where(torch.rand(genomes.shape, generator=generator) < rate, genomes + steps, genomes)


def upwards(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Noise that only goes up."""
    return where(genomes, noise(genomes, generator).abs(), rate, generator)


def repeats_rows(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Noise that repeats from the fourth individual on."""
    steps = noise(genomes, generator)
    steps[3:] = steps[: max(0, len(steps) - 3)]
    return where(genomes, steps, rate, generator)


def one_coin_for_two(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """One coin for two neighbouring genes."""
    coins = torch.rand(genomes.shape, generator=generator)
    coins[:, 1::2] = coins[:, : genomes.shape[1] // 2 * 2 : 2]
    return torch.where(coins < rate, genomes + noise(genomes, generator), genomes)


def first_genes_alone(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Genes from 128 on never mutate."""
    mutants = where(genomes, noise(genomes, generator), rate, generator)
    mutants[:, 128:] = genomes[:, 128:]
    return mutants


def sorted_noise(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Draws of one call that are sorted."""
    return where(genomes, noise(genomes, generator).sort(1).values, rate, generator)


def evenly_spaced(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """Draws of one row at evenly spaced quantiles, in any order."""
    genes = genomes.shape[1]
    shares = torch.rand(genomes.shape, generator=generator, dtype=torch.float64).argsort(1) + 0.5
    steps = SIGMA * torch.special.ndtri(shares / genes).to(genomes.dtype)
    return where(genomes, steps, rate, generator)


def squared_rate(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """The rate is applied twice."""
    return where(genomes, noise(genomes, generator), rate**2, generator)


def wide(genomes: Tensor, *, rate: float = 1.0, generator: torch.Generator) -> Tensor:
    """A variance in place of a deviation."""
    return where(genomes, noise(genomes, generator) * SIGMA, rate, generator)


MUTATIONS = (
    upwards,
    repeats_rows,
    one_coin_for_two,
    first_genes_alone,
    sorted_noise,
    evenly_spaced,
    squared_rate,
    wide,
)


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_faults_of_mutations_are_noticed(mutate: Callable[..., Tensor]) -> None:
    """Each fault keeps all rules of conduct, and only the distribution shows it."""
    law = mutates_like(reference_mutation("gaussian", sigma=SIGMA), REALS, rate=("rate", "rate"))
    with pytest.raises(LawBroken, match="as the reference's"):
        check_law(mutate, law, label="planted", examples=20)


def test_a_case_is_replayed() -> None:
    """The batch that failed alone, from the error."""
    law = mutates_like(reference_mutation("gaussian", sigma=SIGMA), REALS, rate=("rate", "rate"))
    with pytest.raises(LawBroken) as caught:
        check_law(repeats_rows, law, label="planted", examples=1)
    drawn = caught.value.drawn
    assert drawn["batch"] == (5, 3, 1.0, {})
    with pytest.raises(Breach):
        law.replay(repeats_rows, drawn)
    law.replay(reference_mutation("gaussian", sigma=SIGMA), drawn)


def early_cuts(first: Tensor, second: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Cut points that are not equally likely."""
    genes = first.shape[1]
    cuts = torch.randint(1, max(2, genes), (2, len(first), 1), generator=generator).amin(0)
    swapped = torch.arange(genes) >= cuts
    return torch.where(swapped, second, first), torch.where(swapped, first, second)


def nothing_at_one(
    first: Tensor, second: Tensor, *, rate: float = 0.5, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Nothing is exchanged at rate 1."""
    return crossover.uniform(first, second, rate=0.0 if rate == 1 else rate, generator=generator)


def another_exponent(first: Tensor, second: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The exponent 1 / eta in place of 1 / (eta + 1), for the index 2."""
    draws = torch.rand(first.shape, generator=generator, dtype=torch.float64)
    spread = torch.where(draws <= 0.5, 2 * draws, 1 / (2 * (1 - draws))) ** (1 / 2)
    middle, half = (first + second) / 2, (second - first) / 2 * spread
    turned = torch.rand(first.shape, generator=generator) < 0.5
    return torch.where(turned, middle + half, middle - half), torch.where(turned, middle - half, middle + half)


CROSSOVERS = {
    "early cuts": (early_cuts, "one-point", None, {}),
    "nothing at one": (nothing_at_one, "uniform", ("rate", "rate"), {}),
    "another exponent": (another_exponent, "simulated binary", None, {"eta": 2.0, "rate": 1.0}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CROSSOVERS)
def test_faults_of_crossovers_are_noticed(name: str) -> None:
    """The same of crossovers."""
    cross, like, rate, settings = CROSSOVERS[name]
    law = crosses_like(reference_crossover(like, **settings), REALS, rate=rate)
    with pytest.raises(LawBroken, match="as the reference's"):
        check_law(cross, law, label="planted", examples=20)


def sorted_winners(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """The winners of one call are sorted."""
    return selection.tournament(fitness, k=k, size=2, generator=generator).sort().values


def second_half_again(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """The second half of the selected repeats the first."""
    chosen = selection.tournament(fitness, k=k, size=2, generator=generator)
    chosen[k - k // 2 :] = chosen[: k // 2]
    return chosen


def evenly_drawn(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Equally spaced entrants, as stochastic universal sampling has them."""
    starts = torch.randint(len(fitness), (2, 1), generator=generator)
    entrants = (starts + torch.arange(k) * len(fitness) // k) % len(fitness)
    winners = fitness.nan_to_num(-math.inf)[entrants].argmax(0)
    return entrants.gather(0, winners.unsqueeze(0))[0]


@pytest.mark.slow
@pytest.mark.parametrize("select", [sorted_winners, second_half_again, evenly_drawn])
def test_faults_of_selections_are_noticed(select: Callable[..., Tensor]) -> None:
    """The frequency of each individual is right, and the joint distribution is not."""
    with pytest.raises(LawBroken, match="as the reference's"):
        check_selection(select, like="tournament", size=2, separate_draws=False, examples=20)


def loses_a_gene(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """A swap that loses a gene."""
    mutants = genomes.clone()
    places = torch.rand(genomes.shape, generator=generator).argsort(1)[:, :2]
    return mutants.scatter(1, places[:, :1], genomes.gather(1, places[:, 1:]))


@pytest.mark.slow
def test_a_swap_that_loses_a_gene_is_noticed() -> None:
    """Permutations are a domain of their own."""
    law = mutates_like(reference_mutation("swap"), Genes(permutations=True, least=2))
    check_law(reference_mutation("swap"), law, label="swap", examples=2)
    with pytest.raises(LawBroken, match="as the reference's"):
        check_law(loses_a_gene, law, label="planted", examples=20)


@pytest.mark.slow
@pytest.mark.parametrize(
    "laws",
    [
        partial(check_mutation, partial(mutation.gaussian, sigma=0.3), rate="rate", like="gaussian", sigma=0.3),
        partial(check_crossover, crossover.two_point, cuts=2, like="two-point"),
        partial(check_selection, partial(selection.tournament, size=3), tournament=3, like="tournament", size=3),
    ],
    ids=["gaussian", "two-point", "tournament"],
)
def test_right_operators_pass(laws: Callable[..., None]) -> None:
    """A check with `like=` has all laws of the kind, and that of the reference."""
    laws(examples=2)


@pytest.mark.slow
def test_another_implementation_is_a_reference() -> None:
    """Any function of the operator's signature."""
    check_selection(selection.roulette, proportional=True, reference=reference_selection("roulette"), examples=2)


@pytest.mark.parametrize(
    ("like", "settings", "said"),
    [
        ("gausian", {}, "did you mean gaussian"),
        ("gaussian", {"sgima": 1.0}, "takes the settings sigma, rate, but sgima came"),
        ("gaussian", {}, "but sigma is missing"),
    ],
)
def test_what_a_reference_needs_is_said(like: str, settings: dict[str, float], said: str) -> None:
    """At once, and in one sentence."""
    with pytest.raises((TypeError, ValueError), match=said):
        check_mutation(mutation.gaussian, like=like, **settings)


def test_segments_have_at_least_their_length() -> None:
    """All segments of two genes or more are equally likely, the whole genome among them."""
    draws = np.random.default_rng(0)
    counts = Counter(segment(4, 2, draws) for _ in range(600))
    assert sorted(counts) == [(0, 2), (0, 3), (0, 4), (1, 3), (1, 4), (2, 4)]
    assert min(counts.values()) > 60


def test_no_gene_goes_to_the_child_of_the_other_parent() -> None:
    """Without exchange each child is the nearer one to its own parent, whichever of them is greater."""
    cross = reference_crossover("simulated binary", eta=15, rate=1.0, exchange=0.0)
    first, second = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]])
    one, other = cross(first, second, generator=torch.Generator())
    assert ((one - first).abs() < 0.5).all()
    assert ((other - second).abs() < 0.5).all()


def first_cases_first(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Lexicase selection with its cases in one order."""
    chosen = []
    for _ in range(k):
        left = torch.arange(len(fitness))
        for case in fitness.unbind(1):
            left = left[case[left] == case[left].max()]
        chosen.append(left[torch.randint(len(left), (), generator=generator)])
    return torch.stack(chosen)


def the_crowded_first(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Survivors of NSGA-II by a crowding distance with the wrong sign."""
    numbers = fronts.front_numbers(fitness)
    order = fronts.crowding(fitness, numbers).argsort(stable=True)
    return order[numbers[order].argsort(stable=True)][:k]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("select", "like", "settings"),
    [
        (first_cases_first, "lexicase", {}),
        (reference_selection("lexicase"), "epsilon-lexicase", {}),
        (the_crowded_first, "NSGA-II", {"with_replacement": False, "deterministic": True}),
    ],
)
def test_faults_of_selections_by_several_objectives_are_noticed(
    select: Callable[..., Tensor], like: str, settings: dict[str, bool]
) -> None:
    """A reference for fitness [P, M] has the laws of the weights."""
    laws = selection_laws(like=like, weights=(1.0, 1.0, 1.0), **settings)
    law = next(one for one in laws if one.name == "the selected are distributed as the reference's")
    check_law(reference_selection(like), law, label="reference", examples=1)
    with pytest.raises(LawBroken, match="as the reference's"):
        check_law(select, law, label="planted", examples=2)
