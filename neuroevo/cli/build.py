"""From settings to objects: devices, data sets, backbones and strategies by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import click
import torch

from neuroevo.backbones import MLP, Backbone, ConvNet4
from neuroevo.benchmarks.contestant import Contestant
from neuroevo.benchmarks.transfer import Transfer
from neuroevo.cli.names import BACKBONES, DATASETS, DATASETS_ON_DISK, STRATEGIES, load
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways
from neuroevo.execution import Recipe
from neuroevo.runs.settings import BenchSettings, RunSettings
from neuroevo.strategies import GTL, PAPER, OneCandidate
from neuroevo.strategies.strategy import Strategy

# What each of these pre-trains; the first two differ in what they hand on of the same network.
PRETRAINS = {"finetune": "whole network", "random-circuit": "whole network", "narrow-pretraining": "narrow network"}


def make_device(settings: RunSettings) -> torch.device:
    """Return the device that the settings name; `auto` is the best one there is.

    Raises:
        click.UsageError: The device is not there.
    """
    available = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    available += ["mps"] if torch.backends.mps.is_available() else []
    available += ["cpu"]
    name = {"auto": available[0], "cuda": "cuda:0"}.get(settings.device, settings.device)
    if name not in available:
        raise click.UsageError(
            f"--device must be auto or one of {', '.join(available)} on this machine, but it is {settings.device}."
        )
    return torch.device(name)


def make_dataset(settings: RunSettings) -> Dataset:
    """Make or read the data set."""
    make = cast(Callable[..., Dataset], load(DATASETS[settings.dataset]))
    return make(settings.data_root) if settings.dataset in DATASETS_ON_DISK else make()


def make_backbone(settings: RunSettings, dataset: Dataset) -> Backbone:
    """Return the backbone at its width for the data set's images."""
    kind = cast(type[MLP] | type[ConvNet4], load(BACKBONES[settings.backbone]))
    widths = tuple(max(1, round(settings.width * width)) for width in kind.widths)
    if issubclass(kind, MLP):
        return kind(widths=widths, inputs=dataset.channels * dataset.size**2)
    return kind(widths=widths, channels=dataset.channels)


def make_contestant(
    name: str, settings: RunSettings, dataset: Dataset, backbone: Backbone, device: torch.device
) -> Contestant:
    """Return the strategy of a name; whatever trains gets as many gradient steps as GTL takes."""

    def gtl(seed: int) -> GTL:
        variant = PAPER if name == "gtl-paper" else {}
        return GTL(dataset, backbone, seed=seed, device=device, **variant, **_evolution(settings, dataset))

    def rival(seed: int) -> Strategy:
        return kind(dataset, backbone, seed=seed, share=settings.share, pretraining=pretraining, device=device)

    if name in ("gtl", "gtl-paper"):
        return Contestant(name, gtl, settings.generations)
    kind = cast(type[OneCandidate], load(STRATEGIES[name]))
    steps = gtl(settings.seed).planned_budget(settings.generations).gradient_steps
    pretraining = _recipe(settings, steps)
    return Contestant(name, rival, pretrains=PRETRAINS.get(name, ""))


def make_protocol(settings: BenchSettings, dataset: Dataset, backbone: Backbone, device: torch.device) -> Transfer:
    """Return how descendants live."""
    return Transfer(
        dataset=dataset,
        backbone=backbone,
        descendant=_recipe(settings, settings.updates),
        ways=settings.ways or default_ways(len(dataset.novel.classes)),
        shots=settings.shots,
        descendants=settings.descendants,
        device=device,
    )


def _evolution(settings: RunSettings, dataset: Dataset) -> dict[str, Any]:
    return {
        "population": settings.population,
        "tournament": settings.tournament,
        "share": settings.share,
        "ways": settings.ways or default_ways(len(dataset.ancestry.classes)),
        "critic_ways": settings.ways or default_ways(len(dataset.held_out.classes)),
        "shots": settings.shots,
        "life": _recipe(settings, settings.life_updates),
        "critic": _recipe(settings, settings.critic_updates),
        "critics": settings.critics,
    }


def _recipe(settings: RunSettings, updates: int) -> Recipe:
    return Recipe(updates=updates, batch=settings.batch, learning_rate=settings.learning_rate)
