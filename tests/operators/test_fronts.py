"""Pareto fronts and crowding."""

import math

import pytest
import torch
from deap import tools
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.individual import Fitness, Individual
from neuroevo.operators.fronts import crowding, front_numbers

numbers = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.5])
tables = st.integers(1, 3).flatmap(
    lambda size: st.lists(st.lists(numbers | st.just(math.nan), min_size=size, max_size=size), min_size=1, max_size=9)
)


def population(table: list[list[float]]) -> list[Individual]:
    """Return individuals with these values, all to be maximised."""
    return [Individual(None, Fitness(row, weights=[1.0] * len(row)), id=place) for place, row in enumerate(table)]


@given(table=tables)
def test_fronts_are_deaps(table: list[list[float]]) -> None:
    """Every individual is in the front that DEAP's sort finds it in, failures behind all others."""
    found = front_numbers(torch.tensor(table, dtype=torch.float64)).tolist()
    fronts = tools.sortNondominated(population(table), len(table))
    expected = {one.id: number for number, front in enumerate(fronts) for one in front}
    assert found == [expected[place] for place in range(len(table))]


@given(table=st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=1, max_size=9, unique_by=tuple))
def test_crowding_is_deaps(table: list[list[float]]) -> None:
    """Within a front without equals the distances are DEAP's; the ends are infinitely far from the rest."""
    values = torch.tensor(table, dtype=torch.float64)
    numbers = front_numbers(values)
    found = crowding(values, numbers).tolist()
    for front in tools.sortNondominated(population(table), len(table)):
        columns = [[one.fitness.values[place] for one in front] for place in range(2)]
        if any(len(set(column)) < len(column) for column in columns):
            continue
        tools.emo.assignCrowdingDist(front)
        for one in front:
            assert found[one.id] == pytest.approx(one.fitness.crowding_dist)


@pytest.mark.parametrize("objectives", [1, 2, 3, 5])
def test_fronts_of_many_are_deaps(objectives: int) -> None:
    """Among hundreds with equal values and equal rows, too."""
    generator = torch.Generator().manual_seed(objectives)
    values = torch.randint(0, 12, (300, objectives), generator=generator).double()
    fronts = tools.sortNondominated(population(values.tolist()), len(values))
    expected = {one.id: number for number, front in enumerate(fronts) for one in front}
    assert front_numbers(values).tolist() == [expected[place] for place in range(len(values))]


@given(tables=st.lists(st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=5, max_size=5), max_size=3))
def test_each_population_by_itself(tables: list[list[list[float]]]) -> None:
    """A batch of populations gets what each gets."""
    values = torch.tensor(tables, dtype=torch.float64).reshape(len(tables), 5, 2)
    fronts = front_numbers(values)
    apart = crowding(values, fronts)
    for place in range(len(tables)):
        assert torch.equal(fronts[place], front_numbers(values[place]))
        torch.testing.assert_close(apart[place], crowding(values[place], fronts[place]))
