"""Fitness never lets a failure win, and an individual carries its own row and nothing else."""

import copy
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from deap import base, creator, tools  # noqa: TID251 - classes of creator are what is tested
from hypothesis import example, given
from hypothesis import strategies as st

from neuroevo.individual import Fitness, Ids, Individual, genomes_of, offspring

FINITE = st.floats(-1e6, 1e6)
FAILURE = st.sampled_from([math.nan, math.inf, -math.inf])
WEIGHT = st.sampled_from([-2.0, -1.0, 1.0, 0.5])


@st.composite
def fitnesses(draw: st.DrawFn, *, objectives: int = 2) -> Fitness:
    """Draw a fitness with weights (1, -1, 1, ...), for example `Fitness((nan, 3.0), ...)`."""
    weights = [(-1.0) ** index for index in range(objectives)]
    values = draw(st.lists(FINITE | FAILURE, min_size=objectives, max_size=objectives))
    return Fitness(values, weights=weights)


@given(st.lists(st.tuples(FINITE, WEIGHT), min_size=1, max_size=4))
def test_finite_fitness_is_that_of_deap(pairs: list[tuple[float, float]]) -> None:
    """Finite values are weighted as `deap.base.Fitness` weights them."""
    values, weights = zip(*pairs, strict=True)
    twin = type("Twin", (base.Fitness,), {"weights": weights})(values)
    ours = Fitness(values, weights=weights)
    assert ours.wvalues == twin.wvalues
    assert ours.values == values
    assert ours.valid
    assert not ours.failed


@given(FAILURE, WEIGHT)
def test_a_failure_counts_as_minus_infinity(value: float, weight: float) -> None:
    """A value that is not finite is kept, and is -inf in `wvalues` for every sign of the weight."""
    fitness = Fitness([value, 2.0], weights=[weight, 1.0])
    assert fitness.wvalues == (-math.inf, 2.0)
    assert pickle.dumps(fitness.values) == pickle.dumps((value, 2.0))
    assert fitness.failed


@given(fitnesses(), fitnesses())
@example(Fitness((5, math.nan), weights=(1, -1)), Fitness((1, 1), weights=(1, -1)))
def test_a_failure_never_wins(one: Fitness, other: Fitness) -> None:
    """A failed fitness is below, and dominated by, every fitness that has not failed."""
    if one.failed and not other.failed:
        assert one < other
        assert other.dominates(one)
    if one.failed:
        assert not one.dominates(other)


@given(fitnesses(), fitnesses(), fitnesses())
def test_order_is_total(one: Fitness, two: Fitness, three: Fitness) -> None:
    """Exactly one of <, ==, > holds, the others follow from it, and < and == are transitive."""
    assert [one < two, one == two, one > two].count(True) == 1
    assert (one <= two) == (one < two or one == two)
    assert (one >= two) == (one > two or one == two)
    assert [one == two, one != two].count(True) == 1
    assert one != two or hash(one) == hash(two)
    ordered = sorted([one, two, three])
    assert all(lower <= upper for lower, upper in pairwise([*ordered, ordered[-1]]))
    assert ordered[0] <= ordered[2]


@given(st.lists(fitnesses(), min_size=1, max_size=12))
def test_first_front_holds_no_failure(scores: list[Fitness]) -> None:
    """DEAP's sort into fronts puts failures behind all that are not."""
    population = [Individual(None, fitness, id=index) for index, fitness in enumerate(scores)]
    fronts = tools.sortNondominated(population, len(population))
    failed = [any(one.fitness.failed for one in front) for front in fronts]
    whole = [all(one.fitness.failed for one in front) for front in fronts]
    assert failed == whole == sorted(failed)


@given(fitnesses())
def test_fitness_survives_copying_and_pickling(fitness: Fitness) -> None:
    """Copies have the same values and weights, and invalidating one leaves the original valid."""
    for twin in (copy.deepcopy(fitness), pickle.loads(pickle.dumps(fitness))):
        assert twin == fitness
        assert repr(twin) == repr(fitness)
        assert twin.weights == fitness.weights
        del twin.values
        assert fitness.valid


