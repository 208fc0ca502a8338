"""DEAP's functions as operators: arguments unharmed, lineage right, results decided by the generator alone."""

import pickle
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from deap import tools
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo import from_deap
from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.problems.function import SPHERE
from neuroevo.signatures import describe
from neuroevo.strategies import Genetic
from neuroevo.testing.deap_verbs import as_crossover, as_mutation
from neuroevo.testing.laws import check_crossover, check_mutation, check_strategy

BOUNDED: dict[str, Any] = {"eta": 20.0, "low": -1.0, "up": 1.0}
CROSSOVERS: dict[str, dict[str, Any]] = {
    "cxOnePoint": {},
    "cxTwoPoint": {},
    "cxUniform": {"indpb": 0.5},
    "cxBlend": {"alpha": 0.5},
    "cxSimulatedBinary": {"eta": 20.0},
    "cxSimulatedBinaryBounded": BOUNDED,
}
MUTATIONS: dict[str, dict[str, Any]] = {
    "mutGaussian": {"mu": 0.0, "sigma": 1.0, "indpb": 0.5},
    "mutPolynomialBounded": {**BOUNDED, "indpb": 0.5},
    "mutShuffleIndexes": {"indpb": 0.5},
    "mutInversion": {},
}
ORDERS = ("cxPartialyMatched", "cxOrdered")


@st.composite
def families(draw: st.DrawFn, *, permutations: bool = False) -> tuple[Individual, Individual, int]:
    """Draw two individuals, which are rows of one tensor, and a seed."""
    length, seed = draw(st.integers(3, 8)), draw(st.integers(0, 1000))
    generator = torch.Generator().manual_seed(seed)
    rows = torch.rand(2, length, generator=generator, dtype=torch.float64)
    genomes = rows.argsort(1) if permutations else 2 * rows - 1
    first, second = (
        Individual(row, Fitness((1.0, 2.0), weights=(1.0, -1.0)), id=index, generation=index)
        for index, row in zip((3, 5), genomes, strict=True)
    )
    return first, second, seed


def _apply(function: Callable[..., Any], *individuals: Individual, seed: int, **settings: Any) -> list[Individual]:
    generator = torch.Generator().manual_seed(seed)
    return list(from_deap(function, generator=generator, ids=Ids(next=7), **settings)(*individuals))


@given(families(), st.sampled_from(sorted({**CROSSOVERS, **MUTATIONS})))
def test_children_are_new_and_arguments_are_unharmed(family: tuple[Individual, Individual, int], name: str) -> None:
    """Children have new ids, all parents and no values; parents keep genes and fitness, and no memory is shared."""
    *pair, seed = family
    parents = pair if name in CROSSOVERS else pair[1:]
    before = [(one.genome.clone(), one.fitness.values) for one in pair]
    children = _apply(getattr(tools, name), *parents, seed=seed, **{**CROSSOVERS, **MUTATIONS}[name])
    assert [
        (torch.equal(one.genome, genome), one.fitness.values) for one, (genome, _) in zip(pair, before, strict=True)
    ] == [(True, values) for _, values in before]
    assert [one.id for one in children] == [7, 8][: len(parents)]
    for child in children:
        assert child.parents == tuple(one.id for one in parents)
        assert child.generation == 6
        assert (child.fitness.valid, child.fitness.weights) == (False, (1.0, -1.0))
        assert child.genome.dtype == torch.float64
        assert child.genome.shape == pair[0].genome.shape
    storages = {one.genome.untyped_storage().data_ptr() for one in (*children, pair[0])}
    assert len(storages) == len(children) + 1


@given(families(permutations=True), st.sampled_from(ORDERS))
def test_permutations_stay_permutations(family: tuple[Individual, Individual, int], name: str) -> None:
    """Whole numbers stay whole: operators over orders can use them as indices."""
    first, second, seed = family
    for child in _apply(getattr(tools, name), first, second, seed=seed):
        assert child.genome.dtype == torch.int64
        assert sorted(child.genome.tolist()) == list(range(len(first.genome)))


