"""Nearest class mean: how good a learngene's features are before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import check_ways, sample_task, unseen_per_class
from neuroevo.execution.looped import in_threads
from neuroevo.individual import Individual
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.seeds import stream


@dataclass(frozen=True, kw_only=True)
class NearestMean:
    """Scores an individual by nearest class means of an untrained heir's features on held-out classes.

    Costs no gradient step. All individuals of a generation have the same tasks and random weights.

    Attributes:
        setup: How heirs are built from learngenes (its recipe is not used).
        images: The classes of the role `held_out`.
        ways: Classes of each task, k.
        shots: Images per class that the mean is taken of.
        test_per_class: Unseen images per class for the accuracy; fewer if a class has fewer.
        tasks: Tasks per individual; the score is the mean of their accuracies.
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
    purpose: str = "nearest mean"
    fresh: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, number in (("tasks", self.tasks), ("test_per_class", self.test_per_class)):
            if number < 1:
                raise ValueError(f"{name} must be at least 1, but it is {number}.")
        check_ways(self.ways, len(self.images.classes))
        self.setup.examine(self.images, ways=self.ways)
        unseen_per_class(self.images, shots=self.shots, wanted=self.test_per_class)

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
        found = torch.stack([self._accuracy(individual, number) for number in range(self.tasks)]).tolist()
        return (sum(found) / self.tasks,)

    @torch.inference_mode()
    def _accuracy(self, individual: Individual, number: int) -> Tensor:
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
        network, images = training.network.eval(), task.source.images
        means = _class_means(
            network.features(training.pixels(images[task.train])), task.train_labels, len(task.classes)
        )
        features = network.features(training.pixels(images[task.test]))
        finite = features.isfinite().all() & means.isfinite().all()
        nearest = torch.cdist(features, means).argmin(1)
        return torch.where(finite, (nearest == task.test_labels).float().mean(), torch.nan)


def _class_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the mean feature of each class, [K, F]."""
    sums = features.new_zeros(classes, features.shape[1]).index_add_(0, labels, features)
    counts = labels.new_zeros(classes).index_add_(0, labels, torch.ones_like(labels))
    return sums / counts.unsqueeze(1)
