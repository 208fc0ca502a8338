"""`deap.algorithms`, `deap.cma`, `deap.base` and `deap.creator` with individuals of neuroevo."""

import copy
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from deap import algorithms, base, benchmarks, cma, creator, tools  # noqa: TID251 - how creator fits is what is tested
from deap.base import Toolbox
from deap.benchmarks import rastrigin

from neuroevo import evolve, from_deap
from neuroevo.execution import batched_map
from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.problems.function import SPHERE
from neuroevo.strategies import SNES

PAGE = Path(__file__).parents[2] / "docs" / "deap-tools.md"
AS_IT_IS = "as it is"
WORKS = {
    algorithms: dict.fromkeys(
        ("eaGenerateUpdate", "eaMuCommaLambda", "eaMuPlusLambda", "eaSimple", "varAnd", "varOr"), AS_IT_IS
    ),
    cma: dict.fromkeys(
        ("Strategy", "StrategyActiveOnePlusLambda", "StrategyMultiObjective", "StrategyOnePlusLambda"), AS_IT_IS
    ),
    base: {"ConstrainedFitness": "no", "Fitness": "no", "Toolbox": AS_IT_IS},
    creator: {"MetaCreator": AS_IT_IS, "create": AS_IT_IS, "meta_create": AS_IT_IS},
}
pytestmark = pytest.mark.deap_loops


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """DEAP's loops and strategies draw from global generators."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002


def toolbox_of(kind: str, ids: Ids) -> Toolbox:
    """Return a toolbox over vectors with operators of DEAP, in place or by `from_deap`."""
    generator, toolbox = torch.Generator(), Toolbox()
    toolbox.register("map", batched_map)
    toolbox.register("evaluate", benchmarks.sphere)
    toolbox.register("select", tools.selTournament, tournsize=3)
    settings = {"mu": 0, "sigma": 0.5, "indpb": 0.5}
    if kind == "from_deap":
        toolbox.register("mate", from_deap(tools.cxTwoPoint, generator=generator, ids=ids))
        toolbox.register("mutate", from_deap(tools.mutGaussian, generator=generator, ids=ids, **settings))
    else:
        toolbox.register("mate", tools.cxTwoPoint)
        toolbox.register("mutate", tools.mutGaussian, **settings)
    return toolbox


def vectors(ids: Ids, count: int = 12) -> list[Individual]:
    """Return individuals to be minimised."""
    rows = torch.randn(count, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return [Individual(row, Fitness(weights=(-1.0,)), id=ids()) for row in rows]


LOOPS: dict[str, Callable[..., Any]] = {
    "eaSimple": partial(algorithms.eaSimple, cxpb=0.5, mutpb=0.4, ngen=8),
    "eaMuPlusLambda": partial(algorithms.eaMuPlusLambda, mu=12, lambda_=12, cxpb=0.5, mutpb=0.4, ngen=8),
    "eaMuCommaLambda": partial(algorithms.eaMuCommaLambda, mu=6, lambda_=12, cxpb=0.5, mutpb=0.4, ngen=8),
}


@pytest.mark.parametrize("kind", ["in place", "from_deap"])
@pytest.mark.parametrize("loop", LOOPS)
def test_loops_run(loop: str, kind: str) -> None:
    """DEAP's loops improve individuals, leave first genomes alone, and fill a hall of fame with different ones."""
    ids = Ids()
    population = vectors(ids)
    first, rows = list(population), [one.genome.tolist() for one in population]
    hall, statistics = tools.HallOfFame(5), tools.Statistics(lambda one: one.fitness.values)
    statistics.register("min", np.min)
    final, logbook = LOOPS[loop](population, toolbox_of(kind, ids), halloffame=hall, stats=statistics, verbose=False)
    assert logbook.select("min")[-1] < logbook.select("min")[0]
    assert [one.genome.tolist() for one in first] == rows
    assert len({tuple(one) for one in hall}) == 5
    assert all(one.fitness.values == benchmarks.sphere(one) for one in final)


@pytest.mark.parametrize("kind", ["in place", "from_deap"])
@pytest.mark.parametrize("vary", [partial(algorithms.varAnd), partial(algorithms.varOr, lambda_=12)], ids=["and", "or"])
def test_variation_leaves_parents_alone(vary: Any, kind: str) -> None:
    """What varied waits to be scored; the parents keep genes and scores."""
    ids = Ids()
    population = vectors(ids)
    for one in population:
        one.fitness.values = benchmarks.sphere(one)
    before = copy.deepcopy(population)
    children = vary(population, toolbox_of(kind, ids), cxpb=0.5, mutpb=0.4)
    assert population == before
    assert all(one.fitness.valid for one in population)
    assert any(not one.fitness.valid for one in children)
    assert all(one in population for one in children if one.fitness.valid)


