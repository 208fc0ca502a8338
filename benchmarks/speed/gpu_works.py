"""What is measured on a GPU: populations that train, run and search, in sizes that fill one, or tiny ones for a test.

Rows W1 to W6 are the workloads of `neuroevo.benchmarks.speed.workloads`, as in the comparison with peers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import get_args

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12
from neuroevo.benchmarks.speed import virtual_populations
from neuroevo.benchmarks.speed.overhead import nothing
from neuroevo.benchmarks.speed.timing import Work
from neuroevo.benchmarks.speed.workloads import POLICY, SHARE, convolutional, perceptron
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.evolution import evolve
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all
from neuroevo.execution.cost import training_budget
from neuroevo.execution.forward import Forward
from neuroevo.execution.precision import FLOAT32, Precision
from neuroevo.problems import Function, Supervised
from neuroevo.seeds import stream
from neuroevo.space import Space
from neuroevo.strategies import EGGROLL, SNES, Genetic, OpenAIES, Search
from neuroevo.strategies.search.draws import Draws

CLASSES = 10
PIXELS = Pixels((0.5,) * 3, (0.3,) * 3)


@dataclass(frozen=True)
class Job:
    """Something to measure.

    Attributes:
        name: What it is.
        population: Networks or individuals, P.
        run: One call.
        operations: Floating-point operations of a call, a multiply-add counted as two; None where they don't count.
        passes: Updates of a call.
        precision: What its products compute in.
    """

    name: str
    population: int
    run: Work
    operations: float | None = None
    passes: int = 1
    precision: Precision = FLOAT32


@dataclass(frozen=True)
class Sizes:
    """How large everything is; the defaults fill a GPU.

    Attributes:
        product: Rows and columns of the product of matrices that is the limit.
        populations: Networks of forward passes.
        trained: Networks that are trained together.
        updates: Updates of a training run.
        batch: Images of an update.
        images: Images of the data, of 3 x 32 x 32 pixels.
        inputs: Inputs of a forward pass and of a search.
        genes: Genes of a function.
        virtual: Individuals of a virtual population.
        dense: Individuals with genomes of the large perceptron in memory.
        backbones: The networks that are trained, by name.
        tiny: Whether the large perceptron is a small one.
    """

    product: int = 8192
    populations: tuple[int, ...] = (256, 1024)
    trained: int = 8
    updates: int = 20
    batch: int = 64
    images: int = 2000
    inputs: int = 256
    genes: int = 100_000
    virtual: int = 1024
    dense: int = 64
    backbones: tuple[tuple[str, Backbone], ...] = (
        ("ConvNet4", ConvNet4(channels=3)),
        ("VGG11", VGG()),
        ("ResNet12", ResNet12()),
    )
    tiny: bool = False


LARGE = Sizes()
TINY = Sizes(
    product=32,
    populations=(3,),
    trained=2,
    updates=2,
    batch=4,
    images=24,
    inputs=4,
    genes=20,
    virtual=6,
    dense=4,
    backbones=(
        ("ConvNet4", ConvNet4((2,) * 4, channels=3)),
        ("VGG11", VGG(widths=(2,) * 8)),
        ("ResNet12", ResNet12((2,) * 4)),
    ),
    tiny=True,
)
Part = Callable[[Sizes, torch.device], Iterator[Job]]


def training(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield populations of networks that are trained, stacked in each precision, and looped."""
    precisions: tuple[Precision, ...] = ("float32", "tf32", "bf16")
    for name, backbone in sizes.backbones:
        recipe = Recipe(updates=sizes.updates, batch=sizes.batch)
        image = (3, 32, 32)
        cost = training_budget(backbone, recipe, image=image, classes=CLASSES, images=sizes.images).multiply_adds
        for mode, precision in (*(("stacked", one) for one in precisions), ("looped", FLOAT32)):
            execution = Execution(mode=mode, precision=precision)  # type: ignore[arg-type]
            yield Job(
                f"W6 {name}, an update, {mode}",
                sizes.trained,
                _trained(backbone, recipe, execution, sizes, device),
                2.0 * sizes.trained * cost,
                sizes.updates,
                precision,
            )


