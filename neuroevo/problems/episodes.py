"""Episodes of Gymnasium environments, played by a whole population at once (extra `rl`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from neuroevo.backbones.backbone import allocate
from neuroevo.genome import Genome
from neuroevo.individual import Individual, genomes_of
from neuroevo.interface import Interface, normalised
from neuroevo.module_state import copied, first_weight
from neuroevo.policy import Policy
from neuroevo.population import generations_of, ids_of
from neuroevo.problems.environments import Environments
from neuroevo.problems.play import play
from neuroevo.problems.players import Player, examine
from neuroevo.seeds import seed_of
from neuroevo.signatures import Recorded
from neuroevo.space import Space

LARGEST_SEED = 2**31
SPREAD = 0.5
"""Standard deviation of initial weights; ours, by the experiment in `docs/search-quality.md`."""


class Episodes(Recorded):
    """Scores weights of a module by the mean return of some episodes, to be maximised.

    All individuals of a generation have the same episodes (common random numbers), the next generation has others; an
    individual's score does not depend on other individuals, nor on what was evaluated before.

    The module gets an observation in a box as it is, any other one flattened as by `gymnasium.spaces.flatten`
    (one-hot if it is discrete). It returns as many outputs as `gymnasium.spaces.flatdim` of the action space: in a
    discrete one the action is the greatest output (of each group, if there are several), in a multi-binary one it is 1
    where the output is above 0, in a box outputs are clipped to its bounds.

    A module with a memory has a method `initial_state(count)`, which returns the state of `count` episodes before their
    first steps, a tensor or several in a tuple, and its `forward` takes observations and a state and returns outputs
    and the next state; `Recurrent` makes one of layers. A module that changes attributes or buffers of its own is
    played by a copy of it for each episode, one after the other, and begins each as it was given.

    Args:
        environment: The environment's name in Gymnasium, such as `CartPole-v1`, an `EnvSpec`, or a function without
            arguments that returns a new environment.
        module: Takes observations [N, ...] and returns outputs [N, A]; it is copied, in evaluation mode.
        episodes: Episodes of each individual.
        seed: The run's seed; episodes come from (seed, generation, number).
        normalise: Whether observations are shifted and scaled by the mean and standard deviation of 1,000 steps of
            random play, measured once.
        max_steps: Steps after which an episode ends; default the environment's time limit, without which it is needed.
        only: Names or patterns of the parameters that evolve; default all.
        bounds: Lowest and highest weight by name or pattern.
        spread: Standard deviation of initial weights around the module's.
        settings: Further arguments of `gymnasium.make`.

    Raises:
        ValueError: `episodes` is below 1, the environment's spaces can't be those of a network, its episodes have no
            end, the module's inputs or outputs don't fit them, or its outputs depend on what was evaluated before.
        TypeError: `environment` is none of these.
        RuntimeError: Gymnasium is not installed.
    """

    def __init__(
        self,
        environment: Any,
        module: nn.Module,
        *,
        episodes: int = 1,
        seed: int = 0,
        normalise: bool = False,
        max_steps: int | None = None,
        only: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        spread: float = SPREAD,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if episodes < 1:
            raise ValueError(f"episodes must be at least 1, but it is {episodes}.")
        self.environments = Environments(environment, dict(settings or {}), max_steps)
        self.module = copied(module).eval()
        # A description of the problem is that of the copy, whatever becomes of the module.
        self.arguments = {**self.arguments, "module": self.module}
        self.episodes = episodes
        self.seed = seed
        self.weights = (1.0,)
        interface = self.environments.interface()
        if normalise:
            shift, scale = self.environments.watched(interface, seed=seed_of(seed, "watched") % LARGEST_SEED)
            interface = dataclasses.replace(interface, shift=shift, scale=scale)
        space = Space.of_module(module, only=only, bounds=bounds, spread=spread)
        self.space = dataclasses.replace(space, interface=interface)
        self.stepping = examine(self.module, interface)

    @property
    def noisy(self) -> bool:
        """Whether another generation gives other scores: it has other episodes."""
        return True

    @property
    def interface(self) -> Interface:
        """How players see and act."""
        return cast(Interface, self.space.interface)

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the score of each individual; NaN if the environment raised an exception."""
        if not individuals:
            return []
        parameters = self.space.split(genomes_of(individuals))
        steps = self.stepping.begin(parameters, self.episodes)

        def outputs(observations: Tensor, rows: Sequence[int]) -> Tensor:
            given = observations.to(first_weight(self.module))
            return steps(normalised(given, self.interface.shift, self.interface.scale), rows)

        generations = generations_of(individuals)
        drawn = {generation: self._seeds(generation) for generation in set(generations)}
        seeds = [drawn[generation] for generation in generations]
        returns = play(self.environments, self.interface, outputs, seeds=seeds, names=ids_of(individuals))
        return [(value,) for value in returns.mean(1).tolist()]

    def seeds(self, individual: Individual) -> list[int]:
        """Return the seeds of an individual's episodes, which `env.reset(seed=…)` takes; all of a generation's."""
        return self._seeds(individual.generation)

    def _seeds(self, generation: int) -> list[int]:
        return [seed_of(self.seed, generation, number, "episode") % LARGEST_SEED for number in range(self.episodes)]

    def to_module(self, result: Individual | Genome) -> Policy:
        """Return the module with the weights of an individual, or of a genome that was saved, ready to play.

        The policy has everything that the evaluation adds: normalised observations and the choice of actions. Playing
        the episodes of `seeds(individual)` by its `act` gives the score that was recorded, to the bit on the CPU.
        """
        genome = result if isinstance(result, Genome) else Genome.of(result, self.space)
        network = genome.filled(self.module)
        return Player(network, genome.interface or self.interface, copies=self.stepping.copies)


def cartpole(*, hidden: int = 16, seed: int = 0, **settings: Any) -> Episodes:
    """Return the problem of balancing a pole by a network with one hidden layer; the highest return is 500.

    Args:
        hidden: Units of the hidden layer.
        seed: The run's seed.
        **settings: Further settings of `Episodes`.
    """
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(4, hidden), nn.Tanh(), nn.Linear(hidden, 2))
    allocate(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return Episodes("CartPole-v1", network, seed=seed, **settings)


PROBLEMS = {"cartpole": cartpole}
NEEDS = {"cartpole": "the extra rl"}
