"""What several programs are given to do in the head-to-head comparison: the same modules, data and populations.

Everything follows from fixed seeds, so that each program makes it in a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.benchmarks.speed.training_speed import Race, conv_nets, perceptrons
from neuroevo.seeds import stream

SCALE = 0.1
"""Standard deviation of weights."""
TRAINED = 1437
"""Rows of the digits that weights are scored on; the other 360 are for testing."""
SHARE = 0.01
"""Genes that are new in a generation of the workload constant-fitness, as a share of all."""


@dataclass(frozen=True)
class Workload:
    """A row of the comparison.

    Attributes:
        name: The row's name, such as `mlp-own-inputs`.
        title: What is done.
        population: Networks or individuals, P.
        inputs: Inputs of a batch, N.
        sizes: Features of a perceptron from the inputs on.
        tolerance: How far answers may lie from the reference.
    """

    name: str
    title: str
    population: int
    inputs: int = 1
    sizes: tuple[int, ...] = ()
    tolerance: float = 1e-4

    @property
    def label(self) -> str:
        """Name and population."""
        return f"{self.name} P={self.population}"


POLICY = (17, 64, 64, 6)
FORWARD = [
    *(
        Workload("mlp-own-inputs", "MLP 17-64-64-6, an input each", population, 1, POLICY)
        for population in (16, 256, 1024)
    ),
    *(
        Workload("mlp-shared-inputs", "the same, 256 shared inputs", population, 256, POLICY)
        for population in (16, 256, 1024)
    ),
]
DIGITS = Workload("digits", "a generation on digits, MLP 64-32-10", 100, TRAINED, (64, 32, 10))
IMAGES = [Workload("cnn", "CNN of 28,938, 256 shared images", population, 256) for population in (16, 64)]
OVERHEAD = [
    Workload(
        "constant-fitness", "a generation of 2,410 genes, constant fitness", population, sizes=(2410,), tolerance=0.5
    )
    for population in (100, 300)
]


TRAINING = [
    *(Workload("train-mlp", "an update of MLP 784-128-128-10, batch 64, SGD", population) for population in (8, 32)),
    Workload("train-convnet4", "an update of ConvNet4 16-32-64-64, batch 64", 8),
]
CHECKED = 3
"""Updates after which weights are compared: beyond, rounding decides which ReLU is on."""


def race_of(work: Workload, *, updates: int | None = None) -> Race:
    """Return the race of a workload of training.

    Args:
        work: The workload.
        updates: Updates, at a small learning rate, for a comparison of weights; by default what is timed.
    """
    if work.name == "train-mlp":
        return perceptrons(work.population, **({} if updates is None else {"updates": updates}))
    return conv_nets(work.population) if updates is None else conv_nets(work.population, updates=updates, rate=0.002)


def perceptron(sizes: Sequence[int], activation: type[nn.Module] = nn.Tanh) -> nn.Sequential:
    """Return a multilayer perceptron whose weights are drawn from a fixed seed."""
    layers = [part for wide, narrow in pairwise(sizes) for part in (_made(nn.Linear, wide, narrow), activation())]
    return _drawn(nn.Sequential(*layers[:-1]))


def convolutional() -> nn.Sequential:
    """Return the convolutional network of the workload cnn: 28,938 weights, images [N, 1, 28, 28] to 10 classes."""
    return _drawn(
        nn.Sequential(
            _made(nn.Conv2d, 1, 16, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            _made(nn.Conv2d, 16, 32, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.LayerNorm([32, 7, 7], elementwise_affine=False),
            nn.Flatten(),
            _made(nn.Linear, 1568, 10),
        )
    )


def module_of(work: Workload) -> nn.Sequential:
    """Return the network of a workload."""
    if work.name == "cnn":
        return convolutional()
    return perceptron(work.sizes, nn.ReLU if work.name == "digits" else nn.Tanh)


def genomes_of(work: Workload) -> Tensor:
    """Return the first population, float32 [P, D], in the order of a module's parameters."""
    length = (
        work.sizes[0] if work.name == "constant-fitness" else sum(part.numel() for part in module_of(work).parameters())
    )
    return SCALE * torch.randn(work.population, length, generator=stream(0, "genomes"))


def inputs_of(work: Workload) -> Tensor:
    """Return the inputs: [P, 1, features] in mlp-own-inputs, [N, features] or [N, 1, 28, 28] elsewhere."""
    generator = stream(0, "inputs")
    if work.name == "digits":
        return digits()[0][: work.inputs]
    if work.name == "cnn":
        return torch.randn(work.inputs, 1, 28, 28, generator=generator)
    shape = (work.population, 1) if work.name == "mlp-own-inputs" else (work.inputs,)
    return torch.randn(*shape, work.sizes[0], generator=generator)


def digits() -> tuple[Tensor, Tensor]:
    """Return the 1,797 digits of scikit-learn in a fixed random order: pixels [N, 64] in [0, 1] and classes [N].

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    order = torch.randperm(len(classes), generator=stream(0, "digits"))
    return torch.as_tensor(pixels, dtype=torch.float32)[order] / 16, torch.as_tensor(classes)[order]


def reference(work: Workload) -> Tensor:
    """Return the answer that every program must give, float64: each network by itself, in double precision.

    It is the outputs [P, N, K], on digits the fitness [P], with constant fitness the new genes as a share of those
    expected, [1]. In training it
    is the weights after a few updates by hand, in single precision.
    """
    if work.name.startswith("train-"):
        return race_of(work, updates=CHECKED).by_hand()().double()
    if work.name == "constant-fitness":
        return torch.ones(1, dtype=torch.float64)
    module, inputs = module_of(work).double(), inputs_of(work).double()
    outputs = []
    for row, genome in enumerate(genomes_of(work).double()):
        nn.utils.vector_to_parameters(genome, module.parameters())
        with torch.no_grad():
            outputs.append(module(inputs[row] if work.name == "mlp-own-inputs" else inputs))
    found = torch.stack(outputs)
    if work.name != "digits":
        return found
    classes = digits()[1][: work.inputs]
    return -torch.stack([F.cross_entropy(each, classes) for each in found])


def new_share(before: Tensor, after: Tensor) -> Tensor:
    """Return the share of genes [P, D] that no individual had before, as a multiple of the expected, float64 [1]."""
    new = torch.stack([~torch.isin(now, then) for then, now in zip(before.T, after.T, strict=True)])
    return (new.double().mean() / SHARE).reshape(1)


def _made(layer: type[nn.Module], *sizes: int, **settings: int) -> nn.Module:
    """Return a layer whose weights are not drawn yet: PyTorch would draw them from its global generator."""
    made: nn.Module = nn.utils.skip_init(layer, *sizes, **settings)
    return made


def _drawn(module: nn.Sequential) -> nn.Sequential:
    generator = stream(0, "weights")
    for parameter in module.parameters():
        parameter.data.normal_(0, SCALE, generator=generator)
    return module.eval()
