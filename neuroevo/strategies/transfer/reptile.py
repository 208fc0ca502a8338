"""Reptile: weights from which a few updates on any task lead far, by first-order meta-learning.

After "On First-Order Meta-Learning Algorithms" (Nichol, Achiam and Schulman 2018, arXiv 1803.02999), algorithm 2: from
the weights phi some updates on each of n tasks lead to W_1, ..., W_n, and then

    phi <- phi + epsilon * (1/n) * sum_i (W_i - phi),

with an epsilon that falls linearly from its first value to 0. Tasks are drawn from the `ancestry` classes. Every task
has a fresh head, as descendants have, where the authors meta-learn the head too; and inner updates are the SGD of
training runs, one cycle per task, where they use Adam. Defaults are our choice: at 640 updates, 80 on one task at a
time led to 71.6 % on 20 `held_out` glyphs, 20 on each of five to 36.9 % (one seed, two heirs, 60 updates). Cost: the
updates of `pretraining`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar

import torch

from neuroevo.backbones import Backbone, Network
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways
from neuroevo.execution import AUTO, Execution, Recipe
from neuroevo.individual import Failure, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import learngenes
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import Cross, Weights
from neuroevo.problems import Live
from neuroevo.seeds import stream
from neuroevo.strategies.checks import instance
from neuroevo.strategies.strategy import budget_of, scoring_cost
from neuroevo.strategies.toolbox import Checks, Verbs
from neuroevo.strategies.transfer.base import OneCandidate
from neuroevo.structure import Structure


class Reptile(OneCandidate):
    """Transfers all of a network that was meta-trained on tasks of `ancestry` classes.

    Args:
        dataset: As in `OneCandidate`.
        backbone: As in `OneCandidate`.
        inner: Updates on each task, about: they are spread evenly over as many tasks as fit into `pretraining`.
        tasks: Tasks for each change of the weights, n.
        step: The first epsilon, in (0, 1].
        task_ways: Classes of each task; default min(20, classes of the role).
        pretraining: How networks are trained; the updates are those of all tasks together, the rate is that of
            descendants, which it prepares for.

    Raises:
        ValueError: A setting is out of its range.
    """

    name: ClassVar[str] = "reptile"
    pretrains: ClassVar[str] = "many tasks"
    UNUSED: ClassVar[frozenset[str]] = frozenset({"share", "structure", "cross"})

    VERBS: ClassVar[Verbs] = {
        "average": "average(learngenes) -> learngene",
        "move": "move(learngene, target, step=step) -> learngene",
    }
    CHECKS: ClassVar[Checks] = {verb: instance(Learngene) for verb in ("average", "move")}

    def __init__(
        self,
        dataset: Dataset,
        backbone: Backbone,
        *,
        inner: int = 80,
        tasks: int = 1,
        step: float = 1.0,
        task_ways: int | None = None,
        seed: int = 0,
        share: float = 0.2,
        structure: Structure = "equal-widths",
        pretraining: Recipe = Recipe(updates=2000, learning_rate=0.05),
        cross: Cross = "zero",
        device: torch.device | str = "cpu",
        workers: int | None = None,
        execution: Execution = AUTO,
    ) -> None:
        if inner < 1 or tasks < 1 or not 0 < step <= 1:
            raise ValueError(
                f"inner and tasks must be at least 1 and step lie in (0, 1], but they are {inner}, {tasks} and {step}."
            )
        super().__init__(
            dataset,
            backbone,
            seed=seed,
            share=share,
            structure=structure,
            pretraining=pretraining,
            cross=cross,
            device=device,
            workers=workers,
            execution=execution,
        )
        self.tasks = tasks
        self.step = step
        self.life = replace(self.life, ways=task_ways or default_ways(len(dataset.ancestry.classes)))
        self.short_lives = ShortLives(self.life, count=max(1, self.life.setup.recipe.updates // inner))
        self.toolbox.register("live", self.short_lives)
        self.toolbox.register("average", learngenes.average)
        self.toolbox.register("move", learngenes.move)

    def candidate(self) -> Learngene:
        """Return the network's weights after meta-training."""
        network = self.backbone.build(1, generator=stream(self.seed, self.generation, "reptile"))
        genome = self._whole(network.state_dict())
        rounds = self._rounds()
        for number, slots in enumerate(rounds):
            heirs = [Individual(genome, id=slot, generation=self.generation) for slot in slots]
            bodies = self.toolbox.map(self.toolbox.live, heirs, slots)
            learned = [self._whole(body.state_dict()) for body in bodies if not isinstance(body, Failure)]
            if learned:
                step = self.step * (1 - number / len(rounds))
                genome = self.toolbox.move(genome, self.toolbox.average(learned), step=step)
            self.budget = self.budget.then(self._cost(slots))
        return genome

    def cost(self, generation: int) -> Budget:
        """Return what a generation costs."""
        del generation
        lives = [self._cost(slots) for slots in self._rounds()]
        return reduce(Budget.then, [*lives, scoring_cost(self.toolbox.evaluate, otherwise=Budget())], Budget())

    def _whole(self, weights: Weights) -> Learngene:
        return self.cut(weights, whole_circuit(self.backbone.layout), self.backbone)

    def _rounds(self) -> list[range]:
        """Return the numbers of the training runs between one change of the weights and the next."""
        lives = self.short_lives.count
        return [range(first, min(first + self.tasks, lives)) for first in range(0, lives, self.tasks)]

    def _cost(self, slots: Sequence[int]) -> Budget:
        """Return what training runs cost side by side."""
        costs = [budget_of(self.toolbox.live, otherwise=self.short_lives.life_of(slot).budget) for slot in slots]
        steps, adds = sum(cost.gradient_steps for cost in costs), sum(cost.multiply_adds for cost in costs)
        return Budget(steps, adds, max(cost.critical_path for cost in costs))


@dataclass(frozen=True)
class ShortLives:
    """Spreads the updates of one training run evenly over many.

    Attributes:
        life: The training run whose updates are spread; slots count from 0 to `count` - 1.
        count: The number of training runs.
    """

    life: Live
    count: int

    def __call__(self, individual: Individual, slot: int) -> Network:
        """Return the trained network of one individual."""
        return self.life_of(slot)(individual, slot)

    def batch(self, individuals: Sequence[Individual], slots: Sequence[int]) -> list[Network]:
        """Return the trained networks of individuals; training runs of one length go together."""
        networks: dict[int, Network] = {}
        for life in {self.updates(slot): self.life_of(slot) for slot in slots}.values():
            group = [place for place, slot in enumerate(slots) if self.life_of(slot) == life]
            trained = life.batch([individuals[place] for place in group], [slots[place] for place in group])
            networks |= dict(zip(group, trained, strict=True))
        return [networks[place] for place in range(len(slots))]

    def updates(self, slot: int) -> int:
        """Return the updates of a slot's training run."""
        total = self.life.setup.recipe.updates
        return total * (slot + 1) // self.count - total * slot // self.count

    def life_of(self, slot: int) -> Live:
        """Return the training run of a slot."""
        recipe = replace(self.life.setup.recipe, updates=self.updates(slot))
        return replace(self.life, setup=replace(self.life.setup, recipe=recipe))


STRATEGIES = {"reptile": Reptile}
