"""The memetic algorithm: genes that contribute by themselves are found one by one, and others lose nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.problems.function import ELLIPSOID, RASTRIGIN, Function
from neuroevo.space import Space
from neuroevo.strategies import Genetic, Memetic
from neuroevo.strategies.search.pattern import FAR, SHORT, moves, next_steps, probes


@given(st.integers(1, 6), st.integers(0, 2**32))
def test_probes_differ_in_one_gene(size: int, seed: int) -> None:
    """One step up, then one down, in each of the genes, and all others stay."""
    draws = torch.Generator().manual_seed(seed)
    genome, places = torch.randn(size, generator=draws), torch.randperm(size, generator=draws)[: 1 + size // 2]
    steps = torch.rand(len(places), generator=draws) + 0.1
    found = probes(genome, steps, places)
    for number, (place, step) in enumerate(zip(places.tolist(), steps, strict=True)):
        for row, sign in ((found[number], 1), (found[len(places) + number], -1)):
            assert float((row - genome)[place]) == pytest.approx(float(sign * step), rel=1e-4)
            assert (row != genome).nonzero().flatten().tolist() == [place]


@given(middle=st.floats(-0.9, 0.9).filter(lambda one: abs(abs(one) - 0.5) > 0.01), bend=st.floats(0.1, 10))
def test_a_parabola_is_moved_to_its_vertex(middle: float, bend: float) -> None:
    """Where both steps are worse; where one is better it is taken whole, and nothing moves where scores are none."""
    scores = torch.tensor([-bend * (place - middle) ** 2 for place in (0.0, 1.0, -1.0)], dtype=torch.float64)
    found = float(moves(scores[0], scores[1:]))
    assert found == pytest.approx(middle if abs(middle) < 0.5 else round(middle), abs=1e-6)
    none = torch.tensor(-torch.inf, dtype=torch.float64)
    assert moves(none, none.expand(2)).tolist() == [0.0]
    assert moves(scores[0], none.expand(2)).tolist() == [0.0]


@given(seed=st.integers(0, 2**32))
def test_steps_are_halved_until_they_are_short(seed: int) -> None:
    """A whole step keeps its length; a new one is no longer than the bounds are wide."""
    draws = torch.Generator().manual_seed(seed)
    steps, moved = torch.tensor([1.0, 1.0, SHORT]), torch.tensor([-1.0, 0.3, 0.0])
    found = next_steps(steps, moved, torch.ones(3), generator=draws)
    assert found[:2].tolist() == [1.0, 0.5]
    assert 0 <= float(found[2]) <= FAR


def test_what_is_a_sum_over_genes_is_solved() -> None:
    """An ellipsoid of condition 10^6 in 3,000 evaluations, where the genetic algorithm is far away."""
    values = []
    for kind in (Memetic, Genetic):
        strategy = kind(ELLIPSOID(20), seed=1)
        for _ in evolve(strategy, 60):
            pass
        values.append(strategy.result().fitness.values[0])
    assert values[0] < 1e-8 < 1 < values[1]


@given(seed=st.integers(0, 2**32))
def test_a_generation_is_as_large_as_any(seed: int) -> None:
    """Half of it are children, all are within the bounds, and one of the other half survives at most."""
    strategy = Memetic(RASTRIGIN(9), population=12, seed=seed)
    for generation in evolve(strategy, 6):
        genomes = torch.stack([one.genome for one in generation.population])
        assert len(genomes) == strategy.size(generation.number - 1) == 12
        assert torch.equal(strategy.space.clip(genomes), genomes)
        if generation.number > 1:
            near = {one.id for one in generation.population[-1 - 2 * strategy.genes :]}
            assert sum(one.id in near for one in strategy.individuals) <= 1


def test_a_loop_that_scores_a_part_does_no_harm() -> None:
    """The point is the best individual then."""
    strategy = Memetic(RASTRIGIN(4), population=9)
    for _ in evolve(strategy, 3):
        pass
    some = strategy.generate()[:-2]
    for one in some:
        one.fitness.values = (5.0,)
    strategy.update(some)
    best = max(strategy.individuals, key=lambda one: one.fitness)
    assert torch.equal(strategy.point, best.genome)


def test_noise_does_no_harm() -> None:
    """As many live as before, and finalists are scored again."""
    space, draws = Space.box(3, low=-1, high=1), torch.Generator().manual_seed(1)
    noise = torch.randn(4000, generator=draws, dtype=torch.float64)
    noisy = Function(lambda genomes: genomes.sum(-1) + noise[: len(genomes)], space, batched=True, noisy=True)
    strategy = Memetic(noisy, population=8)
    for _ in evolve(strategy, 4):
        pass
    assert len(strategy.individuals) == 8
    assert space.clip(strategy.result().genome).equal(strategy.result().genome)


def test_a_plateau_moves_nothing() -> None:
    """Scores that are all equal say nothing of any gene; single precision stays single."""
    space = Space.box(3, start=torch.ones(3))
    strategy = Memetic(Function(lambda genomes: 0 * genomes.sum(-1), space, batched=True), population=8)
    for _ in evolve(strategy, 4):
        pass
    assert strategy.point.dtype == strategy.steps.dtype == torch.float32


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_is_refused(share: float) -> None:
    """With the interval."""
    with pytest.raises(ValueError, match=rf"^share must lie in \(0, 1\), but it is {share}\.$"):
        Memetic(RASTRIGIN(4), share=share)
