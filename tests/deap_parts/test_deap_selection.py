"""Selections and sorts of `deap.tools` choose the same individuals as from lists, as they are and by `from_deap`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from deap import tools
from hypothesis import given
from hypothesis import strategies as st

from neuroevo import from_deap
from neuroevo.global_generators import reseed, restored
from neuroevo.individual import Fitness, Individual

POINTS = tools.uniform_reference_points(2, 4)
ANY: dict[str, dict[str, Any]] = {
    "selAutomaticEpsilonLexicase": {},
    "selBest": {},
    "selDoubleTournament": {"fitness_size": 3, "parsimony_size": 1.5, "fitness_first": True},
    "selEpsilonLexicase": {"epsilon": 0.5},
    "selLexicase": {},
    "selNSGA2": {},
    "selNSGA3": {"ref_points": POINTS},
    "selRandom": {},
    "selSPEA2": {},
    "selTournament": {"tournsize": 3},
    "selWorst": {},
}
POSITIVE: dict[str, dict[str, Any]] = {"selRoulette": {}, "selStochasticUniversalSampling": {}}
SELECTIONS = {**ANY, **POSITIVE}
BOTH, AS_IT_IS = "as it is, `from_deap`", "as it is"
WORKS = {
    **dict.fromkeys((*SELECTIONS, "selNSGA3WithMemory", "selTournamentDCD"), BOTH),
    **dict.fromkeys(("hypervolume", "sortLogNondominated", "sortNondominated", "uniform_reference_points"), AS_IT_IS),
}
SEEDS = st.integers(0, 1000)


class Listed(list[Any]):
    """An individual as DEAP's users have it."""

    fitness: Fitness
    place: int


def population(seed: int, size: int = 8) -> list[Individual]:
    """Return individuals with two positive objectives, genomes of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(1, 6, (size, 2), generator=generator).double()
    return [
        Individual(torch.zeros(1 + place % 3), Fitness(row.tolist(), weights=(1.0, 2.0)), id=place)
        for place, row in enumerate(values)
    ]


def listed(individuals: list[Individual]) -> list[Listed]:
    """Return individuals as lists."""
    found = [Listed(one) for one in individuals]
    for one, individual in zip(found, individuals, strict=True):
        one.fitness, one.place = individual.fitness, individual.id
    return found


def seeded(seed: int, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call with seeded global generators, which are restored."""
    with restored():
        reseed(seed)
        return function(*arguments, **settings)


def first_draw(seed: int) -> int:
    """Return what `from_deap` seeds the global generators with first."""
    return int(torch.randint(2**32, (), generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("name", SELECTIONS)
@given(SEEDS, st.integers(1, 8))
def test_selections_choose_as_from_lists(name: str, seed: int, k: int) -> None:
    """The individuals themselves are selected: those that DEAP selects among lists with the same fitness."""
    given_, function, settings = population(seed), getattr(tools, name), SELECTIONS[name]
    for number, call in (
        (seed, lambda: seeded(seed, function, given_, k, **settings)),
        (
            first_draw(seed),
            lambda: from_deap(function, generator=torch.Generator().manual_seed(seed), **settings)(given_, k),
        ),
    ):
        expected = [one.place for one in seeded(number, function, listed(given_), k, **settings)]
        found = call()
        assert [one.id for one in found] == expected
        assert all(one is given_[one.id] for one in found)


@given(SEEDS)
def test_crowded_tournaments_follow_nsga2(seed: int) -> None:
    """`selTournamentDCD` needs the crowding distances that `selNSGA2` leaves on fitnesses; clones keep them."""
    given_ = tools.selNSGA2(population(seed), 8)
    select = from_deap(tools.selTournamentDCD, generator=torch.Generator().manual_seed(seed))
    assert {one.id for one in select(given_, 8)} <= set(range(8))
    assert [one.id for one in seeded(first_draw(seed), tools.selTournamentDCD, given_, 8)] == [
        one.id for one in from_deap(tools.selTournamentDCD, generator=torch.Generator().manual_seed(seed))(given_, 8)
    ]


@given(SEEDS)
def test_nsga3_remembers(seed: int) -> None:
    """The class with a memory is called like a function, as it is and by `from_deap`."""
    given_ = population(seed)
    expected = [one.place for one in seeded(first_draw(seed), tools.selNSGA3WithMemory(POINTS), listed(given_), 4)]
    found = from_deap(tools.selNSGA3WithMemory(POINTS), generator=torch.Generator().manual_seed(seed))(given_, 4)
    assert [one.id for one in found] == expected
    assert [one.id for one in seeded(first_draw(seed), tools.selNSGA3WithMemory(POINTS), given_, 4)] == expected


@pytest.mark.parametrize("name", ["sortNondominated", "sortLogNondominated"])
@given(SEEDS)
def test_fronts_are_those_of_lists(name: str, seed: int) -> None:
    """Individuals are sorted into the fronts of their fitnesses."""
    given_, sort = population(seed), getattr(tools, name)
    expected = [sorted(one.place for one in front) for front in sort(listed(given_), 8)]
    assert [sorted(one.id for one in front) for front in sort(given_, 8)] == expected


def test_the_least_contribution_is_found() -> None:
    """`hypervolume` returns the place of the individual that adds least to the front's volume."""
    values = ((1.0, 9.0), (5.0, 5.0), (5.1, 4.9), (9.0, 1.0))
    front = [Individual(None, Fitness(pair, weights=(1.0, 1.0)), id=place) for place, pair in enumerate(values)]
    assert int(tools.hypervolume(front, ref=np.zeros(2))) == 2


def test_reference_points_lie_on_the_simplex() -> None:
    """`uniform_reference_points` knows nothing of individuals."""
    assert POINTS.shape == (5, 2)
    assert POINTS.sum(axis=1) == pytest.approx(1)


def test_the_page_has_all_of_them(
    documented: Callable[[str], dict[str, str]], public: Callable[[Any], set[str]]
) -> None:
    """Each selection and sort that DEAP has is in the table, with what is tested here."""
    names = {name for name in public(tools) if name.startswith(("sel", "sort", "uniform", "hyper"))}
    assert names == set(WORKS)
    assert {name: works for name, works in documented("deap.tools").items() if name in names} == WORKS
