"""Suite `throughput`: how fast populations of networks are run and trained, and what share of the limit that is.

Claims to be tested, on two cores: populations of small perceptrons (17-64-64-6, 256 inputs) run at 0.2 or more of the
limit and ConvNet4 16-32-64-64 (batch 64, 28x28, P = 8) is trained at 0.25 or more of it; time grows in proportion to
P, and memory does not grow faster. The limit is the rate of the best one of a large `torch.mm`, a large
`torch.nn.functional.linear` and a large convolution in the same run. `--backbone` trains another one in place of
ConvNet4: as many networks as there are threads, on colour images of 32x32. All works are measured in turn, several
times, and a fraction is taken repeat by repeat. Activations count as no work, though a hyperbolic tangent takes as long
as tens of multiply-adds.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from neuroevo import catalogue
from neuroevo.backbones import Backbone, ConvNet4
from neuroevo.backbones.fitting import fitted
from neuroevo.benchmarks.analysis.csv_rows import rows_to_csv
from neuroevo.benchmarks.speed.measured import of_records, to_records
from neuroevo.benchmarks.speed.timing import (
    Spread,
    Work,
    conditions,
    describe_conditions,
    exponent,
    in_turn,
    peak_mebibytes,
)
from neuroevo.benchmarks.speed.workloads import perceptron
from neuroevo.benchmarks.suites.measurement import Counter, Measurement, MeasurementSetup
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.execution import Pixels, Recipe, Training, train_all
from neuroevo.execution.cost import training_budget
from neuroevo.execution.forward import Forward
from neuroevo.execution.training import channels_last
from neuroevo.seeds import stream
from neuroevo.space import Space

SCALING = (1, 4, 16, 64, 256, 1024)
INPUTS = 256
SIZES = (17, 64, 64, 6)
POPULATION = 8
CLASSES = 20
IMAGE = (1, 28, 28)
IMAGES = 2000
RECIPE = Recipe(updates=25, batch=64)
COLOUR = (3, 32, 32)
FEW = 3
"""Updates of other backbones, which may take a second each."""
LARGE = 2048
CONVOLVED, BATCH = 128, 16
"""Channels in and out of the large convolution, and its images."""
MATRICES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"torch.mm": torch.mm, "F.linear": F.linear}
YARDSTICKS = (*MATRICES, "F.conv2d")
WORKS = 2 * len(SCALING) + 1 + len(YARDSTICKS)
"""What is measured in turn."""

EACH, SHARED, TRAINED = "perceptron, an input each", f"perceptron, {INPUTS} shared inputs", "ConvNet4, training"


@dataclass(frozen=True)
class Trained:
    """The networks that are trained.

    Attributes:
        name: What the work is called.
        backbone: Their architecture.
        image: Channels, height and width of an image.
        population: Networks, P.
        recipe: How they are trained.
    """

    name: str
    backbone: Backbone
    image: tuple[int, int, int]
    population: int
    recipe: Recipe

    @classmethod
    def default(cls) -> Trained:
        """Return those of the suite's claim."""
        return cls(TRAINED, ConvNet4(channels=IMAGE[0]), IMAGE, POPULATION, RECIPE)

    @classmethod
    def of(cls, name: str, width: float) -> Trained:
        """Return as many networks of a backbone as there are threads, with a factor on its channels."""
        make: Any = catalogue.find("backbone", name)
        label = name if width == 1 else f"{name} x {width:g}"
        recipe = replace(RECIPE, updates=FEW)
        return cls(f"{label}, training", fitted(make, COLOUR, width=width), COLOUR, torch.get_num_threads(), recipe)


@dataclass(frozen=True)
class Job:
    """A work with what it counts for.

    Attributes:
        run: One call.
        population: Networks, P.
        operations: Floating-point operations of a call, a multiply-add counted as two.
        passes: Passes (or updates) of each network in a call.
    """

    run: Work
    population: int
    operations: float
    passes: int = 1


@dataclass(frozen=True)
class Row:
    """How fast a work goes; medians over the repeats, rates in 1e9 floating-point operations per second.

    Attributes:
        work: What is done.
        population: Networks, P.
        milliseconds: Time for one pass, or update, of all networks.
        milliseconds_low: Its first quartile.
        milliseconds_high: Its third quartile.
        networks_per_second: Passes, or updates, of one network per second.
        rate: Rate of operations.
        fraction: Median of rate over the limit, repeat by repeat.
        fraction_low: Its first quartile.
        fraction_high: Its third quartile.
        peak_mebibytes: Memory that is held during a call beyond what was before; None where the system does not say.
    """

    work: str
    population: int
    milliseconds: float
    milliseconds_low: float
    milliseconds_high: float
    networks_per_second: float
    rate: float
    fraction: float
    fraction_low: float
    fraction_high: float
    peak_mebibytes: float | None


