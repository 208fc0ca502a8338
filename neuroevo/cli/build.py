"""From settings to objects: devices, maps, data sets, backbones, and how populations are trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
import torch

from neuroevo import catalogue
from neuroevo.backbones import Backbone
from neuroevo.backbones.fitting import fitted
from neuroevo.cli.settings.run import Data, Networks, SeededRun, Workers
from neuroevo.cli.status import status
from neuroevo.data.augmentation import Augmentation
from neuroevo.data.images import Dataset
from neuroevo.data.mixed import mixed
from neuroevo.data.rehearsal import rehearsal
from neuroevo.data.tasks import default_ways, sample_task
from neuroevo.execution import Execution, Pixels, Processes, Recipe, Training, WorkerMap
from neuroevo.execution.tuning import settled, tuned
from neuroevo.extras import install
from neuroevo.files import CheckpointError
from neuroevo.problems import TrainingSetup
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.names import FACTS
from neuroevo.seeds import stream
from neuroevo.signatures import parameters
from neuroevo.strategies import GTLSettings
from neuroevo.strategies.gtl.operators import random_founder

Job = Callable[[RunDirectory, WorkerMap | None], None]
"""Runs a suite in an open run directory, on a map over workers or on threads."""

TUNING_UPDATES = 10


def make_device(settings: SeededRun) -> torch.device:
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


def make_map(settings: Workers) -> AbstractContextManager[WorkerMap | None]:
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
        raise click.UsageError(f"--engine ray needs Ray ({error}): {install('ray')}.") from None
    try:
        engine = RayActors(address=settings.address, gpus=settings.gpus_per_worker, workers=workers)
    except ConnectionError as error:
        raise click.UsageError(
            f"--address must lead to a Ray cluster, but {settings.address} does not: {error}"
        ) from None
    return WorkerMap(engine, workers=workers, timeout=settings.eval_timeout)


@contextmanager
def usage() -> Iterator[None]:
    """Make a mistake in usage of a value that a strategy, a problem or a suite refuses inside the context."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def engine_facts(map_: WorkerMap | None) -> dict[str, object]:
    """Return what a run notes about its workers: what they are, how many, and the torch threads of each."""
    if map_ is None:
        return {"engine": "threads"}
    return {"engine": type(map_.engine).__name__, "workers": map_.workers, "worker_threads": map_.engine.threads}


def make_dataset(
    settings: Data,
    *,
    name: str | None = None,
    data_root: Path | None = None,
    environments: str | None = None,
    otherwise: str = "one",
) -> Dataset:
    """Make or read the data set of the settings, or of another name with its folder.

    Args:
        settings: The settings.
        name: Another data set.
        data_root: The folder of its files.
        environments: Environments of ancestry, "one" or "mixed"; None keeps those that it has.
        otherwise: The same, for data that have none.
    """
    chosen = settings.dataset if name is None else name
    root = settings.data_root if name is None else data_root
    status.say(f"preparing the data set {chosen}")
    make = cast(Callable[..., Dataset], find("dataset", chosen))
    known, given = parameters(make), {"size": settings.image_size, "download": settings.download or None}
    files = {"data_root": root} if "data_root" in known else {}
    wanted = {key: value for key, value in given.items() if value is not None and key in known}
    heard = {"progress": partial(status.say_read, chosen)} if "progress" in known else {}
    found = replace(make(**files, **wanted, **heard), augmentation=make_augmentation(settings))
    if settings.rehearse:
        with usage():
            found = rehearsal(found)
    if (environments or (otherwise if found.environments is None else None)) == "mixed":
        with usage():
            return mixed(found)
    return replace(found, environments=None) if environments == "one" else found


def make_augmentation(settings: Data) -> Augmentation | None:
    """Return what happens to images in training; the numbers are those of `--augment`'s help."""
    wanted = settings.augment
    if not wanted:
        return None
    return Augmentation(
        padding=0.125 if "crop" in wanted else 0.0, flip="flip" in wanted, jitter=0.4 if "jitter" in wanted else 0.0
    )


def make_backbone(settings: Data, dataset: Dataset, *, name: str | None = None, width: float = 1.0) -> Backbone:
    """Return the backbone of the settings, or of another name, for the data set's images.

    Args:
        settings: Name and width.
        dataset: Says which images it takes.
        name: Another backbone's name.
        width: A further factor on its channels.
    """
    make = cast(Callable[..., Backbone], find("backbone", settings.backbone if name is None else name))
    # Where a size is asked for, images that have none are refused in the data set's words.
    shape = (dataset.channels, dataset.size, dataset.size) if "size" in parameters(make) else dataset.shape
    return fitted(make, shape, width=settings.width * width)


def make_execution(
    settings: Networks,
    own: Mapping[str, Any],
    dataset: Dataset,
    backbone: Backbone,
    device: torch.device,
    run: RunDirectory,
) -> Execution:
    """Return how populations are trained, and note it in `run.json`; a run that is resumed keeps what it began with.

    Args:
        settings: The run's settings.
        own: Those of its strategies: what is timed has their population, share and batch.
        dataset: Images.
        backbone: The network.
        device: Where networks live.
        run: The run's directory.
    """
    noted = run.facts.get("execution")
    if isinstance(noted, Mapping):
        try:
            return Execution(**cast(dict[str, Any], noted))
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"{run.path / FACTS} is damaged: its execution is none ({error}).") from error

    def lives(updates: int = TUNING_UPDATES) -> list[Training]:
        population = own.get("population") or GTLSettings().population
        return [_life(own, settings.seed, dataset, backbone, device, updates, slot) for slot in range(population)]

    execution = Execution(
        mode="auto" if settings.execution == "tune" else settings.execution,
        precision=settings.precision,
        compile=settings.compile,
    )
    if settings.execution == "tune":
        status.say("timing modes of execution")
        execution, seconds = tuned(lives, execution=execution, workers=settings.workers)
        run.note({"tuning_seconds": seconds})
    execution = settled(execution, lives()[0])
    run.note({"execution": asdict(execution)})
    return execution


def find(kind: str, name: str) -> object:
    """Return the thing of a name; an unknown or broken one is a mistake in usage."""
    try:
        return catalogue.find(kind, name)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _life(
    own: Mapping[str, Any],
    seed: int,
    dataset: Dataset,
    backbone: Backbone,
    device: torch.device,
    updates: int,
    slot: int,
) -> Training:
    """Return the training run of an heir of a founder as GTL has it, cut short."""
    default, generator = GTLSettings(), stream(seed, slot, "tuning")
    share = own.get("share") or default.share
    structure = own.get("structure") or default.structure
    founder = random_founder(
        backbone=backbone, share=share, structure=structure, generator=generator, new_ids=torch.arange
    )
    batch = own.get("life_batch") or own.get("batch") or default.life.batch
    setup = TrainingSetup(
        backbone=backbone,
        pixels=Pixels.of(dataset),
        recipe=Recipe(updates=updates, batch=batch),
        isolate=default.isolate,
        condense=default.condense,
        device=device,
    )
    ways, most = own.get("life_ways"), len(dataset.ancestry.classes)
    count = min(ways, most) if isinstance(ways, int) else default_ways(most)
    task = sample_task(dataset.ancestry, ways=count, shots=None, test_per_class=0, generator=generator)
    return setup.prepare(founder, task, generator)
