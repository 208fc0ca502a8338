"""Scores of untrained heirs: what a learngene's features are good for before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.backbones import Network
from neuroevo.budget import Budget
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import check_ways, sample_task, unseen_per_class
from neuroevo.execution.looped import in_threads
from neuroevo.individual import Individual
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.seeds import stream


@dataclass(frozen=True, eq=False)
class Heir:
    """An untrained heir with a task.

    Attributes:
        network: The heir, in evaluation mode.
        train: Training images [n, C, H, W] float32, normalised.
        train_labels: int64 [n].
        test: Test images [m, C, H, W] float32, normalised.
        test_labels: int64 [m].
    """

    network: Network
    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor

    def accuracy(self, scores: Tensor) -> Tensor:
        """Return how often the greatest of an image's scores [m, k] is that of its class; NaN if one is not finite."""
        right = (scores.argmax(1) == self.test_labels).float().mean()
        return torch.where(scores.isfinite().all(), right, torch.nan)


@dataclass(frozen=True, kw_only=True)
class Untrained:
    """Scores an individual by what its heirs can do without training, on held-out classes.

    Costs no gradient step. All individuals of a generation have the same tasks and random weights. Subclasses say in
    `measure` what counts.

    Attributes:
        setup: How heirs are built from learngenes (its recipe is not used).
        images: The classes of the role `held_out`.
        ways: Classes of each task, k.
        shots: Training images per class.
        test_per_class: Unseen images per class for the accuracy; fewer if a class has fewer.
        tasks: Tasks per individual; the score is the mean over them.
        seed: The run's seed; tasks draw from (seed, purpose, number of the task), and from the generation if `fresh`.
        purpose: Name of the random stream, so that re-scoring uses fresh tasks.
        fresh: Whether each generation has other tasks: what is evolved for long on the same ones suits them alone.
        workers: Threads on the CPU.
    """

    setup: TrainingSetup
    images: LabelledImages
    ways: int
    shots: int
    seed: int
    test_per_class: int = 50
    tasks: int = 4
    purpose: str = "untrained"
    fresh: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, number in (("tasks", self.tasks), ("test_per_class", self.test_per_class)):
            if number < 1:
                raise ValueError(f"{name} must be at least 1, but it is {number}.")
        check_ways(self.ways, len(self.images.classes))
        self.setup.examine(self.images, ways=self.ways)
        unseen_per_class(self.images, shots=self.shots, wanted=self.test_per_class)

    def measure(self, heir: Heir) -> Tensor:
        """Return what counts of an heir, a number in [0, 1] on its device; NaN if it is not finite."""
        raise NotImplementedError

    @property
    def noisy(self) -> bool:
        """Whether another generation gives other scores: it has other tasks."""
        return self.fresh

    @property
    def budget(self) -> Budget:
        """The cost of scoring one individual: no training."""
        return Budget()

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual, in [0, 1]; NaN if a feature is not finite."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the scores of individuals."""
        return in_threads(self._score, individuals, workers=self.workers)

    def _score(self, individual: Individual) -> tuple[float]:
        # One read, for each waits for the device.
        found = torch.stack([self.measure(self.heir(individual, number)) for number in range(self.tasks)]).tolist()
        return (sum(found) / self.tasks,)

    def heir(self, individual: Individual, number: int) -> Heir:
        """Return the heir of an individual for the task of a number."""
        generation = (individual.generation,) if self.fresh else ()
        generator = stream(self.seed, *generation, self.purpose, number)
        task = sample_task(
            self.images,
            ways=self.ways,
            shots=self.shots,
            test_per_class=unseen_per_class(self.images, shots=self.shots, wanted=self.test_per_class),
            generator=generator,
        )
        training = self.setup.prepare(individual.genome, task, generator)
        images = task.source.images
        return Heir(
            network=training.network.eval(),
            train=training.pixels(images[task.train]),
            train_labels=task.train_labels,
            test=training.pixels(images[task.test]),
            test_labels=task.test_labels,
        )
