"""pymoo's operators as tensor functions: arguments, results, and what the laws detect."""

from typing import Any

import numpy as np
import pytest
import torch

from neuroevo.testing.laws import LawBroken, check_crossover, check_mutation, check_selection
from neuroevo.testing.pymoo_operators import as_crossover, as_mutation, as_sampling, as_selection, as_survival

pytest.importorskip("pymoo")
from pymoo.algorithms.soo.nonconvex.ga import comp_by_cv_and_fitness
from pymoo.core.mutation import Mutation
from pymoo.operators.crossover.ox import OrderCrossover
from pymoo.operators.crossover.pcx import PCX
from pymoo.operators.crossover.pntx import TwoPointCrossover
from pymoo.operators.mutation.bitflip import BFM
from pymoo.operators.mutation.pm import PM
from pymoo.operators.sampling.lhs import LHS
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

BITS: dict[str, Any] = {"bounds": (0, 1), "dtypes": (torch.bool,)}


def generator(seed: int = 0) -> torch.Generator:
    """Return a generator."""
    return torch.Generator().manual_seed(seed)


class Global(Mutation):  # type: ignore[misc]
    """Draws from numpy's global generator, as operators of users do."""

    def _do(self, problem: Any, X: Any, **keywords: Any) -> Any:
        return X + np.random.normal(size=X.shape)  # noqa: NPY002


def test_mutations_keep_the_laws_in_one_line() -> None:
    """A real-valued one with its bounds and rate, and one on bits; `prob_var` is set on a copy."""
    polynomial = PM(eta=20, prob=1.0, prob_var=0.5)
    check_mutation(as_mutation(polynomial, low=-1, high=1), rate="prob_var", bounds=(-1, 1), examples=5)
    check_mutation(as_mutation(BFM(prob=1.0, prob_var=0.5)), rate="prob_var", examples=5, **BITS)
    assert polynomial.get_prob_var(None) == 0.5


def test_crossovers_keep_the_laws_in_one_line() -> None:
    """A crossover at points, and one of orders."""
    check_crossover(as_crossover(TwoPointCrossover(prob=1.0)), cuts=2, min_genes=3, examples=5)
    check_crossover(as_crossover(OrderCrossover(prob=1.0)), permutations=True, min_genes=2, examples=5)


def test_pairs_stay_pairs() -> None:
    """The first rows of the batches are mated with each other, and the children come back in their order."""
    first, second = torch.zeros(3, 4), torch.arange(1.0, 4.0).repeat(4, 1).T
    one, other = as_crossover(TwoPointCrossover(prob=1.0))(first, second, generator=generator())
    assert torch.equal(one + other, second)


def test_three_parents_have_one_child() -> None:
    """The number of parents and of children is the operator's."""
    parents = [torch.rand(4, 2, generator=generator(seed)) for seed in range(3)]
    assert as_crossover(PCX(prob=1.0), low=0, high=1)(*parents, generator=generator()).shape == (4, 2)


def test_the_greatest_fitness_survives() -> None:
    """The objectives are minimised; indices count from the population that came, of one or of several objectives."""
    survive = as_survival(RankAndCrowding())
    assert survive(torch.tensor([1.0, 3.0, 2.0]), k=2, generator=generator()).tolist() == [1, 2]
    fronts = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert sorted(survive(fronts, k=2, generator=generator()).tolist()) == [1, 2]


def test_nan_wins_tournaments() -> None:
    """A comparison with NaN is a tie for pymoo, which a coin decides."""
    select = as_selection(TournamentSelection(func_comp=comp_by_cv_and_fitness))
    assert select(torch.tensor([1.0, 2.0]), k=3, generator=generator()).tolist() == [1, 1, 1]
    with pytest.raises(LawBroken, match="NaN never beats a number"):
        check_selection(select)


def test_samples_fill_every_stratum() -> None:
    """The sample has the number of genomes and genes that was asked for, within the bounds."""
    sample = as_sampling(LHS(), low=-1, high=1)(8, 3, generator=generator())
    strata = ((sample + 1) * 4).floor().sort(0).values
    assert torch.equal(strata, torch.arange(8.0, dtype=torch.float64).repeat(3, 1).T)


def test_global_draws_are_reported_unless_they_are_seeded() -> None:
    """Numpy's global generator is seeded for the call on request."""
    with pytest.raises(LawBroken, match="global generators are neither read nor written"):
        check_mutation(as_mutation(Global(prob=1.0)), examples=5)
    check_mutation(as_mutation(Global(prob=1.0), seed_globals=True), examples=5)


def test_a_setting_that_is_none_is_named() -> None:
    """A wrong name of the rate is an error, not a rate that is ignored."""
    with pytest.raises(AttributeError, match="PolynomialMutation has no setting 'indpb'"):
        as_mutation(PM.__base__())(torch.zeros(1, 1), generator=generator(), indpb=0.5)
