"""DEAP's verbs: what they return, that parents stay as they are, and DEAP's own loops over them."""

import copy
import math
import pickle
import random
from collections.abc import Iterator
from functools import partial

import pytest
import torch
from deap import algorithms, tools
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators.crossover import blend, one_point, two_point, uniform
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.selection import group_tournament, roulette, tournament
from neuroevo.operators.trials import successes
from neuroevo.operators.verbs import Mate, Mutate, Select, Vary

SEEDS = st.integers(0, 2**32)
SCORES = st.integers(-3, 3).map(float) | st.sampled_from([math.nan, math.inf, -math.inf])
TWO_SCORES = st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=12)


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


def crowd(size: int, *, length: int = 5, seed: int = 0) -> list[Individual]:
    """Return evaluated individuals with ids 100, 101, ... and generations 0, 1, ..."""
    rows = torch.randn(size, length, generator=seeded(seed))
    return [
        Individual(row, Fitness((index, 0.0), weights=(-1.0, 1.0)), id=100 + index, generation=index)
        for index, row in enumerate(rows)
    ]


def snapshot(individuals: list[Individual]) -> list[str]:
    """Return all that an individual holds, as text."""
    return [str({**vars(individual), "genome": _genes(individual)}) for individual in individuals]


def _genes(individual: Individual) -> list[float] | None:
    return None if individual.genome is None else individual.genome.tolist()


@given(TWO_SCORES, st.integers(1, 5), SEEDS)
def test_select_is_the_operator_on_ranks(scores: list[tuple[float, float]], size: int, seed: int) -> None:
    """Among entrants drawn alike, the first best by `Fitness` wins, the same object."""
    individuals = [Individual(None, Fitness(pair, weights=(1.0, -1.0)), id=index) for index, pair in enumerate(scores)]
    select = Select(partial(tournament, size=size, generator=seeded(seed)))
    draws = torch.randint(len(individuals), (4 * size,), generator=seeded(seed)).view(4, size)
    for winner, row in zip(select(individuals, 4), draws.tolist(), strict=True):
        entrants = [individuals[index] for index in sorted(row)]
        assert winner is individuals[winner.id]
        assert winner.id in row
        if any(not one.fitness.failed for one in entrants):
            assert winner is max(entrants, key=lambda one: one.fitness)
        else:
            assert winner is entrants[0]


@given(TWO_SCORES, st.integers(1, 5), SEEDS)
def test_select_by_groups(scores: list[tuple[float, float]], size: int, seed: int) -> None:
    """Group tournaments yield ceil(P / size) different individuals, the best among them."""
    individuals = [Individual(None, Fitness(pair, weights=(1.0, -1.0)), id=index) for index, pair in enumerate(scores)]
    before = snapshot(individuals)
    count = math.ceil(len(individuals) / size)
    chosen = Select(partial(group_tournament, size=size, generator=seeded(seed)))(individuals)
    again = Select(partial(group_tournament, size=size, generator=seeded(seed)))(individuals, count)
    ids = [one.id for one in chosen]
    assert ids == [one.id for one in again]
    assert len(set(ids)) == count
    if any(not individual.fitness.failed for individual in individuals):
        assert max(one.fitness for one in chosen) == max(one.fitness for one in individuals)
    assert snapshot(individuals) == before


def test_select_refuses_another_number() -> None:
    """A number that the groups do not yield is refused, and so is none where one is needed."""
    with pytest.raises(ValueError, match=r"k must be 3, which .* for 5 individuals, but it is 5"):
        Select(partial(group_tournament, size=2, generator=seeded(0)))(crowd(5), 5)
    with pytest.raises(TypeError, match="select must be given k"):
        Select(partial(tournament, size=2, generator=seeded(0)))(crowd(5))


def test_select_takes_a_bound_number() -> None:
    """A bound `k` holds until the call gives another."""
    select = Select(partial(tournament, k=2, size=2, generator=seeded(0)))
    assert len(select(crowd(5))) == 2
    assert len(select(crowd(5), 7)) == 7


def test_select_by_roulette_never_draws_a_failure() -> None:
    """Ranks are weights of a wheel: failures get none, the best one most."""
    individuals = crowd(4)
    individuals[0].fitness.values = (math.nan, 0.0)
    chosen = Select(partial(roulette, generator=seeded(0)))(individuals, 600)
    counts = [chosen.count(individual) for individual in individuals]
    assert counts[0] == 0
    assert counts[1] > counts[2] > counts[3] > 0


def test_select_needs_evaluated_individuals() -> None:
    """An individual without fitness values is named."""
    individuals = crowd(3)
    del individuals[1].fitness.values
    with pytest.raises(ValueError, match="individual 101 has no fitness values; evaluate it"):
        Select(partial(tournament, size=2, generator=seeded(0)))(individuals, 2)


