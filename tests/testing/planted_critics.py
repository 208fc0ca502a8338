"""Critics whose candidates do not meet equal conditions, or that measure something else.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from neuroevo.backbones import MLP
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.execution import Pixels, Recipe, Training
from neuroevo.individual import Individual
from neuroevo.operators.inherited import Inheritance
from neuroevo.problems.critic import Critic
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.testing.laws import Law, critic_laws
from neuroevo.testing.references.critics import critic as reference
from neuroevo.testing.strategies import learngenes

BACKBONE = MLP(widths=(4,), inputs=4)

Inherit = Callable[..., Inheritance]


class SeedOfTheId(Critic):
    """Draws follow from the id of an individual."""

    def _prepare(self, individual: Individual, number: int) -> Training:
        return Critic._prepare(replace(self, seed=individual.id), individual, number)


class RelativeToTheFirst(Critic):
    """Scores are compared with the first candidate of the batch, and so depend on which one that is."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return half of the difference from the first one's score, from 0 to 1."""
        scores = [score for (score,) in super().batch(individuals)]
        return [((1 + score - scores[0]) / 2,) for score in scores]


class OneNetwork(Critic):
    """All critics of a candidate draw the same task and weights."""

    def _prepare(self, individual: Individual, number: int) -> Training:
        return super()._prepare(individual, 0)


class Percent(Critic):
    """Scores are shares in percent."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores from 0 to 100."""
        return [(100 * score,) for (score,) in super().batch(individuals)]


class TestedOnTraining(Critic):
    """The accuracy is that on training images."""

    def task(self, generation: int, number: int) -> Task:
        """Return a task with its training images as test."""
        task = super().task(generation, number)
        return replace(task, test=task.train, test_labels=task.train_labels)


@dataclass(frozen=True)
class Making:
    """Makes critics of a kind.

    Attributes:
        kind: Their class.
    """

    kind: type[Critic]

    def __call__(self, inherit: Inherit) -> Critic:
        """Return a critic on three classes of noise around a level."""
        labels = torch.arange(3).repeat(8)
        noise = torch.randint(60, (24, 1, 2, 2), generator=torch.Generator().manual_seed(0))
        images = (noise + 60 * labels.reshape(-1, 1, 1, 1)).to(torch.uint8)
        recipe = Recipe(updates=6, batch=4, learning_rate=0.1)
        setup = TrainingSetup(backbone=BACKBONE, pixels=Pixels((0.4,), (0.2,)), recipe=recipe, inherit=inherit)
        source = LabelledImages(images, labels, ("dark", "grey", "light"))
        return self.kind(setup=setup, images=source, ways=3, shots=2, seed=1, critics=2)


LAWS: list[Law] = critic_laws(learngenes(backbone=BACKBONE), reference=reference)

PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("SeedOfTheId", "draws by id", "equal candidates have equal scores", (Making(SeedOfTheId), LAWS)),
    (
        "RelativeToTheFirst",
        "scores relative to the first candidate",
        "the order of candidates does not count",
        (Making(RelativeToTheFirst), LAWS),
    ),
    (
        "OneNetwork",
        "one network for all critics of a candidate",
        "all candidates meet the same fresh networks",
        (Making(OneNetwork), LAWS),
    ),
    ("Percent", "scores in percent", "scores lie between 0 and 1", (Making(Percent), LAWS)),
    (
        "TestedOnTraining",
        "a test on training images",
        "scores are the reference's",
        (Making(TestedOnTraining), LAWS),
    ),
)
