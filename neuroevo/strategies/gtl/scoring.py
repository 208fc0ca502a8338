"""What GTL's candidates are scored by, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from neuroevo.budget import Budget
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import default_ways
from neuroevo.individual import Individual
from neuroevo.problems import Critic, NearestMean, TangentKernel, TrainingSetup
from neuroevo.problems.untrained import Untrained
from neuroevo.seeds import stream
from neuroevo.strategies.gtl.settings import GTLSettings

UNTRAINED: Mapping[str, type[Untrained]] = {"nearest-mean": NearestMean, "tangent-kernel": TangentKernel}
"""What scores candidates without gradient steps, by the name of the setting."""


@dataclass(frozen=True)
class Chance:
    """Scores individuals by random numbers: the control of selection, in which all else is as it is.

    Attributes:
        seed: The run's seed; an individual's score draws from (seed, id, purpose).
        purpose: Name of the random stream.
    """

    seed: int
    purpose: str = "chance"

    @property
    def budget(self) -> Budget:
        """The cost of scoring one individual: no training."""
        return Budget()

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return a number in [0, 1)."""
        draws = stream(self.seed, individual.id, self.purpose)
        return (float(torch.rand((), generator=draws, dtype=torch.float64)),)


Scores = Critic | Untrained | Chance


def critics(settings: GTLSettings, *, setup: TrainingSetup, images: LabelledImages) -> tuple[Scores, Scores]:
    """Return what scores the candidates of a generation, and what scores the finalists on fresh tasks.

    Args:
        settings: The settings.
        setup: How critics come from learngenes.
        images: The classes of the role `held_out`.
    """
    classes = len(images.classes)
    if settings.scoring == "random":
        return Chance(settings.seed), Chance(settings.seed, purpose="final")
    if settings.critic_ways is not None and settings.critic_ways > classes:
        raise ValueError(
            f"critic_ways must lie in 1..{classes}, the held-out classes, but it is {settings.critic_ways}."
        )
    common: dict[str, Any] = {
        "setup": setup,
        "images": images,
        "ways": settings.critic_ways or default_ways(classes),
        "shots": settings.critic_shots,
        "seed": settings.seed,
        "workers": settings.workers,
    }
    if settings.scoring != "critics":
        untrained: Untrained = UNTRAINED[settings.scoring](**common, tasks=settings.critics)
        return untrained, replace(untrained, tasks=settings.final_critics, purpose="final")
    critic = Critic(**common, critics=settings.critics, metric=settings.metric)
    return critic, replace(critic, critics=settings.final_critics, metric="final", purpose="final", generation=0)
