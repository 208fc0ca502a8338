"""What the operators of GTL must return, and a rehearsal that shows it before any network is trained."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from neuroevo.backbones import Backbone
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.heads import HeadMemory
from neuroevo.operators.learngenes import same_channels
from neuroevo.strategies.checks import inherited, instance, kind_of, trained
from neuroevo.strategies.gtl.settings import GTLSettings
from neuroevo.strategies.toolbox import Checks, StrategyToolbox


def _learngene(arguments: tuple[Any, ...], result: Any) -> str | None:
    """Slices may have been changed in place, so that no constructor has seen them."""
    del arguments
    if not isinstance(result, Learngene):
        return f"a Learngene, but it returned {kind_of(result)}"
    try:
        replace(result)
    except ValueError as error:
        return f"a Learngene that is whole, but of the one it returned {str(error).rstrip('.')}"
    return None


def _average(arguments: tuple[Any, ...], result: Any) -> str | None:
    siblings = arguments[0]
    if complaint := _learngene(arguments, result):
        return complaint
    return None if same_channels(result, siblings[0]) else "a Learngene with the channels of its arguments"


def _selected(arguments: tuple[Any, ...], result: Any) -> str | None:
    """Winners are some of the individuals that were given; a short last group may leave fewer than k."""
    given = {one.id for one in arguments[0]}
    return _of_given(result, given, "some of the individuals it was given")


def _parents(arguments: tuple[Any, ...], result: Any) -> str | None:
    pool, k = arguments
    if complaint := _of_given(result, {one.id for one in pool.individuals}, f"{k} individuals of the pool"):
        return complaint
    return None if len(result) == k else f"{k} individuals, but it returned {len(result)}"


def _of_given(result: Any, given: set[int], wanted: str) -> str | None:
    if not isinstance(result, Sequence):
        return f"{wanted}, but it returned {kind_of(result)}"
    strangers = [one for one in result if not isinstance(one, Individual) or one.id not in given]
    return f"{wanted}, but it returned {strangers[0]!r} among them" if strangers else None


CHECKS: Checks = {
    "found": _learngene,
    "choose_parents": _parents,
    "inherit": inherited,
    "live": trained,
    "remember": instance(HeadMemory),
    "extract": _learngene,
    "average": _average,
    "mutate": _learngene,
    "select": _selected,
}


def never_called(settings: GTLSettings) -> dict[str, str]:
    """Return the operators that a population of this size has no work for, by name why."""
    found = {}
    if settings.population <= settings.elites:
        found["mutate"] = f"population must be above elites, but they are {settings.population} and {settings.elites}"
    if settings.population == 1:
        found["average"] = "population must be at least 2, but it is 1"
    return found


def warn_of_idle(swapped: Sequence[str], settings: GTLSettings) -> None:
    """Warn of operators that were registered and are never called."""
    for name, reason in never_called(settings).items():
        if name in swapped:
            sentence = f"{name} is registered but never called: {reason}; PopulationGTL has defaults for that."
            # The frames between: rehearsal, generation, its toolbox, a step, the run, and the loop of the user.
            warnings.warn(sentence, stacklevel=7)


def rehearse(
    toolbox: StrategyToolbox, swapped: Sequence[str], backbone: Backbone, *, winners: int, population: int
) -> None:
    """Call swapped operators once on an untrained network: one that returns something else is refused by its check.

    Args:
        toolbox: The toolbox of GTL.
        swapped: The operators that were registered in place of its own.
        backbone: The architecture.
        winners: How many individuals `select` is asked for.
        population: Of how many.

    Raises:
        TypeError: An operator returned something else than GTL needs.
    """
    generator = torch.Generator().manual_seed(0)
    founder = Individual(toolbox.found(), id=0)
    network = backbone.build(2, generator=generator)
    weights = toolbox.inherit(founder.genome, network.state_dict(), layout=backbone.layout).weights
    if {"extract", "average", "mutate"} & {*swapped}:
        network.load_state_dict(weights)
        founder.body = network
        learngene = toolbox.extract(founder)
        if "average" in swapped:
            toolbox.average([learngene, learngene])
        if "mutate" in swapped:
            toolbox.mutate(learngene, weights)
    if "select" in swapped:
        individuals = [Individual(founder.genome, id=number) for number in range(population)]
        for one in individuals:
            one.fitness.values = (float(one.id),)
        toolbox.select(individuals, winners)
