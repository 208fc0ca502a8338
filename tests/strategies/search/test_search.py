"""What strategies over weight vectors have in common."""

import logging
import math
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from deap import algorithms
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.operators.optimisers import clipup
from neuroevo.operators.sampling import mirrored
from neuroevo.operators.shaping import centred_ranks
from neuroevo.problems import Function
from neuroevo.problems.function import RASTRIGIN, SPHERE, ZDT1, Landscape
from neuroevo.seeds import stream
from neuroevo.space import Space
from neuroevo.strategies import (
    CMAES,
    PGPE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    OpenAIES,
    Search,
    SeparableCMAES,
)
from neuroevo.strategies.search.base import compact

KINDS = (Genetic, EvolutionStrategy, Differential, OpenAIES, SNES, PGPE, CMAES, SeparableCMAES)
all_kinds = pytest.mark.parametrize("kind", KINDS)


def after(strategy: Search, generations: int) -> Search:
    """Run a strategy and return it."""
    for _ in evolve(strategy, generations):
        pass
    return strategy


@all_kinds
def test_each_improves_on_a_sphere(kind: type[Search]) -> None:
    """3,000 evaluations bring the mean of five seeds far below what as many random genomes find."""
    problem = SPHERE(6)
    reached, random_best = [], []
    for seed in range(5):
        strategy = kind(problem, seed=seed, population=20)
        reached.append(after(strategy, 150).result().fitness.values[0])
        genomes = problem.space.sample(3000, generator=stream(seed, "random"))
        random_best.append(float(genomes.square().sum(-1).min()))
    # Those that follow a gradient shrink their steps slowly, or not at all.
    assert sum(reached) < sum(random_best) * (0.1 if kind in (OpenAIES, PGPE) else 0.01)


@all_kinds
@given(seed=st.integers(0, 2**32), low=st.floats(-1, 0.5))
def test_genomes_keep_their_bounds(kind: type[Search], seed: int, low: float) -> None:
    """Whatever is scored lies in the bounds, at the edge of which the best genome is."""
    problem = Landscape(SPHERE.function, low + 0.75, low + 1.0)(3)
    for generation in evolve(kind(problem, seed=seed, population=6), 4):
        for one in generation.population:
            assert torch.equal(problem.space.clip(one.genome), one.genome)


@all_kinds
def test_the_dtype_is_the_spaces(kind: type[Search]) -> None:
    """Genomes have the dtype of the space, in every generation and after a state."""
    problem = SPHERE(4, dtype=torch.float32)
    strategy, heir = kind(problem, population=6), kind(problem, population=6)
    after(strategy, 2)
    heir.load_state_dict(strategy.state_dict())
    for one in (*strategy.generate(), *heir.generate(), strategy.result(), heir.result()):
        assert one.genome.dtype == torch.float32


@all_kinds
def test_a_search_of_a_module_begins_at_its_weights(kind: type[Search]) -> None:
    """Where the space says so, first genomes lie around its start, as far as the spread goes."""
    space = Space.box(400, start=torch.full((400,), 7.0, dtype=torch.float64), spread=0.01)
    problem = Function(lambda genomes: genomes.sum(-1), space, batched=True)
    genomes = torch.stack([one.genome for one in kind(problem, population=6).generate()])
    expected = 0.01 * math.sqrt(2 / math.pi) / (3 if kind is OpenAIES else 1)
    assert float((genomes - 7).abs().mean()) == pytest.approx(expected, rel=0.2)


@all_kinds
def test_what_fails_costs_only_itself(kind: type[Search], caplog: pytest.LogCaptureFixture) -> None:
    """A function that raises in half of the space leaves a search in the other half."""

    def half(genome: Tensor) -> Tensor:
        if genome[0] < 0:
            raise RuntimeError("on the wrong side")
        return genome.square().sum()

    problem = Function(half, Space.box(3, low=-1, high=1))
    with caplog.at_level(logging.CRITICAL):
        strategy = after(kind(problem, population=12, seed=3), 10)
    assert not strategy.result().fitness.failed
    assert strategy.result().genome[0] >= 0


@all_kinds
def test_equals_move_nothing_far(kind: type[Search]) -> None:
    """On a plain where all scores are equal nothing is learned, and every number stays finite."""
    plain = Function(lambda genomes: torch.zeros(len(genomes)), Space.box(3, low=-1, high=1), batched=True)
    strategy = after(kind(plain, population=8), 30)
    assert all(bool(one.genome.isfinite().all()) for one in strategy.generate())


@all_kinds
def test_stock_deap_runs_it(kind: type[Search]) -> None:
    """`eaGenerateUpdate` leads to the same result as `evolve`."""
    ours, theirs = (kind(RASTRIGIN(3), seed=5, population=6) for _ in range(2))
    after(ours, 5)
    algorithms.eaGenerateUpdate(theirs.toolbox, ngen=5, verbose=False)
    assert torch.equal(ours.result().genome, theirs.result().genome)
    assert ours.budget == theirs.budget


