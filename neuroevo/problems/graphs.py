"""Problems over graphs: labelled data, and episodes of environments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from neuroevo.graph import Networks
from neuroevo.individual import Individual
from neuroevo.interface import Interface
from neuroevo.problems.environments import Environments
from neuroevo.problems.episodes import LARGEST_SEED
from neuroevo.problems.play import play
from neuroevo.seeds import seed_of


class GraphProblem(Protocol):
    """Scores individuals with graphs as genomes, of `inputs` inputs and `outputs` outputs."""

    @property
    def inputs(self) -> int:
        """The number of inputs."""

    @property
    def outputs(self) -> int:
        """The number of outputs."""

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each objective, as in DEAP."""

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the values of each individual."""


def closeness(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the square of N minus the sum of errors, [P], of outputs [P, N, O] in [0, 1] (NEAT, section 4.1)."""
    return (len(targets) - (outputs - targets).abs().sum((1, 2))).square()


@dataclass(frozen=True, eq=False)
class GraphTable:
    """Scores graphs by their outputs on a table.

    Attributes:
        questions: Inputs, float32 [N, I].
        targets: Target outputs, [N, O].
        score: Takes outputs [P, N, O] and targets [N, O] and returns scores [P], to be maximised.
    """

    questions: Tensor
    targets: Tensor
    score: Callable[[Tensor, Tensor], Tensor] = closeness
    weights: ClassVar[tuple[float, ...]] = (1.0,)

    @property
    def inputs(self) -> int:
        """The number of inputs, I."""
        return self.questions.shape[1]

    @property
    def outputs(self) -> int:
        """The number of outputs, O."""
        return self.targets.shape[1]

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the score of each individual."""
        if not individuals:
            return []
        answers = Networks([one.genome for one in individuals])(self.questions)
        return [(value,) for value in self.score(answers, self.targets).tolist()]


@dataclass(frozen=True)
class GraphEpisodes:
    """Scores graphs by the mean return of some episodes of an environment (extra `rl`).

    Observations and actions are those of `Episodes`.

    Attributes:
        environment: The environment's name in Gymnasium, an `EnvSpec`, or a function that returns a new environment.
        inputs: Numbers in one observation, I.
        outputs: Numbers that an action is chosen by, O.
        episodes: Episodes of each individual; the same for all of a generation.
        seed: The run's seed.
        settings: Further arguments of `gymnasium.make`.
        max_steps: Steps after which an episode ends; default the environment's time limit, without which it is needed.

    Raises:
        ValueError: `inputs` or `outputs` are not those of the environment, `episodes` is below 1, or the environment is
            none that can be played.
    """

    environment: Any
    inputs: int
    outputs: int
    episodes: int = 1
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    max_steps: int | None = None
    weights: ClassVar[tuple[float, ...]] = (1.0,)

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise ValueError(f"episodes must be at least 1, but it is {self.episodes}.")
        needed = {"inputs": math.prod(self._interface.shape), "outputs": self._interface.outputs}
        for name, number in needed.items():
            if getattr(self, name) != number:
                raise ValueError(
                    f"{name} must be {number} for {self._environments.name}, but it is {getattr(self, name)}."
                )

    @property
    def _environments(self) -> Environments:
        return Environments(self.environment, self.settings, self.max_steps)

    @cached_property
    def _interface(self) -> Interface:
        return self._environments.interface()

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the score of each individual; NaN if the environment raised an exception."""
        if not individuals:
            return []
        seeds = [
            [seed_of(self.seed, one.generation, number, "episode") % LARGEST_SEED for number in range(self.episodes)]
            for one in individuals
        ]
        networks = Networks([one.genome for one in individuals])
        names = [one.id for one in individuals]

        def outputs(observations: Tensor, rows: Sequence[int]) -> Tensor:
            return networks(observations.reshape(len(individuals), self.episodes, -1)).flatten(0, 1)

        returns = play(self._environments, self._interface, outputs, seeds=seeds, names=names)
        return [(value,) for value in returns.mean(1).tolist()]


def xor() -> GraphTable:
    """Return the problem of deciding whether exactly one of two inputs is 1."""
    questions = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return GraphTable(questions, torch.tensor([[0.0], [1.0], [1.0], [0.0]]))


def cartpole_by_graph() -> GraphEpisodes:
    """Return the problem of balancing a pole by a graph."""
    return GraphEpisodes("CartPole-v1", 4, 2, episodes=4)


GRAPH_PROBLEMS = {"xor": xor, "cartpole": cartpole_by_graph}
NEEDS = {"cartpole": "the extra rl"}
