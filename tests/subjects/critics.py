"""Critics: what learngenes are scored by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from neuroevo.backbones import MLP
from neuroevo.data.images import LabelledImages
from neuroevo.execution import Pixels, Recipe
from neuroevo.operators.inherited import Inheritance
from neuroevo.problems.critic import Critic
from neuroevo.problems.nearest_mean import NearestMean
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.testing.laws import critic_laws
from neuroevo.testing.references import critics as references
from neuroevo.testing.strategies import learngenes
from subjects.subject import Subject

FILES = ("neuroevo/problems/critic.py", "neuroevo/problems/training_setup.py", "neuroevo/execution/training.py")
MEANS = ("neuroevo/problems/nearest_mean.py", "neuroevo/problems/training_setup.py")
BACKBONE = MLP(widths=(5, 4), inputs=4)

Inherit = Callable[..., Inheritance]


def images() -> LabelledImages:
    """Return four classes of 6 to 9 noisy images each, 2 x 2."""
    labels = torch.arange(4).repeat_interleave(torch.tensor([9, 6, 8, 7]))
    generator = torch.Generator().manual_seed(0)
    levels = torch.randint(60, 200, (4, 4), generator=generator)[labels]
    noise = torch.randint(-50, 50, (len(labels), 4), generator=generator)
    pixels = (levels + noise).clamp(0, 255).reshape(-1, 1, 2, 2).to(torch.uint8)
    return LabelledImages(pixels, labels, tuple("abcd"))


def setup(inherit: Inherit, **settings: Any) -> TrainingSetup:
    """Return how heirs are built and trained."""
    recipe = Recipe(**{"updates": 9, "batch": 4, "learning_rate": 0.1, **settings})
    return TrainingSetup(backbone=BACKBONE, pixels=Pixels((0.4,), (0.2,)), recipe=recipe, inherit=inherit)


def critic(inherit: Inherit, *, recipe: dict[str, Any] | None = None, **settings: Any) -> Critic:
    """Return a critic."""
    given = {"ways": 3, "shots": 3, "seed": 5, **settings}
    return Critic(setup=setup(inherit, **(recipe or {})), images=images(), **given)


def nearest(inherit: Inherit, **settings: Any) -> NearestMean:
    """Return a critic without training."""
    return NearestMean(setup=setup(inherit), images=images(), ways=4, shots=2, seed=3, **settings)


def _subject(name: str, make: Callable[..., object], reference: Any, files: tuple[str, ...] = FILES) -> Subject:
    return Subject(name, files, lambda: make, lambda: critic_laws(learngenes(backbone=BACKBONE), reference=reference))


SUBJECTS = [
    _subject("critic at the end", partial(critic, critics=2, test_per_class=50), references.critic),
    _subject("critic of a curve", partial(critic, metric="auc", purpose="rescore"), references.critic),
    _subject(
        "critic of a generation",
        partial(critic, generation=2, test_per_class=2, shots=2, recipe={"updates": 2, "batch": 64, "momentum": 0.0}),
        references.critic,
    ),
    _subject("nearest class means", partial(nearest, tasks=3), references.nearest_mean, MEANS),
]
