"""Hypothesis strategies for the objects of evolution: small by default, and shrinking to readable ones.

Every function returns a strategy; sizes are keyword arguments. Numbers that matter in a message (genomes, fitnesses,
index sets) are drawn one by one; weights and images follow from a drawn seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, Network, ResNet12
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.tasks import Task, sample_task
from neuroevo.individual import Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import extract
from neuroevo.seeds import stream
from neuroevo.strategies import GenePool
from neuroevo.testing.architectures import ResidualNet, random_network
from neuroevo.testing.discrete import bit_strings, discrete_spaces, permutations
from neuroevo.testing.toolboxes import toolboxes
from neuroevo.testing.values import inside, numbers

__all__ = [
    "Ancestor",
    "ancestors",
    "backbones",
    "bit_strings",
    "datasets",
    "discrete_spaces",
    "fitnesses",
    "gene_pools",
    "genomes",
    "images",
    "labelled_images",
    "learngenes",
    "permutations",
    "populations",
    "seeds",
    "tasks",
    "toolboxes",
]

CONVNET_SIZE = 16
"""Height and width, in pixels, of the smallest images that a `ConvNet4` takes."""


def seeds() -> SearchStrategy[int]:
    """Draw a seed for a generator, for example 3735928559; shrinks to 0."""
    return st.integers(0, 2**32 - 1)


@st.composite
def genomes(
    draw: DrawFn,
    *,
    min_size: int = 1,
    max_size: int = 8,
    low: float = -10,
    high: float = 10,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Draw a genome [D], for example `tensor([0.0000, -2.5000, 9.3750])`; shrinks to few genes that are 0.

    Args:
        draw: Given by hypothesis.
        min_size: Smallest number of genes.
        max_size: Largest number of genes.
        low: Lowest gene.
        high: Highest gene.
        dtype: Floating point or integer.
    """
    ends = torch.tensor([low, high], dtype=torch.float64)
    least, most = float(inside(ends, dtype, up=True)[0]), float(inside(ends, dtype, up=False)[1])
    genes = draw(st.lists(numbers(least, most, dtype), min_size=min_size, max_size=max_size))
    genome = torch.tensor(genes, dtype=dtype)
    # Rounding to the type may have left the range.
    return genome.clamp(least, most) if dtype.is_floating_point else genome


@st.composite
def populations(
    draw: DrawFn,
    *,
    min_individuals: int = 1,
    max_individuals: int = 6,
    min_size: int = 1,
    max_size: int = 8,
    evaluated: bool | None = True,
    non_finite: bool = True,
    weights: Sequence[float] = (1.0,),
    max_parents: int = 0,
) -> list[Individual]:
    """Draw individuals with the rows of one tensor [P, D] as genomes and different ids.

    Example: `[Individual(id=4, parents=(), generation=0, fitness=(1.0,)), Individual(id=0, ..., fitness=(nan,))]`.
    Shrinks to one individual with id 0, one gene that is 0 and the fitness 0.

    Args:
        draw: Given by hypothesis.
        min_individuals: Smallest number of individuals P.
        max_individuals: Largest number of individuals.
        min_size: Smallest number of genes D.
        max_size: Largest number of genes.
        evaluated: Whether they have fitness values; None for some of them, which can be any number.
        non_finite: Whether a fitness may be NaN or infinite.
        weights: One for each objective; positive where it is maximised.
        max_parents: Largest number of parents of an individual, whose ids are lower than all ids of the population.
    """
    number = draw(st.integers(min_individuals, max_individuals))
    size = draw(st.integers(min_size, max_size))
    rows = draw(genomes(min_size=number * size, max_size=number * size)).reshape(number, size)
    ids = draw(st.lists(st.integers(0, 10 * number), min_size=number, max_size=number, unique=True))
    older = 10 * number if max_parents else 0
    kin = st.lists(st.integers(0, older - 1), max_size=max_parents, unique=True) if max_parents else st.just([])
    individuals = [
        Individual(row, fitness=Fitness(weights=weights), id=older + id, parents=draw(kin))
        for row, id in zip(rows, ids, strict=True)
    ]
    for one in individuals:
        if evaluated or (evaluated is None and draw(st.booleans())):
            count = len(weights)
            one.fitness.values = draw(fitnesses(min_size=count, max_size=count, non_finite=non_finite)).tolist()
    return individuals


