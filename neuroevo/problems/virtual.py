"""Virtual populations: individuals that are a seed, scored around a centre without a copy of its weights for each.

See `neuroevo.low_rank` for the noise, and `neuroevo.execution.perturbed` for forward passes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from neuroevo.budget import Budget
from neuroevo.execution.memory import in_parts
from neuroevo.execution.perturbed import Perturbed
from neuroevo.individual import Fitness, Individual
from neuroevo.low_rank import LowRankNoise
from neuroevo.problems.problem import Problem
from neuroevo.problems.supervised import PROBED, Supervised
from neuroevo.signatures import describe

TILE = 2**21
"""Numbers in the widest activation of individuals that run together: 8 MiB in single precision."""

MOST_DRAWS = 2**23
"""Numbers that are drawn for individuals that run together: 32 MiB in single precision."""

LEAST_ROWS = 64
"""The least number of inputs of all individuals together: products of fewer rows round in another way."""

MATERIALISED = 64
"""The number of individuals of other problems that have genomes at a time."""


@dataclass(frozen=True, eq=False)
class Cloud:
    """A centre and the noise around it: all that individuals of a generation have in common.

    Attributes:
        problem: What they are scored on.
        noise: Makes noise of seeds.
        centre: The centre, [D].
        sigma: The standard deviation of the noise on each block, [blocks].
    """

    problem: Problem
    noise: LowRankNoise
    centre: Tensor
    sigma: Tensor

    def genome(self, seed: int) -> Tensor:
        """Return the genome [D] of a seed, a new tensor."""
        return self.genomes([seed])[0]

    def genomes(self, seeds: Sequence[int]) -> Tensor:
        """Return the genomes [P, D] of seeds, a new tensor."""
        sigma = self.noise.of_genes(self.sigma)
        return self.problem.space.clip(torch.addcmul(self.centre, sigma, self.noise.each(seeds)))

    def individual(self, seed: int, *, id: int = 0, generation: int = 0) -> VirtualIndividual:
        """Return the individual of a seed, which has not been scored."""
        return VirtualIndividual(self, seed, id=id, generation=generation)


class VirtualIndividual(Individual):
    """An individual that is a seed; its genome is made anew whenever it is asked for.

    A pickled one is an ordinary individual.

    Attributes:
        cloud: The centre and the noise.
        seed: The seed, by which its noise is made.

    Args:
        cloud: The centre and the noise.
        seed: The seed.
        id: The lineage id, unique within a run.
        generation: The generation that it was born in.
    """

    def __init__(self, cloud: Cloud, seed: int, *, id: int, generation: int = 0) -> None:
        # The constructor of the base would make the genome.
        self.cloud = cloud
        self.seed = seed
        self.fitness = Fitness(weights=cloud.problem.weights)
        self.id = id
        self.parents = ()
        self.generation = generation
        self.body = self.memory = None

    @property
    def genome(self) -> Tensor:
        """The genome [D], a new tensor."""
        return self.cloud.genome(self.seed)

    def to_module(self) -> nn.Module:
        """Return the network with this individual's weights.

        Raises:
            TypeError: The problem has no network.
        """
        if not hasattr(self.cloud.problem, "to_module"):
            raise TypeError(f"problem must have a network, but it is a {type(self.cloud.problem).__name__}.")
        return cast(nn.Module, self.cloud.problem.to_module(self))

    def ordinary(self, genome: Tensor | None = None) -> Individual:
        """Return the same individual with its genome in memory, which may have been made before."""
        made = Individual(self.genome if genome is None else genome, id=self.id)
        others = {name: value for name, value in vars(self).items() if name not in ("cloud", "seed")}
        vars(made).update(others, fitness=copy.deepcopy(self.fitness))
        return made

    def __setitem__(self, place: Any, genes: Any) -> None:
        raise TypeError(
            f"individual {self.id} must have its genome in memory to be written to, but it is a seed; call ordinary() "
            "on it first."
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> VirtualIndividual:
        made = VirtualIndividual(self.cloud, self.seed, id=self.id)
        vars(made).update(vars(self), fitness=copy.deepcopy(self.fitness, memo))
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _itself, (self.ordinary(),)


class VirtualScoring:
    """Scores virtual individuals, and leaves all others to the problem.

    A network on data is scored in tiles of individuals that share its weights (see `Perturbed`); any other problem gets
    some genomes at a time. Scores do not depend on which individuals are scored together.

    Attributes:
        noise: Makes noise of seeds.

    Args:
        problem: What individuals are scored on.
        rank: The rank of the noise on matrices.
        draws: Where noise is drawn, "host" or "device".

    Raises:
        ValueError: The problem is a network with bounded weights, or one that can't be virtual.
    """

    def __init__(self, problem: Problem, *, rank: int, draws: Literal["host", "device"] = "host") -> None:
        self.problem = problem
        self.rank = rank
        self.network = _network(problem) if isinstance(problem, Supervised) else None
        dense = frozenset() if self.network is None else self.network.dense
        self.noise = LowRankNoise(problem.space, rank, dense, on_device=draws == "device")

    @property
    def budget(self) -> Any:
        """What one evaluation costs, as the problem says."""
        return self.problem.budget  # type: ignore[attr-defined]

    def describe(self) -> dict[str, Any]:
        """Return JSON values that distinguish it from other evaluators."""
        return {"kind": "virtual", "rank": self.rank, "problem": describe(self.problem)}

    def __call__(self, individual: Individual) -> Any:
        """Return the values of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[Any]:
        """Return the values of each individual."""
        found: dict[int, Any] = {}
        for common, places in _grouped(individuals).items():
            some = [individuals[place] for place in places]
            if common is None:
                values = self.problem.batch(some)
            else:
                values = self.scores(*common, [cast(VirtualIndividual, one).seed for one in some])
            found |= zip(places, values, strict=True)
        return [found[place] for place in range(len(individuals))]

    def ship(self, items: Sequence[tuple[Any, ...]]) -> tuple[Shipped, list[tuple[int]]] | None:
        """Return what workers get instead of this evaluator and individuals: a centre, and a seed for each.

        It is None where the individuals do not have all of it in common.
        """
        individuals = [one for (one,) in items]
        (common, *others) = _grouped(individuals) or [None]
        if common is None or others:
            return None
        return Shipped(self, *common), [(one.seed,) for one in individuals]

    def scores(self, cloud: Cloud, generation: int, seeds: Sequence[int]) -> list[Any]:
        """Return the values of seeds in a generation; a `Failure` for one that there is not enough memory for."""
        if self.network is not None:
            return in_parts(lambda some: self._scored(cloud, generation, some), seeds, size=self.tile)

        def made(some: Sequence[int]) -> list[Any]:
            virtual = [cloud.individual(seed, id=place, generation=generation) for place, seed in enumerate(some)]
            genomes = cloud.genomes(some)
            return list(self.problem.batch([one.ordinary(own) for one, own in zip(virtual, genomes, strict=True)]))

        return in_parts(made, seeds, size=None if self.joint else MATERIALISED, divisible=not self.joint)

    @property
    def joint(self) -> bool:
        """Whether scores depend on which individuals are scored together."""
        return bool(getattr(self.problem, "joint", False))

    @cached_property
    def tile(self) -> int:
        """The number of individuals that run together."""
        problem, network = cast(Supervised, self.problem), cast(Perturbed, self.network)
        some = problem.inputs[:2]
        inputs = min(problem.inputs_per_pass, problem.minibatch or len(problem.inputs))
        room = TILE // max(1, inputs * network.numbers(some) // len(some))
        return max(1, min(room, MOST_DRAWS // self.noise.length))

    @torch.no_grad()
    def _scored(self, cloud: Cloud, generation: int, seeds: Sequence[int]) -> list[tuple[float, ...]]:
        """Return the values of seeds that run together."""
        problem, network, space = cast(Supervised, self.problem), cast(Perturbed, self.network), self.problem.space
        examples = problem.examples(generation)
        least = -(-LEAST_ROWS // min(map(len, examples.inputs.split(problem.inputs_per_pass))))
        padded = [*seeds, *[seeds[0]] * (least - len(seeds))]
        noise = self.noise.split(self.noise.draws(padded), self.noise.scales(padded, cloud.sigma))
        centre = space.split(cloud.centre)
        outputs = problem.passed(partial(network, centre, noise), examples)
        return [(score,) for score in problem.scored(outputs, examples).tolist()[: len(seeds)]]


class Shipped:
    """A generation's centre, around which workers score seeds.

    Args:
        scoring: The evaluator.
        cloud: The centre and the noise.
        generation: The generation of the individuals.
    """

    def __init__(self, scoring: VirtualScoring, cloud: Cloud, generation: int) -> None:
        self.scoring = scoring
        self.cloud = cloud
        self.generation = generation
        self.joint = scoring.joint
        self.budget = getattr(scoring, "budget", Budget())

    def __call__(self, seed: int) -> Any:
        """Return the values of one seed."""
        return self.batch([seed])[0]

    def batch(self, seeds: Sequence[int]) -> list[Any]:
        """Return the values of each seed."""
        return self.scoring.scores(self.cloud, self.generation, seeds)


def _itself(individual: Individual) -> Individual:
    return individual


def _grouped(individuals: Sequence[Individual]) -> dict[tuple[Cloud, int] | None, list[int]]:
    """Return the places of individuals by what virtual ones have in common: their cloud and their generation."""
    found: dict[tuple[Cloud, int] | None, list[int]] = {}
    for place, one in enumerate(individuals):
        common = (one.cloud, one.generation) if isinstance(one, VirtualIndividual) else None
        found.setdefault(common, []).append(place)
    return found


def _network(problem: Supervised) -> Perturbed:
    blocks = problem.space.blocks
    if bounded := [block.name for block in blocks if math.isfinite(block.low) or math.isfinite(block.high)]:
        raise ValueError(
            "bounds must be none for a virtual population, whose weights are never there to be clipped, but "
            f"{bounded[0]} has some."
        )
    names = [block.name for block in blocks]
    return Perturbed(problem.module, names, problem.inputs[:PROBED], copies=problem.forward.copies)
