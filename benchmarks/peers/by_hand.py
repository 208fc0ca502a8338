"""Plain PyTorch in the comparison with peers: the best that one would write by hand, and what one would write first."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn import functional as F

from neuroevo.benchmarks.peers.contenders import Contender, Contenders, Quality, accuracy_of, of_generations
from neuroevo.benchmarks.speed.by_hand.vectors import Fitness, TensorGenetic, likelihoods, mlp
from neuroevo.benchmarks.speed.overhead import nothing
from neuroevo.benchmarks.speed.training_speed import PLAIN
from neuroevo.benchmarks.speed.workloads import (
    CHECKED,
    DIGITS,
    SCALE,
    SHARE,
    Workload,
    digits,
    genomes_of,
    inputs_of,
    module_of,
    race_of,
)
from neuroevo.seeds import stream

TILE = 16
"""Networks in a tile of a forward pass; 4 to 64 take the same time."""
IMAGES = 64
"""Images in a tile of a convolutional one."""


@torch.no_grad()
def _answered(run: Fitness, genomes: Tensor) -> Tensor:
    return run(genomes)


def perceptrons(work: Workload) -> Contender:
    """Return batched products in tiles of networks."""
    genomes, inputs = genomes_of(work), inputs_of(work)
    tile = work.population if work.name == "mlp-own-inputs" else TILE
    run = partial(mlp, genomes, inputs, work.sizes, tile=tile)
    return Contender(run, run)


def stacked(work: Workload) -> Contender:
    """Return `torch.func.vmap` over stacked parameters."""
    module, inputs, genomes = module_of(work), inputs_of(work), genomes_of(work)
    shapes = {name: part.shape for name, part in module.named_parameters()}
    pieces = genomes.split([shape.numel() for shape in shapes.values()], dim=1)
    parameters = {name: piece.view(-1, *shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}

    def one(own: dict[str, Tensor], batch: Tensor) -> Tensor:
        found: Tensor = functional_call(module, own, (batch,))
        return found

    every = vmap(one, in_dims=(0, 0 if work.name == "mlp-own-inputs" else None))

    @torch.no_grad()
    def run() -> Tensor:
        return every(parameters, inputs)

    return Contender(run, run)


def convolutions(work: Workload) -> Contender:
    """Return one network after the other, channels last in earnest, in tiles of images, activation after pooling."""
    genomes, inputs = genomes_of(work), inputs_of(work)
    # One channel is contiguous in both layouts, and convolutions then choose the other one: the strides say it.
    tiles = [tile.as_strided(tile.shape, (28 * 28, 1, 28, 1)) for tile in inputs.split(IMAGES)]
    sizes = [part.numel() for part in module_of(work).parameters()]
    pieces = genomes.split(sizes, dim=1)

    @torch.no_grad()
    def run() -> Tensor:
        outputs = torch.empty(len(genomes), len(inputs), 10)
        for row in range(len(genomes)):
            first, first_bias, second, second_bias, head, head_bias = (piece[row] for piece in pieces)
            for place, tile in enumerate(tiles):
                found = F.max_pool2d(F.conv2d(tile, first.view(16, 1, 5, 5), first_bias, padding=2), 2).relu_()
                found = F.max_pool2d(F.conv2d(found, second.view(32, 16, 5, 5), second_bias, padding=2), 2).relu_()
                found = F.layer_norm(found, [32, 7, 7]).flatten(1)
                start = place * IMAGES
                torch.addmm(head_bias, found, head.view(10, -1).T, out=outputs[row, start : start + len(tile)])
        return outputs

    return Contender(run, run)


def digits_evolved(work: Workload) -> Contender:
    """Return generations of the tensor genetic algorithm on the digits."""
    fitness = _fitness(work)
    search = _search(genomes_of(work), fitness, 0)
    return Contender(search.step, lambda: fitness(genomes_of(work)).double())


def nothing_evolved(work: Workload) -> Contender:
    """Return generations of the tensor genetic algorithm with constant fitness."""
    search = TensorGenetic(
        genomes_of(work), nothing, mating=0.5, mutating=0.2, rate=5 * SHARE, generator=stream(0, "by hand")
    )
    return of_generations(search.step, lambda: search.genomes)


def trained(work: Workload) -> Contender:
    """Return updates of a population for these very networks."""
    race = race_of(work)
    return Contender(race.by_hand(), lambda: race_of(work, updates=CHECKED).by_hand()(), race.updates)


def trained_plainly(work: Workload, *, variant: str) -> Contender:
    """Return updates of a population as one would write them first."""
    race = race_of(work)
    return Contender(race.plain[variant](), lambda: race_of(work, updates=CHECKED).plain[variant]()(), race.updates)


PLAINLY = {variant: partial(trained_plainly, variant=variant) for variant in PLAIN}

CONTENDERS: Contenders = {
    "mlp-own-inputs": {"bmm": perceptrons, "vmap": stacked},
    "mlp-shared-inputs": {"bmm in tiles": perceptrons, "vmap": stacked},
    "digits": {"tensors": digits_evolved},
    "cnn": {"loop in tiles": convolutions},
    "constant-fitness": {"tensors": nothing_evolved},
    "train-mlp": {"fused bmm": trained, **PLAINLY},
    "train-convnet4": {"channels last": trained, **PLAINLY},
}


def quality(seed: int, generations: int) -> float:
    """Return the accuracy of the best of the last generation on the digits."""
    genomes = SCALE * torch.randn(genomes_of(DIGITS).shape, generator=stream(seed, "first"))
    search = _search(genomes, _fitness(DIGITS), seed)
    for _ in range(generations - 1):
        search.step()
    return accuracy_of(search.genomes[search.scores.argmax()])


QUALITY: Quality = {"tensors": quality}


def _fitness(work: Workload) -> Fitness:
    inputs, classes = inputs_of(work), digits()[1][: work.inputs]
    return lambda genomes: likelihoods(mlp(genomes, inputs, work.sizes, tile=TILE, relu=True), classes)


def _search(genomes: Tensor, fitness: Fitness, seed: int) -> TensorGenetic:
    return TensorGenetic(genomes, fitness, rate=0.1, generator=stream(seed, "by hand"))
