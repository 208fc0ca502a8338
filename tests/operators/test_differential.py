"""Variation by differences."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.operators.differential import binomial, current_to_best, rand_one


def generator(seed: int) -> torch.Generator:
    """Return a generator of a seed."""
    return torch.Generator().manual_seed(seed)


@given(seed=st.integers(0, 2**32), population=st.integers(4, 9))
def test_a_mutant_comes_from_three_others(seed: int, population: int) -> None:
    """With powers of 2 as genes a mutant shows its sources: three different genomes, never itself."""
    genomes = (2.0 ** torch.arange(population, dtype=torch.float64)).diag()
    before = genomes.clone()
    mutants = rand_one(genomes, factor=0.25, generator=generator(seed))
    assert torch.equal(genomes, before)
    for row, mutant in enumerate(mutants / genomes.diagonal()):
        assert sorted(mutant[mutant != 0].tolist()) == [-0.25, 0.25, 1.0]
        assert mutant[row] == 0


@given(seed=st.integers(0, 2**32), population=st.integers(3, 7), archive=st.integers(0, 4))
def test_a_mutant_moves_to_a_good_one(seed: int, population: int, archive: int) -> None:
    """With powers of 2 as genes a mutant shows its sources: itself, a good one, and two others, one perhaps dead."""
    pool = (2.0 ** torch.arange(population + archive + 1, dtype=torch.float64)).diag()
    genomes, dead, good = pool[:population], pool[population:-1], pool[-1:].expand(population, -1)
    factors = torch.full((population,), 0.25, dtype=torch.float64)
    mutants = current_to_best(genomes, good, dead, factors=factors, generator=generator(seed))
    for row, mutant in enumerate(mutants / pool.diagonal()):
        assert mutant[row] == 0.75
        assert mutant[-1] == 0.25
        others = torch.cat([mutant[:row], mutant[row + 1 : -1]])
        assert sorted(others[others != 0].tolist()) == [-0.25, 0.25]
        assert 0.25 in mutant[:population]


@given(seed=st.integers(0, 2**32))
def test_each_genome_can_have_a_rate(seed: int) -> None:
    """Rate 0 takes one gene of its genome, rate 1 all."""
    rates = torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    trials = binomial(torch.zeros(2, 4, 5), torch.ones(2, 4, 5), rate=rates.expand(2, 4), generator=generator(seed))
    assert trials.sum(-1).tolist() == [[1, 5, 1, 5]] * 2


@given(seed=st.integers(0, 2**32), rate=st.floats(0, 1))
def test_a_trial_has_genes_of_both(seed: int, rate: float) -> None:
    """Every gene is the target's or the mutant's, and one at least is the mutant's."""
    trials = binomial(torch.zeros(3, 6, 5), torch.ones(3, 6, 5), rate=rate, generator=generator(seed))
    assert set(trials.unique().tolist()) <= {0.0, 1.0}
    assert bool((trials.sum(-1) >= 1).all())


def test_extreme_rates() -> None:
    """Rate 0 takes one gene, rate 1 all of them."""
    zeros, ones = torch.zeros(6, 5), torch.ones(6, 5)
    assert bool((binomial(zeros, ones, rate=0, generator=generator(0)).sum(-1) == 1).all())
    assert torch.equal(binomial(zeros, ones, rate=1, generator=generator(0)), ones)


def test_every_genome_is_drawn() -> None:
    """Over many draws each of the others is a base as often as any."""
    genomes = torch.eye(5, dtype=torch.float64).expand(4000, 5, 5)
    bases = (rand_one(genomes, factor=0.25, generator=generator(0)) == 1).double().mean(0)
    torch.testing.assert_close(bases, (1 - torch.eye(5, dtype=torch.float64)) / 4, rtol=0, atol=0.03)


def test_what_is_impossible_is_refused() -> None:
    """There must be three others, and a rate is a probability."""
    with pytest.raises(ValueError, match=r"genomes must be at least 4, but they are 3."):
        rand_one(torch.zeros(3, 2), factor=0.5, generator=generator(0))
    with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\], but it is 2."):
        binomial(torch.zeros(4, 2), torch.ones(4, 2), rate=2, generator=generator(0))
    with pytest.raises(ValueError, match=r"genomes must be at least 3, but they are 2."):
        current_to_best(*[torch.zeros(2, 2)] * 3, factors=torch.ones(2), generator=generator(0))