@pytest.mark.parametrize("crossover", [one_point, two_point, uniform, blend])
def test_mate_returns_two_new_individuals(crossover: object) -> None:
    """Children are the crossover's, with new ids, both parents' ids and an invalid fitness."""
    first, second = individuals = crowd(2)
    first.body = "a network"
    before = snapshot(individuals)
    children = Mate(partial(crossover, generator=seeded(1)), Ids(next=7))(first, second)
    expected = crossover(first.genome, second.genome, generator=seeded(1))
    for child, genome, number in zip(children, expected, (7, 8), strict=True):
        assert torch.equal(child.genome, genome)
        assert (child.id, child.parents, child.generation) == (number, (100, 101), 2)
        assert child.fitness.weights == (-1.0, 1.0)
        assert not child.fitness.valid
        assert child.body is None
    assert snapshot(individuals) == before


def test_mutate_returns_one_new_individual() -> None:
    """The mutant is the mutation's, in a tuple, with a new id and its parent's."""
    (individual,) = individuals = crowd(1)
    before = snapshot(individuals)
    (child,) = Mutate(partial(gaussian, sigma=0.1, generator=seeded(1)), Ids(next=3))(individual)
    assert torch.equal(child.genome, gaussian(individual.genome, sigma=0.1, generator=seeded(1)))
    assert (child.id, child.parents, child.generation) == (3, (100,), 1)
    assert child.fitness.weights == (-1.0, 1.0)
    assert not child.fitness.valid
    assert snapshot(individuals) == before


