"""What a benchmark compares: strategies that can be made for any seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuroevo.execution.looped import in_threads
from neuroevo.individual import Individual
from neuroevo.strategies.strategy import Strategy, operators_of


@dataclass(frozen=True)
class Contestant:
    """A strategy under a name.

    Attributes:
        name: The name in tables.
        make: Called with a seed, returns a fresh strategy.
        generations: How many generations it runs.
        pretrains: Names the network that the strategy's only life trains, empty if it has no such life. Contestants
            that give the same name train the same network from the same seed, and it is trained once for all of them.
    """

    name: str
    make: Callable[[int], Strategy]
    generations: int = 1
    pretrains: str = ""

    def planned_steps(self, seed: int) -> int:
        """Return the gradient steps that it will take before transfer."""
        return self.make(seed).planned_budget(self.generations).gradient_steps


CellPlan = tuple[Contestant, int]
"""A contestant and a seed."""


@dataclass
class Pretraining:
    """The pre-trained networks of a comparison, trained as one population.

    A single network keeps one core busy, those of all seeds and contestants keep all. Each contestant is charged the
    seconds of its network, whether another one uses it too or not.

    Attributes:
        networks: The trained networks by the contestants' `pretrains` and seed.
        seconds: The time that each took on its thread.
    """

    networks: dict[tuple[str, int], Any] = field(default_factory=dict)
    seconds: dict[tuple[str, int], float] = field(default_factory=dict)

    @staticmethod
    def needed(cells: Sequence[CellPlan]) -> dict[tuple[str, int], Contestant]:
        """Return the different networks that are to be pre-trained, each with the first contestant that needs it."""
        return {(one.pretrains, seed): one for one, seed in reversed(cells) if one.pretrains}

    @classmethod
    def run(
        cls,
        cells: Sequence[CellPlan],
        *,
        workers: int | None = None,
        on_trained: Callable[[Contestant, int], object] = lambda *_: None,
    ) -> Pretraining:
        """Train the networks that the cells need.

        Args:
            cells: Contestants, each with a seed.
            workers: Threads on the CPU.
            on_trained: Called, on any thread, with a contestant and a seed when their network is trained.
        """
        needed = cls.needed(cells)

        def train(key: tuple[str, int]) -> tuple[Any, float]:
            trained = _first_life(needed[key].make(key[1]))
            on_trained(needed[key], key[1])
            return trained

        keys = list(needed)
        trained = in_threads(train, keys, workers=workers)
        return cls(
            {key: network for key, (network, _) in zip(keys, trained, strict=True)},
            {key: seconds for key, (_, seconds) in zip(keys, trained, strict=True)},
        )

    def lend(self, contestant: Contestant, strategy: Strategy, seed: int) -> float:
        """Let a strategy take its network in place of a life, and return the seconds that the network took."""
        key = (contestant.pretrains, seed)
        if key not in self.networks:
            return 0.0
        described = operators_of(strategy).get("live")
        strategy.toolbox.register("live", _Lent(self.networks[key], described))
        return self.seconds[key]


def _first_life(strategy: Strategy) -> tuple[Any, float]:
    started = time.perf_counter()
    network = strategy.toolbox.live(Individual(None, id=0), 0)
    return network, time.perf_counter() - started


@dataclass(frozen=True, eq=False)
class _Lent:
    """An operator that returns a network that has been trained already, whatever the individual.

    It is described as the one that trained the network, for it gives the same result.
    """

    network: Any
    described: Any

    def __call__(self, individual: Individual, slot: int) -> Any:
        """Return the network."""
        del individual, slot
        return self.network

    def describe(self) -> Any:
        """Return the description of the operator that it stands for."""
        return self.described
