"""The contract of every strategy, and the base that most of them share."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, fields, is_dataclass, replace
from functools import partial, reduce
from operator import attrgetter
from typing import Any, ClassVar, Protocol, cast

import torch
from deap.base import Toolbox
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.data.environments import Environments
from neuroevo.data.images import LabelledImages
from neuroevo.execution import Pixels, batched_map
from neuroevo.individual import Ids, Individual
from neuroevo.population import in_columns
from neuroevo.ranking import best_place, order_of
from neuroevo.seeds import stream
from neuroevo.signatures import Recorded, describe, signature_of
from neuroevo.strategies.toolbox import ALWAYS, Checks, StrategyToolbox, Verbs
from neuroevo.summarised import Summarised

DATA = (LabelledImages, Pixels, Environments)
"""What the description of a data set identifies, so that operators' descriptions leave it out."""


class Strategy(Protocol):
    """An algorithm whose operators are registered on `toolbox`.

    The toolbox holds at least `generate() -> individuals to score`, `evaluate(individual) -> tuple` (pure),
    `update(individuals)`, which ends the generation, and `map`. Evaluators say in an attribute `budget` what one call
    costs; those that do not are charged as the ones that they replace.
    """

    @property
    def toolbox(self) -> Toolbox:
        """The operators."""

    @property
    def generation(self) -> int:
        """The number of generations that have ended."""

    @property
    def budget(self) -> Budget:
        """The training spent so far."""

    def planned_budget(self, generations: int) -> Budget:
        """Return what that number of generations and `result` will cost in all."""

    def record(self) -> dict[str, Any]:
        """Return JSON values about the last generation, for the records of a run."""

    def result(self) -> Individual:
        """Return the best individual, scored once more if the strategy does so."""

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, generators included: nested dicts and lists of JSON values and tensors."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""


