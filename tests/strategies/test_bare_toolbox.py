"""A toolbox that a user put together, as a strategy: both forms, and what they lack."""

from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from deap import algorithms, tools
from deap.base import Toolbox

from neuroevo import from_deap
from neuroevo.budget import Budget
from neuroevo.evolution import evolve
from neuroevo.execution import batched_map
from neuroevo.individual import Ids, Individual, offspring
from neuroevo.operators.crossover import two_point
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.selection import tournament
from neuroevo.operators.verbs import Mate, Mutate, Select
from neuroevo.problems.episodes import cartpole
from neuroevo.strategies import BareToolbox

LENGTH = 6


def score(individual: Individual) -> tuple[float]:
    """Return minus the squared length of a genome."""
    return (-float(individual.genome.square().sum()),)


def genetic(size: int = 20, *, seed: int = 0, vary: bool = False) -> Toolbox:
    """Return a genetic algorithm on -|x|^2 made of the library's operators."""
    generator, ids, toolbox = torch.Generator().manual_seed(seed), Ids(), Toolbox()

    def population() -> list[Individual]:
        return [Individual(row, id=ids()) for row in torch.randn(size, LENGTH, generator=generator)]

    def vary_all(parents: list[Individual]) -> list[Individual]:
        noise = 0.1 * torch.randn(len(parents), LENGTH, generator=generator)
        return [offspring(one.genome + row, [one], id=ids()) for one, row in zip(parents, noise, strict=True)]

    toolbox.register("population", population)
    toolbox.register("select", Select(partial(tournament, size=3, generator=generator)))
    toolbox.register("evaluate", score)
    if vary:
        toolbox.register("vary", vary_all)
    else:
        toolbox.register("mate", Mate(partial(two_point, generator=generator), ids))
        toolbox.register("mutate", Mutate(partial(gaussian, sigma=0.1, generator=generator), ids))
    return toolbox


class Distribution:
    """A hill climber: samples around a point that moves to the best sample."""

    def __init__(self) -> None:
        self.generator, self.ids, self.point = torch.Generator().manual_seed(0), Ids(), torch.full((LENGTH,), 2.0)
        self.updated: list[int] = []
        self.toolbox = Toolbox()
        self.toolbox.register("generate", self.generate)
        self.toolbox.register("evaluate", score)
        self.toolbox.register("update", self.update)

    def generate(self) -> list[Individual]:
        """Return ten samples."""
        noise = 0.3 * torch.randn(10, LENGTH, generator=self.generator)
        return [Individual(self.point + row, id=self.ids()) for row in noise]

    def update(self, population: list[Individual]) -> None:
        """Move to the best."""
        self.updated.append(len(population))
        self.point = max(population, key=lambda one: one.fitness).genome


@pytest.mark.parametrize("size", [20, 21])
@pytest.mark.parametrize("vary", [False, True])
def test_a_genetic_algorithm_improves(vary: bool, size: int) -> None:
    """Both forms of variation climb -|x|^2 and keep the size, even or odd."""
    generations = list(evolve(genetic(size, vary=vary), 30))
    assert [len(generation.population) for generation in generations] == [size] * 30
    assert generations[-1].mean > generations[0].mean / 10
    assert generations[-1].mean > max(generations[0].scores)


@pytest.mark.parametrize("form", ["mate and mutate", "vary", "distribution"])
def test_individuals_know_their_generation(form: str) -> None:
    """Evaluators draw by it, so the loop sets it before they score: in both forms, and for parents that lived on."""
    toolbox = Distribution().toolbox if form == "distribution" else genetic(6, vary=form == "vary")
    scored: list[int] = []

    def evaluate(individual: Individual) -> tuple[float]:
        scored.append(individual.generation)
        return score(individual)

    toolbox.register("evaluate", evaluate)
    for generation in evolve(toolbox, 4):
        assert scored == [generation.number] * len(generation.population)
        scored.clear()


@pytest.mark.deap_loops
@pytest.mark.parametrize("loop", ["eaSimple", "eaMuCommaLambda"])
def test_children_count_generations_under_loops_of_deap(loop: str) -> None:
    """If every parent has children, the generation is the loop's, though children of a pair mutate once more."""
    toolbox, scored = genetic(8), []
    toolbox.register("evaluate", lambda one: (scored.append(one.generation), *score(one))[1:])
    rates = {"cxpb": 1.0, "mutpb": 1.0} if loop == "eaSimple" else {"cxpb": 0.5, "mutpb": 0.5, "mu": 8, "lambda_": 8}
    getattr(algorithms, loop)(toolbox.population(), toolbox, ngen=3, verbose=False, **rates)
    assert scored == [number for number in range(4) for _ in range(8)]


