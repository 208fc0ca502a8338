"""Planted faults of strategies: what is kept too long, and where a mean goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuroevo.individual import Individual
from neuroevo.problems.function import SPHERE
from neuroevo.space import Space
from neuroevo.strategies import SNES, EvolutionStrategy
from neuroevo.testing.laws import Law, behaviour_laws, strategy_laws


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


def _judged(make: Any, laws: list[Law]) -> tuple[object, list[Law]]:
    return make, laws


MOVING = behaviour_laws(genes=(1, 2, 3), mean="mean")
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
)
KINDS = {"moving": MOVING, "bounded": BOUNDED}