@pytest.mark.deap_loops
@pytest.mark.parametrize(
    "loop",
    [
        partial(algorithms.eaSimple, cxpb=0.5, mutpb=0.5),
        partial(algorithms.eaMuPlusLambda, mu=20, lambda_=30, cxpb=0.5, mutpb=0.5),
        partial(algorithms.eaMuCommaLambda, mu=20, lambda_=30, cxpb=0.5, mutpb=0.5),
    ],
    ids=["eaSimple", "eaMuPlusLambda", "eaMuCommaLambda"],
)
def test_stock_genetic_loops_run_the_toolbox(loop: Callable[..., Any]) -> None:
    """DEAP's loops find better genomes with the toolbox of the genetic algorithm."""
    random.seed(1)
    toolbox = Genetic(SPHERE(5), seed=1).toolbox
    population = toolbox.population(n=20)
    for one in population:
        one.fitness.values = toolbox.evaluate(one)
    before = max(one.fitness for one in population)
    population, _ = loop(population, toolbox, ngen=15, verbose=False)
    assert max(one.fitness for one in population).values[0] < before.values[0] / 2
    assert len({one.id for one in population}) > 1


def test_parts_of_one_strategy_fit_into_another() -> None:
    """SNES with the samples and utilities of OpenAI-ES, and OpenAI-ES with PGPE's optimiser, are new algorithms."""
    snes = SNES(SPHERE(5), population=10, seed=1)
    snes.toolbox.register("sample", mirrored, generator=snes.generator)
    snes.toolbox.register("shape", centred_ranks)
    generation = snes.generate()
    first, second = (torch.stack([one.genome for one in half]) for half in (generation[:5], generation[5:]))
    inside = (first.abs() < 5.12).all(-1) & (second.abs() < 5.12).all(-1)
    torch.testing.assert_close((first + second)[inside] / 2, snes.mean.expand(5, -1)[inside])
    mixed = OpenAIES(SPHERE(5), population=10, seed=1)
    mixed.toolbox.register("optimise", clipup, learning_rate=0.2, max_speed=0.4)
    start = mixed.mean.square().sum()
    assert after(mixed, 60).mean.square().sum() < start / 4
    assert mixed.memory.keys() == {"velocity"}


@all_kinds
def test_another_map_and_evaluator(kind: type[Search]) -> None:
    """What is registered as `evaluate` and `map` is what scores, and its budget is charged."""
    strategy, calls = kind(SPHERE(3), population=6), []

    def evaluate(individual: Individual) -> tuple[float]:
        calls.append(individual.id)
        return (float(individual.genome[0]),)

    strategy.toolbox.register("evaluate", evaluate)
    strategy.toolbox.register("map", map)
    after(strategy, 2)
    assert len(calls) == strategy.budget.evaluations == strategy.planned_budget(2).evaluations == 12


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SNES(ZDT1(5)), r"problem must have 1 objective for SNES, but it has 2; NSGA2 takes any number."),
        (lambda: SNES(SPHERE(5), population=0), r"population must be at least 1, but it is 0."),
        (lambda: Differential(SPHERE(5), population=3), r"population must be at least 4, but it is 3."),
        (lambda: CMAES(SPHERE(5), population=1), r"population must be at least 2, but it is 1."),
        (lambda: SNES(SPHERE(5), sigma=-1), r"sigma must be finite and above 0, but it is -1."),
        (lambda: SNES(SPHERE(5), sigma=math.nan), r"sigma must be finite and above 0, but it is nan."),
        (lambda: Genetic(SPHERE(5), offspring=0), r"offspring must lie in \[1, 50\], the population, but it is 0."),
        (lambda: EvolutionStrategy(SPHERE(5), population=5, parents=6), r"parents must lie in \[1, 5\], .* are 6."),
        (lambda: SPHERE(0), r"size, the number of genes D, must be at least 1, but it is 0."),
    ],
)
def test_impossible_settings_are_refused(make: Callable[[], Any], sentence: str) -> None:
    """A setting that can't be is one sentence."""
    with pytest.raises(ValueError, match=sentence):
        make()


def test_unknown_settings_are_refused() -> None:
    """CMA-ES takes the settings of DEAP's class, and no misspelt one."""
    assert CMAES(SPHERE(5), mu=2).model.mu == 2
    with pytest.raises(TypeError, match="unexpected keyword argument 'muu'"):
        CMAES(SPHERE(5), muu=2)


def test_there_is_no_result_before_a_generation() -> None:
    """Asking too early is an error."""
    with pytest.raises(RuntimeError, match=r"there is no result yet: run a generation first."):
        SNES(SPHERE(5)).result()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=12))
def test_survivors_keep_at_most_twice_their_memory(places: list[tuple[int, int]]) -> None:
    """Whatever survives, and however often: the same individuals, without the tensors of the others."""
    tensors = [torch.arange(6.0 * 3).view(6, 3) + 100 * number for number in range(4)]
    born = [[Individual(row, id=10 * n + m) for m, row in enumerate(rows)] for n, rows in enumerate(tensors)]
    individuals = [born[tensor][row] for tensor, row in places]
    found = compact(individuals)
    assert found == individuals
    assert all(torch.equal(one.genome, other.genome) for one, other in zip(found, individuals, strict=True))
    kept = {one.genome.untyped_storage().data_ptr(): one.genome.untyped_storage().nbytes() for one in found}
    assert sum(kept.values()) <= 2 * len(individuals) * 3 * 4


def test_a_generation_that_lives_on_is_not_copied() -> None:
    """Rows that follow each other stay where they are."""
    individuals = [Individual(row, id=number) for number, row in enumerate(torch.ones(4, 2))]
    assert all(one is other for one, other in zip(compact(individuals), individuals, strict=True))
