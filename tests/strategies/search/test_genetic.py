"""The genetic algorithm and the evolution strategies: what survives, and what mutates."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.operators.crossover import uniform
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.verbs import Mate, Mutate
from neuroevo.problems.function import RASTRIGIN, SPHERE
from neuroevo.strategies import EvolutionStrategy, Genetic


@given(seed=st.integers(0, 2**32), offspring=st.sampled_from([None, 1, 2, 5]))
def test_with_an_elite_the_best_never_gets_worse(seed: int, offspring: int | None) -> None:
    """The best of those that live is the best of all, in either form."""
    strategy = Genetic(RASTRIGIN(3), population=6, offspring=offspring, seed=seed)
    for _ in evolve(strategy, 6):
        assert max(one.fitness for one in strategy.individuals) == strategy.result().fitness
        assert len(strategy.individuals) == 6


def test_without_elites_a_generation_dies() -> None:
    """No parent survives then."""
    strategy = Genetic(RASTRIGIN(3), population=6, elites=0)
    for generation in evolve(strategy, 4):
        assert {one.id for one in strategy.individuals} == {one.id for one in generation.population}


def test_a_steady_state_scores_few() -> None:
    """After the first generation there are as many individuals in one as there are children."""
    strategy = Genetic(RASTRIGIN(3), population=6, offspring=2)
    assert [len(generation.population) for generation in evolve(strategy, 4)] == [6, 2, 2, 2]
    assert strategy.budget.evaluations == 12


def test_operators_are_swapped_in_every_form() -> None:
    """What is registered as `mate` and `mutate` serves our loop and DEAP's loops."""
    strategy = Genetic(SPHERE(4), population=4)
    exchange = partial(uniform, rate=1.0, generator=strategy.generator)
    nothing = partial(gaussian, sigma=0.0, generator=strategy.generator)
    strategy.toolbox.register("mate", Mate(exchange, strategy.ids))
    strategy.toolbox.register("mutate", Mutate(nothing, strategy.ids))
    first, second = strategy.toolbox.population(n=2)
    children = strategy.toolbox.mate(first, second)
    assert torch.equal(children[0].genome, second.genome)
    assert torch.equal(children[1].genome, first.genome)
    assert torch.equal(strategy.toolbox.mutate(first)[0].genome, first.genome)
    varied = strategy.toolbox.vary([first, second])
    assert torch.equal(varied[0].genome, second.genome)


def test_step_sizes_adapt() -> None:
    """On a sphere they shrink with the distance, and the search gets ever closer."""
    strategy = EvolutionStrategy(SPHERE(10), seed=1)
    for _ in evolve(strategy, 600):
        pass
    assert max(strategy.step_sizes.values()) < 1e-6
    assert strategy.result().fitness.values[0] < 1e-12


@pytest.mark.parametrize("plus", [False, True])
@given(seed=st.integers(0, 2**32))
def test_parents_die_or_compete(plus: bool, seed: int) -> None:
    """With plus for ever the worst parent never gets worse; with comma all parents are of the last generation."""
    strategy = EvolutionStrategy(RASTRIGIN(3), population=6, parents=2, plus=plus, lifespan=None, seed=seed)
    before = None
    for generation in evolve(strategy, 6):
        worst = min(one.fitness for one in strategy.individuals)
        assert not plus or before is None or worst >= before
        assert plus or {one.id for one in strategy.individuals} <= {one.id for one in generation.population}
        assert strategy.step_sizes.keys() == {str(one.id) for one in strategy.individuals}
        before = worst


@given(lifespan=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_parents_live_for_some_generations(lifespan: int, seed: int) -> None:
    """No parent is older; the best is lost only if it is too old."""
    strategy = EvolutionStrategy(RASTRIGIN(3), population=6, parents=2, plus=True, lifespan=lifespan, seed=seed)
    for generation in evolve(strategy, 8):
        assert all(generation.number - one.generation <= lifespan for one in strategy.individuals)
    with pytest.raises(ValueError, match=r"^lifespan must be at least 1, but it is 0\.$"):
        EvolutionStrategy(RASTRIGIN(3), lifespan=0)


def test_without_mating_children_have_one_parent() -> None:
    """They are its mutants, and the run is decided by its seed as ever."""
    strategies = [Genetic(RASTRIGIN(3), population=7, seed=1, mating=0.0, rate=0.0) for _ in range(2)]
    first, second = (list(evolve(strategy, 3)) for strategy in strategies)
    assert [one.record()["individuals"] for one in first] == [one.record()["individuals"] for one in second]
    before = {one.id: one for one in first[0].population}
    for child in first[1].population:
        (parent,) = child.parents
        assert torch.equal(child.genome, before[parent].genome)
    with pytest.raises(ValueError, match="mating must lie in"):
        Genetic(RASTRIGIN(3), mating=2.0)