def perceptrons_trained(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield populations of perceptrons that are trained, stacked and looped."""
    backbone, recipe = MLP(widths=(128, 128), inputs=3 * 32 * 32), Recipe(updates=sizes.updates, batch=sizes.batch)
    for mode in ("stacked", "looped"):
        execution = Execution(mode=mode)
        run = _trained(backbone, recipe, execution, sizes, device)
        yield Job(f"W6 perceptron 3072-128-128-10, an update, {mode}", sizes.trained, run, passes=sizes.updates)


def forward(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield forward passes of populations: small perceptrons with inputs of their own and shared ones, convolutions."""
    for population in sizes.populations:
        for number, shared in ((1, False), (2, True)):
            rows = sizes.inputs if shared else 1
            what = f"{rows} shared inputs" if shared else "an input each"
            name = f"W{number} MLP {'-'.join(map(str, POLICY))}, {what}"
            shape = (rows, POLICY[0]) if shared else (population, rows, POLICY[0])
            yield _passes(name, perceptron(POLICY), population, shape, device, shared=shared)
    yield _passes(
        f"W4 CNN of 28,938, {sizes.inputs} shared images",
        convolutional(),
        min(64, sizes.populations[-1]),
        (sizes.inputs, 1, 28, 28),
        device,
    )


def generations(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield generations of searches: a classifier, constant fitness, and many genes."""
    population = 100 if not sizes.tiny else 6
    module = perceptron((64, 32, 10), nn.ReLU)
    inputs = torch.rand(sizes.images, 64, generator=stream(0, "inputs"))
    data = (inputs, torch.arange(sizes.images) % CLASSES)
    problem = Supervised(module, *data, device=device)
    yield _generation(
        "W3 a generation, MLP 64-32-10", Genetic(problem, population=population), flops=_flops(module, inputs)
    )
    space = Space.box(2410, spread=0.1, dtype=torch.float32).to(device)
    constant = Genetic(Function(nothing, space, batched=True), population=population, rate=SHARE)
    yield _generation("W5 a generation of 2,410 genes, constant fitness", constant)
    wide = Function(_sphere, Space.box(sizes.genes, spread=1.0, dtype=torch.float32).to(device), batched=True)
    for draws in get_args(Draws):
        search = SNES(wide, population=4 * sizes.dense, draws=draws)
        yield _generation(f"a generation of SNES, {sizes.genes:,} genes, draws on the {draws}", search)


def virtual(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield generations of virtual populations, of dense ones, and plain forward passes of the same images."""
    network = perceptron((784, 8, 10)) if sizes.tiny else virtual_populations.perceptron()
    inputs = torch.randn(32, 784, generator=stream(0, "images"))
    data, flops = (inputs, torch.arange(32) % CLASSES), _flops(network, inputs)
    for precision in (FLOAT32, "bf16"):
        problem = Supervised(network, *data, device=device, precision=precision)
        for draws in get_args(Draws):
            name = f"virtual population, {problem.space.size:,} weights, draws on the {draws}"
            search = EGGROLL(problem, population=sizes.virtual, draws=draws)
            yield _generation(name, search, flops=flops, precision=problem.precision)
    few = "the same, few individuals"
    yield _generation(f"{few}, virtual", EGGROLL(problem.to(device), population=sizes.dense), flops=flops)
    for draws in get_args(Draws):
        dense = OpenAIES(problem.to(device), population=sizes.dense, draws=draws)
        yield _generation(f"{few}, dense, draws on the {draws}", dense, flops=flops)
    plain, images = network.to(device), inputs.to(device).repeat(sizes.dense, 1)
    calls = -(-sizes.virtual // sizes.dense)

    @torch.no_grad()
    def run() -> None:
        for _ in range(calls):
            plain(images)

    yield Job("plain forward passes of as many images", calls * sizes.dense, run, calls * sizes.dense * flops)


PARTS: dict[str, Part] = {
    "forward": forward,
    "generations": generations,
    "virtual": virtual,
    "perceptrons": perceptrons_trained,
    "training": training,
}


def _sphere(genomes: Tensor) -> Tensor:
    return genomes.square().sum(-1)


def _generation(name: str, search: Search, *, flops: float | None = None, precision: Precision = FLOAT32) -> Job:
    """Return a job of one generation; `flops` are those of an individual."""
    going, count = evolve(search, 10**9), search.population
    return Job(name, count, lambda: next(going), None if flops is None else count * flops, precision=precision)


def _passes(
    name: str, module: nn.Module, population: int, shape: tuple[int, ...], device: torch.device, *, shared: bool = True
) -> Job:
    inputs = torch.randn(shape, generator=stream(0, "inputs"))
    flops = _flops(module, inputs if shared else inputs[0])
    space, run = Space.of_module(module).to(device), Forward(module.to(device))
    genomes, there = space.sample(population, generator=stream(0, "genomes")), inputs.to(device)
    return Job(name, population, lambda: run(space.split(genomes), there, shared=shared), population * flops)


@torch.no_grad()
def _flops(module: nn.Module, inputs: Tensor) -> float:
    """Return the floating-point operations of a plain forward pass."""
    with FlopCounterMode(display=False) as counter:
        module(inputs)
    return float(counter.get_total_flops())


def _trained(backbone: Backbone, recipe: Recipe, execution: Execution, sizes: Sizes, device: torch.device) -> Work:
    """Return what trains a population of networks."""
    pixels = torch.randint(256, (sizes.images, 3, 32, 32), dtype=torch.uint8, generator=stream(0, "images"))
    labels = torch.arange(sizes.images) % CLASSES
    images = LabelledImages(pixels, labels, tuple(f"class {number}" for number in range(CLASSES))).to(device)
    rows = torch.arange(sizes.images, device=device)
    task = Task(images, torch.arange(CLASSES), rows, images.labels, rows[:0], images.labels[:0])
    networks = [backbone.build(CLASSES, generator=stream(slot, "weights")).to(device) for slot in range(sizes.trained)]

    def made(slot: int, network: nn.Module) -> Training:
        generator = stream(slot, "order")
        return Training(network=network, task=task, pixels=PIXELS, recipe=recipe, generator=generator)  # type: ignore[arg-type]

    return lambda: train_all([made(*pair) for pair in enumerate(networks)], execution=execution)


def yardsticks(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield large products of matrices, whose rate is the limit of each precision."""
    generator = stream(1, "throughput")
    left, right = (torch.rand(sizes.product, sizes.product, generator=generator).to(device) for _ in range(2))
    halves = left.bfloat16(), right.bfloat16()
    operations = 2.0 * sizes.product**3
    name = f"torch.mm of {sizes.product} x {sizes.product}"
    for precision in ("float32", "tf32"):
        yield Job(name, 1, partial(torch.mm, left, right), operations, precision=precision)
    yield Job(name, 1, partial(torch.mm, *halves), operations, precision="bf16")
