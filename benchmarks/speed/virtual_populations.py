"""What virtual populations cost: time and memory of a generation against plain forward passes and a dense strategy.

`python -m neuroevo.benchmarks.speed.virtual_populations` prints the table of `docs/virtual-populations.md`. Times are
CPU seconds of this process on one thread, of two generations each, measured in turn; peak memory is that of the process
before any dense population was made.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from itertools import pairwise

import click
import torch
from torch import Tensor, nn

from neuroevo.backbones import ConvNet4
from neuroevo.evolution import evolve
from neuroevo.execution.training import channels_last
from neuroevo.problems import Supervised
from neuroevo.seeds import stream
from neuroevo.strategies import EGGROLL, OpenAIES, Search

WIDTHS = (784, 2400, 2400, 1024, 10)
"""Layers of a perceptron of 10,115,274 weights."""

CLASSES = 10


def perceptron() -> nn.Module:
    """Return the perceptron."""
    with torch.device("meta"):
        layers = [nn.Linear(*sizes) for sizes in pairwise(WIDTHS)]
        network = nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())][:-1])
    return _drawn(network.to_empty(device="cpu"))


def _drawn(network: nn.Module) -> nn.Module:
    generator = stream(0, "virtual")
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / len(parameter) ** 0.5
    return network


def problem(network: nn.Module, shape: tuple[int, ...], images: int) -> Supervised:
    """Return the classification of random images by a network."""
    inputs = torch.randn(images, *shape, generator=stream(0, "images"))
    return Supervised(network, inputs, torch.arange(images) % CLASSES)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def generation(strategy: Search) -> float:
    """Return the CPU seconds of the faster one of two generations."""
    number, found = strategy.generation, []
    for _ in range(2):
        number += 1
        found.append(seconds(lambda number=number: [*evolve(strategy, number)]))  # type: ignore[misc]
    return min(found)


@torch.no_grad()
def plain(network: nn.Module, images: Tensor, *, population: int, together: int) -> float:
    """Return the CPU seconds that a network takes for the images of a population, some copies of them at a time."""
    batch = images.repeat(together, *[1] * (images.dim() - 1))
    network(batch)
    return seconds(lambda: [network(batch) for _ in range(-(-population // together))])


def memory() -> float:
    """Return the peak memory of this process in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def large(population: int, images: int, rank: int) -> str:
    """Return the row of the large perceptron."""
    given = problem(perceptron(), WIDTHS[:1], images)
    strategy = EGGROLL(given, population=population, rank=rank)
    took, tile = generation(strategy), strategy.scoring.tile if strategy.scoring else 1
    forward = plain(given.module, given.inputs, population=population, together=tile)
    return (
        f"| perceptron, {given.space.size:,} weights, P = {population:,}, N = {images}, rank {rank} | {took:.1f} s | "
        f"{forward:.1f} s | {forward / took:.2f} | {memory():.2f} GiB |"
    )


def convolutions(population: int, images: int, rank: int) -> str:
    """Return the row of a convolutional network, whose plain passes have channels last in memory."""
    network = ConvNet4().build(CLASSES, generator=stream(0, "convnet4"))
    given = problem(network, (1, 28, 28), images)
    took = generation(EGGROLL(given, population=population, rank=rank))
    module = given.module.to(memory_format=torch.channels_last)
    forward = plain(module, channels_last(given.inputs), population=population, together=1)
    return (
        f"| ConvNet4, {given.space.size:,} weights, P = {population:,}, N = {images}, rank {rank} | {took:.1f} s | "
        f"{forward:.1f} s | {forward / took:.2f} | {memory():.2f} GiB |"
    )


def dense(population: int, images: int) -> str:
    """Return the row of the large perceptron with a population that has its genomes in memory."""
    given = problem(perceptron(), WIDTHS[:1], images)
    virtual = generation(EGGROLL(given, population=population))
    took = generation(OpenAIES(given, population=population))
    return f"| P = {population}, N = {images} | {virtual:.2f} s | {took:.2f} s | {took / virtual:.1f} |"


@click.command()
@click.option("--population", default=1024, show_default=True, help="Individuals of the large perceptron.")
@click.option("--few", default=32, show_default=True, help="Individuals where dense genomes must fit into memory.")
def main(population: int, few: int) -> None:
    """Print what virtual populations cost on one thread."""
    torch.set_num_threads(1)
    click.echo("| network | a generation | plain forward passes | their ratio | peak memory |")
    click.echo("| --- | --- | --- | --- | --- |")
    for images, rank in ((32, 1), (32, 4)):
        click.echo(large(population, images, rank))
    click.echo(convolutions(64, 64, 1))
    click.echo("\n| perceptron | virtual | dense | their ratio |\n| --- | --- | --- | --- |")
    for images in (1, 8, 32):
        click.echo(dense(few, images))


if __name__ == "__main__":
    main()
