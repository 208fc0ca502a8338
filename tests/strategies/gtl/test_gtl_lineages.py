"""Lineages of GTL: the founders they begin with, the parents they share, and what they remember."""

import math
from types import ModuleType

import pytest

from neuroevo.evolution import evolve
from neuroevo.operators.learngenes import same_channels


def test_the_first_generation_descends_from_its_founders(gtls: ModuleType, toys: ModuleType) -> None:
    """Founders are random circuits that never live; their heirs begin with them, side by side, and are siblings."""
    strategy = gtls.gtl(toys, **{**gtls.FULL, "founders": 2, "mutation_rate": 0.0})
    (first,) = evolve(strategy, 1)
    assert [one.parents for one in first.population] == [(0,), (1,), (0,), (1,)]
    assert [one.id for one in first.population] == [2, 3, 4, 5]
    families = [[one.genome for one in first.population if one.parents == (founder,)] for founder in (0, 1)]
    assert all(one.to_bytes() == other.to_bytes() for one, other in families)
    assert not same_channels(families[0][0], families[1][0])
    assert all(strategy.tree.lineage(one.id)[-1] in (0, 1) for one in strategy.pool.individuals)


def test_founders_wait_for_a_generation_that_lives(gtls: ModuleType, toys: ModuleType) -> None:
    """Where every individual of the first generation fails, the second one descends from the same founders."""
    strategy = gtls.gtl(toys, **gtls.FULL)
    for _ in range(2):
        population = strategy.toolbox.generate()
        assert [one.parents for one in population] == [(0,)] * 4
        for one in population:
            one.fitness.values = (math.nan,)
        strategy.toolbox.update(population)


@pytest.mark.parametrize(("parents", "most"), [(1, 1), (2, 2), (9, 4), (None, 4)])
def test_a_generation_has_that_number_of_parents(
    parents: int | None, most: int, gtls: ModuleType, toys: ModuleType
) -> None:
    """`parents` bounds how many different ones a generation has, and each heir has one of them."""
    strategy = gtls.cheap(toys, lambda one: one.id, parents=parents, temperature=1e9, pool=9, turnover=9)
    found = [{one.parents for one in generation.population} for generation in evolve(strategy, 8)][1:]
    assert max(map(len, found)) <= most
    assert len(set.union(*found)) > 1
    if most > 1:
        assert max(map(len, found)) > 1


def test_the_tree_holds_the_pool_and_its_ancestors_only(gtls: ModuleType, toys: ModuleType) -> None:
    """Lineages of the pool reach founders, and no other individual is remembered."""
    strategy = gtls.gtl(toys, pool=2, turnover=2)
    for _ in evolve(strategy, 5):
        lines = [strategy.tree.lineage(one.id) for one in strategy.pool.individuals]
        assert set(strategy.tree.nodes) == {one for line in lines for one in line}
        assert all(strategy.tree.nodes[line[-1]].parent is None for line in lines)


def test_a_lineage_remembers_classes_and_hands_none_on(gtls: ModuleType, toys: ModuleType) -> None:
    """Siblings have one memory of all classes that their lineage has met; the result and its file have none."""
    strategy = gtls.gtl(toys, **{**gtls.FULL, "life_ways": 3})
    known = []
    for generation in evolve(strategy, 3):
        first, *rest = (one.memory for one in generation.population)
        assert all(gtls.equal(first.tensors(), other.tensors()) for other in rest)
        known.append(int(first.known.sum()))
    assert known == sorted(known)
    assert known[-1] == 5
    best = strategy.result()
    assert best.memory is None
    assert not any("head" in name for name in best.genome.tensors())
    assert all(
        one.memory is None
        for one in gtls.every_individual(gtls.gtl(toys, **{**gtls.FULL, "memory": False}), 2).values()
    )


def test_baldwinian_lineages_remember_nothing(gtls: ModuleType, toys: ModuleType) -> None:
    """What was learned is not passed on, and that goes for heads too."""
    assert all(
        one.memory is None for one in gtls.every_individual(gtls.gtl(toys, **gtls.FULL, lamarckian=False), 2).values()
    )
