"""The laws that a strategy with a population is a plain reference's: who survives, and how children are made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from hypothesis import strategies as st

from neuroevo.individual import Individual
from neuroevo.testing.laws.distribution import Sample, compare_views, views_of
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.trial import Make, begun
from neuroevo.testing.references.strategies.individuals import Child, Plain, State, plain
from neuroevo.testing.strategies import seeds

GENERATIONS = 7
"""Generations of a case: some more than a usual interval."""

KINDS = ("distinct", "ties", "flat", "declining", "failures", "one survives", "all fail")
"""How a generation is scored."""

CHILDREN, MOST, LEAST = 3000, 400, 40
"""Children that are drawn in one state, by the strategy and by the reference, and generations of them."""

CAUSE = "another rule than the reference's: compare its source line by line"


class PopulationReference(Protocol):
    """A strategy in plain numpy without a state of its own; `PlainPopulation` is a base for those over vectors."""

    @property
    def generations(self) -> Sequence[tuple[int, str]]:
        """Return the states in which children are compared: generations before it, and how these were scored."""

    def size(self, state: State) -> int:
        """Return how many individuals the next generation has."""

    def generate(self, state: State, generator: np.random.Generator) -> list[Child]:
        """Return the individuals of a generation."""

    def numbers(self, child: Child, state: State) -> list[float]:
        """Return what is compared of a child, in numbers."""

    def score(self, genome: Any) -> tuple[float, ...] | None:
        """Return the values of a genome; None if that is the problem's affair alone."""

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps between generations; `individuals` and `generation` are among it."""

    def complaint(self, state: State, population: Sequence[Plain], after: State) -> str:
        """Return what is wrong with the state after a generation, as the end of a sentence."""


def check_population(
    make: Make, reference: PopulationReference, *, generations: int = GENERATIONS, examples: int | None = None
) -> None:
    """Raise LawBroken unless a strategy is another implementation of a plain one.

    Args:
        make: Returns a fresh strategy for a seed.
        reference: The plain one, with equal settings.
        generations: Generations of a run.
        examples: Runs at most.
    """
    check(make, population_laws(reference, generations=generations), label=name_of(make), examples=examples)


def population_laws(
    reference: PopulationReference,
    *,
    generations: int = GENERATIONS,
    examples: int = 25,
    children: int = CHILDREN,
    states: Sequence[tuple[int, str]] | None = None,
    arrange: Callable[[Any, np.random.Generator], None] | None = None,
) -> list[Law]:
    """Return the laws that a strategy is another implementation of a plain one.

    They are judged by `make(seed) -> strategy`, as those of `strategy_laws`. The strategy is run with scores that are
    drawn, whatever its problem: distinct ones, ties, and those of failures.

    Args:
        reference: The plain one, with equal settings.
        generations: Generations of a run.
        examples: Runs at most.
        children: Children that are drawn in one state.
        states: Generations after which children are compared, and how those are scored; default the reference's.
        arrange: Brings a strategy into a state that runs seldom come to, before children are compared.
    """

    def leaves(make: Make, case: Case) -> None:
        strategy, draws = begun(make, seed := case.draw("seed", seeds())), np.random.default_rng(seed)
        kinds = case.draw("scores", st.lists(st.sampled_from(KINDS), min_size=1, max_size=generations))
        for kind in kinds:
            before = reference.state_of(strategy)
            population = strategy.toolbox.generate()
            _expect_newborn(population, before, reference, strategy)
            scored(population, kind, draws)
            known = [*map(plain, population)]
            strategy.toolbox.update(population)
            if complaint := reference.complaint(before, known, reference.state_of(strategy)):
                raise Breach(f"after generation {before['generation']} {complaint}")

    def draws_as(make: Make, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for number, kind in case.each("generations and scores", states or reference.generations):
            strategy, draws = begun(make, seed), np.random.default_rng(seed)
            _run(strategy, number, kind, draws)
            if arrange is not None:
                arrange(strategy, draws)
            state = reference.state_of(strategy)
            calls = max(LEAST, min(MOST, children // reference.size(state)))
            numbers = partial(reference.numbers, state=state)
            mine = _rows([[*map(numbers, map(_child, strategy.toolbox.generate()))] for _ in range(calls)])
            theirs = _rows([[*map(numbers, reference.generate(state, draws))] for _ in range(calls)])
            if mine.shape != theirs.shape:
                raise Breach(f"a generation has {mine.shape[1]} children, in the reference {theirs.shape[1]}")
            compare_views(_views(mine, scale := _scale(theirs)), _views(theirs, scale))

    return [
        Law("a generation leaves what it leaves in the reference", CAUSE, leaves, examples=examples),
        Law("a generation's children are distributed as the reference's", CAUSE, draws_as, examples=1, shrinks=False),
    ]


def _run(strategy: Any, generations: int, kind: str, draws: np.random.Generator) -> None:
    """Run generations with scores of a kind."""
    for _ in range(generations):
        population = strategy.toolbox.generate()
        scored(population, kind, draws)
        strategy.toolbox.update(population)


def scored(population: Sequence[Individual], kind: str, draws: np.random.Generator) -> None:
    """Give individuals the scores of a kind, one of `KINDS`."""
    alive = draws.integers(len(population))
    worse = np.sign(population[0].fitness.weights) * population[0].generation
    for place, one in enumerate(population):
        values = draws.normal(size=len(one.fitness.weights))
        if kind == "ties":
            values = draws.integers(-1, 2, size=len(values)) / 1.0
        if kind == "declining":
            values = 0.3 * values - worse
        if kind == "flat":
            values = np.zeros(len(values))
        fails = {"failures": draws.random() < 0.4, "one survives": place != alive, "all fail": True}.get(kind, False)
        if fails:
            values[draws.integers(len(values))] = draws.choice([math.nan, math.inf, -math.inf])
        one.fitness.values = tuple(values.tolist())


def _expect_newborn(
    population: Sequence[Individual], state: State, reference: PopulationReference, strategy: Any
) -> None:
    """Raise Breach unless individuals are as many as in the reference, not scored, and of this generation."""
    if len(population) != (size := reference.size(state)):
        raise Breach(f"generation {state['generation']} has {len(population)} individuals, in the reference {size}")
    weights = tuple(strategy.problem.weights)
    for one in population:
        if one.fitness.valid or one.generation != state["generation"] or one.fitness.weights != weights:
            raise Breach(
                f"individual {one.id} should wait for a score of the weights {weights} and be of generation "
                f"{state['generation']}, but it is {one!r} with {one.fitness.weights}"
            )
        expected = reference.score(plain(one).genome)
        if expected is not None and not np.allclose(found := strategy.toolbox.evaluate(one), expected):
            raise Breach(f"individual {one.id} scores {found}, in the reference {expected}")


def _child(one: Individual) -> Child:
    return Child(plain(one).genome, one.parents)


def _rows(generations: Sequence[Sequence[Sequence[float]]]) -> Sample:
    """Return the numbers of each child of each generation, [N, P, C]."""
    return np.array(generations, dtype=np.float64)


def _scale(sample: Sample) -> Sample:
    """Return the greatest of each number, [C]."""
    greatest: Sample = np.abs(sample).max((0, 1))
    return np.where(greatest > 0, greatest, 1.0)


def _views(sample: Sample, scale: Sample) -> dict[str, Sample]:
    """Return single numbers of each generation by name: those of any child, and those of some children alone."""
    sample = (sample / scale).round(6)
    _, rows, width = sample.shape
    pairs = [(one, other) for one in range(width) for other in range(one + 1, width)]
    alone = {
        f"number {place} of child {child}": sample[:, child, place]
        for child in sorted({0, 1, rows // 2, rows - 2, rows - 1} & set(range(rows)))
        for place in range(width)
    }
    together = {f"number {place}": sample[:, :, place].ravel() for place in range(width)}
    return {**dict(views_of(sample, pairs=pairs, item="number")), **together, **alone}
