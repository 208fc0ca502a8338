"""Budgets: what is spent adds up, and only the critical path depends on parallel work."""

from dataclasses import FrozenInstanceError, asdict, replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.budget import Budget

NUMBERS = st.integers(0, 10**15)
COUNTS = st.integers(0, 20)
BUDGETS = st.builds(Budget, *[NUMBERS] * 4)


@given(BUDGETS, BUDGETS, BUDGETS)
def test_work_in_sequence_adds_up(first: Budget, second: Budget, third: Budget) -> None:
    """All counts add, in any order and grouping, and no work changes nothing."""
    sums = {name: count + asdict(second)[name] for name, count in asdict(first).items()}
    assert asdict(first.then(second)) == sums
    assert first.then(second) == second.then(first)
    assert first.then(second).then(third) == first.then(second.then(third))
    assert first.then(Budget()) == Budget().then(first) == first


@given(BUDGETS, st.integers(1, 20))
def test_work_side_by_side_takes_as_long_as_one(budget: Budget, count: int) -> None:
    """In parallel, work costs as many steps, multiply-adds and evaluations as in sequence, on a path of one."""
    in_sequence = reduce(Budget.then, [budget] * count)
    in_parallel = budget.times(count)
    assert in_parallel == replace(in_sequence, critical_path=budget.critical_path)
    assert in_parallel == reduce(Budget.beside, [budget] * count)


@given(BUDGETS, COUNTS, COUNTS)
def test_counts_multiply(budget: Budget, first: int, second: int) -> None:
    """Groups of groups are one group; once is the work itself, and never costs nothing at all."""
    assert budget.times(first).times(second) == budget.times(first * second)
    assert budget.times(1) == budget
    assert budget.times(0) == Budget()


def test_a_generation_by_hand() -> None:
    """Six lives of 100 updates, then six critics of 30: 780 updates, 130 of them in sequence."""
    generation = Budget(100, 5_000, 100).times(6).then(Budget(30, 900, 30, evaluations=1).times(6))
    assert asdict(generation) == {
        "gradient_steps": 780,
        "multiply_adds": 35_400,
        "critical_path": 130,
        "evaluations": 6,
    }


def test_budgets_are_values() -> None:
    """A budget cannot be changed, and combining two leaves both as they were."""
    one, other = Budget(1, 2, 3), Budget(4, 5, 6)
    one.then(other)
    one.times(7)
    assert (one, other) == (Budget(1, 2, 3), Budget(4, 5, 6))
    with pytest.raises(FrozenInstanceError):
        one.gradient_steps = 5  # type: ignore[misc]
