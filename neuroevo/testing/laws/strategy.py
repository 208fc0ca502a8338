"""The laws of strategies: any loop may run them, no individual gets lost, and the seed decides everything."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from deap import algorithms
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.files import CheckpointError
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.signatures import parameters
from neuroevo.strategies import BareToolbox
from neuroevo.strategies.strategy import ToolboxStrategy
from neuroevo.testing.laws.content import content, difference, leaves
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import (
    Arguments,
    equal_seeds_equal_results,
    global_generators_left_alone,
    other_seeds_other_results,
)
from neuroevo.testing.laws.trial import Make, account, begun, ended, lived_through, result, run, spans, steps
from neuroevo.testing.strategies import seeds

CASES = 5
"""Cases per law at most: each of them runs an algorithm."""

CYCLE = 4
"""Individuals fail by the remainder of their ids, so that some do in every generation."""


def check_strategy(
    make: Make,
    *,
    generations: int = 2,
    population: int | None = None,
    verbs: Sequence[str] = (),
    examples: int | None = None,
) -> None:
    """Raise LawBroken unless a strategy keeps all laws of strategies.

    Args:
        make: Returns a fresh strategy for a seed, or a toolbox that `evolve` takes. A generation should take some
            hundredths of a second: tiny data, few updates. A bare toolbox has no state, so the laws of states say
            nothing about it.
        generations: How many generations to run.
        population: How many individuals each generation has, if it is fixed.
        verbs: Operators that are called through the toolbox in that number of generations and `result`, so that
            registering another one swaps it.
        examples: Cases per law at most.
    """
    laws = strategy_laws(generations=generations, population=population, verbs=verbs)
    check(make, laws, label=name_of(make), examples=examples)


def strategy_laws(*, generations: int = 2, population: int | None = None, verbs: Sequence[str] = ()) -> list[Law]:
    """Return the laws of strategies; the arguments are those of `check_strategy`."""
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
            partial(_nobody_lost, generations=generations, population=population),
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
        Law(
            "a state is a snapshot",
            "`state_dict` hands out, or `load_state_dict` takes over, a list or tensor that is changed later",
            partial(_snapshot, generations=generations),
        ),
        Law(
            "a state continues identically",
            "`state_dict` leaves out the generator, the counter of ids or the best individual so far",
            partial(_continues, generations=generations),
        ),
        Law(
            "whatever evolves is in the state",
            "an attribute that changes is neither in `EVOLVING` nor in `state_dict`",
            partial(_complete, generations=generations),
        ),
        Law(
            "a state of other settings is refused",
            "a setting is no argument of the constructor, so that it is not recorded, or it is named in `MACHINE`",
            _others_refused,
        ),
    ]
    if verbs:
        laws.append(
            Law(
                "operators are called through the toolbox",
                "an operator was looked up once, in the constructor; look it up on the toolbox at each call",
                partial(_swappable, generations=generations, verbs=verbs),
            )
        )
    return [replace(law, examples=CASES) for law in laws]


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
        json.dumps(strategy.record())
    for budget in (strategy.budget, strategy.planned_budget(generations)):
        if not isinstance(budget, Budget):
            raise Breach(f"a budget must be a Budget, but it is {budget!r}")


def _nobody_lost(make: Make, case: Case, *, generations: int, population: int | None) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    known: dict[int, Mapping[str, Any]] = {}
    given: list[Individual] = []
    kept: list[Individual] = []
    for number, people in enumerate(steps(strategy, generations)):
        _expect_unchanged(given, kept, known)
        if population is not None and len(people) != population:
            raise Breach(f"generation {number} has {len(people)} individuals instead of {population}")
        _expect_new(people, number, known)
        given, kept = people, [*people]
        known |= {one.id: content(account(one)) for one in people}
    _expect_unchanged(given, kept, known)


def _expect_new(people: Sequence[Individual], number: int, known: Mapping[int, Mapping[str, Any]]) -> None:
    repeated = [one for one, times in Counter(one.id for one in people).items() if times > 1]
    if repeated:
        raise Breach(f"generation {number} has more than one individual with the id {repeated[0]}")
    for one in people:
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
    for people in steps(strategy, generations):
        taken = [(one.id, span) for one in [*before, *people] for span in spans(one.genome)]
        for place, (owner, (start, end)) in enumerate(taken):
            for other, (first, last) in taken[:place]:
                if owner != other and start < last and first < end:
                    raise Breach(f"the genomes of the individuals {other} and {owner} lie in the same memory")
        # Kept alive, so that nobody new is given their memory.
        before = people


def _parents_first(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    history = run(strategy, generations)
    born: dict[int, int] = {}
    for number, people in enumerate(history):
        for one in people:
            born.setdefault(one["id"], number)
    for number, people in enumerate(history):
        for one in people:
            # Parents that were in no generation are intermediate steps: a mated child that then mutates.
            late = [parent for parent in one["parents"] if born.get(parent, -1) >= born[one["id"]]]
            if late:
                raise Breach(
                    f"individual {one['id']} of generation {number} has the parent {late[0]}, who came no earlier"
                )


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
    scored = {one["id"]: one for people in run(strategy, generations) for one in people}
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
    for people in steps(strategy, generations):
        if not all(_finite(leaf) for one in people for _, leaf in leaves(one.genome)):
            raise Breach("a genome is not finite any more")
        if all(one.fitness.failed for one in people):
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


def _snapshot(make: Make, case: Case, *, generations: int) -> None:
    seed = case.draw("seed", seeds())
    strategy, heir = begun(make, seed), begun(make, seed)
    if isinstance(strategy, BareToolbox):
        return
    run(strategy, generations)
    state = strategy.state_dict()
    before = content(state)
    heir.load_state_dict(state)
    for who, one in (("the strategy that gave it", strategy), ("one that loaded it", heir)):
        run(one, 1)
        if where := difference(before, content(state)):
            raise Breach(f"{where} of the state changed when {who} went on")


def _continues(make: Make, case: Case, *, generations: int) -> None:
    seed = case.draw("seed", seeds())
    stop = case.draw("generations before the stop", st.integers(1, generations))
    whole, stopped, heir = (begun(make, seed) for _ in range(3))
    if isinstance(whole, BareToolbox):
        return
    run(whole, stop)
    expected = content([run(whole, generations), ended(whole)])
    run(stopped, stop)
    heir.load_state_dict(_stored(stopped.state_dict(), stop))
    if where := difference(expected, content([run(heir, generations), ended(heir)])):
        raise Breach(f"after a stop and a state from a file there is another {where}")


def _complete(make: Make, case: Case, *, generations: int) -> None:
    seed = case.draw("seed", seeds())
    strategy, heir = begun(make, seed), begun(make, seed)
    if isinstance(strategy, BareToolbox):
        return
    run(strategy, generations)
    heir.load_state_dict(_stored(strategy.state_dict(), generations))
    for name, value in vars(strategy).items():
        if name.startswith("_") or not _is_plain(value):
            continue
        if where := difference(content(value), content(vars(heir).get(name))):
            raise Breach(f"`{name}` is another after a stop and a state from a file ({where} differs)")


def _is_plain(value: object) -> bool:
    """Return whether a value consists of numbers, texts and tensors alone."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | Tensor)


