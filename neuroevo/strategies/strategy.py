"""The contract of every strategy, and how its parts are kept in a state."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

from deap.base import Toolbox

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.execution import Recipe
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.heads import HeadMemory


class Strategy(Protocol):
    """An algorithm whose operators are registered on `toolbox`.

    The toolbox holds at least `generate() -> individuals to score`, `evaluate(individual) -> tuple` (pure),
    `update(individuals)`, which ends the generation, and `map`. Evaluators say in an attribute `budget` what one call
    costs; those that do not are charged as the ones that they replace.
    """

    toolbox: Toolbox

    @property
    def generation(self) -> int:
        """The number of generations that have ended."""

    @property
    def budget(self) -> Budget:
        """The training spent so far."""

    def planned_budget(self, generations: int) -> Budget:
        """Return what so many generations and `result` will cost in all."""

    def record(self) -> dict[str, Any]:
        """Return JSON values about the last generation, for the records of a run."""

    def result(self) -> Individual:
        """Return the best individual, scored once more if the strategy does so."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, generators included: nested dicts and lists of JSON values and tensors."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""


def settings_of(strategy: Strategy) -> dict[str, Any]:
    """Return what a strategy was told, as JSON values: a run can be continued by an equally told one only.

    It is the name of its class, and what it has of `seed`, `backbone`, `classes` and `settings` (a mapping of all
    other settings that results depend on). Of what is no JSON value only the type counts.
    """
    told: dict[str, Any] = {"strategy": type(strategy).__name__, **getattr(strategy, "settings", {})}
    told |= {name: getattr(strategy, name) for name in ("seed", "classes") if hasattr(strategy, name)}
    backbone: Any = getattr(strategy, "backbone", None)
    if hasattr(backbone, "describe"):
        told["backbone"] = backbone.describe()
    found: dict[str, Any] = json.loads(json.dumps(told, default=lambda thing: type(thing).__name__))
    return found


class Verb:
    """A toolbox operator that is looked up at each call, so that registering another one swaps it.

    A pickled verb is the operator itself: workers need no toolbox.
    """

    def __init__(self, toolbox: Toolbox, name: str) -> None:
        self.toolbox = toolbox
        self.name = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the operator that is registered now."""
        return getattr(self.toolbox, self.name)(*arguments, **keywords)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (getattr(self.toolbox, self.name),)


def budget_of(verb: Callable[..., Any], *, otherwise: Budget) -> Budget:
    """Return what one call of a toolbox verb costs: its `budget`, or the other one if it does not say."""
    while isinstance(verb, partial):
        verb = verb.func
    return cast(Budget, getattr(verb, "budget", otherwise))


def scoring_cost(verb: Callable[..., Any], *, otherwise: Budget) -> Budget:
    """Return what one call of a verb that scores an individual costs, the evaluation itself included."""
    return replace(budget_of(verb, otherwise=otherwise), evaluations=1)


def check_types(dataset: Dataset, **recipes: Recipe) -> None:
    """Raise TypeError unless these are a data set and recipes."""
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a Dataset, for example glyphs(), but it is a {type(dataset).__name__}.")
    for name, recipe in recipes.items():
        if not isinstance(recipe, Recipe):
            raise TypeError(f"{name} must be a Recipe, for example Recipe(updates=100), but it is {recipe!r}.")


def _itself(operator: Any) -> Any:
    return operator


def individual_state(individual: Individual) -> dict[str, Any]:
    """Return an individual with a learngene (or nothing) as genome, as JSON values and tensors."""
    genome = individual.genome
    return {
        "genome": None if genome is None else {"tensors": genome.tensors(), "header": genome.header()},
        "values": list(individual.fitness.values),
        "weights": list(individual.fitness.weights),
        "id": individual.id,
        "parents": list(individual.parents),
        "generation": individual.generation,
        "memory": None if individual.memory is None else individual.memory.tensors(),
    }


def individual_from(state: Mapping[str, Any], backbone: Backbone) -> Individual:
    """Return the individual that `individual_state` described; `backbone` serves learngenes cut from it."""
    # The first states knew no memory.
    genome, memory = state["genome"], state.get("memory")
    individual = Individual(
        None if genome is None else _learngene(genome, backbone),
        id=state["id"],
        parents=tuple(state["parents"]),
        generation=state["generation"],
        memory=None if memory is None else HeadMemory(**memory),
    )
    individual.fitness.weights = tuple(state["weights"])
    if state["values"]:
        individual.fitness.values = tuple(state["values"])
    return individual


def _learngene(state: Mapping[str, Any], backbone: Backbone) -> Learngene:
    own = state["header"]["backbone"] == backbone.describe()
    return Learngene.from_parts(state["tensors"], state["header"], backbone=backbone if own else None)
