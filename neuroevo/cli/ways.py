"""From settings to the way in which populations are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import torch

from neuroevo.backbones import Backbone
from neuroevo.cli.settings.settings import RunSettings
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways, sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training
from neuroevo.execution.modes import Mode
from neuroevo.execution.precision import Precision
from neuroevo.execution.tuning import settled, tuned
from neuroevo.problems import TrainingSetup
from neuroevo.runs.directory import RunDirectory
from neuroevo.seeds import stream
from neuroevo.strategies import GTLSettings
from neuroevo.strategies.gtl.operators import random_founder

TUNING_UPDATES = 10


def make_execution(
    settings: RunSettings, dataset: Dataset, backbone: Backbone, device: torch.device, run: RunDirectory
) -> Execution:
    """Return how populations are trained, and note it in `run.json`; a run that goes on takes what it began with."""
    noted = run.facts.get("execution")
    if isinstance(noted, Mapping):
        return Execution(**cast(dict[str, Any], noted))

    def lives(updates: int = TUNING_UPDATES) -> list[Training]:
        population = settings.population or GTLSettings().population
        return [_life(settings, dataset, backbone, device, updates, slot) for slot in range(population)]

    told = Execution(
        mode="auto" if settings.execution == "tune" else cast(Mode, settings.execution),
        precision=cast(Precision, settings.precision),
        compile=settings.compile,
    )
    if settings.execution == "tune":
        told, seconds = tuned(lives, execution=told, workers=settings.workers)
        run.note({"tuning_seconds": seconds})
    execution = settled(told, lives()[0])
    run.note({"execution": asdict(execution)})
    return execution


def _life(
    settings: RunSettings, dataset: Dataset, backbone: Backbone, device: torch.device, updates: int, slot: int
) -> Training:
    """Return the life of an heir of a founder as GTL has it, cut short."""
    told, generator = GTLSettings(), stream(settings.seed, slot, "tuning")
    founder = random_founder(backbone=backbone, share=settings.share, generator=generator, new_ids=torch.arange)
    setup = TrainingSetup(
        backbone=backbone,
        pixels=Pixels.of(dataset),
        recipe=Recipe(updates=updates, batch=settings.batch, learning_rate=settings.learning_rate),
        isolate=told.isolate,
        condense=told.condense,
        device=device,
    )
    ways = settings.ways or default_ways(len(dataset.ancestry.classes))
    task = sample_task(dataset.ancestry, ways=ways, shots=None, test_per_class=0, generator=generator)
    return setup.prepare(founder, task, generator)
