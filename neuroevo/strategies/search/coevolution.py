"""Coevolution: several populations, each scored against representatives of the others.

Sources: Hillis, Co-evolving Parasites Improve Simulated Evolution (1990), for populations that compete; Potter and De
Jong, Cooperative Coevolution (Evolutionary Computation, 2000), sections 3 and 4, for populations whose members make a
solution together. There, too, each individual is scored with the current best of every other population, and with any
in the first generation. All populations are scored at the same time, after all of them have been made.
"""

from __future__ import annotations

import copy
import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from itertools import combinations
from typing import Any, ClassVar

from deap.base import Toolbox

from neuroevo.budget import Budget
from neuroevo.execution.mapping import batched_map, unwrap
from neuroevo.individual import Individual
from neuroevo.operators.replacement import best
from neuroevo.strategies.bare_toolbox import BareToolbox
from neuroevo.strategies.search import checks
from neuroevo.strategies.strategy import ToolboxStrategy
from neuroevo.strategies.toolbox import Checks, Verbs

Populations = Mapping[str, Sequence[Individual]]


class Meetings:
    """Evaluates the individuals of all populations, each by what its own population is scored by.

    Attributes:
        homes: The population of each individual of the generation, by its id.
        evaluators: By the name of each population what scores its individuals, representatives of the others included.
    """

    def __init__(self, evaluators: Mapping[str, Callable[..., Any]]) -> None:
        self.homes: dict[int, str] = {}
        self.evaluators = dict(evaluators)

    def __call__(self, individual: Individual) -> Any:
        """Return the values of one individual."""
        return self.evaluators[self.home(individual)](individual)

    def batch(self, individuals: Sequence[Individual]) -> list[Any]:
        """Return the values of each individual."""
        found: dict[int, Any] = {}
        homes = [self.home(one) for one in individuals]
        for name, evaluate in self.evaluators.items():
            places = [place for place, home in enumerate(homes) if home == name]
            found |= zip(places, batched_map(evaluate, [individuals[place] for place in places]), strict=True)
        return [found[place] for place in range(len(individuals))]

    def home(self, individual: Individual) -> str:
        """Return the population of an individual.

        Raises:
            ValueError: It is in none of this generation.
        """
        if individual.id not in self.homes:
            raise ValueError(f"individual {individual.id} must be of the current generation, but no population has it.")
        return self.homes[individual.id]

    def describe(self) -> str:
        """Return the name; the populations describe what they are scored by."""
        return type(self).__name__


