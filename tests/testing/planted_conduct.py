"""Planted faults of strategies: what is kept too long, where a mean goes, who meets whom, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from neuroevo.budget import Budget
from neuroevo.individual import Individual
from neuroevo.problems import Encounter
from neuroevo.problems.function import SPHERE
from neuroevo.space import Space
from neuroevo.strategies import SNES, Coevolution, EvolutionStrategy, Genetic
from neuroevo.strategies.toolbox import Checks
from neuroevo.testing.laws import Law, behaviour_laws, coevolution_laws, refusal_laws, strategy_laws


class Unbounded(SNES):
    """Clips what it samples, and not its mean."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Follow the natural gradient anywhere."""
        space, self.space = self.space, Space.box(self.space.size)
        super().tell(population)
        self.space = space


class KeepsAllSizes(EvolutionStrategy):
    """Remembers the step sizes of all individuals that ever were."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Choose the parents."""
        known = self.step_sizes
        super().tell(population)
        self.step_sizes = known


def remembering(seed: int) -> EvolutionStrategy:
    """Return a strategy whose state grows."""
    return KeepsAllSizes(SPHERE(3), population=6, parents=2, seed=seed)


PROBLEM = Encounter(lambda genome, others: float(genome.sum()), Space.box(2, low=0, high=1))


class Side(Coevolution):
    """Two populations in which faults are planted."""

    def __init__(self, seed: int) -> None:
        members = {name: Genetic(PROBLEM, seed=seed + place, population=3) for place, name in enumerate("ab")}
        super().__init__(members)


class OfThisGeneration(Side):
    """Lets individuals meet those that were made with them."""

    def generate(self) -> list[Individual]:
        """Return all individuals."""
        self.representatives = {}
        return super().generate()


class AllOfAll(Side):
    """Gives each population the individuals of all."""

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation."""
        for member in self.members:
            member.toolbox.register("update", _without_others(member.toolbox.update, population))
        super().update(population)


def _without_others(update: Any, population: Sequence[Individual]) -> Any:
    return lambda own: update([*population])


class FirstOnes(Side):
    """Represents populations by their first individuals."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.toolbox.register("represent", lambda individuals, k: list(individuals[:k]))


class OneAfterTheOther(Side):
    """Plans as if populations waited for each other."""

    def planned_budget(self, generations: int) -> Budget:
        """Return the sum of all plans."""
        return reduce(Budget.then, (one.planned_budget(generations) for one in self.members))


class Unchecked(Genetic):
    """Takes whatever operators return."""

    def _checks(self) -> Checks:
        return {}


def unchecked(seed: int) -> Genetic:
    """Return a strategy that refuses nothing."""
    return Unchecked(SPHERE(3), population=4, seed=seed)


def _judged(make: Any, laws: list[Law]) -> tuple[object, list[Law]]:
    return make, laws


REFUSED = refusal_laws({"mutate": ["the memory of an argument"]})
MOVING = behaviour_laws(genes=(1, 2, 3), mean="mean")
TOGETHER = coevolution_laws()
BOUNDED = strategy_laws(bounded=True)

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    (
        "Unbounded",
        "a mean that is not clipped",
        "the mean of the distribution lies in the space",
        _judged(Unbounded, [law for law in MOVING if "mean" in law.name]),
    ),
    (
        "KeepsAllSizes",
        "step sizes of individuals that are gone",
        "a state does not grow",
        _judged(remembering, BOUNDED),
    ),
    (
        "OfThisGeneration",
        "representatives that have not been scored",
        "each individual meets the representatives of all other populations",
        _judged(OfThisGeneration, TOGETHER),
    ),
    (
        "AllOfAll",
        "all individuals for each population",
        "each population learns from its own scores alone",
        _judged(AllOfAll, TOGETHER[1:]),
    ),
    (
        "FirstOnes",
        "representatives by position",
        "the best of each population represent it next",
        _judged(FirstOnes, TOGETHER[2:]),
    ),
    (
        "OneAfterTheOther",
        "critical paths that are added up",
        "populations spend side by side",
        _judged(OneAfterTheOther, TOGETHER),
    ),
    (
        "Unchecked",
        "results that nothing looks at",
        "wrong results of operators are refused",
        _judged(unchecked, REFUSED),
    ),
)
KINDS = {"refusal": REFUSED, "coevolution": TOGETHER, "moving": MOVING, "bounded": BOUNDED}
