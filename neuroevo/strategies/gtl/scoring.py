"""What GTL's candidates are scored by, from its settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import default_ways
from neuroevo.problems import Critic, NearestMean, TrainingSetup
from neuroevo.strategies.gtl.settings import GTLSettings


def critics(
    told: GTLSettings, *, setup: TrainingSetup, images: LabelledImages, seed: int, workers: int | None
) -> tuple[Critic | NearestMean, Critic | NearestMean]:
    """Return what scores the candidates of a generation, and what scores the finalists on fresh tasks.

    Args:
        told: The settings.
        setup: How critics come from learngenes.
        images: The classes of the role `held_out`.
        seed: The run's seed.
        workers: Threads on the CPU.
    """
    common: dict[str, Any] = {
        "setup": setup,
        "images": images,
        "ways": told.critic_ways or default_ways(len(images.classes)),
        "shots": told.shots,
        "seed": seed,
        "workers": workers,
    }
    if told.scoring == "nearest-mean":
        mean = NearestMean(**common, tasks=told.critics)
        return mean, replace(mean, tasks=told.final_critics, purpose="final")
    critic = Critic(**common, critics=told.critics, metric=told.metric)
    return critic, replace(critic, critics=told.final_critics, metric="final", purpose="final", generation=0)