def test_deleted_values_are_gone() -> None:
    """`del fitness.values` leaves an invalid fitness that has not failed, the least of all."""
    fitness = Fitness((math.nan,))
    worst = copy.deepcopy(fitness)
    del fitness.values
    assert (fitness.valid, fitness.failed, fitness.values) == (False, False, ())
    assert fitness < worst
    assert fitness == Fitness()


def test_numbers_of_other_libraries_become_floats() -> None:
    """Values may come from numpy and torch; what is kept is Python's float."""
    fitness = Fitness([np.float32(0.5), torch.tensor(2.0)], weights=np.array([1, -1]))
    assert fitness.values == (0.5, 2.0)
    assert {type(value) for value in (*fitness.values, *fitness.weights)} == {float}


def test_the_number_of_values_is_checked() -> None:
    """Another number of values than of weights is refused, and the old values stay."""
    fitness = Fitness((1.0, 2.0), weights=(1.0, -1.0))
    with pytest.raises(ValueError, match=r"as many as the weights \(1\.0, -1\.0\), but they are"):
        fitness.values = (1.0,)
    assert fitness.values == (1.0, 2.0)
    with pytest.raises(ValueError, match="as many"):
        Fitness((1.0, 2.0))
    with pytest.raises(ValueError, match="as many"):
        fitness.values = ()


@pytest.mark.parametrize("values", [3.0, "12", ["1.0", "2.0"], [None, None]])
def test_values_must_be_numbers(values: object) -> None:
    """What is no sequence of numbers is refused in a sentence."""
    with pytest.raises(TypeError, match=r"^values must be .* they are .*\.$"):
        Fitness(weights=(1.0, 1.0)).values = values


@pytest.mark.parametrize("weights", [(), (math.nan,), (1.0, math.inf)])
def test_weights_must_be_finite(weights: tuple[float, ...]) -> None:
    """Weights that order nothing are refused."""
    with pytest.raises(ValueError, match="weights must be finite and at least one"):
        Fitness(weights=weights)


def _population(size: int, length: int) -> list[Individual]:
    rows = torch.randn(size, length, generator=torch.Generator().manual_seed(0))
    return [Individual(row, Fitness((float(row[0]),)), id=i) for i, row in enumerate(rows)]


def _clone(individual: Individual, how: str) -> Individual:
    if how == "pickle":
        return pickle.loads(pickle.dumps(individual))
    return copy.deepcopy(individual) if how == "deepcopy" else copy.copy(individual)


@pytest.mark.parametrize("how", ["deepcopy", "copy", "pickle"])
def test_a_clone_owns_its_row(how: str) -> None:
    """A clone has the same id and genes in a storage of the row's size, and is its own."""
    individual = _population(1000, 10)[3]
    individual.parents, individual.generation, individual.body = (1, 2), 7, ["mind"]
    before = individual.genome.clone()
    clone = _clone(individual, how)
    assert clone == individual
    assert clone.id == individual.id
    assert torch.equal(clone.genome, before)
    assert clone.genome.untyped_storage().nbytes() == clone.genome.nbytes
    clone.genome.zero_()
    assert torch.equal(individual.genome, before)
    assert (clone.parents, clone.generation, clone.body) == ((1, 2), 7, ["mind"])
    assert clone.fitness == individual.fitness


def test_a_pickle_holds_one_row() -> None:
    """The pickle of an individual does not grow with its population."""
    small, large = (len(pickle.dumps(_population(size, 10)[1])) for size in (2, 1000))
    # PyTorch writes an address, which takes a few bytes more or less.
    assert abs(large - small) < 40


def test_a_clone_shares_nothing_that_changes() -> None:
    """A deep copy has its own fitness and body; what a subclass added is copied as well."""

    class Named(Individual):
        pass

    individual = Named(torch.zeros(3), Fitness((1.0,)), id=0, body={"age": 1})
    individual.names = ["a"]
    individual.same = individual.genome
    clone = copy.deepcopy(individual)
    del clone.fitness.values
    clone.body["age"] = 2
    clone.names.append("b")
    assert type(clone) is Named
    assert individual.fitness.valid
    assert (individual.body, individual.names) == ({"age": 1}, ["a"])
    assert clone.same is clone.genome


