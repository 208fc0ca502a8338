"""Scores of learngenes, by a plain training loop (`neuroevo.problems.critic` and `nearest_mean`).

An answer whose two greatest logits nearly tie may be counted either way, because sums round differently: so each score
is the lowest and the highest one that would be right.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Network
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, sample_task
from neuroevo.execution import Recipe
from neuroevo.individual import Individual
from neuroevo.problems.critic import Critic
from neuroevo.problems.nearest_mean import NearestMean
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.seeds import stream
from neuroevo.testing.references.tasks import smallest_class

Range = tuple[float, float]

TIE = 1e-3
"""Difference of two logits or distances up to which an answer may be counted either way."""


def critic(problem: Critic, individual: Individual) -> Range:
    """Train fresh networks with the genes on tasks of the generation, and take the mean of their accuracies."""
    generation = individual.generation if problem.generation is None else problem.generation
    ranges = []
    for number in range(problem.critics):
        draws = [stream(problem.seed, generation, problem.purpose, number, what) for what in ("task", "weights")]
        task = _task(problem, draws[0])
        network = _heir(problem.setup, individual, problem.ways, draws[1])
        ranges.append(_learned(problem, network, task, draws[1]))
    return _mean(ranges)


def nearest_mean(problem: NearestMean, individual: Individual) -> Range:
    """Name each image by the nearest mean of the features of a class, without any training."""
    ranges = []
    for number in range(problem.tasks):
        draws = stream(problem.seed, problem.purpose, number)
        task = _task(problem, draws)
        network = _heir(problem.setup, individual, problem.ways, draws).eval()
        with torch.no_grad():
            features = network.features(_pixels(problem.setup, task, task.train))
            means = torch.stack([features[task.train_labels == label].mean(0) for label in range(problem.ways)])
            tested = network.features(_pixels(problem.setup, task, task.test))
        distances = (tested[:, None] - means[None]).square().sum(2).sqrt()
        ranges.append(_right(-distances, task.test_labels))
    return _mean(ranges)


def rates(recipe: Recipe) -> list[float]:
    """Rise by a cosine over 30 % of the updates from 1/25 of the highest rate, and fall by a cosine to 0."""
    highest, rise, found = recipe.learning_rate, max(1, round(0.3 * recipe.updates)), []
    for update in range(recipe.updates):
        if update < rise:
            low, part = highest / 25, update / rise
            found.append(low + (highest - low) * (1 - math.cos(math.pi * part)) / 2)
        else:
            part = (update - rise) / max(1, recipe.updates - rise)
            found.append(highest * (1 + math.cos(math.pi * part)) / 2)
    return found


def _learned(problem: Critic, network: Network, task: Task, draws: torch.Generator) -> Range:
    """Train, and return the accuracy at the end or the area under the curve of five accuracies."""
    setup, recipe = problem.setup, problem.setup.recipe
    points = {round(recipe.updates * part / 4) for part in range(5)} if problem.metric == "auc" else {recipe.updates}
    optimizer = torch.optim.SGD(
        network.parameters(), lr=1.0, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    batch = min(recipe.batch, len(task.train))
    waiting: list[int] = []
    curve: dict[int, Range] = {}
    for update in range(recipe.updates + 1):
        if update in points:
            curve[update] = _accuracy(setup, network, task)
        if update == recipe.updates:
            break
        if len(waiting) < batch:
            waiting = torch.randperm(len(task.train), generator=draws).tolist()
        rows, waiting = waiting[:batch], waiting[batch:]
        optimizer.param_groups[0]["lr"] = rates(recipe)[update]
        network.train().zero_grad()
        F.cross_entropy(network(_pixels(setup, task, task.train[rows])), task.train_labels[rows]).backward()
        optimizer.step()
    if len(curve) == 1:
        return next(iter(curve.values()))
    low, high = (np.trapezoid([each[end] for each in curve.values()], [*curve]) / recipe.updates for end in (0, 1))
    return float(low), float(high)


def _task(problem: Critic | NearestMean, draws: torch.Generator) -> Task:
    images: LabelledImages = problem.images
    test = min(problem.test_per_class, smallest_class(images) - problem.shots)
    return sample_task(images, ways=problem.ways, shots=problem.shots, test_per_class=test, generator=draws)


def _heir(setup: TrainingSetup, individual: Individual, ways: int, draws: torch.Generator) -> Network:
    network = setup.backbone.build(ways, generator=draws)
    heir = setup.inherit(individual.genome, network.state_dict(), layout=setup.backbone.layout)
    network.load_state_dict(heir.weights)
    return network


def _pixels(setup: TrainingSetup, task: Task, rows: Tensor) -> Tensor:
    images = task.source.images[rows].float() / 255
    mean, std = (torch.tensor(each).reshape(1, -1, 1, 1) for each in (setup.pixels.mean, setup.pixels.std))
    return (images - mean) / std


def _accuracy(setup: TrainingSetup, network: Network, task: Task) -> Range:
    with torch.no_grad():
        logits = network.eval()(_pixels(setup, task, task.test))
    return _right(logits, task.test_labels)


def _right(logits: Tensor, labels: Tensor) -> Range:
    """Return the share of answers that are right for certain, and that of those that may be."""
    own = logits[torch.arange(len(labels)), labels]
    others = logits.scatter(1, labels[:, None], -math.inf).max(1).values
    return float((own > others + TIE).float().mean()), float((own > others - TIE).float().mean())


def _mean(ranges: list[Range]) -> Range:
    low, high = zip(*ranges, strict=True)
    return sum(low) / len(low), sum(high) / len(high)