@st.composite
def fitnesses(draw: DrawFn, *, min_size: int = 1, max_size: int = 8, non_finite: bool = True) -> Tensor:
    """Draw the fitness of a population, float64 [P], with ties and failures.

    Example: `tensor([1., nan, 1., -inf], dtype=torch.float64)`. Shrinks to few individuals of fitness 0.

    Args:
        draw: Given by hypothesis.
        min_size: Smallest number of individuals P.
        max_size: Largest number of individuals.
        non_finite: Whether NaN, inf and -inf can be among the values.
    """
    # Few values tie often.
    finite = st.sampled_from([0.0, 1.0, -1.0]) | st.floats(-1e6, 1e6)
    failures = st.sampled_from([math.nan, math.inf, -math.inf]) if non_finite else st.nothing()
    return torch.tensor(draw(st.lists(finite | failures, min_size=min_size, max_size=max_size)), dtype=torch.float64)


def backbones(*, max_channels: int = 5, image_shape: tuple[int, int, int] | None = None) -> SearchStrategy[Backbone]:
    """Draw a small architecture: an `MLP`, a `ResidualNet` with shortcuts that tie groups, or a deeper network.

    Example: `ResidualNet(widths=(2, 1), inner=((3,), (1, 4)), channels=2)`. Shrinks to an `MLP` with one unit, and
    otherwise to fewer and narrower layers of the kind that is needed.

    Args:
        max_channels: Largest number of channels of a group.
        image_shape: The shape (C, H, W) of its images; by default any of `images`. A `ConvNet4`, `VGG` or `ResNet12`
            is only drawn for 16 pixels or more.
    """
    width = st.integers(1, max_channels)
    inputs = st.integers(1, 9) if image_shape is None else st.just(math.prod(image_shape))
    channels = st.integers(1, 3) if image_shape is None else st.just(image_shape[0])
    stage = st.tuples(width, st.lists(width, min_size=1, max_size=2).map(tuple))
    kinds: list[SearchStrategy[Backbone]] = [
        st.builds(MLP, widths=st.lists(width, min_size=1, max_size=3).map(tuple), inputs=inputs),
        st.builds(_residual, st.lists(stage, min_size=1, max_size=2), channels),
    ]
    if image_shape is None or min(image_shape[1:]) >= CONVNET_SIZE:
        widths = {layers: st.lists(width, min_size=layers, max_size=layers).map(tuple) for layers in (4, 8, 12)}
        kinds.append(st.builds(ConvNet4, widths=widths[4], channels=channels))
        kinds.append(st.builds(VGG, widths=widths[8], channels=channels))
        kinds.append(st.builds(ResNet12, widths=widths[12], channels=channels))
    return st.one_of(kinds)


@st.composite
def images(draw: DrawFn, *, backbone: Backbone, min_images: int = 1, max_images: int = 3) -> Tensor:
    """Draw normally distributed images that a backbone takes, float32 [N, C, H, W].

    The shape follows from the first tensor of the backbone's layout: 1 x 1 x D for a linear layer [F, D], C x 16 x 16
    for a convolution [F, C, h, w]. Example: `tensor([[[[1.5410, -0.2934]]]])`. Shrinks to one image, seed 0.

    Args:
        draw: Given by hypothesis.
        backbone: The architecture.
        min_images: Smallest number of images N.
        max_images: Largest number of images.
    """
    number = draw(st.integers(min_images, max_images))
    _, inputs, *kernel = next(iter(backbone.layout.shapes.values()))
    shape = (inputs, CONVNET_SIZE, CONVNET_SIZE) if kernel else (1, 1, inputs)
    return torch.randn(number, *shape, generator=torch.Generator().manual_seed(draw(seeds())))