@dataclass(frozen=True)
class Throughput:
    """What one run of the suite measured.

    Attributes:
        conditions: Hardware, threads and versions.
        repeats: Samples of each row, n.
        yardstick: Which yardstick is the limit.
        limit: Its rate, in 1e9 floating-point operations per second.
        exponents: The power of P that the time of a work grows with, by work.
        rows: By work and population.
    """

    conditions: Mapping[str, object]
    repeats: int
    yardstick: str
    limit: float
    exponents: Mapping[str, float]
    rows: tuple[Row, ...]


def measure(
    *,
    repeats: int = 5,
    device: torch.device | str = "cpu",
    trained: Trained | None = None,
    on_sample: Callable[[], object] = lambda: None,
) -> Throughput:
    """Measure all works and yardsticks in turn, then the memory that a call takes."""
    device = torch.device(device)
    found = jobs(device, trained)
    works: dict[str, Work] = {name: yardstick(name, device) for name in YARDSTICKS}
    works |= {_name(*key): job.run for key, job in found.items()}
    times = in_turn(works, repeats=repeats, device=device, on_sample=on_sample)
    peaks = {key: peak_mebibytes(job.run, device=device) for key, job in found.items()}
    return summarise(found, times, peaks, device)


def summarise(
    found: Mapping[tuple[str, int], Job],
    times: Mapping[str, Sequence[float]],
    peaks: Mapping[tuple[str, int], float | None],
    device: torch.device | str = "cpu",
) -> Throughput:
    """Return the measurement of milliseconds by name, as `measure` takes them."""
    limits = {name: [operations_of(name) / each / 1e6 for each in times[name]] for name in YARDSTICKS}
    best = max(limits, key=lambda name: statistics.median(limits[name]))
    rows = tuple(_row(key, job, times[_name(*key)], limits[best], peaks[key]) for key, job in found.items())
    return Throughput(
        conditions=conditions(device),
        repeats=len(times[best]),
        yardstick=best,
        limit=statistics.median(limits[best]),
        exponents=_exponents(rows),
        rows=rows,
    )


def describe(result: Throughput) -> str:
    """Return the limit, what it holds for and the measurement as text."""
    lines = [f"  {_sentence(row)}" for row in result.rows]
    grown = [f"{work}: {power:.2f}" for work, power in result.exponents.items()]
    return "\n".join(
        [
            f"The limit is {result.yardstick} {_size_of(result.yardstick)}: {result.limit:.0f} GFLOP/s, in turn.",
            describe_conditions(result.conditions, samples=result.repeats),
            *lines,
            f"Time grows with P to the power of (P = {SCALING[0]} to {SCALING[-1]:,}) {'; '.join(grown)}.",
        ]
    )


def to_csv(result: Throughput) -> str:
    """Return the rows as comma-separated values with a header."""
    return rows_to_csv(Row, result.rows)


def records(result: Throughput) -> list[dict[str, object]]:
    """Return the measurement as records: what was measured at large, then the rows."""
    facts = {"repeats": result.repeats, "yardstick": result.yardstick, "limit": result.limit}
    return to_records("throughput", {**result.conditions, **facts}, result.rows)


def from_records(found: Sequence[Mapping[str, Any]]) -> Throughput | None:
    """Return the measurement that records hold; None if they are not complete."""
    if (parts := of_records("throughput", found)) is None:
        return None
    head, found_rows = parts
    own = {key: head.pop(key) for key in ("repeats", "yardstick", "limit")}
    rows = tuple(Row(**row) for row in found_rows)
    return Throughput(head, **own, exponents=_exponents(rows), rows=rows)


def jobs(device: torch.device, trained: Trained | None = None) -> dict[tuple[str, int], Job]:
    """Return the works by what is done and population."""
    trained = trained or Trained.default()
    found = {(EACH, population): _perceptrons(population, device, shared=False) for population in SCALING}
    found |= {(SHARED, population): _perceptrons(population, device, shared=True) for population in SCALING}
    return found | {(trained.name, trained.population): _training(trained, device)}


def yardstick(name: str, device: torch.device) -> Work:
    """Return one large product or convolution as a yardstick."""
    generator = stream(1, "throughput")
    if name in MATRICES:
        left, right = (torch.rand(LARGE, LARGE, generator=generator).to(device) for _ in range(2))
        return partial(MATRICES[name], left, right)
    images = torch.rand(BATCH, CONVOLVED, *COLOUR[1:], generator=generator).to(device)
    kernel = torch.rand(CONVOLVED, CONVOLVED, 3, 3, generator=generator).to(device)
    return partial(F.conv2d, channels_last(images), channels_last(kernel), padding=1)


def operations_of(name: str) -> float:
    """Return the floating-point operations of a yardstick."""
    if name in MATRICES:
        return 2.0 * LARGE**3
    return 2.0 * BATCH * math.prod(COLOUR[1:]) * 9 * CONVOLVED**2


def _size_of(name: str) -> str:
    return f"of {LARGE}x{LARGE}" if name in MATRICES else f"3x3 of {CONVOLVED} channels, {BATCH} images of 32x32"