def test_episodes_are_new_in_every_generation() -> None:
    """One genome has other scores in other generations, and all individuals of a generation have the same."""
    pytest.importorskip("gymnasium")
    problem, ids, toolbox = cartpole(hidden=2, episodes=4), Ids(), Toolbox()
    genome = problem.space.sample(1, generator=torch.Generator().manual_seed(3))[0]
    toolbox.register("population", lambda: [Individual(genome.clone(), id=ids()) for _ in range(3)])
    toolbox.register("select", lambda individuals, k: individuals)
    toolbox.register("mate", Mate(lambda first, second: (first.clone(), second.clone()), ids))
    toolbox.register("mutate", Mutate(torch.clone, ids))
    toolbox.register("evaluate", problem)
    scores = [generation.scores for generation in evolve(toolbox, 6)]
    assert all(len(set(equal)) == 1 for equal in scores)
    assert len({equal[0] for equal in scores}) > 2


@pytest.mark.parametrize("vary", [False, True])
def test_children_replace_their_parents(vary: bool) -> None:
    """Every generation is new, and descends from the one before it alone."""
    generations = list(evolve(genetic(7, vary=vary), 4))
    for before, after in pairwise(generations):
        born = {one.id for one in after.population}
        assert len(born) == 7
        assert min(born) > max(one.id for one in before.population)
    assert all(not one.parents for one in generations[0].population)


def test_a_distribution_climbs() -> None:
    """`generate` and `update` are called once for each generation, as they are."""
    strategy = Distribution()
    generations = list(evolve(strategy.toolbox, 25))
    assert strategy.updated == [10] * 25
    assert generations[-1].mean > generations[0].mean / 4
    assert [generation.number for generation in generations] == list(range(25))


def test_neighbours_mate_and_each_child_mutates() -> None:
    """Pairs of selected parents mate in order, one that is left over does not, and all children mutate."""
    calls: list[Any] = []
    toolbox, ids = Toolbox(), Ids()
    individuals = [Individual(torch.zeros(1), id=ids()) for _ in range(5)]

    def mate(first: Individual, second: Individual) -> tuple[Individual, Individual]:
        calls.append(("mate", first.id, second.id))
        return tuple(offspring(one.genome, [one], id=ids()) for one in (first, second))

    def mutate(one: Individual) -> tuple[Individual]:
        calls.append(("mutate", one.id))
        return (offspring(one.genome, [one], id=ids()),)

    toolbox.register("population", lambda: individuals)
    toolbox.register("select", lambda individuals, k: individuals[::-1][:k])
    toolbox.register("mate", mate)
    toolbox.register("mutate", mutate)
    toolbox.register("evaluate", lambda one: (0.0,))
    list(evolve(toolbox, 2))
    assert calls == [
        ("mate", 4, 3),
        ("mate", 2, 1),
        *(("mutate", one) for one in (5, 6, 7, 8)),
        ("mutate", 0),
    ]


def test_vary_takes_precedence_over_mate_and_mutate() -> None:
    """A registered `vary` is used in place of the two."""
    toolbox = genetic(6, vary=True)
    toolbox.register("mate", lambda *_: pytest.fail("mate was called"))
    toolbox.register("mutate", lambda *_: pytest.fail("mutate was called"))
    assert len(list(evolve(toolbox, 3))) == 3


def test_the_users_toolbox_stays_as_it_is() -> None:
    """The strategy works on a copy: running adds no verb to the user's toolbox and changes none."""
    for toolbox in (genetic(), Distribution().toolbox):
        before = dict(vars(toolbox))
        list(evolve(toolbox, 2))
        assert vars(toolbox) == before


def test_a_map_of_ones_own_evaluates() -> None:
    """With the batched map an evaluator that takes populations is called once per generation."""

    class Batched:
        calls = 0

        def __call__(self, individual: Individual) -> tuple[float]:
            return pytest.fail("one individual was evaluated alone")

        def batch(self, individuals: list[Individual]) -> list[tuple[float]]:
            self.calls += 1
            return [score(one) for one in individuals]

    batched, plain = genetic(), genetic()
    evaluate = Batched()
    batched.register("evaluate", evaluate)
    batched.register("map", batched_map)
    scores = [[generation.scores for generation in evolve(toolbox, 3)] for toolbox in (batched, plain)]
    assert scores[0] == scores[1]
    assert evaluate.calls == 3