@dataclass(frozen=True, eq=False)
class Ancestor:
    """A learngene and the network that it was extracted from.

    Attributes:
        learngene: The learngene.
        network: The network, in evaluation mode.
        seed: Seed of all random numbers of both.
    """

    learngene: Learngene
    network: Network
    seed: int

    def __repr__(self) -> str:
        indices = {group: kept.tolist() for group, kept in self.learngene.indices.items()}
        return f"Ancestor({self.learngene.backbone}, indices={indices}, seed={self.seed})"


@st.composite
def ancestors(draw: DrawFn, *, backbone: Backbone | None = None, classes: int = 3) -> Ancestor:
    """Draw a network and a learngene that was extracted from it.

    Example: `Ancestor(MLP(widths=(3,), inputs=2), indices={'hidden1': [0, 2]}, seed=7)`. Shrinks to a circuit with the
    first channel of each group in the smallest backbone, seed 0.

    Args:
        draw: Given by hypothesis.
        backbone: The architecture; by default any of `backbones`.
        classes: Outputs of the network's head.
    """
    chosen = draw(backbones()) if backbone is None else backbone
    groups = chosen.layout.groups
    kept = {group: draw(st.sets(st.integers(0, number - 1), min_size=1)) for group, number in groups.items()}
    indices = {group: torch.tensor(sorted(channels)) for group, channels in kept.items()}
    seed = draw(seeds())
    generator = torch.Generator().manual_seed(seed)
    network = random_network(chosen, classes=classes, generator=generator)
    sizes = [*map(len, indices.values())]
    # Unordered, and different in all groups, so that a mix-up of provenance is detected.
    ids = torch.randperm(10 * sum(sizes), generator=generator)[: sum(sizes)].split(sizes)
    provenance = dict(zip(indices, ids, strict=True))
    learngene = extract(network.state_dict(), indices, backbone=chosen, provenance=provenance)
    return Ancestor(learngene, network, seed)


def learngenes(*, backbone: Backbone | None = None) -> SearchStrategy[Learngene]:
    """Draw a learngene of a network with all tensors random, and with a provenance id of its own for every channel.

    Example: `<Learngene of a mlp: 4 parameters, 50.0 %, hidden1 1>`. Shrinks as `ancestors` does, which also give the
    network.

    Args:
        backbone: The architecture; by default any of `backbones`.
    """
    return ancestors(backbone=backbone).map(lambda ancestor: ancestor.learngene)


@st.composite
def gene_pools(
    draw: DrawFn, *, backbone: Backbone | None = None, min_individuals: int = 0, max_capacity: int = 4
) -> GenePool:
    """Draw a gene pool with individuals that carry learngenes of one backbone; scores lie in [0, 1], often in a tie.

    Example: a `GenePool` of capacity 3 and turnover 1 with the individuals 5 and 0 that have the scores 0.5 and 0.25.
    Shrinks to an empty pool of capacity 1, or to individuals with learngenes of one channel and the score 0.

    Args:
        draw: Given by hypothesis.
        backbone: The architecture of the learngenes; by default any of `backbones`.
        min_individuals: Smallest number of individuals.
        max_capacity: Largest capacity.
    """
    chosen = draw(backbones()) if backbone is None else backbone
    capacity = draw(st.integers(max(1, min_individuals), max_capacity))
    pool = GenePool(capacity=capacity, turnover=draw(st.integers(0, capacity)))
    number = draw(st.integers(min_individuals, capacity))
    ids = draw(st.lists(st.integers(0, 10 * capacity), min_size=number, max_size=number, unique=True))
    scores = {id: draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)) for id in ids}
    genes = {id: draw(learngenes(backbone=chosen)) for id in ids}
    pool.merge([Individual(genes[id], Fitness((scores[id],)), id=id) for id in ids], scores)
    return pool


