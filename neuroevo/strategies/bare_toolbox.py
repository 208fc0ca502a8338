"""A bare toolbox that a user put together, as a strategy."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from deap.base import Toolbox

from neuroevo.budget import Budget
from neuroevo.generations import are_individuals, born_in
from neuroevo.individual import Individual

DISTRIBUTION = ("generate", "update")
GENETIC = ("population", "select")
VARIATION = ("mate", "mutate")


class BareToolbox:
    """Gives a toolbox the contract of a strategy, except for a state.

    With `generate` and `update` these are called as they are. With `population` (called without arguments), `select`
    and either `vary` or `mate` and `mutate` it is a generational genetic algorithm: children replace their parents,
    neighbours mate and every child mutates. `mate` and `mutate` get clones; an individual that they return as it was
    is the parent itself.

    Args:
        toolbox: The user's toolbox; operators that it gets later are not seen.

    Raises:
        ValueError: The toolbox lacks an operator.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = copy.copy(toolbox)
        self.generation = 0
        self.budget = Budget()
        self._population: list[Individual] = []
        if _has(toolbox, *DISTRIBUTION, "evaluate"):
            self.toolbox.register("generate", self._born, toolbox.generate)
            self.toolbox.register("update", self._update, toolbox.update)
        elif _has(toolbox, *GENETIC, "evaluate") and (_has(toolbox, "vary") or _has(toolbox, *VARIATION)):
            self.toolbox.register("generate", self._born, self._generate)
            self.toolbox.register("update", self._update, self._replace)
        else:
            raise ValueError(
                "a toolbox needs evaluate, and either generate and update, or population, select and vary (or mate "
                f"and mutate), but it has {', '.join(sorted(_registered(toolbox)))}."
            )

    def planned_budget(self, generations: int) -> Budget:
        """Return an empty budget: what the user's operators do is not known."""
        return Budget()

    def record(self) -> dict[str, Any]:
        """Return nothing: what the user's operators do is not known."""
        return {}

    def result(self) -> Individual:
        """Return the best individual of the last generation.

        Raises:
            RuntimeError: No generation has ended, or the toolbox keeps its population to itself.
        """
        if not self._population:
            raise RuntimeError("there is no population to choose from; keep the best one in a callback.")
        return max(self._population, key=lambda one: one.fitness)

    def state_dict(self) -> NoReturn:
        """Raise TypeError: a bare toolbox has no state."""
        raise TypeError("a bare toolbox has no state; write a strategy with state_dict to keep one.")

    def load_state_dict(self, state: Mapping[str, Any]) -> NoReturn:
        """Raise TypeError: a bare toolbox has no state."""
        raise TypeError("a bare toolbox has no state; write a strategy with load_state_dict to restore one.")

    def _born(self, generate: Any) -> Any:
        """Return a generation whose individuals know its number, by which evaluators draw episodes and tasks."""
        population = generate()
        if are_individuals(population):
            born_in(self.generation, population)
        return population

    def _generate(self) -> list[Individual]:
        if not self._population:
            return list(self.toolbox.population())
        parents = self.toolbox.select(self._population, len(self._population))
        return list(self.toolbox.vary(parents)) if _has(self.toolbox, "vary") else self._vary(parents)

    def _vary(self, parents: Sequence[Individual]) -> list[Individual]:
        children: list[Individual] = []
        for first, second in zip(parents[::2], parents[1::2], strict=False):
            children.extend(self._called("mate", first, second))
        children.extend(parents[len(children) :])
        return [self._called("mutate", child)[0] for child in children]

    def _called(self, verb: str, *individuals: Individual) -> Sequence[Individual]:
        """Return the results of an operator that gets clones: parents stay as they are, whatever it does to them."""
        clones = [self.toolbox.clone(one) for one in individuals]
        found: Sequence[Individual] = getattr(self.toolbox, verb)(*clones)
        for clone, one in zip(clones, individuals, strict=True):
            if clone != one and any(child is clone for child in found):
                raise TypeError(
                    f"{verb} must return new individuals, but it changed individual {one.id} in place, which keeps its "
                    "id and its score; register such functions as from_deap(function, generator=..., ids=...)."
                )
        unchanged = {id(clone): one for clone, one in zip(clones, individuals, strict=True)}
        return [unchanged.get(id(child), child) for child in found]

    def _replace(self, population: Sequence[Individual]) -> None:
        self._population = list(population)

    def _update(self, end: Any, population: Sequence[Individual]) -> None:
        end(population)
        self.generation += 1


def has_state(strategy: object) -> bool:
    """Return whether a strategy has a state that can be kept: bare toolboxes have none, nor what is made of them."""
    members = getattr(strategy, "members", ())
    return not isinstance(strategy, BareToolbox) and all(map(has_state, members))


def _has(toolbox: Toolbox, *verbs: str) -> bool:
    return all(verb in _registered(toolbox) for verb in verbs)


def _registered(toolbox: Toolbox) -> set[str]:
    return set(vars(toolbox))
