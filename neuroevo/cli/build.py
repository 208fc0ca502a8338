"""From settings to objects: devices, data sets, backbones and strategies by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import click
import torch

from neuroevo.backbones import MLP, Backbone, ViT
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.matching import core_seconds_of_evolution, updates_in
from neuroevo.benchmarks.suites.transfer import Transfer
from neuroevo.cli.names import (
    BACKBONES,
    DATASETS,
    DATASETS_OF_ANY_SIZE,
    DATASETS_ON_DISK,
    DATASETS_TO_DOWNLOAD,
    LEARNGENE_STRATEGIES,
    STRATEGIES,
    load,
)
from neuroevo.cli.settings.heirs import kind_of
from neuroevo.cli.settings.settings import BenchSettings, InheritSettings, RunSettings
from neuroevo.cli.variants import VARIANTS, evolution, generations_of, matched, pretraining, recipe
from neuroevo.data.augmentation import Augmentation
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways
from neuroevo.execution import AUTO, Execution, Processes, WorkerMap
from neuroevo.strategies import GTL, AsynchronousGTL, Layerwise, OneCandidate
from neuroevo.strategies.strategy import Strategy

# What each of these pre-trains; many differ only in what they hand on of the same network.
PRETRAINS = {
    **dict.fromkeys(("finetune", "linear-probe", "heur-lg", "pruned-circuit", "random-circuit"), "whole network"),
    "narrow-pretraining": "narrow network",
    "reptile": "many tasks",
}
UNSHARED = "many tasks"  # takes many lives, none of which can serve another strategy

Kind = TypeVar("Kind", bound=Strategy)


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


def device_facts(device: torch.device) -> dict[str, str]:
    """Return which device a run uses, and what a GPU is called."""
    name = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {"device": str(device), **name}


def make_map(settings: RunSettings) -> AbstractContextManager[WorkerMap | None]:
    """Return the map over the workers that the settings ask for; None for threads, which strategies start themselves.

    Raises:
        click.UsageError: The engine is not installed, or its cluster can't be reached.
    """
    if settings.engine == "threads":
        return nullcontext()
    workers = settings.workers or os.cpu_count() or 1
    if settings.engine == "processes":
        return WorkerMap(Processes(), workers=workers, timeout=settings.eval_timeout)
    try:
        from neuroevo.execution.ray import RayActors
    except ImportError as error:
        raise click.UsageError(f"--engine ray needs the extra `ray` (pip install neuroevo[ray]): {error}.") from None
    try:
        engine = RayActors(address=settings.address, gpus=settings.gpus_per_worker, workers=workers)
    except ConnectionError as error:
        raise click.UsageError(
            f"--address must lead to a Ray cluster, but {settings.address} does not: {error}"
        ) from None
    return WorkerMap(engine, workers=workers, timeout=settings.eval_timeout)


def engine_facts(map_: WorkerMap | None) -> dict[str, object]:
    """Return what a run notes about its workers: what they are, how many, and the torch threads of each."""
    if map_ is None:
        return {"engine": "threads"}
    return {"engine": type(map_.engine).__name__, "workers": map_.workers, "worker_threads": map_.engine.threads}


def check_strategies(names: Sequence[str]) -> None:
    """Raise click.UsageError unless all of these strategies hand on something that descendants can inherit."""
    if refused := [name for name in names if name not in LEARNGENE_STRATEGIES]:
        known = ", ".join(LEARNGENE_STRATEGIES)
        raise click.UsageError(
            f"--strategies must be of {known} for the suite transfer, but {', '.join(refused)} is not."
        )


def check_asynchronous(name: str, settings: RunSettings) -> None:
    """Raise click.UsageError if this variant of GTL is to run in a steady state and can't."""
    if name == "layerwise" and settings.asynchronous:
        raise click.UsageError("--asynchronous is for gtl and its variants, and layerwise evolves in generations.")


def make_dataset(settings: RunSettings) -> Dataset:
    """Make or read the data set."""
    make = cast(Callable[..., Dataset], load(DATASETS[settings.dataset]))
    name = settings.dataset
    files = (settings.data_root,) if name in DATASETS_ON_DISK else ()
    size = {"size": settings.image_size} if settings.image_size and name in DATASETS_OF_ANY_SIZE else {}
    download = {"download": True} if settings.download and name in DATASETS_TO_DOWNLOAD else {}
    return replace(make(*files, **size, **download), augmentation=make_augmentation(settings))


def make_augmentation(settings: RunSettings) -> Augmentation | None:
    """Return what happens to images in training; the numbers are those of `--augment`'s help."""
    wanted = settings.augment
    if not wanted:
        return None
    return Augmentation(
        padding=0.125 if "crop" in wanted else 0.0, flip="flip" in wanted, jitter=0.4 if "jitter" in wanted else 0.0
    )


def make_backbone(settings: RunSettings, dataset: Dataset) -> Backbone:
    """Return the backbone at its width for the data set's images."""
    make = cast(Callable[..., Backbone], load(BACKBONES[settings.backbone]))
    full: Backbone
    if make is MLP:
        full = make(inputs=dataset.channels * dataset.size**2)
    else:
        full = make(channels=dataset.channels, **({"size": dataset.size} if make is ViT else {}))
    return full.resized({group: max(1, round(settings.width * width)) for group, width in full.layout.groups.items()})