def _draws(genes: Any) -> tuple[Any]:
    """Change genes by draws from all global generators."""
    genes[0], genes[1], genes[2] = random.random(), np.random.rand(), torch.rand(()).item()  # noqa: NPY002
    return (genes,)


@given(st.integers(0, 100))
def test_the_generator_alone_decides(seed: int) -> None:
    """Equal generators give equal children whatever was drawn before, other ones others, and nothing global moves."""
    parent, states = Individual(torch.zeros(3, dtype=torch.float64), id=0), []
    found = []
    for own, other in ((seed, 1), (seed, 2), (seed + 1, 2)):
        random.seed(other)
        states.append((random.getstate(), torch.get_rng_state().tolist()))
        found.append(_apply(_draws, parent, seed=own)[0].genome.tolist())
        assert (random.getstate(), torch.get_rng_state().tolist()) == states[-1]
    assert found[0] == found[1]
    assert all(one != other for one, other in zip(found[0], found[2], strict=True))


def test_calls_of_one_generator_differ() -> None:
    """The generator moves on with each call."""
    mutate = from_deap(tools.mutGaussian, mu=0, sigma=1, indpb=1.0, generator=torch.Generator(), ids=Ids())
    parent = Individual(torch.zeros(3), id=0)
    assert mutate(parent)[0].genome.tolist() != mutate(parent)[0].genome.tolist()


@pytest.mark.parametrize(
    ("genome", "found"),
    [
        (torch.arange(3), [0.5, 1.0, 2.0]),
        (torch.zeros(3, dtype=torch.uint8), [300, 0, 0]),
        (torch.zeros(3, dtype=torch.bool), [2, 0, 0]),
        (torch.zeros(3), ["a", 0, 0]),
        (torch.zeros(3), [1j, 0, 0]),
        (torch.zeros(3), None),
        (torch.zeros(3), 1.0),
        (torch.zeros(3), [[1.0], [2.0]]),
    ],
    ids=str,
)
def test_genes_that_do_not_fit_are_refused(genome: Tensor, found: object) -> None:
    """What the dtype can't hold is named; nothing is rounded or cut silently."""

    def wrong(genes: object) -> tuple[object]:
        return (found,)

    with pytest.raises(TypeError, match=r"wrong must return .* genes.*, but (they are|it returned) "):
        _apply(wrong, Individual(genome, id=0), seed=0)


@pytest.mark.parametrize("found", [None, [1.0, 2.0], ([1.0], [2.0], [3.0])], ids=str)
def test_a_function_that_returns_no_genomes_is_refused(found: object) -> None:
    """The number of results is that of the individuals."""
    with pytest.raises(TypeError, match=r"mutate must return a tuple of 1 genome, as functions of DEAP do, but"):
        _apply(_named("mutate", lambda genes: found), Individual(torch.zeros(3), id=0), seed=0)


def _named(name: str, function: Any) -> Any:
    function.__name__ = name
    return function


def test_children_need_ids() -> None:
    """Without ids a crossover is refused; a selection needs none."""
    population = [Individual(torch.zeros(3), Fitness((float(i),)), id=i) for i in range(4)]
    with pytest.raises(TypeError, match="ids must be given for cxTwoPoint"):
        from_deap(tools.cxTwoPoint, generator=torch.Generator())(*population[:2])
    select = from_deap(tools.selTournament, tournsize=2, generator=torch.Generator())
    assert all(any(one is other for other in population) for one in select(population, 3))


def test_two_children_that_are_one_object_share_nothing() -> None:
    """A function that returns the same genome twice gives two genomes."""
    for genome in (torch.zeros(3), [0.0, 0.0, 0.0], {1, 2}):
        parents = [Individual(genome, id=0), Individual(genome, id=1)]
        first, second = _apply(lambda a, b: (a, a), *parents, seed=0)
        assert first.genome is not second.genome
        assert type(first.genome) is type(second.genome) is type(genome)