def _others_refused(make: Make, case: Case) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    if not isinstance(strategy, ToolboxStrategy):
        return
    known = {name: one for name, one in parameters(type(strategy)).items() if name not in ToolboxStrategy.MACHINE}
    choices = {
        name: other
        for name, value in strategy.arguments.items()
        if name in known and (other := _other(value, known[name].annotation)) is not None
    }
    name = case.draw("setting", st.sampled_from(sorted(choices)))
    try:
        changed = type(strategy)(**{**strategy.arguments, name: choices[name]})
    except (TypeError, ValueError):  # the two settings don't go together
        return
    with tempfile.TemporaryDirectory() as folder:
        list(evolve(strategy, 1, run_dir=folder))
        try:
            list(evolve(changed, 2, run_dir=folder))
        except CheckpointError as error:
            if name not in str(error):
                raise Breach(f"a run with another {name} is refused without naming it: {error}") from None
            return
    raise Breach(f"a run is resumed with another {name}: {strategy.arguments[name]!r} and then {choices[name]!r}")


def _other(value: object, annotation: Any) -> Any:
    """Return another value of a setting, None if none is known."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return 0.5 * value + 0.01
    if isinstance(value, Recipe):
        return replace(value, updates=value.updates + 1)
    if isinstance(value, str):
        others = [one for option in (annotation, *get_args(annotation)) for one in get_args(option) if one != value]
        return next((one for one in others if isinstance(one, str)), None)
    options = get_args(annotation)
    return (0.37 if float in options else 5 if int in options else None) if value is None else None


def _stored(state: Mapping[str, Any], generation: int) -> Mapping[str, Any]:
    """Return what is read back from a checkpoint of the state."""
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(folder, generation, state)
        loaded = load_checkpoint(folder)
    if loaded is None:
        raise Breach("a checkpoint of its state can't be found again")
    return loaded[1]


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
