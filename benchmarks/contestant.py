"""What a benchmark compares: strategies that can be made for any seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuroevo.individual import Individual
from neuroevo.strategies.strategy import Strategy


@dataclass(frozen=True)
class Contestant:
    """A strategy under a name.

    Attributes:
        name: The name in tables.
        make: Called with a seed, returns a fresh strategy.
        generations: How many generations it runs.
        shares: Contestants that name the same here train the same networks and do it once; empty for none.
    """

    name: str
    make: Callable[[int], Strategy]
    generations: int = 1
    shares: str = ""

    def planned_steps(self, seed: int) -> int:
        """Return the gradient steps that it will take before transfer."""
        return self.make(seed).planned_budget(self.generations).gradient_steps


@dataclass
class SharedLives:
    """Remembers lives, so that contestants that pre-train the same network do it once.

    Each contestant is charged as if it had trained alone: `borrowed` sums the seconds that it was spared.
    """

    lives: dict[Any, tuple[list[Any], float]] = field(default_factory=dict)
    borrowed: float = 0.0

    def share(self, strategy: Strategy, key: Any) -> None:
        """Make a strategy's lives shared with those of all strategies under an equal key."""
        strategy.toolbox.register("live", _SharedLive(self, strategy.toolbox.live.func, key))


@dataclass(frozen=True)
class _SharedLive:
    shared: SharedLives
    live: Any
    key: Any

    def __call__(self, individual: Individual, slot: int) -> Any:
        """Return the network of one individual after its life."""
        return self.batch([individual], [slot])[0]

    def batch(self, individuals: Sequence[Individual], slots: Sequence[int]) -> list[Any]:
        """Return the networks of individuals after their lives."""
        key = (self.key, tuple((one.id, one.generation) for one in individuals), tuple(slots))
        if key in self.shared.lives:
            self.shared.borrowed += self.shared.lives[key][1]
        else:
            started = time.perf_counter()
            bodies = self.live.batch(individuals, slots)
            self.shared.lives[key] = (bodies, time.perf_counter() - started)
        return self.shared.lives[key][0]