def test_arrays_are_made_where_wanted() -> None:
    """With `make` a function gets an array, a copy of the genome."""

    def double(genes: Any) -> tuple[Any]:
        assert isinstance(genes, np.ndarray)
        genes *= 2
        return (genes,)

    parent = Individual(torch.ones(3), id=0)
    (child,) = _apply(double, parent, seed=0, make=Tensor.numpy)
    assert (child.genome.tolist(), parent.genome.tolist()) == ([2.0] * 3, [1.0] * 3)


def test_strategies_of_individuals_are_passed_on() -> None:
    """`cxESBlend` and `mutESLogNormal` change the `strategy` of children, never that of parents."""
    pair = [Individual(torch.full((4,), float(i)), id=i) for i in range(2)]
    for one in pair:
        one.strategy = [1.0 + one.id] * 4
    children = _apply(tools.cxESBlend, *pair, seed=0, alpha=0.5)
    (mutant,) = _apply(tools.mutESLogNormal, pair[0], seed=0, c=1.0, indpb=1.0)
    assert [one.strategy for one in pair] == [[1.0] * 4, [2.0] * 4]
    assert all(len(one.strategy) == 4 and one.strategy != [1.0] * 4 for one in (*children, mutant))
    assert not hasattr(mutant, "values")


def test_it_can_be_pickled_and_described() -> None:
    """A run records function and settings, and a pickled operator continues alike."""
    operator = from_deap(tools.mutFlipBit, indpb=0.5, generator=torch.Generator(), ids=Ids())
    described = describe(operator)
    assert described["function"] == "deap.tools.mutation.mutFlipBit (" + described["function"].split("(")[1]
    assert described["indpb"] == 0.5
    twin = pickle.loads(pickle.dumps(operator))
    parent = Individual(torch.zeros(8, dtype=torch.int64), id=0)
    assert torch.equal(twin(parent)[0].genome, operator(parent)[0].genome)
    assert (
        from_deap(partial(tools.mutFlipBit, indpb=1.0), generator=torch.Generator(), ids=Ids())(parent)[
            0
        ].genome.tolist()
        == [1] * 8
    )


def _individual(row: Tensor) -> Individual:
    return Individual(row, id=0)


@pytest.mark.slow
def test_operators_of_deap_keep_the_laws() -> None:
    """Called by `from_deap` they keep what operators of the library keep, that no global generator is used included."""

    def mutate(one: Individual, *, indpb: float = 0.5, generator: torch.Generator) -> Any:
        return from_deap(tools.mutGaussian, mu=0, sigma=1, generator=generator, ids=Ids())(one, indpb=indpb)

    def mate(first: Individual, second: Individual, *, generator: torch.Generator) -> Any:
        return from_deap(tools.cxTwoPoint, generator=generator, ids=Ids())(first, second)

    check_mutation(as_mutation(mutate, make=_individual), dtypes=(torch.float64,), examples=3)
    check_crossover(as_crossover(mate, make=_individual), min_genes=2, dtypes=(torch.float64,), examples=3)


def _genetic(seed: int) -> Genetic:
    strategy = Genetic(SPHERE(4), population=6, seed=seed)
    source = {"generator": strategy.generator, "ids": strategy.ids}
    strategy.toolbox.register("select", from_deap(tools.selTournament, tournsize=2, generator=strategy.generator))
    strategy.toolbox.register("mate", from_deap(tools.cxTwoPoint, **source))
    strategy.toolbox.register("mutate", from_deap(tools.mutGaussian, mu=0, sigma=0.3, indpb=0.5, **source))
    return strategy


def test_a_strategy_with_operators_of_deap_keeps_the_laws() -> None:
    """The seed decides everything, parents come before children, and a state continues identically."""
    check_strategy(_genetic, examples=2)