@pytest.mark.parametrize(
    "missing", ["population", "select", "evaluate", "mate", "mutate"], ids=lambda verb: f"without {verb}"
)
def test_a_missing_verb_is_said(missing: str) -> None:
    """A toolbox that lacks a verb is refused in one sentence that lists what it has."""
    toolbox = genetic()
    toolbox.unregister(missing)
    with pytest.raises(ValueError, match=r"^a toolbox needs evaluate, and either generate and update, or") as caught:
        evolve(toolbox, 1)
    listed = str(caught.value).rpartition("it has ")[2].rstrip(".").split(", ")
    assert listed == sorted(vars(toolbox))
    assert missing not in listed


@pytest.mark.parametrize("missing", ["generate", "evaluate", "update"])
def test_a_distribution_needs_all_three(missing: str) -> None:
    """Neither of the three verbs of the other form can be missing."""
    toolbox = Distribution().toolbox
    toolbox.unregister(missing)
    with pytest.raises(ValueError, match=r"^a toolbox needs evaluate, and either generate and update, or"):
        BareToolbox(toolbox)


def test_the_result_is_the_best_of_the_last_generation() -> None:
    """A genetic algorithm has a result after a generation; a distribution keeps its population to itself."""
    strategy = BareToolbox(genetic())
    with pytest.raises(RuntimeError, match=r"^there is no population to choose from"):
        strategy.result()
    *_, last = evolve(strategy, 3)
    assert strategy.result() is last.best
    assert strategy.result().fitness.values[0] == max(last.scores)
    distribution = BareToolbox(Distribution().toolbox)
    list(evolve(distribution, 1))
    with pytest.raises(RuntimeError, match=r"^there is no population to choose from"):
        distribution.result()


def test_it_has_no_state_and_no_known_cost() -> None:
    """Asking for a state is refused in a sentence; budget and record are empty."""
    strategy = BareToolbox(genetic())
    list(evolve(strategy, 2))
    with pytest.raises(TypeError, match=r"^a bare toolbox has no state; .*\.$"):
        strategy.state_dict()
    with pytest.raises(TypeError, match=r"^a bare toolbox has no state; .*\.$"):
        strategy.load_state_dict({})
    assert strategy.planned_budget(9) == strategy.budget == Budget()
    assert strategy.record() == {}
    assert strategy.generation == 2


@pytest.mark.parametrize(
    ("verb", "function"), [("mate", tools.cxOnePoint), ("mutate", partial(tools.mutGaussian, mu=1, sigma=1, indpb=1.0))]
)
@pytest.mark.deap_loops
def test_operators_that_work_in_place_are_refused(verb: str, function: Any) -> None:
    """A changed parent would keep its id and its score: the operator is named, and the first generation is unharmed."""
    toolbox = genetic()
    toolbox.register(verb, function)
    run = evolve(toolbox, 3)
    parents = next(run).population
    before = [(one.genome.tolist(), one.fitness.values) for one in parents]
    with pytest.raises(TypeError, match=rf"{verb} must return new individuals, but it changed individual \d+ in place"):
        next(run)
    assert [(one.genome.tolist(), one.fitness.values) for one in parents] == before


def test_parents_that_operators_return_unchanged_are_parents() -> None:
    """Operators that do nothing make no children: the individuals themselves live on, with their scores."""
    toolbox = genetic()
    toolbox.register("mate", lambda first, second: (first, second))
    toolbox.register("mutate", lambda one: (one,))
    before, after = list(evolve(toolbox, 2))
    assert all(any(one is other for other in before.population) for one in after.population)


def test_functions_of_deap_evolve() -> None:
    """With `from_deap` the same functions improve a population, with ids and parents, and repeat by the seed."""

    def run() -> list[tuple[int, tuple[int, ...], tuple[float, ...]]]:
        toolbox, generator, ids = genetic(), torch.Generator().manual_seed(1), Ids(next=100)
        toolbox.register("mate", from_deap(tools.cxTwoPoint, generator=generator, ids=ids))
        mutate = from_deap(tools.mutGaussian, mu=0, sigma=0.3, indpb=0.5, generator=generator, ids=ids)
        toolbox.register("mutate", mutate)
        toolbox.register("select", from_deap(tools.selTournament, tournsize=3, generator=generator))
        generations = list(evolve(toolbox, 8))
        assert generations[-1].best.fitness > generations[0].best.fitness
        assert {one.generation for one in generations[-1].population} == {7}
        return [(one.id, one.parents, one.fitness.values) for one in generations[-1].population]

    assert run() == run()
