"""Replacement: which individuals survive."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.individual import Fitness, Individual
from neuroevo.operators.replacement import best, generational, plus

scores = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan]), min_size=1, max_size=6)


def population(values: list[float], first: int = 0) -> list[Individual]:
    """Return individuals with these scores."""
    return [Individual(None, Fitness([value]), id=first + place) for place, value in enumerate(values)]


def ranked(individuals: list[Individual]) -> list[Fitness]:
    """Return fitnesses, best first."""
    return sorted((one.fitness for one in individuals), reverse=True)


@given(old=scores, new=scores)
def test_plus_keeps_the_best_of_both(old: list[float], new: list[float]) -> None:
    """As many individuals as there were parents survive, and none that did not was better."""
    parents, children = population(old), population(new, 100)
    kept = plus(parents, children)
    assert ranked(kept) == ranked([*parents, *children])[: len(parents)]
    assert len({one.id for one in kept}) == len(parents)


@given(old=scores, more=st.lists(st.sampled_from([0.0, 1.0, 2.0, math.nan]), max_size=3), elites=st.integers(0, 8))
def test_elites_never_get_worse(old: list[float], more: list[float], elites: int) -> None:
    """With an elite the best never gets worse, and the size of the population stays the same."""
    parents, children = population(old), population([*reversed(old), *more], 100)
    kept = generational(parents, children, elites=elites)
    assert len(kept) == len(parents)
    survivors = [one for one in kept if one.id < 100]
    assert len(survivors) <= elites
    if elites:
        assert max(one.fitness for one in kept) >= max(one.fitness for one in parents)
    else:
        assert ranked(kept) == ranked(children)[: len(parents)]


@given(values=scores)
def test_the_first_generation_lives_on(values: list[float]) -> None:
    """Without parents all children survive, best first."""
    children = population(values)
    for kept in (plus([], children), generational([], children, elites=2)):
        assert sorted(one.id for one in kept) == [one.id for one in children]
        assert [one.fitness for one in kept] == ranked(children)


@given(values=scores, count=st.integers(0, 7))
def test_the_best(values: list[float], count: int) -> None:
    """Failures come last, and equals keep their order."""
    chosen = best(population(values), count)
    assert [one.fitness for one in chosen] == ranked(population(values))[:count]
    for first, second in itertools.pairwise(chosen):
        assert first.fitness != second.fitness or first.id < second.id


def test_too_few_children_are_refused() -> None:
    """A generation replaces its parents, all of them."""
    with pytest.raises(ValueError, match=r"children must be at least as many as the 2 parents, but are 1."):
        generational(population([1, 2]), population([3], 100))
    with pytest.raises(ValueError, match=r"elites must be at least 0, but it is -1."):
        generational([], population([3]), elites=-1)