def test_ask_and_tell_runs_strategies() -> None:
    """`eaGenerateUpdate` runs a strategy of neuroevo and gives what `evolve` gives."""
    ours, theirs = (SNES(SPHERE(3), population=6, seed=2) for _ in range(2))
    final, _ = algorithms.eaGenerateUpdate(theirs.toolbox, ngen=5, verbose=False)
    assert list(final) == list(list(evolve(ours, 5))[-1].population)


@pytest.mark.parametrize("kind", ["Strategy", "StrategyOnePlusLambda", "StrategyActiveOnePlusLambda"])
@pytest.mark.parametrize("loop", ["deap", "evolve"])
def test_strategies_of_deap_make_individuals(kind: str, loop: str) -> None:
    """A function that makes an individual of a row is all that `deap.cma` asks; `evolve` runs it as a bare toolbox."""
    ids, toolbox = Ids(), Toolbox()

    def individual(row: Any) -> Individual:
        return Individual(torch.as_tensor(row), Fitness(weights=(-1.0,)), id=ids())

    if kind == "Strategy":
        strategy = cma.Strategy(centroid=[2.0] * 3, sigma=0.5, lambda_=8)
    else:
        parent = individual(np.full(3, 2.0))
        parent.fitness.values = benchmarks.sphere(parent)
        steps = {"steps": [0.0] * 3} if "Active" in kind else {}
        strategy = getattr(cma, kind)(parent, sigma=0.5, lambda_=8, **steps)
    toolbox.register("evaluate", benchmarks.sphere)
    toolbox.register("generate", strategy.generate, individual)
    toolbox.register("update", strategy.update)
    if loop == "evolve":
        best = list(evolve(toolbox, 25))[-1].best
    else:
        best = max(algorithms.eaGenerateUpdate(toolbox, ngen=25, verbose=False)[0], key=lambda one: one.fitness)
    assert best.fitness.values[0] < 1.0


def test_the_multi_objective_strategy_of_deap_runs() -> None:
    """It keeps its notes on individuals, which have room for them."""
    ids, toolbox = Ids(), Toolbox()

    def individual(row: Any) -> Individual:
        return Individual(torch.as_tensor(row), Fitness(weights=(-1.0, -1.0)), id=ids())

    def two(one: Individual) -> tuple[float, float]:
        return benchmarks.sphere(one)[0], benchmarks.sphere([gene - 1 for gene in one])[0]

    parents = [individual(row) for row in np.random.uniform(-2, 2, (6, 3))]  # noqa: NPY002
    for one in parents:
        one.fitness.values = two(one)
    strategy = cma.StrategyMultiObjective(parents, sigma=0.5, mu=6, lambda_=6)
    toolbox.register("evaluate", two)
    toolbox.register("generate", strategy.generate, individual)
    toolbox.register("update", strategy.update)
    before = min(sum(one.fitness.values) for one in parents)
    algorithms.eaGenerateUpdate(toolbox, ngen=15, verbose=False)
    assert min(sum(one.fitness.values) for one in strategy.parents) < before


def test_fitnesses_of_deap_are_refused() -> None:
    """They let NaN win, and loops ask for more than they know: one sentence says what to derive from."""
    stock = type("Stock", (base.Fitness,), {"weights": (1.0,)})
    constrained = type("Constrained", (base.ConstrainedFitness,), {"weights": (1.0,)})
    for kind in (stock, constrained):
        with pytest.raises(TypeError, match=rf"fitness must be a neuroevo.Fitness, but it is a {kind.__name__};"):
            Individual(torch.zeros(2), kind(), id=0)


def test_classes_of_creator_fit() -> None:
    """Made of our bases, `creator`'s individuals and fitnesses run in loops and keep their weights."""
    creator.create("Least", Fitness, weights=(-1.0,))
    creator.create("Candidate", Individual, fitness=creator.Least)
    try:
        ids = Ids()
        population = [creator.Candidate(one.genome, id=one.id) for one in vectors(ids)]
        first = min(benchmarks.sphere(one)[0] for one in population)
        final, _ = LOOPS["eaMuPlusLambda"](population, toolbox_of("in place", ids), verbose=False)
        assert {type(one) for one in final} == {creator.Candidate}
        assert {one.fitness.weights for one in final} == {(-1.0,)}
        assert min(one.fitness.values[0] for one in final) < first
        assert isinstance(creator.Least, creator.MetaCreator)
        assert creator.meta_create is not None
    finally:
        del creator.Least, creator.Candidate


@pytest.mark.parametrize("module", WORKS, ids=lambda module: module.__name__)
def test_the_page_has_all_of_them(
    module: ModuleType, documented: Callable[[str], dict[str, str]], public: Callable[[Any], set[str]]
) -> None:
    """Each class and function of the module is in its table, with what is tested here."""
    assert public(module) == set(WORKS[module])
    assert documented(module.__name__) == WORKS[module]


def test_the_block_of_the_page_runs() -> None:
    """What the page shows improves on its first generation."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    assert names["last"].best.fitness.values[0] < min(rastrigin(one)[0] for one in names["population"]())