@given(st.integers(0, 9), SEEDS)
def test_vary_is_both_operators_on_the_stack(size: int, seed: int) -> None:
    """Neighbours mate, an odd one does not, all mutate; rows of one tensor, parents untouched."""
    individuals = crowd(size, seed=seed)
    before = snapshot(individuals)
    generator = seeded(seed)
    mutation = partial(gaussian, sigma=0.1, rate=0.5, generator=generator)
    children = Vary(partial(two_point, generator=generator), mutation, Ids(next=7))(individuals)
    assert snapshot(individuals) == before
    assert [child.id for child in children] == list(range(7, 7 + size))
    generator = seeded(seed)
    genomes = torch.stack([individual.genome for individual in individuals]) if size else torch.empty(0, 5)
    if size > 1:
        halves = genomes[0 : size - 1 : 2], genomes[1:size:2]
        left, right = two_point(*halves, generator=generator)
        genomes[0 : size - 1 : 2], genomes[1:size:2] = left, right
    expected = gaussian(genomes, sigma=0.1, rate=0.5, generator=generator)
    for index, child in enumerate(children):
        mates = individuals[index // 2 * 2 : index // 2 * 2 + 2]
        assert torch.equal(child.genome, expected[index])
        assert child.parents == tuple(individual.id for individual in mates)
        assert child.generation == 1 + max(individual.generation for individual in mates)
        assert not child.fitness.valid
    storages = {child.genome.untyped_storage().data_ptr() for child in children}
    assert len(storages) == min(size, 1)
    assert not storages & {individual.genome.untyped_storage().data_ptr() for individual in individuals}


@given(st.integers(0, 7), st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.integers(0, 99))
def test_pairs_mate_with_the_given_probability(size: int, mating: float, seed: int) -> None:
    """Those that mate have two parents and what the crossover makes of them; all others are copies with one parent.

    The crossover and the mutation may return the very tensors that they get.
    """
    individuals = crowd(size, seed=seed)
    swap = lambda first, second: (second, first)  # noqa: E731
    vary = Vary(swap, lambda genomes: genomes, Ids(), mating=mating, generator=seeded(seed))
    mated = set(successes(size // 2, mating, seeded(seed)).tolist()) if mating < 1 else set(range(size // 2))
    children = vary(individuals)
    assert len(children) == size
    for index, child in enumerate(children):
        pair = individuals[index // 2 * 2 : index // 2 * 2 + 2]
        together = index // 2 in mated
        assert child.parents == tuple(one.id for one in (pair if together else [individuals[index]]))
        assert torch.equal(child.genome, pair[1 - index % 2].genome if together else individuals[index].genome)


def test_half_of_the_pairs_mate() -> None:
    """Of many, about as many as the probability says."""
    vary = Vary(lambda *pair: pair, lambda genomes: genomes, Ids(), mating=0.5, generator=seeded(0))
    mated = sum(len(child.parents) == 2 for child in vary(crowd(2000)))
    assert 900 < mated < 1100


@pytest.mark.parametrize(("mating", "words"), [(-0.1, "mating must lie in"), (1.5, "mating must"), (0.5, "generator")])
def test_a_wrong_probability_of_mating_is_refused(mating: float, words: str) -> None:
    """So is one that nothing could draw for."""
    with pytest.raises(ValueError, match=words):
        Vary(lambda *pair: pair, lambda genomes: genomes, Ids(), mating=mating)


def test_vary_accepts_one_parent_twice() -> None:
    """The same object selected twice gives two children that are their own."""
    individual = crowd(1)[0]
    vary = Vary(
        partial(one_point, generator=seeded(0)),
        partial(gaussian, sigma=0.1, generator=seeded(1)),
        Ids(next=200),
    )
    one, two = vary([individual, individual])
    assert (one.id, two.id) == (200, 201)
    assert one.parents == two.parents == (100, 100)
    assert not torch.equal(one.genome, two.genome)


def test_wrong_genomes_are_refused() -> None:
    """A genome that is no tensor, and genomes of two lengths, are named."""
    mutate = Mutate(partial(gaussian, sigma=0.1, generator=seeded(0)), Ids())
    with pytest.raises(TypeError, match=r"individual 4 must have a tensor .* but it has a NoneType"):
        mutate(Individual(None, id=4))
    vary = Vary(partial(one_point, generator=seeded(0)), mutate.mutation, Ids())
    with pytest.raises(ValueError, match=r"one length to stand in one tensor, .* \[3, 5\]"):
        vary([*crowd(1, length=3), *crowd(1, length=5)])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda verb: pickle.loads(pickle.dumps(verb))])
def test_verbs_can_be_pickled(duplicate: object) -> None:
    """A copied or pickled verb goes on as the original does: generator and ids travel with it."""
    select = Select(partial(tournament, k=4, size=2, generator=seeded(0)))
    crossover = partial(blend, generator=seeded(1))
    mutation = partial(gaussian, sigma=0.1, generator=seeded(2))
    mate, mutate = Mate(crossover, Ids(next=5)), Mutate(mutation, Ids(next=6))
    vary = Vary(crossover, mutation, Ids(next=7))
    individuals = crowd(4)
    twins = [duplicate(verb) for verb in (select, mate, mutate, vary)]
    results = [
        [verbs[0](individuals), verbs[1](*individuals[:2]), verbs[2](individuals[0])]
        for verbs in ((select, mate, mutate), twins)
    ]
    results[0].append(duplicate(vary)(individuals))
    results[1].append(duplicate(vary)(individuals))
    for ours, theirs in zip(*results, strict=True):
        assert [one.id for one in ours] == [one.id for one in theirs]
        assert all(torch.equal(a.genome, b.genome) for a, b in zip(ours, theirs, strict=True))


@pytest.fixture
def deap_seed() -> Iterator[None]:
    """Seed the global generator that DEAP's loops draw from, and put it back afterwards."""
    state = random.getstate()
    random.seed(0)
    yield
    random.setstate(state)


def sphere_toolbox() -> Toolbox:
    """Return a toolbox that maximises -|x|^2 over 6 genes."""
    generator, ids = seeded(0), Ids()
    rows = 2 + torch.randn(20, 6, generator=generator)
    toolbox = Toolbox()
    toolbox.register("population", lambda: [Individual(row, id=ids()) for row in rows])
    toolbox.register("evaluate", lambda one: (-float(one.genome.square().sum()),))
    toolbox.register("select", Select(partial(tournament, size=3, generator=generator)))
    toolbox.register("mate", Mate(partial(blend, alpha=0.3, generator=generator), ids))
    mutation = partial(gaussian, sigma=0.3, rate=0.5, generator=generator)
    toolbox.register("mutate", Mutate(mutation, ids))
    return toolbox


@pytest.mark.deap_loops
@pytest.mark.usefixtures("deap_seed")
@pytest.mark.parametrize("loop", ["eaSimple", "eaMuPlusLambda", "eaMuCommaLambda"])
def test_loops_of_deap_improve_the_sphere(loop: str) -> None:
    """Stock loops run on the verbs, improve fourfold, and leave the founders as they were."""
    toolbox = sphere_toolbox()
    founders = toolbox.population()
    before = [individual.genome.clone() for individual in founders]
    hall = tools.HallOfFame(1)
    statistics = tools.Statistics(lambda one: one.fitness.values[0])
    statistics.register("max", max)
    settings = {"cxpb": 0.6, "mutpb": 0.3, "ngen": 20}
    settings |= {} if loop == "eaSimple" else {"mu": 20, "lambda_": 30}
    final, log = getattr(algorithms, loop)(
        list(founders), toolbox, stats=statistics, halloffame=hall, verbose=False, **settings
    )
    best = log.select("max")
    assert hall[0].fitness.values[0] >= max(best) > best[0] / 4
    assert all(torch.equal(a.genome, b) for a, b in zip(founders, before, strict=True))
    assert any(individual.parents for individual in final)
