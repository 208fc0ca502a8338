"""What GTL's candidates are scored by, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import default_ways
from neuroevo.problems import Critic, NearestMean, TangentKernel, TrainingSetup
from neuroevo.problems.untrained import Untrained
from neuroevo.strategies.gtl.settings import GTLSettings

UNTRAINED: Mapping[str, type[Untrained]] = {"nearest-mean": NearestMean, "tangent-kernel": TangentKernel}
"""What scores candidates without gradient steps, by the name of the setting."""


def critics(
    settings: GTLSettings, *, setup: TrainingSetup, images: LabelledImages
) -> tuple[Critic | Untrained, Critic | Untrained]:
    """Return what scores the candidates of a generation, and what scores the finalists on fresh tasks.

    Args:
        settings: The settings.
        setup: How critics come from learngenes.
        images: The classes of the role `held_out`.
    """
    classes = len(images.classes)
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