class ToolboxStrategy(Summarised, Recorded):
    """What strategies have in common: settings, toolbox, operators, the best individual, budget and state.

    The settings of a strategy are the arguments of its constructor and are recorded as such: a run is resumed with
    equal ones only, and command-line flags, settings files and help follow from the signature and its docstring.

    Attributes:
        VERBS: The strategy's operators: by name how each is called. Others can't be registered.
        CHECKS: By name what the first result of an operator must be.
        EVOLVING: Names of attributes that evolve, as tensors, numbers, or mappings of them; they are part of the state.
        STEPS: Step sizes and rates, for records: by name the attribute, a number, or numbers that are averaged.
        MACHINE: Arguments on which results do not depend.
        toolbox: Holds every operator; the strategy calls them only through it.
        generator: Gives the operators their draws.
        generation: Generations that have ended.
        budget: What has been spent.

    Args:
        seed: The run's seed; everything follows from it.
        purpose: Names the stream of the generator.
    """

    VERBS: ClassVar[Verbs] = {
        "generate": "generate() -> individuals",
        "evaluate": "evaluate(individual) -> values",
        "update": "update(individuals)",
    }
    CHECKS: ClassVar[Checks] = {}
    EVOLVING: ClassVar[tuple[str, ...]] = ()
    STEPS: ClassVar[dict[str, str]] = {}
    MACHINE: ClassVar[frozenset[str]] = frozenset({"device", "workers", "execution"})

    def __init__(self, *, seed: int, purpose: str) -> None:
        self.seed = seed
        self.generator = stream(seed, purpose)
        self.ids = Ids()
        self.generation = 0
        self.budget = Budget()
        self._best: Individual | None = None
        self.toolbox = StrategyToolbox(type(self).__name__, _of_all_classes(type(self), "VERBS"), self._checks())
        self.toolbox.register("map", batched_map)
        self.toolbox.register("generate", self.generate)
        self.toolbox.register("update", self.update)

    def _summary(self) -> dict[str, Any]:
        defaults = {name: one.default for name, one in signature_of(type(self)).parameters.items() if name != "seed"}
        settings = {
            name: one
            for name, one in self.arguments.items()
            if isinstance(one, bool | int | float | str) and one != defaults.get(name)
        }
        if not hasattr(self, "budget"):  # an error of the constructor may show a strategy that is not made yet
            return settings
        return {**settings, "generations": self.generation, "evaluations": self.budget.evaluations}

    def generate(self) -> Sequence[Individual]:
        """Return the individuals of a generation, waiting to be scored."""
        raise NotImplementedError

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation."""
        raise NotImplementedError

    def cost(self, generation: int) -> Budget:
        """Return what a generation will cost, counted from 0."""
        raise NotImplementedError

    def final_cost(self, generations: int) -> Budget:
        """Return what `result` will cost after that number of generations."""
        del generations
        return Budget()

    def planned_budget(self, generations: int) -> Budget:
        """Return what that number of generations and `result` will cost in all."""
        each = [self.cost(generation) for generation in range(generations)]
        return reduce(Budget.then, [*each, self.final_cost(generations)], Budget())

    def record(self) -> dict[str, Any]:
        """Return JSON values about the last generation; those of the base are its step sizes."""
        found = {name: attrgetter(attribute)(self) for name, attribute in self.STEPS.items()}
        return {name: mean for name, values in found.items() if (mean := _mean(values)) is not None}

    def result(self) -> Individual:
        """Return the best individual of all generations.

        Raises:
            RuntimeError: No generation has ended.
        """
        if self._best is None:
            raise RuntimeError("there is no result yet: run a generation first.")
        return self._best

    def pack(self, individuals: Sequence[Individual]) -> Any:
        """Return individuals as JSON values and tensors, for the state."""
        raise NotImplementedError

    def unpack(self, state: Any) -> list[Individual]:
        """Return the individuals that `pack` described."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, the generator included."""
        return {
            "generation": self.generation,
            "budget": list(astuple(self.budget)),
            "generator": self.generator.get_state(),
            "ids": self.ids.next,
            "best": self.pack([] if self._best is None else [self._best]),
            "evolving": {name: copy.deepcopy(getattr(self, name)) for name in self.EVOLVING},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        self.generation = state["generation"]
        self.budget = Budget(*state["budget"])
        self.generator.set_state(state["generator"])
        self.ids.next = state["ids"]
        self._best = next(iter(self.unpack(state["best"])), None)
        for name in self.EVOLVING:
            setattr(self, name, _moved(state["evolving"][name], self._device()))

    def describe(self) -> dict[str, Any]:
        """Return its settings, operators included, as JSON values."""
        return settings_of(self)

    def _keep_best(self, population: Sequence[Individual]) -> None:
        """Keep the best individual so far; the older one of equals."""
        if not population:
            return
        place = best_place(population)
        if self._best is None or order_of(population, place) > self._best.fitness.order:
            known = in_columns(population)
            self._best = copy.deepcopy(population[place]) if known is None else known.copy_of(place)

    def _checks(self) -> Checks:
        """Return the checks of operators' first results, bound to this strategy where they need it."""
        return _of_all_classes(type(self), "CHECKS")

    def _device(self) -> torch.device:
        """Return where tensors of the state belong."""
        return torch.device("cpu")


def settings_of(strategy: Strategy) -> dict[str, Any]:
    """Return what results of a strategy depend on, as JSON values: a run can be resumed with equal ones only.

    They are its class, the arguments of its constructor (data and problems by what they are and a digest) and the
    operators on its toolbox. A strategy that does not record its arguments (see `neuroevo.signatures.Recorded`) is
    described by what it has of `seed`, `backbone`, `classes` and `settings`.
    """
    described: dict[str, Any] = {"strategy": type(strategy).__name__}
    if isinstance(strategy, Recorded):
        machine: frozenset[str] = getattr(strategy, "MACHINE", frozenset())
        described |= {name: describe(value) for name, value in strategy.arguments.items() if name not in machine}
    else:
        names = ("settings", "seed", "classes", "backbone")
        described |= {name: describe(getattr(strategy, name)) for name in names if hasattr(strategy, name)}
    return {**_plain(described), "operators": operators_of(strategy)}


def operators_of(strategy: Strategy) -> dict[str, Any]:
    """Return the operators on which results of a strategy depend, by name, as JSON values."""
    return _plain(
        {
            name: _operator(operator)
            for name, operator in sorted(vars(strategy.toolbox).items())
            if callable(operator) and not name.startswith("_") and name not in (*ALWAYS, "generate", "update")
        }
    )


def budget_of(verb: Callable[..., Any], *, otherwise: Budget) -> Budget:
    """Return what one call of an operator costs: its `budget`, that of what it decorates, or else the other one."""
    while isinstance(verb, partial):
        verb = verb.func
    wrapped = getattr(verb, "__wrapped__", None)
    if wrapped is not None and not hasattr(verb, "budget"):
        return budget_of(wrapped, otherwise=otherwise)
    return cast(Budget, getattr(verb, "budget", otherwise))


def scoring_cost(verb: Callable[..., Any], *, otherwise: Budget) -> Budget:
    """Return what one call of an operator that scores an individual costs, the evaluation itself included."""
    return replace(budget_of(verb, otherwise=otherwise), evaluations=1)


def _plain(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return descriptions as the JSON values that they are when they are read again."""
    return cast(dict[str, Any], json.loads(json.dumps(described, default=lambda thing: type(thing).__name__)))


def _operator(operator: Any) -> Any:
    """Describe an operator without the machine that it runs on, and without images, which the data set describes."""
    inner = operator
    while isinstance(inner, partial):
        inner = inner.func
    if not is_dataclass(inner) or callable(getattr(inner, "describe", None)):
        return describe(inner if hasattr(inner, "batch") else operator)
    values = {one.name: getattr(inner, one.name) for one in fields(inner) if one.name not in ToolboxStrategy.MACHINE}
    kind = type(inner)
    return {
        "kind": f"{kind.__module__}.{kind.__qualname__}",
        **{name: _operator(value) for name, value in values.items() if not isinstance(value, DATA)},
    }


def _of_all_classes(kind: type, name: str) -> dict[str, Any]:
    """Return the mappings of that name of a class and its bases as one, the bases' entries first."""
    return {key: value for one in reversed(kind.__mro__) for key, value in vars(one).get(name, {}).items()}


def _moved(value: Any, device: torch.device) -> Any:
    """Return a copy of tensors, and of mappings of them, on a device."""
    if isinstance(value, Tensor):
        return value.to(device, copy=True)
    if isinstance(value, Mapping):
        return {key: _moved(item, device) for key, item in value.items()}
    return copy.deepcopy(value)


def _mean(values: Tensor | Mapping[str, float] | float) -> float | None:
    """Return the mean of numbers, summed in one order on any number of threads; None where there are none."""
    if isinstance(values, Tensor):
        return float(values.detach().double().cpu().numpy().mean())
    if isinstance(values, Mapping):
        return math.fsum(values.values()) / len(values) if values else None
    return float(values)
