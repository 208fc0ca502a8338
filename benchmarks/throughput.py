"""Suite `throughput`: how fast populations of convolutional networks are trained.

Claim to be tested: the looped way trains ConvNet4 16-32-64-64 (batch 64, 28x28, P = 8) at 0.25 or more of the rate of
a large `torch.nn.functional.linear` in the same run. Both are measured in turn, several times; the ratio is taken
run by run, and the median is quoted with the spread, for machines are noisy.
"""

from __future__ import annotations

import csv
import io
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch.nn import functional as F

from neuroevo.backbones import ConvNet4
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.execution import Pixels, Recipe, Training, train_all
from neuroevo.execution.cost import training_budget
from neuroevo.seeds import stream

POPULATION = 8
CLASSES = 20
IMAGE = (1, 28, 28)
IMAGES = 2000
RECIPE = Recipe(updates=25, batch=64)
LINEAR = 2048
LINEAR_CALLS = 8


@dataclass(frozen=True)
class Throughput:
    """What one run of the suite measured; medians over the repeats, rates in 1e9 floating-point operations per second.

    Attributes:
        device: Where it ran.
        threads: Torch threads.
        torch: Version of torch.
        machine: The processor's name as the platform gives it.
        repeats: Repeats, n.
        population: Networks trained, P.
        step_milliseconds: Time for one update of every network of the population.
        network_updates_per_second: Updates of one network per second.
        training_rate: Rate of training.
        linear_rate: Rate of a large `F.linear` in the same run.
        fraction: Median of training_rate / linear_rate, repeat by repeat.
        fraction_low: Its least value.
        fraction_high: Its greatest value.
    """

    device: str
    threads: int
    torch: str
    machine: str
    repeats: int
    population: int
    step_milliseconds: float
    network_updates_per_second: float
    training_rate: float
    linear_rate: float
    fraction: float
    fraction_low: float
    fraction_high: float


def measure(
    *, repeats: int = 5, device: torch.device | str = "cpu", on_repeat: Callable[[], object] = lambda: None
) -> Throughput:
    """Measure training against the yardstick in turn, after one untimed call of each."""
    device = torch.device(device)
    trainings, linear = _trainings(device), _linear(device)
    backbone = ConvNet4(channels=IMAGE[0])
    budget = training_budget(backbone, RECIPE, image=IMAGE, classes=CLASSES, images=IMAGES)
    work = 2 * POPULATION * budget.multiply_adds
    seconds, yardsticks = [], []
    _timed(trainings, device)
    _timed(linear, device)
    for _ in range(repeats):
        yardsticks.append(_timed(linear, device))
        seconds.append(_timed(trainings, device))
        on_repeat()
    rates = [work / each / 1e9 for each in seconds]
    limits = [2 * LINEAR_CALLS * LINEAR**3 / each / 1e9 for each in yardsticks]
    fractions = [rate / limit for rate, limit in zip(rates, limits, strict=True)]
    step = statistics.median(seconds) / RECIPE.updates
    return Throughput(
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        machine=platform.processor() or platform.machine(),
        repeats=repeats,
        population=POPULATION,
        step_milliseconds=1000 * step,
        network_updates_per_second=POPULATION / step,
        training_rate=statistics.median(rates),
        linear_rate=statistics.median(limits),
        fraction=statistics.median(fractions),
        fraction_low=min(fractions),
        fraction_high=max(fractions),
    )


def in_words(result: Throughput) -> str:
    """Return the figures as text."""
    return (
        f"Training ConvNet4 16-32-64-64, P = {result.population}, batch {RECIPE.batch}: "
        f"{result.step_milliseconds:.1f} ms per update of the population, "
        f"{result.network_updates_per_second:.0f} network updates/s, {result.training_rate:.0f} GFLOP/s.\n"
        f"F.linear {LINEAR}x{LINEAR}: {result.linear_rate:.0f} GFLOP/s. "
        f"Fraction {result.fraction:.2f} ({result.fraction_low:.2f} to {result.fraction_high:.2f}, "
        f"n = {result.repeats}), {result.device}, {result.threads} threads, torch {result.torch}, {result.machine}."
    )


def to_csv(result: Throughput) -> str:
    """Return the figures as comma-separated values with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(asdict(result)), lineterminator="\n")
    writer.writeheader()
    writer.writerow(asdict(result))
    return text.getvalue()


def _trainings(device: torch.device) -> Callable[[], object]:
    generator = stream(0, "throughput")
    pixels = torch.randint(256, (IMAGES, *IMAGE), dtype=torch.uint8, generator=generator)
    labels = torch.arange(IMAGES) % CLASSES
    images = LabelledImages(pixels, labels, tuple(f"class {i}" for i in range(CLASSES))).to(device)
    rows = torch.arange(IMAGES, device=device)
    task = Task(images, torch.arange(CLASSES), rows, images.labels, rows[:0], images.labels[:0])
    networks = [ConvNet4(channels=IMAGE[0]).build(CLASSES, generator=generator).to(device) for _ in range(POPULATION)]

    def train() -> None:
        train_all(
            [
                Training(
                    network=network,
                    task=task,
                    pixels=Pixels((0.5,), (0.3,)),
                    recipe=RECIPE,
                    generator=stream(slot, "throughput"),
                )
                for slot, network in enumerate(networks)
            ]
        )

    return train


def _linear(device: torch.device) -> Callable[[], object]:
    generator = stream(1, "throughput")
    left, right = (torch.rand(LINEAR, LINEAR, generator=generator).to(device) for _ in range(2))

    def multiply() -> None:
        for _ in range(LINEAR_CALLS):
            F.linear(left, right)

    return multiply


def _timed(work: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
