"""The laws of strategies: any loop may run them, no individual gets lost, and the seed decides everything."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from deap import algorithms
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.problems.function import RASTRIGIN
from neuroevo.testing.laws.content import content, difference, leaves
from neuroevo.testing.laws.law import Breach, Case, Law, Statement, check, must, name_of
from neuroevo.testing.laws.lockstep import MakeOn, MakeReference, Twin, lockstep_laws
from neuroevo.testing.laws.purity import (
    Arguments,
    equal_seeds_equal_results,
    global_generators_left_alone,
    other_seeds_other_results,
)
from neuroevo.testing.laws.states import state_laws
from neuroevo.testing.laws.trial import Make, account, begun, ended, lived_through, result, run, spans, steps
from neuroevo.testing.strategies import seeds

CASES = 5
"""Cases per law at most: each of them runs an algorithm."""

CYCLE = 4
"""Individuals fail by the remainder of their ids, so that some do in every generation."""


def check_strategy(
    make: Any,
    *,
    generations: int = 2,
    population: int | None = None,
    verbs: Sequence[str] = (),
    bounded: bool = False,
    reference: MakeReference | Twin | None = None,
    examples: int | None = None,
) -> None:
    """Raise LawBroken unless a strategy keeps all laws of strategies.

    Args:
        make: Returns a fresh strategy for a seed, or a toolbox that `evolve` takes. A generation should take some
            hundredths of a second: tiny data, few updates. A bare toolbox has no state, so the laws of states say
            nothing about it. With a reference it is called with a problem, `seed=` and settings, as the class `SNES`.
        generations: How many generations to run.
        population: How many individuals each generation has, if it is fixed.
        verbs: Operators that are called through the toolbox in that number of generations and `result`, so that
            registering another one swaps it.
        bounded: Whether its state does not grow from generation to generation, as archives and graphs do.
        reference: A plain implementation that it is run in step with, such as the class `PlainSNES` of
            `neuroevo.testing.references.strategies`; a `Twin` says on which problems, with which settings, and how the
            state is read.
        examples: Cases per law at most.
    """
    laws = strategy_laws(
        generations=generations, population=population, verbs=verbs, bounded=bounded, reference=reference
    )
    check(make, laws, label=name_of(make), examples=examples)


def strategy_laws(
    *,
    generations: int = 2,
    population: int | None = None,
    verbs: Sequence[str] = (),
    bounded: bool = False,
    reference: MakeReference | Twin | None = None,
) -> list[Law]:
    """Return the laws of strategies; the arguments are those of `check_strategy`."""
    laws = _conduct(generations, population, verbs, bounded)
    if reference is None:
        return laws
    twin = reference if isinstance(reference, Twin) else Twin(reference)
    return [*(replace(law, statement=partial(_by_seed, law.statement)) for law in laws), *lockstep_laws(twin)]


def _by_seed(statement: Statement, make: MakeOn, case: Case) -> None:
    """Judge what makes a strategy on a problem by a law about what makes one for a seed."""
    statement(lambda seed: make(RASTRIGIN(4), seed=seed), case)


def _conduct(generations: int, population: int | None, verbs: Sequence[str], bounded: bool) -> list[Law]:
    """Return the laws of what makes a strategy for a seed."""
    lived = partial(lived_through, generations=generations)
    laws = [
        Law(
            "it has what loops ask for",
            "a verb is not registered on the toolbox, `update` does not count the generation, or `record` holds what "
            "is no JSON",
            partial(_contract, generations=generations),
        ),
        Law(
            "no individual is lost or duplicated",
            "an individual that was changed keeps its id, a counter of ids starts anew, or `update` works on the list "
            "that it was given",
            partial(_none_lost, generations=generations, population=population),
        ),
        Law(
            "individuals share no memory",
            "a child's genome is its parent's or a view of it; clone what variation works on",
            partial(_own_memory, generations=generations),
        ),
        Law(
            "parents come before their children",
            "ids of parents are set after variation, or are positions in a list",
            partial(_parents_first, generations=generations),
        ),
        Law(
            "individuals know their generation",
            "individuals are made without `generation`, so that evaluators never draw new episodes or tasks",
            partial(_generations_known, generations=generations),
        ),
        equal_seeds_equal_results(_nothing, lived),
        global_generators_left_alone(_nothing, lived),
        other_seeds_other_results(_nothing, lived),
        Law(
            "DEAP's loop gives what `evolve` gives",
            "the strategy is called by its methods and not by its toolbox, or scoring an individual changes something",
            partial(_deap_agrees, generations=generations),
        ),
        Law(
            "the result is one of the individuals that were scored",
            "the best one is kept by reference and changed later, or `result` searches on when it is asked twice",
            partial(_result_was_scored, generations=generations),
        ),
        Law(
            "NaN never wins",
            "values are compared by `max` or `sorted`, where NaN wins or stays; compare `fitness`",
            partial(_nan_never_wins, generations=generations),
        ),
        Law(
            "the plan is what is spent",
            "`planned_budget` leaves out critics, the re-scoring of finalists, or failed individuals",
            partial(_plan_is_spent, generations=generations),
        ),
        *state_laws(generations, bounded=bounded),
    ]
    if verbs:
        laws.append(
            Law(
                "operators are called through the toolbox",
                "an operator was looked up once, in the constructor; look it up on the toolbox at each call",
                partial(_swappable, generations=generations, verbs=verbs),
            )
        )
    return [replace(law, examples=law.examples or CASES) for law in laws]


def _nothing(case: Case) -> Arguments:
    return {}


def _contract(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    missing = {"generate", "evaluate", "update", "map"} - vars(strategy.toolbox).keys()
    if missing:
        raise Breach(f"its toolbox lacks {', '.join(sorted(missing))}")
    for number in range(generations):
        if strategy.generation != number:
            raise Breach(f"its generation is {strategy.generation} when {number} have ended")
        run(strategy, 1)
        must("its record is no JSON", partial(json.dumps, strategy.record()))
    for budget in (strategy.budget, strategy.planned_budget(generations)):
        if not isinstance(budget, Budget):
            raise Breach(f"a budget must be a Budget, but it is {budget!r}")


def _none_lost(make: Make, case: Case, *, generations: int, population: int | None) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    known: dict[int, Mapping[str, Any]] = {}
    given: list[Individual] = []
    kept: list[Individual] = []
    for number, individuals in enumerate(steps(strategy, generations)):
        _expect_unchanged(given, kept, known)
        if population is not None and len(individuals) != population:
            raise Breach(f"generation {number} has {len(individuals)} individuals instead of {population}")
        _expect_new(individuals, number, known)
        given, kept = individuals, [*individuals]
        known |= {one.id: content(account(one)) for one in individuals}
    _expect_unchanged(given, kept, known)


def _expect_new(individuals: Sequence[Individual], number: int, known: Mapping[int, Mapping[str, Any]]) -> None:
    repeated = [one for one, times in Counter(one.id for one in individuals).items() if times > 1]
    if repeated:
        raise Breach(f"generation {number} has more than one individual with the id {repeated[0]}")
    for one in individuals:
        if one.id in known and (changed := difference(known[one.id], content(account(one)))):
            raise Breach(f"generation {number} uses the id {one.id} again, but not for the same {changed}")


def _expect_unchanged(
    given: Sequence[Individual], kept: Sequence[Individual], known: Mapping[int, Mapping[str, Any]]
) -> None:
    """Raise Breach unless a generation is what it was before `update`."""
    if [*map(id, given)] != [*map(id, kept)]:
        raise Breach("`update` changed the list of individuals that it was given")
    for one in kept:
        if changed := difference(known[one.id], content(account(one))):
            raise Breach(f"after `update` and the next `generate` individual {one.id} has another {changed}")


def _own_memory(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    before: list[Individual] = []
    for individuals in steps(strategy, generations):
        # Held, because a genome may be made when it is asked for.
        genomes = [(one.id, one.genome) for one in [*before, *individuals]]
        taken = [(owner, span) for owner, genome in genomes for span in spans(genome)]
        for place, (owner, (start, end)) in enumerate(taken):
            for other, (first, last) in taken[:place]:
                if owner != other and start < last and first < end:
                    raise Breach(f"the genomes of the individuals {other} and {owner} lie in the same memory")
        # Kept alive, so that no new one is given their memory.
        before = individuals


def _parents_first(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    history = run(strategy, generations)
    born: dict[int, int] = {}
    for number, individuals in enumerate(history):
        for one in individuals:
            born.setdefault(one["id"], number)
    for number, individuals in enumerate(history):
        for one in individuals:
            # Parents that were in no generation are intermediate steps: a mated child that then mutates.
            late = [parent for parent in one["parents"] if born.get(parent, -1) >= born[one["id"]]]
            if late:
                raise Breach(
                    f"individual {one['id']} of generation {number} has the parent {late[0]}, which came no earlier"
                )


def _generations_known(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    generate = strategy.toolbox.generate

    def watched() -> Sequence[Individual]:
        population: Sequence[Individual] = generate()
        for one in population:
            if not one.fitness.valid and one.generation != strategy.generation:
                raise Breach(
                    f"individual {one.id} waits to be scored in generation {strategy.generation}, but says that it was "
                    f"born in {one.generation}"
                )
        return population

    strategy.toolbox.register("generate", watched)
    for _ in steps(strategy, generations):
        pass


def _deap_agrees(make: Make, case: Case, *, generations: int) -> None:
    seed = case.draw("seed", seeds())
    ours, theirs = begun(make, seed), begun(make, seed)
    history = run(ours, generations)
    population, _ = algorithms.eaGenerateUpdate(theirs.toolbox, ngen=generations, verbose=False)
    last = content([history[-1], ended(ours)])
    if where := difference(last, content([[*map(account, population)], ended(theirs)])):
        raise Breach(f"after `deap.algorithms.eaGenerateUpdate` there is another {where}")


def _result_was_scored(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    scored = {one["id"]: one for individuals in run(strategy, generations) for one in individuals}
    best = result(strategy)
    if best is None:
        return
    if best.id not in scored:
        raise Breach(f"the result has the id {best.id}, which was never scored")
    if where := difference(content(_bare(scored[best.id]["genome"])), content(_bare(best.genome))):
        raise Breach(f"the result {best.id} was scored with another genome ({where} differs)")
    first = content(ended(strategy))
    if where := difference(first, content(ended(strategy))):
        raise Breach(f"a second call of `result` gives another {where}")


def _bare(genome: Any) -> Any:
    """Return a genome without the notes that a result adds."""
    return replace(genome, notes={}) if isinstance(genome, Learngene) else genome


def _nan_never_wins(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    failing = case.draw(f"ids that fail, modulo {CYCLE}", st.sets(st.integers(0, CYCLE - 1), min_size=1))
    evaluate = strategy.toolbox.evaluate

    def failing_evaluate(individual: Individual) -> tuple[float, ...]:
        values = evaluate(individual)
        return (math.nan,) * len(values) if individual.id % CYCLE in failing else values

    strategy.toolbox.register("evaluate", failing_evaluate)
    for individuals in steps(strategy, generations):
        if not all(_finite(leaf) for one in individuals for _, leaf in leaves(one.genome)):
            raise Breach("a genome is not finite any more")
        if all(one.fitness.failed for one in individuals):
            return
    best = result(strategy)
    if best is not None and best.id % CYCLE in failing:
        raise Breach(f"the result is individual {best.id}, which failed")


def _finite(leaf: object) -> bool:
    return not isinstance(leaf, Tensor) or bool(leaf.isfinite().all())


def _plan_is_spent(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    number = case.draw("generations", st.integers(1, generations))
    planned = strategy.planned_budget(number)
    run(strategy, number)
    result(strategy)
    if strategy.budget != planned:
        raise Breach(f"{strategy.budget} was spent, and the plan said {planned}")


def _swappable(make: Make, case: Case, *, generations: int, verbs: Sequence[str]) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    calls = Counter[str]()

    def spied(verb: str) -> Callable[..., Any]:
        original = getattr(strategy.toolbox, verb)

        def spy(*arguments: Any, **keywords: Any) -> Any:
            calls[verb] += 1
            return original(*arguments, **keywords)

        return spy

    for verb in verbs:
        strategy.toolbox.register(verb, spied(verb))
    run(strategy, generations)
    result(strategy)
    if unused := [verb for verb in verbs if not calls[verb]]:
        raise Breach(f"an operator that was registered as {unused[0]} is never called")
