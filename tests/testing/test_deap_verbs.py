"""DEAP's operators as tensor functions: arguments, results, and what the laws detect."""

import random
from functools import partial

import pytest
import torch
from deap import tools
from torch import Tensor

from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators import crossover, mutation
from neuroevo.operators.verbs import Mate, Mutate
from neuroevo.testing.deap_verbs import as_crossover, as_mutation, as_selection
from neuroevo.testing.laws import LawBroken, check_crossover, check_mutation, check_selection

GENERATOR = torch.Generator()
STRAIGHT = partial(tools.mutGaussian, mu=0, sigma=1, indpb=0.5)


def individual(row: Tensor) -> Individual:
    """Return an individual with the row as genome."""
    return Individual(row, id=0)


def test_rows_go_through_one_by_one() -> None:
    """Each row, or pair of rows, is an individual of its own; shapes and dtypes come back."""
    genomes = torch.arange(6.0).reshape(3, 2)
    mutants = as_mutation(lambda one: (one[::-1],))(genomes, generator=GENERATOR)
    assert torch.equal(mutants, genomes.flip(1))
    first, second = as_crossover(lambda a, b: (b, a))(genomes, genomes + 10, generator=GENERATOR)
    assert torch.equal(first, genomes + 10)
    assert torch.equal(second, genomes)
    chosen = as_selection(tools.selBest)(torch.tensor([1.0, 3.0, 2.0]), k=2, generator=GENERATOR)
    assert chosen.tolist() == [1, 2]


def test_settings_are_handed_on() -> None:
    """Keywords that the laws choose reach the verb, and so does the generator where it takes one."""
    seen = {}

    def mutate(one: list[float], rate: float, generator: torch.Generator) -> tuple[list[float]]:
        seen.update(rate=rate, generator=generator)
        return (one,)

    as_mutation(mutate)(torch.ones(1, 2), generator=GENERATOR, rate=0.25)
    assert seen == {"rate": 0.25, "generator": GENERATOR}


def test_whole_numbers_that_become_fractions_are_seen() -> None:
    """A list of integers that comes back with a fraction is no tensor of integers."""
    fractions = as_mutation(lambda one: ([gene + 0.5 for gene in one],))
    assert fractions(torch.ones(1, 2, dtype=torch.int64), generator=GENERATOR).is_floating_point()
    with pytest.raises(LawBroken, match="shape, dtype and device are kept"):
        check_mutation(partial(fractions), dtypes=(torch.int64,), examples=5)


def test_what_works_in_place_is_reported_where_nothing_was_cloned() -> None:
    """With the memory of the batch, DEAP's mutation changes its argument."""
    with pytest.raises(LawBroken, match="arguments are left unchanged"):
        check_mutation(as_mutation(STRAIGHT, make=Tensor.numpy, seed_globals=True), dtypes=(torch.float64,))


def test_global_draws_are_reported_unless_they_are_seeded() -> None:
    """DEAP draws from `random`; seeded for the call, the same generator gives the same mutant, and nothing moves."""
    with pytest.raises(LawBroken, match="global generators are neither read nor written"):
        check_mutation(as_mutation(STRAIGHT), dtypes=(torch.float64,))
    before = random.getstate()
    once, again, other = (
        as_mutation(STRAIGHT, seed_globals=True)(torch.zeros(1, 9), generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert random.getstate() == before
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_nan_wins_with_the_stock_fitness_only() -> None:
    """DEAP's own fitness lets NaN win."""
    select = partial(tools.selTournament, tournsize=3)
    with pytest.raises(LawBroken, match="NaN never beats a number"):
        check_selection(as_selection(select, seed_globals=True), tournament=3)


@pytest.mark.slow
def test_what_deap_copies_and_compares_rightly_keeps_the_laws() -> None:
    """A list is a copy, which may be changed; our fitness lets no NaN win."""
    check_mutation(as_mutation(STRAIGHT, seed_globals=True), rate="indpb", dtypes=(torch.float64,), examples=10)
    select = partial(tools.selTournament, tournsize=3)
    check_selection(as_selection(select, fitness=Fitness, seed_globals=True), tournament=3, examples=10)


@pytest.mark.slow
def test_the_librarys_verbs_keep_the_laws_as_verbs() -> None:
    """`Mutate` and `Mate` pass on what their operators keep, memory included."""
    ids = Ids()

    def mutate(one: Individual, *, rate: float = 0.5, generator: torch.Generator) -> tuple[Individual]:
        return Mutate(partial(mutation.gaussian, sigma=0.5, rate=rate, generator=generator), ids)(one)

    def mate(a: Individual, b: Individual, *, generator: torch.Generator) -> tuple[Individual, Individual]:
        return Mate(partial(crossover.two_point, generator=generator), ids)(a, b)

    check_mutation(as_mutation(mutate, make=individual), rate="rate", examples=10)
    check_crossover(as_crossover(mate, make=individual), cuts=2, examples=10)


def test_an_individual_that_is_handed_back_is_an_alias() -> None:
    """The memory of a genome is followed through the verb."""
    with pytest.raises(LawBroken, match="results share no storage with arguments"):
        check_mutation(as_mutation(lambda one: (one,), make=individual))