def test_a_row_with_strides_or_gradients_can_be_cloned() -> None:
    """A column, an expanded number and a tensor that requires gradients become plain rows."""
    matrix = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    rows = [matrix[:, 2], torch.ones(1).expand(5), (matrix[0].requires_grad_() * 2)]
    for row in rows:
        clone = copy.deepcopy(Individual(row, id=0)).genome
        assert torch.equal(clone, row)
        assert clone.is_contiguous()
        assert clone.untyped_storage().nbytes() == clone.nbytes
        assert not clone.requires_grad


def test_a_genome_is_one_row() -> None:
    """A whole population given as a genome is refused; what is no tensor is taken as it is."""
    with pytest.raises(ValueError, match=r"shape \[D\], but it has \[2, 3\]"):
        Individual(torch.zeros(2, 3), id=0)
    assert Individual("any", id=0).genome == "any"


def test_tools_of_deap_work() -> None:
    """Selection, the hall of fame and statistics of DEAP accept individuals; NaN is never best."""
    population = _population(6, 4)
    population[0].fitness.values = (math.nan,)
    finite = [one.fitness.values[0] for one in population[1:]]
    best = max(population[1:], key=lambda one: one.fitness.values)
    hall = tools.HallOfFame(3)
    hall.update(population)
    hall.update(copy.deepcopy(population))
    assert tools.selBest(population, 1) == [best] == hall[:1]
    assert tools.selWorst(population, 1) == population[:1]
    assert len({one.id for one in hall}) == 3
    assert hall[0] is not best
    statistics = tools.Statistics(lambda one: one.fitness.values)
    statistics.register("max", max)
    assert statistics.compile(population[1:])["max"] == (max(finite),)


@pytest.mark.deap_loops
def test_tournament_of_deap_never_prefers_a_failure() -> None:
    """In a tournament of all against all the winner has not failed."""
    population = _population(2, 4)
    population[0].fitness.values = (math.nan,)
    assert population[0] not in tools.selTournament(population, 20, tournsize=40)


@given(st.integers(0, 1000), st.integers(1, 20))
def test_ids_count_on(start: int, calls: int) -> None:
    """Ids are consecutive, and a stored, pickled or copied counter continues."""
    ids = Ids(next=start)
    assert [ids() for _ in range(calls)] == list(range(start, start + calls))
    for twin in (Ids(next=ids.next), pickle.loads(pickle.dumps(ids)), copy.deepcopy(ids)):
        assert twin() == start + calls


def test_ids_are_not_negative() -> None:
    """A negative start is refused."""
    with pytest.raises(ValueError, match="at least 0, but it is -1"):
        Ids(next=-1)
    with pytest.raises(ValueError, match="step must be at least 1, but it is 0"):
        Ids(step=0)


@given(st.integers(1, 5), st.integers(1, 10))
def test_counters_take_turns(count: int, calls: int) -> None:
    """As many counters as their step never give an id twice, and leave none out."""
    counters = [Ids(next=place, step=count) for place in range(count)]
    assert sorted(ids() for ids in counters for _ in range(calls)) == list(range(count * calls))


def test_offspring_has_its_place_in_the_lineage() -> None:
    """A child names its parents, belongs to the generation after the youngest one's and is not scored."""
    weights = (1.0, -1.0)
    parents = [
        Individual(None, Fitness((1, 2), weights=weights), id=index, generation=generation)
        for index, generation in ((4, 1), (9, 3))
    ]
    child = offspring(torch.ones(2), parents, id=10)
    assert (child.id, child.parents, child.generation) == (10, (4, 9), 4)
    assert child.fitness.weights == weights
    assert not child.fitness.valid
    # A child of a child that was never scored belongs to the same generation.
    assert offspring(torch.ones(2), [child], id=11).generation == 4
    with pytest.raises(ValueError, match="at least one"):
        offspring(None, [], id=0)