def _perceptrons(population: int, device: torch.device, *, shared: bool) -> Job:
    generator = stream(2, "throughput")
    module = perceptron(SIZES).to(device)
    space = Space.of_module(module)
    genomes = space.sample(population, generator=generator)
    rows = INPUTS if shared else 1
    inputs = torch.randn(*(() if shared else (population,)), rows, SIZES[0], generator=generator).to(device)
    forward = Forward(module)
    products = sum(wide * narrow for wide, narrow in pairwise(SIZES))
    operations = 2.0 * population * rows * products
    return Job(lambda: forward(space.split(genomes), inputs, shared=shared), population, operations)


def _training(trained: Trained, device: torch.device) -> Job:
    generator, backbone, recipe = stream(0, "throughput"), trained.backbone, trained.recipe
    pixels = torch.randint(256, (IMAGES, *trained.image), dtype=torch.uint8, generator=generator)
    labels = torch.arange(IMAGES) % CLASSES
    images = LabelledImages(pixels, labels, tuple(f"class {i}" for i in range(CLASSES))).to(device)
    rows = torch.arange(IMAGES, device=device)
    task = Task(images, torch.arange(CLASSES), rows, images.labels, rows[:0], images.labels[:0])
    networks = [backbone.build(CLASSES, generator=generator).to(device) for _ in range(trained.population)]
    budget = training_budget(backbone, recipe, image=trained.image, classes=CLASSES, images=IMAGES)
    normalised = Pixels((0.5,) * trained.image[0], (0.3,) * trained.image[0])

    def train() -> None:
        train_all(
            [
                Training(
                    network=network,
                    task=task,
                    pixels=normalised,
                    recipe=recipe,
                    generator=stream(slot, "throughput"),
                )
                for slot, network in enumerate(networks)
            ]
        )

    return Job(train, trained.population, 2.0 * trained.population * budget.multiply_adds, recipe.updates)


def _row(
    key: tuple[str, int], job: Job, milliseconds: Sequence[float], limits: Sequence[float], peak: float | None
) -> Row:
    passes = Spread.of([each / job.passes for each in milliseconds])
    rates = [job.operations / each / 1e6 for each in milliseconds]
    fractions = Spread.of([rate / limit for rate, limit in zip(rates, limits, strict=True)])
    return Row(
        work=key[0],
        population=job.population,
        milliseconds=passes.median,
        milliseconds_low=passes.low,
        milliseconds_high=passes.high,
        networks_per_second=1000 * job.population / passes.median,
        rate=statistics.median(rates),
        fraction=fractions.median,
        fraction_low=fractions.low,
        fraction_high=fractions.high,
        peak_mebibytes=peak,
    )


def _exponents(rows: Sequence[Row]) -> dict[str, float]:
    """Return the exponent of each work that was measured with several populations."""
    found = {}
    for work in dict.fromkeys(row.work for row in rows):
        own = [row for row in rows if row.work == work]
        if len(own) > 1:
            found[work] = exponent([row.population for row in own], [row.milliseconds for row in own])
    return found


def _sentence(row: Row) -> str:
    memory = "" if row.peak_mebibytes is None else f", {row.peak_mebibytes:.1f} MiB"
    return (
        f"{row.work}, P = {row.population:,}: {row.milliseconds:.3g} ms ({row.milliseconds_low:.3g} to "
        f"{row.milliseconds_high:.3g}), {row.networks_per_second:,.0f} networks/s, {row.rate:.0f} GFLOP/s, "
        f"{row.fraction:.2f} of the limit{memory}"
    )


def _name(work: str, population: int) -> str:
    return f"{work} {population}"


def _measured(
    setup: MeasurementSetup, *, repeats: int | None = None, backbone: str = "convnet4", width: float = 1.0
) -> Throughput:
    """Measure all works and yardsticks in turn.

    Args:
        setup: The device, whether to be quick, and what hears of samples.
        repeats: Samples of each row; by default 7, or 3 where the suite has to be quick.
        backbone: Architecture of the networks that are trained.
        width: Factor on the backbone's channels.

    Raises:
        ValueError: The width is not above 0.
    """
    if width <= 0:
        raise ValueError(f"width must be above 0, but it is {width}.")
    repeats = repeats or (3 if setup.quick else 7)
    trained = None if (backbone, width) == ("convnet4", 1) else Trained.of(backbone, width)
    counter = Counter(setup, repeats * WORKS)
    return measure(repeats=repeats, device=setup.device, trained=trained, on_sample=counter)


SUITES = {
    "throughput": Measurement(
        name="throughput",
        summary="How fast are populations run and trained?",
        claim="On two cores, populations of small perceptrons (17-64-64-6, 256 inputs) run at 0.2 or more of the limit "
        "and ConvNet4 16-32-64-64 (batch 64, 28x28, P = 8) is trained at 0.25 or more of it; time grows in proportion "
        "to P, and memory does not grow faster.",
        measure=_measured,
        records=records,
        from_records=from_records,
        to_csv=to_csv,
        describe=describe,
        on_device=True,
    )
}
