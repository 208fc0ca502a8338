"""Lives: ancestors train on classes of the role `ancestry`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neuroevo.backbones import Network
from neuroevo.budget import Budget
from neuroevo.data.environments import Environments
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, check_classes_have_images, check_ways, sample_task
from neuroevo.execution import Training, train_all
from neuroevo.individual import Individual
from neuroevo.operators.heads import recall
from neuroevo.operators.inheritance import gene_slots
from neuroevo.operators.places import features_of
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.seeds import stream


@dataclass(frozen=True, kw_only=True)
class Live:
    """Trains individuals, each on a task of its own.

    Attributes:
        setup: How networks are built from learngenes and trained.
        images: The classes of the role `ancestry`.
        ways: Classes of each task, k; all of an environment that has fewer.
        environments: Where the images are from; an individual that has an environment sees the images of that one
            only.
        cycle: Generations that share one cycle of the learning rate; with 1 each life has its own.
        seed: The run's seed; a life draws from (seed, generation, slot, "life").
        workers: Threads on the CPU.
    """

    setup: TrainingSetup
    images: LabelledImages
    ways: int
    seed: int
    cycle: int = 1
    workers: int | None = None
    environments: Environments | None = None

    def __post_init__(self) -> None:
        if self.cycle < 1:
            raise ValueError(f"cycle must be at least 1, but it is {self.cycle}.")
        check_ways(self.ways, len(self.images.classes))
        check_classes_have_images(self.images)
        self.setup.examine(self.images, ways=self.ways)

    def __call__(self, individual: Individual, slot: int) -> Network:
        """Return the network of one individual after its life."""
        return self.batch([individual], [slot])[0]

    def batch(self, individuals: Sequence[Individual], slots: Sequence[int]) -> list[Network]:
        """Return the networks of individuals after their lives."""
        trainings = [self._prepare(*pair) for pair in zip(individuals, slots, strict=True)]
        train_all(trainings, workers=self.workers, execution=self.setup.execution)
        return [training.network for training in trainings]

    def newborn(self, individual: Individual, slot: int) -> Network:
        """Return the network of an individual at the start of its life."""
        return self._prepare(individual, slot).network

    def classes(self, individual: Individual, slot: int) -> Tensor:
        """Return the classes of an individual's life among those of `images`, int64 [k], by the head's rows."""
        return self._known(self._task(individual, slot)[0])

    @property
    def budget(self) -> Budget:
        """The cost of one life."""
        count = len(self.images.labels) * self.ways // len(self.images.classes)
        return self.setup.budget(self.images, ways=self.ways, count=count)

    def _prepare(self, individual: Individual, slot: int) -> Training:
        task, generator = self._task(individual, slot)
        recipe = self.setup.recipe.part(individual.generation, of=self.cycle)
        setup = replace(self.setup, recipe=recipe).scaled(individual.hyperparameters or {})
        training = setup.prepare(individual.genome, task, generator)
        if individual.memory is not None:
            network, layout = training.network, self.setup.backbone.layout
            channels = features_of(layout, gene_slots(individual.genome, layout))
            head = recall(individual.memory, network.state_dict(), self._known(task), channels=channels)
            network.load_state_dict({**network.state_dict(), **head})
        return training

    def _task(self, individual: Individual, slot: int) -> tuple[Task, torch.Generator]:
        """Return the task of a life, and the generator for everything that is drawn after it."""
        generator = stream(self.seed, individual.generation, slot, "life")
        images = self._images(individual)
        ways = min(self.ways, len(images.classes))
        return sample_task(images, ways=ways, shots=None, test_per_class=0, generator=generator), generator

    def _images(self, individual: Individual) -> LabelledImages:
        """Return the images that an individual may see."""
        if self.environments is None or individual.environment is None:
            return self.images
        return self.images.part(self.environments.rows(individual.environment))

    def _known(self, task: Task) -> Tensor:
        """Return the classes of a task as they are numbered in all images, where environments number their own."""
        if task.source is self.images:
            return task.classes
        names = [task.source.classes[number] for number in task.classes.tolist()]
        return torch.tensor([self.images.classes.index(name) for name in names], device=task.classes.device)
