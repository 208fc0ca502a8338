"""Scores of a circuit that might say what its descendants will reach; a greater score is a better circuit.

Each scores a learngene on tasks of some classes: by what an untrained heir's features already tell apart, by what its
gradients promise, or by training a few heirs for a short while. The heirs of all learngenes have the same tasks and the
same random weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, sample_task
from neuroevo.execution import Training
from neuroevo.execution.cost import PASSES, multiply_adds
from neuroevo.individual import Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import gene_slots
from neuroevo.operators.places import features_of
from neuroevo.problems import Critic, TrainingSetup
from neuroevo.problems.tangent_kernel import TOGETHER, linearly_trained, regressed, renew
from neuroevo.problems.untrained import Heir
from neuroevo.seeds import stream

Statistics = Literal["inherited", "renewed"]


@dataclass(frozen=True, eq=False)
class GeneHeir(Heir):
    """An untrained heir that knows which of its features are the circuit's.

    Attributes:
        genes: Their indices, int64.
    """

    genes: Tensor


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What all candidates have in common: tasks and untrained heirs.

    Attributes:
        setup: How heirs are made.
        images: The classes that tasks are drawn from.
        ways: Classes of a task, k.
        shots: Training images per class.
        test_per_class: Unseen images per class.
        seed: Tasks and random weights are drawn from (seed, purpose, number of the task).
        purpose: Name of the random stream.
    """

    setup: TrainingSetup
    images: LabelledImages
    ways: int
    shots: int
    test_per_class: int
    seed: int
    purpose: str = "agreement"

    def task(self, number: int) -> Task:
        """Return the task of a number."""
        return sample_task(
            self.images,
            ways=self.ways,
            shots=self.shots,
            test_per_class=self.test_per_class,
            generator=stream(self.seed, self.purpose, number, "task"),
        )

    def training(self, learngene: Learngene, number: int, *, measure_at: tuple[int, ...] = ()) -> Training:
        """Return the training of an heir of a learngene on the task of a number."""
        generator = stream(self.seed, self.purpose, number, "weights")
        return self.setup.prepare(learngene, self.task(number), generator, measure_at=measure_at)

    def heir(self, learngene: Learngene, number: int, *, statistics: Statistics = "inherited") -> GeneHeir:
        """Return an untrained heir of a learngene with the task of a number.

        Args:
            learngene: What is inherited.
            number: Number of the task.
            statistics: Whether batch norms keep the means and variances that were inherited, or have those of the
                training images.
        """
        training, task, layout = self.training(learngene, number), self.task(number), self.setup.backbone.layout
        images, network = task.source.images, training.network.eval()
        heir = GeneHeir(
            network=network,
            genes=features_of(layout, gene_slots(learngene, layout)),
            train=training.pixels(images[task.train]),
            train_labels=task.train_labels,
            test=training.pixels(images[task.test]),
            test_labels=task.test_labels,
        )
        if statistics == "renewed":
            renew(network, heir.train)
        return heir


def nearest_mean(heir: GeneHeir, *, genes: bool = False) -> float:
    """Return the accuracy of nearest class means.

    Args:
        heir: The heir.
        genes: Whether only the circuit's features count.
    """
    train, test = _features(heir, genes=genes)
    sums = train.new_zeros(_classes(heir), train.shape[1]).index_add_(0, heir.train_labels, train)
    means = sums / heir.train_labels.bincount().unsqueeze(1)
    return float(heir.accuracy(-torch.cdist(test, means)))


def ridge_head(heir: GeneHeir) -> float:
    """Return the accuracy of a head that is fitted by ridge regression, in closed form (Bertinetto et al. 2019)."""
    train, test = _features(heir)
    mean = train.mean(0)
    train, test = train - mean, test - mean
    return float(heir.accuracy(regressed(train @ train.T, test @ train.T, heir.train_labels, _classes(heir))))


def tangent_kernel(heir: GeneHeir) -> float:
    """Return the accuracy of training that is linear in the weights (see `neuroevo.problems.TangentKernel`)."""
    return float(linearly_trained(heir, _classes(heir)))


