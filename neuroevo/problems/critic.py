"""Critics: fresh networks that inherit a learngene in order to score it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from neuroevo.budget import Budget
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, check_ways, sample_task, unseen_per_class
from neuroevo.execution import Training, train_all
from neuroevo.individual import Individual
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.seeds import stream

AUC_POINTS = 4


@dataclass(frozen=True, kw_only=True)
class Critic:
    """Scores an individual by how well critics with its genes learn from few images of held-out classes.

    All individuals of a generation have the same tasks, random weights and data order (common random numbers).

    Attributes:
        setup: How critics are built from learngenes and trained.
        images: The classes of the role `held_out`.
        ways: Classes of each task, k.
        shots: Training images per class.
        test_per_class: Unseen images per class for the accuracy; fewer if a class has fewer.
        critics: Critics per individual; the score is the mean of their accuracies.
        metric: "final" is the accuracy after all updates, "auc" the area under the learning curve
            (learning speed, as in GRL, arXiv 2306.10225), both in [0, 1].
        seed: The run's seed; critics draw from (seed, generation, purpose, number of the critic).
        purpose: Name of the random stream, so that re-scoring uses fresh tasks.
        generation: The generation to draw tasks for; default the individual's own.
        workers: Threads on the CPU.
    """

    setup: TrainingSetup
    images: LabelledImages
    ways: int
    shots: int
    seed: int
    test_per_class: int = 50
    critics: int = 1
    metric: Literal["final", "auc"] = "final"
    purpose: str = "critic"
    generation: int | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.metric not in ("final", "auc"):
            raise ValueError(f'metric must be "final" or "auc", but it is {self.metric!r}.')
        for name, number in (("critics", self.critics), ("test_per_class", self.test_per_class)):
            if number < 1:
                raise ValueError(f"{name} must be at least 1, but it is {number}.")
        check_ways(self.ways, len(self.images.classes))
        self.setup.examine(self.images, ways=self.ways)
        unseen_per_class(self.images, shots=self.shots, wanted=self.test_per_class)

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the score of one individual, in [0, 1]; NaN if a critic's outputs were not finite."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return the scores of individuals."""
        trainings = [self._prepare(individual, number) for individual in individuals for number in range(self.critics)]
        outcomes = train_all(trainings, workers=self.workers, execution=self.setup.execution)
        curves = [outcome.accuracy for outcome in outcomes]
        scores = [_area(self.measure_at, curve) if self.metric == "auc" else curve[-1] for curve in curves]
        return [(sum(scores[i : i + self.critics]) / self.critics,) for i in range(0, len(scores), self.critics)]

    @property
    def noisy(self) -> bool:
        """Whether another generation gives other scores: it has other tasks."""
        return self.generation is None

    @property
    def measure_at(self) -> tuple[int, ...]:
        """The numbers of updates after which a critic's accuracy is measured."""
        updates = self.setup.recipe.updates
        if self.metric == "final":
            return (updates,)
        return tuple(sorted({round(updates * point / AUC_POINTS) for point in range(AUC_POINTS + 1)}))

    def task(self, generation: int, number: int) -> Task:
        """Return the task of a critic of a generation."""
        return sample_task(
            self.images,
            ways=self.ways,
            shots=self.shots,
            test_per_class=unseen_per_class(self.images, shots=self.shots, wanted=self.test_per_class),
            generator=stream(self.seed, generation, self.purpose, number, "task"),
        )

    @property
    def budget(self) -> Budget:
        """The cost of scoring one individual, with its critics in parallel."""
        each = self.setup.budget(self.images, ways=self.ways, count=self.ways * self.shots)
        return each.times(self.critics)

    def _prepare(self, individual: Individual, number: int) -> Training:
        generation = individual.generation if self.generation is None else self.generation
        return self.setup.prepare(
            individual.genome,
            self.task(generation, number),
            stream(self.seed, generation, self.purpose, number, "weights"),
            measure_at=self.measure_at,
        )


def _area(updates: Sequence[int], accuracy: Sequence[float]) -> float:
    """Return the mean height of a curve by the trapezoidal rule."""
    if len(updates) == 1:
        return accuracy[0]
    pieces = zip(updates, updates[1:], accuracy, accuracy[1:], strict=False)
    return sum((b - a) * (low + high) / 2 for a, b, low, high in pieces) / (updates[-1] - updates[0])
