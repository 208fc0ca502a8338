"""Particle swarm optimisation: particles fly on, drawn to their best place and to the best of their neighbours.

Source: Kennedy and Eberhart (1995) with the constriction of Clerc and Kennedy (2002) and a ring of neighbours, which is
the standard of Bratton and Kennedy (2007):

    v_k <- w v_k + c r1 (p_k - x_k) + c r2 (l_k - x_k),   x_k <- x_k + v_k

with p_k the best place of the particle, l_k the best one of it and its neighbours in the ring, and r uniform in [0, 1]
for each gene. The inertia w adapts after Zhan, Zhang, Li and Chung, Adaptive Particle Swarm Optimization (IEEE
Transactions on Systems, Man, and Cybernetics B, 2009), equations 7 to 10: large while the best particle is far from the
others, small where it is in their midst. Beyond a bound a particle comes half the way back, and its velocity is the way
that it really covered, which is ours. It begins at 0.

Defaults: c = 1.49618 is Clerc's; P = 20 and three neighbours on each side are our choice by experiment
(`docs/search-quality.md`), where the standard has 50 and one; distances are those of best places, in units of the
spread. Cost of a generation: P evaluations, O(P^2 D) operations and O(P D) numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.operators.swarm import PULL, accelerate
from neuroevo.population import ids_of, taken
from neuroevo.problems import Problem
from neuroevo.ranking import best_place, ranks
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import Search, compact
from neuroevo.strategies.search.bounds import halfway
from neuroevo.strategies.search.differential import better_of, trials_of
from neuroevo.strategies.toolbox import Checks, Verbs


class PSO(Search):
    """Particle swarm optimisation; `individuals` are the best places of the particles.

    Args:
        problem: What genomes are scored on.
        population: Particles, P.
        seed: The run's seed.
        neighbours: Particles on each side in the ring that one follows; half of P for all of them.
        inertia: Share of the velocity that is kept, w; by default it adapts, between 0.4 and 0.9.
        pull: Greatest weight of the own and of the neighbours' best place, c.

    Raises:
        ValueError: The number of neighbours is below 0.
    """

    VERBS: ClassVar[Verbs] = {
        "lead": "lead(individuals) -> for each of them the individual that it follows",
        "weigh": "weigh(individuals) -> inertia",
        "accelerate": "accelerate(velocities [P, D], places, own, leaders, inertia=) -> velocities [P, D]",
    }
    CHECKS: ClassVar[Checks] = {"lead": checks.varied, "accelerate": checks.like(0)}
    EVOLVING = ("places", "velocities")
    STEPS: ClassVar[dict[str, str]] = {"speed": "speed"}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 20,
        seed: int = 0,
        neighbours: int = 3,
        inertia: float | None = None,
        pull: float = PULL,
    ) -> None:
        super().__init__(problem, population=population, seed=seed)
        if neighbours < 0:
            raise ValueError(f"neighbours must be at least 0, but they are {neighbours}.")
        self.places = self.space.start.new_empty(0, self.space.size)
        self.velocities = self.places.clone()
        self.toolbox.register("lead", ring, neighbours=neighbours)
        self.toolbox.register("weigh", inertia_of, spread=self.space.spread, fixed=inertia)
        self.toolbox.register("accelerate", accelerate, pull=pull, generator=self.generator)

    @property
    def speed(self) -> Tensor:
        """The mean way of each gene in the last generation, [D]."""
        return self.velocities.abs().mean(0) if len(self.velocities) else self.space.start.new_zeros(self.space.size)

    def ask(self) -> Sequence[Individual]:
        """Return first individuals, later where each particle flies to; its best place is its parent."""
        if not self.individuals:
            return self.initial_population()
        own, leaders = (genomes_of(each) for each in (self.individuals, self.toolbox.lead(self.individuals)))
        inertia = self.toolbox.weigh(self.individuals)
        moved = self.places + self.toolbox.accelerate(self.velocities, self.places, own, leaders, inertia=inertia)
        genomes = halfway(self.space, moved, self.places)
        return self.new_individuals(genomes, list(zip(ids_of(self.individuals), strict=True)))

    def tell(self, population: Sequence[Individual]) -> None:
        """Move the particles, and keep the best place of each; those that were not scored stay."""
        if not self.individuals:
            self.individuals, self.places = compact(population), genomes_of(population, copy=True)
            self.velocities = torch.zeros_like(self.places)
            return
        flown = torch.from_numpy(trials_of(self.individuals, population)).to(self.places.device)
        known = (flown >= 0).unsqueeze(-1)
        places = genomes_of(population)[flown]
        self.velocities = torch.where(known, places - self.places, self.velocities)
        self.places = torch.where(known, places, self.places)
        self.individuals = compact(better_of(self.individuals, population, ties=False))


def ring(individuals: Sequence[Individual], *, neighbours: int) -> Sequence[Individual]:
    """Return for each individual the best of it and its neighbours on each side; the nearest of equals."""
    count = len(individuals)
    steps = sorted(range(-neighbours, neighbours + 1), key=abs)
    ranked = torch.from_numpy(ranks(individuals)).long()
    near = (torch.arange(count).unsqueeze(-1) + torch.tensor(steps)) % count
    # The first of equals, which argmax does not promise.
    order = ranked[near] * len(steps) - torch.arange(len(steps))
    return taken(individuals, near.gather(-1, order.argmax(-1, keepdim=True)).squeeze(-1).numpy())


def inertia_of(individuals: Sequence[Individual], *, spread: Tensor, fixed: float | None = None) -> float:
    """Return the inertia of particles with these best places, 1 / (1 + 1.5 exp(-2.6 f)).

    The factor f in [0, 1] is where the best one's mean distance to the others lies between the least and the greatest.

    Args:
        individuals: Best places.
        spread: The unit of each gene, [D].
        fixed: What it is whatever the places are; None adapts it.
    """
    if fixed is not None:
        return fixed
    places = genomes_of(individuals) / spread
    # Differences, not products: those of close particles would be rounding errors.
    distances = torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist").mean(-1)
    best = best_place(individuals)
    # One read, for each waits for the device.
    own, least, greatest = torch.stack([distances[best], distances.min(), distances.max()]).tolist()
    factor = (own - least) / (greatest - least) if least < greatest < math.inf else 0.0
    return 1 / (1 + 1.5 * math.exp(-2.6 * factor))


STRATEGIES = {"pso": PSO}
