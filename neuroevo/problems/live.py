"""Lives: ancestors train on classes of the role `ancestry`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuroevo.backbones import Network
from neuroevo.budget import Budget
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import check_ways, sample_task
from neuroevo.execution import Training, train_all
from neuroevo.individual import Individual
from neuroevo.problems.upbringing import Upbringing
from neuroevo.seeds import stream


@dataclass(frozen=True, kw_only=True)
class Live:
    """Trains individuals, each on a task of its own.

    Attributes:
        upbringing: How networks come from learngenes and are trained.
        images: The classes of the role `ancestry`.
        ways: Classes of each task, k.
        seed: The run's seed; a life draws from (seed, generation, slot, "life").
        workers: Threads on the CPU.
    """

    upbringing: Upbringing
    images: LabelledImages
    ways: int
    seed: int
    workers: int | None = None

    def __post_init__(self) -> None:
        check_ways(self.ways, len(self.images.classes))

    def __call__(self, individual: Individual, slot: int) -> Network:
        """Return the network of one individual after its life."""
        return self.batch([individual], [slot])[0]

    def batch(self, individuals: Sequence[Individual], slots: Sequence[int]) -> list[Network]:
        """Return the networks of individuals after their lives."""
        trainings = [self._prepare(*pair) for pair in zip(individuals, slots, strict=True)]
        train_all(trainings, workers=self.workers)
        return [training.network for training in trainings]

    def newborn(self, individual: Individual, slot: int) -> Network:
        """Return the network with which an individual begins its life."""
        return self._prepare(individual, slot).network

    @property
    def budget(self) -> Budget:
        """What one life costs."""
        count = len(self.images.labels) * self.ways // len(self.images.classes)
        return self.upbringing.budget(self.images, ways=self.ways, count=count)

    def _prepare(self, individual: Individual, slot: int) -> Training:
        generator = stream(self.seed, individual.generation, slot, "life")
        task = sample_task(self.images, ways=self.ways, shots=None, test_per_class=0, generator=generator)
        return self.upbringing.prepare(individual.genome, task, generator)