def test_an_individual_needs_an_id() -> None:
    """Every individual needs an id."""
    with pytest.raises(TypeError, match="id must be a whole number"):
        Individual(None)
    assert Individual(None, Fitness((1.0,)), 3).id == 3


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(["rows", "columns", "slices", "tail", "deep", "cloned", "halves"]),
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
)
def test_genomes_are_stacked_whatever_they_are_views_of(p: int, d: int, kind: str, order: list[int]) -> None:
    """The tensor is the stack of the genomes, in any order and repeated."""
    whole = torch.arange(4.0 * 8).view(4, 8)
    rows = {
        "rows": whole[:p, :d].contiguous().unbind(),
        "columns": whole.unbind(1),
        "slices": whole[:, :d].unbind(),
        "tail": whole[4 - p :].unbind(),
        "deep": whole.view(2, 2, 8)[0].unbind(),
        "cloned": [row.clone() for row in whole],
        "halves": whole.view(torch.int32).unbind(),
    }[kind]
    genomes = [rows[place % len(rows)] for place in order]
    population = [Individual(genome, id=number) for number, genome in enumerate(genomes)]
    assert torch.equal(genomes_of(population), torch.stack(genomes))
    assert torch.equal(genomes_of([Individual(row, id=0) for row in rows]), torch.stack(list(rows)))
    copied = genomes_of(population, copy=True)
    assert torch.equal(copied, torch.stack(genomes))
    assert not {copied.untyped_storage().data_ptr()} & {one.untyped_storage().data_ptr() for one in genomes}


def test_genomes_that_are_the_rows_of_a_tensor_are_not_copied() -> None:
    """Rows that follow each other give a view of them, rows in another order a new tensor."""
    whole = torch.arange(15.0).view(5, 3)
    population = [Individual(row, id=number) for number, row in enumerate(whole)]
    for some in (population, population[1:4]):
        assert genomes_of(some).data_ptr() == some[0].genome.data_ptr()
    for some in (population[::-1], population[::2], population[:1] * 5):
        assert genomes_of(some).untyped_storage().data_ptr() != whole.untyped_storage().data_ptr()


def test_an_unscored_fitness_has_the_weights_and_nothing_else() -> None:
    """It equals a fitness that was never scored, whatever was known."""
    for scored in (Fitness((1.0, 2.0), weights=(1.0, -2.0)), Fitness((math.nan, 2.0), weights=(1.0, -2.0))):
        assert vars(scored.unscored()) == vars(Fitness(weights=(1.0, -2.0)))


def test_no_genomes_or_other_objects_are_refused() -> None:
    """No individual, genomes that are no tensors, and genomes of two lengths are named."""
    with pytest.raises(ValueError, match="individuals must hold at least one"):
        genomes_of([])
    with pytest.raises(TypeError, match="individual 4 must have a tensor"):
        genomes_of([Individual(None, id=4)])
    with pytest.raises(ValueError, match=r"genomes must have one length to stand in one tensor, .* \[2, 3\]"):
        genomes_of([Individual(torch.ones(2), id=0), Individual(torch.ones(3), id=1)])


def test_clones_share_nothing_that_changes() -> None:
    """Attributes that users add to an individual are cloned with it, deeply."""
    one = Individual(torch.ones(2), id=1, parents=[5])
    one.notes = {"seen": [1]}
    one.fitness.values = (2.0,)
    clone = copy.deepcopy(one)
    clone.notes["seen"].append(2)
    clone.genome[0] = 7
    clone.fitness.values = (3.0,)
    assert (one.notes, one.genome.tolist(), one.fitness.values) == ({"seen": [1]}, [1, 1], (2.0,))
    assert (clone.id, clone.parents) == (1, (5,))


def test_classes_of_creator_keep_their_weights() -> None:
    """`deap.creator` puts the weights on the class and makes the fitness before the individual's constructor runs."""
    creator.create("Least", Fitness, weights=(-1.0, 2.0))
    creator.create("Candidate", Individual, fitness=creator.Least)
    try:
        one = creator.Candidate(torch.zeros(2), id=3)
        assert (type(one.fitness), one.fitness.weights, one.id) == (creator.Least, (-1.0, 2.0), 3)
        assert creator.Least((1, 2)).wvalues == (-1.0, 4.0)
        assert creator.Least(weights=(1.0,)).weights == (1.0,)
        assert creator.Candidate(None, Fitness(), id=0).fitness.weights == (1.0,)
        assert offspring(torch.ones(2), [one], id=4).fitness.weights == (-1.0, 2.0)
    finally:
        del creator.Least, creator.Candidate
