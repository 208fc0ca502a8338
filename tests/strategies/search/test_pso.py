"""Particle swarms: who follows whom, where particles stop, and what a best place is."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.individual import Fitness, Individual
from neuroevo.problems.function import RASTRIGIN, SPHERE, Function
from neuroevo.space import Space
from neuroevo.strategies import PSO
from neuroevo.strategies.search.bounds import halfway
from neuroevo.strategies.search.pso import inertia_of, ring


def scored(scores: list[float]) -> list[Individual]:
    """Return individuals with these scores, to be maximised."""
    return [
        Individual(torch.zeros(1), Fitness((score,), weights=(1.0,)), id=place) for place, score in enumerate(scores)
    ]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=7), st.integers(0, 8))
def test_leaders_are_the_best_of_the_ring(scores: list[int], neighbours: int) -> None:
    """Each follows one of its neighbours that no other of them beats, and itself where none is better."""
    population = scored([float(score) for score in scores])
    for place, leader in enumerate(ring(population, neighbours=neighbours)):
        steps = range(-neighbours, neighbours + 1)
        near = [scores[(place + step) % len(scores)] for step in steps]
        assert scores[leader.id] == max(near)
        assert scores[leader.id] > scores[place] or leader.id == place


@given(places=st.lists(st.floats(-5, 5), min_size=1, max_size=6), best=st.integers(0, 5))
def test_inertia_follows_where_the_best_particle_is(places: list[float], best: int) -> None:
    """Least in the midst of the others, greatest where it is farthest from them; whatever the unit is."""
    best %= len(places)
    swarm = [
        Individual(
            torch.tensor([place], dtype=torch.float64), Fitness((float(number == best),), weights=(1.0,)), id=number
        )
        for number, place in enumerate(places)
    ]
    found = inertia_of(swarm, spread=torch.ones(1, dtype=torch.float64))
    means = [sum(abs(one - other) for other in places) for one in places]
    assert 0.4 - 1e-12 <= found <= 0.9
    if max(means) - min(means) > 1e-6:
        assert (found == pytest.approx(0.4)) == (means[best] == pytest.approx(min(means), abs=1e-9))
        assert inertia_of(swarm, spread=torch.full((1,), 8.0, dtype=torch.float64)) == pytest.approx(found)
    assert inertia_of(swarm, spread=torch.ones(1), fixed=0.7) == 0.7


def test_a_converging_swarm() -> None:
    """A sphere of 10 genes is found to within a thousandth in 4,000 evaluations."""
    strategy = PSO(SPHERE(10))
    for _ in evolve(strategy, 200):
        pass
    assert strategy.result().fitness.values[0] < 1e-3


@given(seed=st.integers(0, 2**32))
def test_no_best_place_gets_worse(seed: int) -> None:
    """Each particle's best place is, generation after generation, no worse."""
    strategy = PSO(RASTRIGIN(4), seed=seed, population=6)
    before = None
    for _ in evolve(strategy, 6):
        values = [one.fitness for one in strategy.individuals]
        assert before is None or all(new >= old for new, old in zip(values, before, strict=True))
        before = values


def test_a_particle_that_was_not_scored_flies_on() -> None:
    """A loop that scores only a part of a generation leaves place and velocity of the others."""
    strategy = PSO(RASTRIGIN(4), population=6)
    for _ in evolve(strategy, 3):
        pass
    places, velocities = strategy.places, strategy.velocities
    flown = strategy.generate()[:2]
    for one in flown:
        one.fitness.values = (0.0,)
    strategy.update(flown)
    assert torch.equal(strategy.places[2:], places[2:])
    assert torch.equal(strategy.velocities[2:], velocities[2:])
    assert torch.equal(strategy.places[0], flown[0].genome)
    assert torch.equal(strategy.velocities[0], flown[0].genome - places[0])


def test_no_particle_ends_at_a_bound() -> None:
    """On a slope all come near the bound, and can still leave it."""
    strategy = PSO(Function(lambda genomes: genomes.sum(-1), Space.box(3, low=-1, high=1), batched=True))
    for generation in evolve(strategy, 15):
        genomes = torch.stack([one.genome for one in generation.population])
        assert bool((genomes.abs() < 1).all())
    assert float(genomes.mean()) < -0.8


@given(seed=st.integers(0, 2**32), scale=st.sampled_from([0.1, 10.0, float("inf")]))
def test_half_way_back(seed: int, scale: float) -> None:
    """Genes that stay inside are kept, and others end between the bound and where they were."""
    generator = torch.Generator().manual_seed(seed)
    space = Space.box(4, low=-1, high=2)
    parents = space.sample(5, generator=generator)
    moved = parents + scale * torch.randn(5, 4, generator=generator, dtype=torch.float64)
    found = halfway(space, moved, parents)
    inside = (moved >= -1) & (moved <= 2)
    assert torch.equal(found[inside], moved[inside])
    bound = torch.where(moved > 2, 2.0, -1.0).double()
    wanted = (bound + parents) / 2 if scale < float("inf") else parents
    assert torch.equal(found[~inside], wanted[~inside])


def test_wrong_settings_are_refused() -> None:
    """The sentence names the argument."""
    with pytest.raises(ValueError, match=r"^neighbours must be at least 0, but they are -1.$"):
        PSO(SPHERE(3), neighbours=-1)