def gradient_signs(heir: GeneHeir) -> float:
    """Return how far the gradients of single examples agree in their signs, summed over weights.

    Source: Zhang and Jia 2022, GradSign (arXiv 2110.08616), equation 9.
    """
    network, weights = heir.network, dict(heir.network.named_parameters())
    buffers = dict(network.named_buffers())

    def loss(parameters: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        outputs = functional_call(network, (parameters, buffers), (image.unsqueeze(0),))
        return F.cross_entropy(outputs[0], label)

    values = {name: one.detach() for name, one in weights.items()}
    rows = vmap(grad(loss), in_dims=(None, 0, 0), chunk_size=TOGETHER)(values, heir.train, heir.train_labels)
    return sum(float(one.sign().sum(0).abs().sum()) for one in rows.values())


def _classes(heir: GeneHeir) -> int:
    return int(heir.train_labels.max()) + 1


def _features(heir: GeneHeir, *, genes: bool = False) -> tuple[Tensor, Tensor]:
    with torch.inference_mode():
        train, test = (heir.network.features(images) for images in (heir.train, heir.test))
    return (train[:, heir.genes], test[:, heir.genes]) if genes else (train, test)


@dataclass(frozen=True)
class Candidate:
    """A score and what it costs.

    Attributes:
        score: Called with an examination, a learngene and the number of the first task, returns the score.
        tasks: Tasks that it takes.
        cost: Returns its multiply-adds for one learngene.
    """

    score: Callable[[Examination, Learngene, int], float]
    tasks: int
    cost: Callable[[Examination], int]


def untrained(
    measure: Callable[[GeneHeir], float], *, tasks: int = 4, statistics: Statistics = "inherited", passes: int = 1
) -> Candidate:
    """Return the candidate that measures untrained heirs; the score is the mean over tasks.

    Args:
        measure: Called with an heir.
        tasks: Tasks of each learngene.
        statistics: Those of batch norms; see `Examination.heir`.
        passes: What measuring costs in forward passes of all images of a task.
    """

    def score(given: Examination, learngene: Learngene, first: int) -> float:
        return sum(measure(given.heir(learngene, first + one, statistics=statistics)) for one in range(tasks)) / tasks

    def cost(given: Examination) -> int:
        images = given.ways * (given.shots + given.test_per_class)
        return tasks * passes * images * _forward(given)

    return Candidate(score, tasks, cost)


def trained(*, updates: int, critics: int, metric: Literal["final", "auc"] = "final") -> Candidate:
    """Return the candidate that trains critics, and measures their accuracy."""

    def critic(given: Examination, first: int) -> Critic:
        return Critic(
            setup=replace(given.setup, recipe=replace(given.setup.recipe, updates=updates)),
            images=given.images,
            ways=given.ways,
            shots=given.shots,
            test_per_class=given.test_per_class,
            seed=given.seed,
            critics=critics,
            metric=metric,
            purpose=given.purpose,
            generation=first,
            workers=1,
        )

    def score(given: Examination, learngene: Learngene, first: int) -> float:
        individual = Individual(learngene, Fitness(weights=(1.0,)), id=0)
        return critic(given, first)(individual)[0]

    def cost(given: Examination) -> int:
        own = critic(given, 0)
        measured = given.ways * given.test_per_class * len(own.measure_at) * critics
        return own.budget.multiply_adds + measured * _forward(given)

    return Candidate(score, critics, cost)


def _forward(given: Examination) -> int:
    return multiply_adds(given.setup.backbone, tuple(given.images.images.shape[1:]), given.ways)


CANDIDATES: Mapping[str, Candidate] = {
    "nearest mean": untrained(nearest_mean),
    "nearest mean, 16 tasks": untrained(nearest_mean, tasks=16),
    "nearest mean, the circuit's features": untrained(partial(nearest_mean, genes=True)),
    "nearest mean, renewed statistics": untrained(nearest_mean, statistics="renewed", passes=2),
    "ridge head": untrained(ridge_head),
    "ridge head, renewed statistics": untrained(ridge_head, statistics="renewed", passes=2),
    "tangent kernel": untrained(tangent_kernel, tasks=1, passes=PASSES),
    "tangent kernel, renewed statistics": untrained(tangent_kernel, tasks=1, statistics="renewed", passes=PASSES + 1),
    "gradient signs": untrained(gradient_signs, tasks=1, statistics="renewed", passes=PASSES + 1),
    "1 critic, 10 updates": trained(updates=10, critics=1),
    "1 critic, 20 updates": trained(updates=20, critics=1),
    "4 critics, 20 updates": trained(updates=20, critics=4),
    "4 critics, 20 updates, area": trained(updates=20, critics=4, metric="auc"),
    "1 critic, 60 updates": trained(updates=60, critics=1),
}
"""All candidates by name."""