def make_heir(name: str, settings: RunSettings, dataset: Dataset) -> Backbone:
    """Return the backbone that a kind of heir stands for, such as `vgg11:0.5`."""
    kind, factor = kind_of(name)
    return make_backbone(settings.model_copy(update={"backbone": kind, "width": settings.width * factor}), dataset)


def make_contestant(
    name: str,
    settings: RunSettings,
    dataset: Dataset,
    backbone: Backbone,
    device: torch.device,
    *,
    pretraining_updates: Mapping[str, int] | None = None,
    map_: WorkerMap | None = None,
    execution: Execution = AUTO,
) -> Contestant:
    """Return the strategy of a name.

    Args:
        name: The name.
        settings: What the run is told.
        dataset: Images.
        backbone: The network that is evolved.
        device: Where networks live.
        pretraining_updates: Updates by what is pre-trained (see `PRETRAINS`); by default as many gradient steps as GTL
            takes.
        map_: The map over workers; by default the strategy's own.
        execution: In which way populations are trained.
    """
    workers = settings.workers if map_ is None else None
    common: dict[str, Any] = {"device": device, "workers": workers, "execution": execution}

    def mapped(strategy: Kind) -> Kind:
        if map_ is not None:
            strategy.toolbox.register("map", map_)
        return strategy

    def evolving(variant: str, seed: int) -> GTL:
        variety = Layerwise if variant == "layerwise" else AsynchronousGTL if settings.asynchronous else GTL
        make = partial(variety, dataset, backbone, seed=seed, **common)
        told = evolution(variant, settings, dataset)
        if variant != "gtl" and isinstance(settings, BenchSettings):
            told = matched(told, make, generations=generations_of(variant, settings), gradient_steps=steps())
        return mapped(make(**told))

    def steps() -> int:
        return evolving("gtl", settings.seed).planned_budget(settings.generations).gradient_steps

    if name in VARIANTS:
        check_asynchronous(name, settings)
        return Contestant(name, partial(evolving, name), generations_of(name, settings))
    kind = cast(type[OneCandidate], load(STRATEGIES[name]))
    pretrains = PRETRAINS.get(name, "")
    updates = pretraining_updates[pretrains] if pretraining_updates is not None and pretrains else steps()
    # Reptile's many short trainings on few classes have the rate of descendants, whom they prepare for.
    trained = recipe(settings, updates) if pretrains == UNSHARED else pretraining(settings, updates)

    def rival(seed: int) -> Strategy:
        return mapped(kind(dataset, backbone, seed=seed, share=settings.share, pretraining=trained, **common))

    return Contestant(name, rival, pretrains="" if pretrains == UNSHARED else pretrains)


def match_budgets(
    settings: BenchSettings, dataset: Dataset, backbone: Backbone, device: torch.device, *, execution: Execution = AUTO
) -> dict[str, int]:
    """Return the updates of each kind of pre-training that the strategies of a comparison need.

    `--match steps` gives them the gradient steps of GTL, `seconds` its core-seconds, which are measured here, and
    `none` what the settings say.
    """
    kinds = {PRETRAINS[name]: name for name in reversed(settings.strategies) if name in PRETRAINS}
    gtl = cast(
        GTL, make_contestant("gtl", settings, dataset, backbone, device, execution=execution).make(settings.seed)
    )
    if settings.match == "none":
        return dict.fromkeys(kinds, settings.pretraining_updates)
    if settings.match == "steps" or not kinds:
        return dict.fromkeys(kinds, gtl.planned_budget(settings.generations).gradient_steps)
    total = core_seconds_of_evolution(gtl, settings.generations)
    rivals = {
        kind: make_contestant(name, settings, dataset, backbone, device, execution=execution)
        for kind, name in kinds.items()
    }
    return {kind: updates_in(total, cast(OneCandidate, one.make(settings.seed))) for kind, one in rivals.items()}


def make_protocol(
    settings: BenchSettings, dataset: Dataset, backbone: Backbone, device: torch.device, *, execution: Execution = AUTO
) -> Transfer:
    """Return how descendants live."""
    lives = {"updates": settings.updates, "descendants": settings.descendants}
    return _protocol(settings, dataset, backbone, device, **lives, execution=execution)


def make_descendant(settings: InheritSettings, device: torch.device) -> Transfer:
    """Return how a single descendant lives."""
    dataset = make_dataset(settings).to(device)
    backbone = make_backbone(settings, dataset)
    return _protocol(settings, dataset, backbone, device, updates=settings.updates, descendants=1)


def _protocol(
    settings: RunSettings,
    dataset: Dataset,
    backbone: Backbone,
    device: torch.device,
    *,
    updates: int,
    descendants: int,
    execution: Execution = AUTO,
) -> Transfer:
    return Transfer(
        dataset=dataset,
        backbone=backbone,
        descendant=recipe(settings, updates),
        ways=settings.ways or default_ways(len(dataset.novel.classes)),
        shots=settings.every_shots[0],
        descendants=descendants,
        device=device,
        workers=settings.workers,
        execution=execution,
    )