class Coevolution(ToolboxStrategy):
    """Several populations that evolve side by side, each by a strategy or a toolbox of its own.

    One generation has the individuals of all populations, in their order, with ids that say which one they belong to:
    `homes` has the names. A score counts for its generation, because representatives change: leave out elites where
    scores of two generations can't be compared. `toolbox.register("represent", …)` chooses representatives otherwise.

    Attributes:
        populations: The strategies by name.
        representatives: By the name of each population those that others meet next.
        champions: By the name of each population the best individual of its last generation in which not all failed.

    Args:
        populations: At least two strategies on problems that are an `Encounter`, or toolboxes as `evolve` takes them,
            whose `evaluate(individual, others)` gets by name the individuals that represent the other populations. All
            are fresh, and those of one class have different seeds.
        representatives: Individuals that represent a population, by default its best one.
        seed: Seed of the draws of `represent`, if it draws.

    Raises:
        ValueError: There are fewer than two populations or no representatives, two strategies draw the same random
            numbers, or one has already begun.
        TypeError: A population's evaluation takes no others.
    """

    VERBS: ClassVar[Verbs] = {"represent": "represent(individuals, k) -> individuals"}
    CHECKS: ClassVar[Checks] = {"represent": checks.selected}

    def __init__(
        self, populations: Mapping[str, ToolboxStrategy | Toolbox], *, representatives: int = 1, seed: int = 0
    ) -> None:
        if len(populations) < 2:
            raise ValueError(f"populations must be at least two, but they are {', '.join(populations) or 'none'}.")
        if representatives < 1:
            raise ValueError(f"representatives must be at least 1, but it is {representatives}.")
        super().__init__(seed=seed, purpose="coevolution")
        self.populations = {
            name: BareToolbox(one) if isinstance(one, Toolbox) else one for name, one in populations.items()
        }
        self.members = tuple(self.populations.values())
        for name, one in self.populations.items():
            _check(name, one)
        for pair in combinations(self.populations.items(), 2):
            _check_seeds(*pair)
        for place, one in enumerate(self.members):
            if isinstance(one, ToolboxStrategy):
                one.ids.next, one.ids.step = place, len(populations)
        self.count = representatives
        self.representatives: dict[str, list[Individual]] = {}
        self.champions: dict[str, Individual] = {}
        self.meetings = Meetings({name: one.toolbox.evaluate for name, one in self.populations.items()})
        self.toolbox.register("evaluate", self.meetings)
        self.toolbox.register("represent", best)

    @property
    def homes(self) -> Mapping[int, str]:
        """The population of each individual of the last generation, by its id."""
        return self.meetings.homes

    def generate(self) -> list[Individual]:
        """Return the individuals of all populations, waiting to meet the representatives of the others."""
        made = {name: list(one.toolbox.generate()) for name, one in self.populations.items()}
        _check_ids(made)
        met = {name: self.representatives.get(name) or individuals[: self.count] for name, individuals in made.items()}
        self.meetings.homes = {one.id: name for name, individuals in made.items() for one in individuals}
        self.meetings.evaluators = {
            name: _against(one.toolbox.evaluate, {other: met[other] for other in met if other != name})
            for name, one in self.populations.items()
        }
        return [one for individuals in made.values() for one in individuals]

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation of each population, and choose who represents it in the next one."""
        for name, member in self.populations.items():
            own = [one for one in population if self.homes[one.id] == name]
            if sound := [one for one in own if not one.fitness.failed]:
                chosen = self.toolbox.represent(sound, min(self.count, len(sound)))
                self.representatives[name] = [copy.deepcopy(one) for one in chosen]
                self.champions[name] = copy.deepcopy(best(sound, 1)[0])
            member.toolbox.update(own)
        self.budget = _together([one.budget for one in self.members])
        self.generation += 1

    def planned_budget(self, generations: int) -> Budget:
        """Return what that number of generations will cost."""
        return _together([one.planned_budget(generations) for one in self.members])

    def result(self) -> Individual:
        """Return the champion of the first population that has one; `champions` has those of all.

        Raises:
            RuntimeError: No generation has ended, or all individuals failed.
        """
        for name in self.populations:
            if name in self.champions:
                return self.champions[name]
        raise RuntimeError("there is no result yet: run a generation first.")

    def record(self) -> dict[str, Any]:
        """Return by name of each population what it records, its champion and its representatives."""
        return {
            "populations": {
                name: {
                    "individuals": self._homed(name),
                    "champion": None if name not in self.champions else self.champions[name].id,
                    "representatives": [one.id for one in self.representatives.get(name, [])],
                    **one.record(),
                }
                for name, one in self.populations.items()
            }
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all populations, and who represents them."""
        return {
            "generation": self.generation,
            "generator": self.generator.get_state(),
            "populations": {
                name: {
                    "strategy": one.state_dict(),
                    "individuals": self._homed(name),
                    "representatives": _packed(one, self.representatives.get(name, [])),
                    "champion": _packed(one, [self.champions[name]] if name in self.champions else []),
                }
                for name, one in self.populations.items()
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        self.generation = state["generation"]
        self.generator.set_state(state["generator"])
        self.representatives, self.champions = {}, {}
        self.meetings.homes = {}
        for name, one in self.populations.items():
            own = state["populations"][name]
            # States of older versions have none.
            self.meetings.homes |= dict.fromkeys(own.get("individuals", ()), name)
            one.load_state_dict(own["strategy"])
            if representatives := _unpacked(one, own["representatives"]):
                self.representatives[name] = representatives
            if champion := _unpacked(one, own["champion"]):
                self.champions[name] = champion[0]
        self.budget = _together([one.budget for one in self.members])

    def _homed(self, name: str) -> list[int]:
        """Return the ids of a population's individuals in the last generation."""
        return [number for number, home in self.homes.items() if home == name]


def _against(evaluate: Callable[..., Any], others: Populations) -> Callable[..., Any]:
    """Return what scores individuals against these representatives."""
    against = getattr(unwrap(evaluate)[0], "against", None)
    return partial(evaluate, others=others) if against is None else against(others)


def _check(name: str, member: ToolboxStrategy | BareToolbox) -> None:
    """Raise an error unless a population is fresh, and is scored against others."""
    if member.generation:
        raise ValueError(
            f"populations must be fresh, but {name} has run {member.generation} generations; make it anew."
        )
    inner = unwrap(member.toolbox.evaluate)[0]
    if not hasattr(inner, "against") and "others" not in inspect.signature(member.toolbox.evaluate).parameters:
        raise TypeError(
            f"populations must be scored against others, but the evaluation of {name} takes none; give its strategy an "
            "Encounter as problem, or its toolbox an evaluate(individual, others)."
        )


def _check_seeds(first: tuple[str, Any], second: tuple[str, Any]) -> None:
    """Raise ValueError if two strategies draw the same random numbers."""
    (name, one), (other, another) = first, second
    if isinstance(one, ToolboxStrategy) and type(one) is type(another) and one.seed == another.seed:
        raise ValueError(
            f"populations must have seeds of their own, but {name} and {other} both have {type(one).__name__} with the "
            f"seed {one.seed}, so that they would draw the same; change one."
        )


def _check_ids(made: Populations) -> None:
    """Raise ValueError if two individuals have one id."""
    counts = Counter(one.id for individuals in made.values() for one in individuals)
    if twice := [number for number, count in counts.items() if count > 1]:
        homes = [name for name, individuals in made.items() if twice[0] in (one.id for one in individuals)]
        raise ValueError(
            f"ids must differ in all populations, but two individuals in {' and '.join(homes)} have the id {twice[0]}; "
            "let toolboxes share one Ids."
        )


def _packed(member: ToolboxStrategy | BareToolbox, individuals: Sequence[Individual]) -> Any:
    return member.pack(individuals) if isinstance(member, ToolboxStrategy) else []


def _unpacked(member: ToolboxStrategy | BareToolbox, state: Any) -> list[Individual]:
    return member.unpack(state) if isinstance(member, ToolboxStrategy) else []


def _together(budgets: Sequence[Budget]) -> Budget:
    return reduce(Budget.beside, budgets)
