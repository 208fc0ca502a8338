"""How fast populations are trained beside what one would write by hand, for the same numbers.

train-mlp: perceptrons 784-128-128-10, batches of 64 of their own, plain SGD, stacked. train-convnet4: ConvNet4
16-32-64-64, 20 classes, batches of 64, momentum and weight decay, looped. Both sides start from equal weights and
images, see the same batches at the same rates, and must end with equal weights before anything is timed; then they are
timed in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from neuroevo.backbones import MLP, Backbone, ConvNet4
from neuroevo.benchmarks.speed.by_hand.training import ConvNets, Perceptrons
from neuroevo.benchmarks.speed.plain_training import loop, mapped
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all
from neuroevo.seeds import stream

IMAGES = 2000
PIXELS = Pixels((0.5,), (0.3,))


Plain = Callable[[Sequence[nn.Module], Tensor, Tensor, Recipe], None]
PLAIN: Mapping[str, Plain] = {"loop": loop, "vmap(grad)": mapped}
"""What one would write first, by name."""

Train = Callable[[], Tensor]
"""Trains networks once, which is timed, and returns the weights of all of them in one vector."""


@dataclass(frozen=True)
class Race:
    """The same training by several implementations.

    Attributes:
        name: Row and population.
        updates: Updates of a call.
        ours: Makes fresh networks and returns what trains them by the library.
        by_hand: The same by hand, as fast as it gets.
        plain: The same as one would write it first, by name.
    """

    name: str
    updates: int
    ours: Callable[[], Train]
    by_hand: Callable[[], Train]
    plain: Mapping[str, Callable[[], Train]]


def perceptrons(population: int, *, updates: int = 50) -> Race:
    """Return the race of perceptrons."""
    backbone, recipe = MLP(widths=(128, 128)), Recipe(updates=updates, learning_rate=0.01, momentum=0, weight_decay=0)
    make = partial(_trainings, backbone, recipe, population, classes=10)
    layers = ("hidden1", "hidden2", "head")

    def ours() -> Train:
        trainings = make()
        return lambda: _trained(trainings, Execution(mode="stacked"))

    def by_hand() -> Train:
        trainings = make()
        states = [one.network.state_dict() for one in trainings]
        weights, biases = (
            [torch.stack([state[f"{layer}.{kind}"] for state in states]) for layer in layers]
            for kind in ("weight", "bias")
        )
        source, runner = trainings[0].task.source.images, Perceptrons(weights, biases)

        def train() -> Tensor:
            for some, answers, rate in zip(*_orders(trainings), recipe.rates(), strict=True):
                runner.step(
                    PIXELS(source.index_select(0, some.flatten())).reshape(population, recipe.batch, -1), answers, rate
                )
            names = [f"{layer}.{kind}" for kind in ("weight", "bias") for layer in layers]
            stacked = dict(zip(names, [*weights, *biases], strict=True))
            return _vector([{name: stacked[name][number] for name in states[0]} for number in range(population)])

        return train

    return Race(f"train-mlp P={population}", updates, ours, by_hand, _plain(make))


def conv_nets(population: int = 8, *, updates: int = 10, threads: int = 2, rate: float = 0.05) -> Race:
    """Return the race of convolutional networks, by default on two threads as the library does on two cores."""
    backbone, recipe = ConvNet4(), Recipe(updates=updates, learning_rate=rate)
    make = partial(_trainings, backbone, recipe, population, classes=20)

    def ours() -> Train:
        trainings = make()
        return lambda: _trained(trainings, Execution(mode="looped"), workers=threads)

    def by_hand() -> Train:
        trainings = make()
        source, states = trainings[0].task.source.images, [_floats(one.network.state_dict()) for one in trainings]
        runner = ConvNets(states, momentum=recipe.momentum, decay=recipe.weight_decay)

        def train() -> Tensor:
            rows, labels = _orders(trainings)
            images = [
                [PIXELS(source.index_select(0, some)) for some in rows[:, number]] for number in range(population)
            ]
            runner.steps(images, labels.unbind(1), recipe.rates(), threads=threads)
            names = dict(trainings[0].network.named_parameters())
            return _vector([{name: state[name] for name in names} for state in runner.states])

        return train

    return Race(f"train-convnet4 P={population}", updates, ours, by_hand, _plain(make))


def _plain(make: Callable[[], list[Training]]) -> Mapping[str, Callable[[], Train]]:
    """Return how to train populations by what one would write first."""

    def made(run: Plain) -> Train:
        trainings = make()
        networks = [one.network for one in trainings]
        source = trainings[0].task.source.images

        def train() -> Tensor:
            rows, labels = _orders(trainings)
            images = PIXELS(source.index_select(0, rows.flatten())).unflatten(0, rows.shape)
            run(networks, images, labels, trainings[0].recipe)
            return _vector([dict(network.named_parameters()) for network in networks])

        return train

    return {name: partial(made, run) for name, run in PLAIN.items()}


def _trainings(backbone: Backbone, recipe: Recipe, population: int, *, classes: int) -> list[Training]:
    task, made = _task(classes), []
    for number in range(population):
        generator = stream(number, "training speed")
        network = backbone.build(classes, generator=generator)
        made.append(Training(network=network, task=task, pixels=PIXELS, recipe=recipe, generator=generator))
    return made


def _trained(trainings: list[Training], execution: Execution, *, workers: int | None = None) -> Tensor:
    train_all(trainings, workers=workers, execution=execution)
    return _vector([dict(one.network.named_parameters()) for one in trainings])


def _task(classes: int) -> Task:
    generator = stream(0, "training speed", "images")
    pixels = torch.randint(256, (IMAGES, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.arange(IMAGES) % classes
    images = LabelledImages(pixels, labels, tuple(f"class {i}" for i in range(classes)))
    rows = torch.arange(IMAGES)
    return Task(images, torch.arange(classes), rows, labels, rows[:0], labels[:0])


def _orders(trainings: list[Training]) -> tuple[Tensor, Tensor]:
    """Return rows and labels of all updates, [updates, P, N]."""
    rows, labels = zip(*(training.batches() for training in trainings), strict=True)
    return torch.stack(rows, 1), torch.stack(labels, 1)


def _floats(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}


def _vector(states: list[dict[str, Tensor]]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for state in states for tensor in state.values()])
