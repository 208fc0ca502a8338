"""The laws of states: a state is a snapshot that holds all that evolves, and it continues only what gave it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from hypothesis import strategies as st
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.files import CheckpointError
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.signatures import parameters
from neuroevo.strategies import BareToolbox, Strategy
from neuroevo.strategies.strategy import ToolboxStrategy
from neuroevo.testing.laws.content import content, difference, leaves
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.trial import Make, begun, ended, run
from neuroevo.testing.strategies import seeds

LONG = 25
"""Generations after which a state may not be larger than before."""

GROWTH = 1.5
"""How much larger it may be: lineages are complete after some generations only."""


def state_laws(generations: int, *, bounded: bool = False) -> list[Law]:
    """Return the laws of states of strategies that have run some generations.

    Args:
        generations: How many.
        bounded: Whether a state does not grow.
    """
    growing = Law(
        "a state does not grow",
        "what belongs to individuals that are gone is kept",
        partial(_stays_small, generations=generations),
        examples=1,
    )
    return [
        *([growing] if bounded else []),
        Law(
            "a state is a snapshot",
            "`state_dict` hands out, or `load_state_dict` takes over, a list or tensor that is changed later",
            partial(_snapshot, generations=generations),
        ),
        Law(
            "a state continues identically",
            "`state_dict` leaves out the generator, the counter of ids or the best individual so far, or "
            "`load_state_dict` keeps something of the run before",
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


def _snapshot(make: Make, case: Case, *, generations: int) -> None:
    seed = case.draw("seed", seeds())
    strategy, heir = begun(make, seed), begun(make, seed)
    if isinstance(strategy, BareToolbox):
        return
    run(strategy, generations)
    state = strategy.state_dict()
    before = content(state)
    heir.load_state_dict(state)
    for what, one in (("the strategy that gave it", strategy), ("one that loaded it", heir)):
        run(one, 1)
        if where := difference(before, content(state)):
            raise Breach(f"{where} of the state changed when {what} continued")


def _continues(make: Make, case: Case, *, generations: int) -> None:
    seed = case.draw("seed", seeds())
    stop = case.draw("generations before the stop", st.integers(0, generations))
    past = case.draw("generations of the one that loads it", st.integers(0, generations))
    whole, stopped, heir = (begun(make, seed) for _ in range(3))
    if isinstance(whole, BareToolbox):
        return
    run(whole, stop)
    expected = content([run(whole, generations), ended(whole)])
    run(stopped, stop)
    run(heir, past)
    heir.load_state_dict(_stored(stopped.state_dict(), stop))
    if where := difference(_told(stopped), _told(heir)):
        raise Breach(f"when it has loaded a state from a file it has another {where}")
    if where := difference(expected, content([run(heir, generations), ended(heir)])):
        raise Breach(f"after a stop and a state from a file there is another {where}")


def _told(strategy: Strategy) -> Mapping[str, Any]:
    """Return what a strategy says about itself between two generations."""
    return content({"generation": strategy.generation, "budget": strategy.budget, "record": strategy.record()})


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


def _stays_small(make: Make, case: Case, *, generations: int) -> None:
    strategy = begun(make, case.draw("seed", seeds()))
    if isinstance(strategy, BareToolbox):
        return
    run(strategy, generations)
    before = _parts(strategy.state_dict())
    run(strategy, LONG)
    after = _parts(strategy.state_dict())
    if after > GROWTH * before:
        raise Breach(f"it has {before} parts after {generations} generations, and {after} after {generations + LONG}")


def _parts(state: Mapping[str, Any]) -> int:
    """Return how many values and numbers a state consists of."""
    tensors = [leaf for _, leaf in leaves(state) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    return len([*leaves(state)]) + sum(one.numel() for one in tensors)


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
    with tempfile.TemporaryDirectory() as folder:
        list(evolve(strategy, 1, run_dir=folder))
        for name, other in choices.items():
            try:
                changed = type(strategy)(**{**strategy.arguments, name: other})
            except (TypeError, ValueError):  # the two settings don't go together
                continue
            _expect_refused(changed, folder, name, before=strategy.arguments[name])


def _expect_refused(changed: ToolboxStrategy, folder: str, name: str, *, before: object) -> None:
    """Raise Breach unless the run in a folder, of another value of a setting, is refused by that setting's name."""
    try:
        list(evolve(changed, 2, run_dir=folder))
    except CheckpointError as error:
        if name not in str(error):
            raise Breach(f"a run with another {name} is refused without naming it: {error}") from None
        return
    raise Breach(f"a run is resumed with another {name}: {before!r} and then {changed.arguments[name]!r}")


def _other(value: object, annotation: Any) -> Any:
    """Return another value of a setting, None if none is known."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return 0.5 * value or 0.01
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
