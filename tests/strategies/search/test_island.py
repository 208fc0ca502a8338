"""The island model: nothing but migrants goes from one island to another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.individual import Fitness, Individual
from neuroevo.problems.function import RASTRIGIN, SPHERE
from neuroevo.strategies import Island
from neuroevo.strategies.search.island import ring, split


@given(seed=st.integers(0, 2**32), each=st.integers(1, 5), islands=st.integers(1, 3))
def test_families_stay_on_their_island(seed: int, each: int, islands: int) -> None:
    """Without migration every child's parents lived where it lives."""
    strategy = Island(RASTRIGIN(3), population=each * islands, islands=islands, migrants=0, seed=seed)
    homes: dict[int, int] = {}
    for generation in evolve(strategy, 4):
        for place, one in enumerate(generation.population):
            homes[one.id] = place // each
            assert all(homes[parent] == place // each for parent in one.parents)
        for number, island in enumerate(split(strategy.individuals, islands)):
            assert all(homes[one.id] == number for one in island)


@given(scores=st.lists(st.integers(0, 9), min_size=6, max_size=6), migrants=st.integers(0, 3))
def test_the_best_take_the_places_of_the_worst(scores: list[int], migrants: int) -> None:
    """On a ring of two islands each gets the other's best for its own worst; numbers stay."""
    individuals = [Individual(None, Fitness([score]), id=place) for place, score in enumerate(scores)]
    islands = split(individuals, 2)
    after = ring(islands, migrants=migrants)
    for place in range(2):
        assert len(after[place]) == 3
        ranked = [sorted((one.fitness for one in island), reverse=True) for island in islands]
        expected = [*ranked[place][: 3 - migrants], *ranked[place - 1][:migrants]]
        assert sorted((one.fitness for one in after[place]), reverse=True) == sorted(expected, reverse=True)


def test_migration_comes_at_its_time() -> None:
    """Individuals come to be on two islands at once only at the end of an interval."""
    strategy = Island(SPHERE(3), population=12, islands=3, interval=2, migrants=2, seed=1)
    copies = []
    for _ in evolve(strategy, 4):
        copies.append(len(strategy.individuals) - len({one.id for one in strategy.individuals}))
    assert copies[0] == 0
    assert copies[1] > copies[2] < copies[3]


def test_one_island_is_a_genetic_algorithm() -> None:
    """It gets close to the best genome."""
    strategy = Island(SPHERE(5), islands=1, seed=1)
    for _ in evolve(strategy, 60):
        pass
    assert strategy.result().fitness.values[0] < 0.1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"population": 10, "islands": 4}, r"population must be a multiple of islands, but they are 10 and 4."),
        ({"islands": 0}, r"population must be a multiple of islands, but they are 100 and 0."),
        ({"interval": 0}, r"interval must be at least 1, but it is 0."),
        ({"migrants": 26}, r"migrants must lie in \[0, 25\], an island, but it is 26."),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, int], sentence: str) -> None:
    """A setting that can't be is one sentence."""
    with pytest.raises(ValueError, match=sentence):
        Island(SPHERE(3), **settings)