@st.composite
def labelled_images(
    draw: DrawFn,
    *,
    name: str = "class",
    min_classes: int = 1,
    max_classes: int = 3,
    min_per_class: int = 1,
    max_per_class: int = 5,
    channels: int = 1,
    size: int = 4,
) -> LabelledImages:
    """Draw random images, uint8 [N, C, H, W], in mixed order, with any number of each class within the limits.

    Example: 7 noisy images of the classes "class 0" and "class 1", 5 and 2 of them. Shrinks to few classes with few
    images each, seed 0.

    Args:
        draw: Given by hypothesis.
        name: Prefix of the names of the classes.
        min_classes: Smallest number of classes K.
        max_classes: Largest number of classes.
        min_per_class: Smallest number of images of each class.
        max_per_class: Largest number of images of each class.
        channels: Channels C.
        size: Height and width, in pixels, at least 2.
    """
    per_class = st.integers(min_per_class, max_per_class)
    counts = draw(st.lists(per_class, min_size=min_classes, max_size=max_classes))
    # Roles of a data set differ even if their seeds are equal.
    generator = stream(draw(seeds()), name)
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=generator)]
    images = torch.randint(256, (len(labels), channels, size, size), dtype=torch.uint8, generator=generator)
    # No channel is constant, so that every data set has a standard deviation.
    images[:, :, 0, 0], images[:, :, -1, -1] = 0, 255
    return LabelledImages(images, labels, tuple(f"{name} {label}" for label in range(len(counts))))


@st.composite
def tasks(
    draw: DrawFn,
    *,
    max_ways: int = 3,
    max_shots: int = 2,
    max_test_per_class: int = 2,
    channels: int = 1,
    size: int = 4,
) -> Task:
    """Draw a classification task with images to train and to test on, sampled from `labelled_images`.

    Example: 2 of 3 classes with 1 training image and 2 test images each. Shrinks to 1 class, 1 shot and no test.

    Args:
        draw: Given by hypothesis.
        max_ways: Largest number of classes k.
        max_shots: Largest number of training images per class.
        max_test_per_class: Largest number of test images per class.
        channels: Channels C of the images.
        size: Their height and width, in pixels, at least 2.
    """
    ways = draw(st.integers(1, max_ways))
    shots = draw(st.integers(1, max_shots))
    test_per_class = draw(st.integers(0, max_test_per_class))
    needed = shots + test_per_class
    images = labelled_images(
        min_classes=ways,
        max_classes=ways + 2,
        min_per_class=needed,
        max_per_class=needed + 2,
        channels=channels,
        size=size,
    )
    generator = torch.Generator().manual_seed(draw(seeds()))
    return sample_task(draw(images), ways=ways, shots=shots, test_per_class=test_per_class, generator=generator)


@st.composite
def datasets(
    draw: DrawFn,
    *,
    min_classes: int = 1,
    max_classes: int = 3,
    min_per_class: int = 1,
    max_per_class: int = 5,
    channels: int = 1,
    size: int = 4,
) -> Dataset:
    """Draw a tiny data set of noise: nothing in it can be learned.

    Example: 2 classes "ancestry 0" and "ancestry 1" with 3 and 1 images, one class "held_out 0", one "novel 0".
    Shrinks to one class with one image per role, seed 0.

    Args:
        draw: Given by hypothesis.
        min_classes: Smallest number of classes of a role.
        max_classes: Largest number of classes of a role.
        min_per_class: Smallest number of images of a class.
        max_per_class: Largest number of images of a class.
        channels: Channels C.
        size: Height and width, in pixels, at least 2.
    """
    role = partial(
        labelled_images,
        min_classes=min_classes,
        max_classes=max_classes,
        min_per_class=min_per_class,
        max_per_class=max_per_class,
        channels=channels,
        size=size,
    )
    roles = {name: draw(role(name=name)) for name in ("ancestry", "held_out", "novel")}
    return Dataset.of("drawn", **roles)


def _residual(stages: Sequence[tuple[int, tuple[int, ...]]], channels: int) -> ResidualNet:
    widths, inner = zip(*stages, strict=True)
    return ResidualNet(widths=widths, inner=inner, channels=channels)
