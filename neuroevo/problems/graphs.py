"""Problems over graphs: labelled data, and episodes of environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from neuroevo.graph import Networks
from neuroevo.individual import Individual
from neuroevo.problems.episodes import LARGEST_SEED, play
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

    Attributes:
        environment: The environment's name in Gymnasium.
        inputs: Numbers in one observation, I.
        outputs: Actions, or numbers in one action, O.
        episodes: Episodes of each individual; the same for all of a generation.
        seed: The run's seed.
        settings: Further arguments of `gymnasium.make`.
    """

    environment: str
    inputs: int
    outputs: int
    episodes: int = 1
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: ClassVar[tuple[float, ...]] = (1.0,)

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the score of each individual."""
        if not individuals:
            return []
        seeds = [
            [seed_of(self.seed, one.generation, number, "episode") % LARGEST_SEED for number in range(self.episodes)]
            for one in individuals
        ]
        networks = Networks([one.genome for one in individuals])
        returns = play(self.environment, networks, seeds=seeds, settings=self.settings)
        return [(value,) for value in returns.mean(1).tolist()]


def xor() -> GraphTable:
    """Return the problem of deciding whether exactly one of two inputs is 1."""
    questions = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return GraphTable(questions, torch.tensor([[0.0], [1.0], [1.0], [0.0]]))


def cartpole_by_graph() -> GraphEpisodes:
    """Return the problem of balancing a pole by a graph."""
    return GraphEpisodes("CartPole-v1", 4, 2, episodes=4)


GRAPH_PROBLEMS = {"xor": xor, "cartpole": cartpole_by_graph}
