"""Well-known problems over bits and permutations, as functions for `Function` and as problems of any size.

`Function(Knapsack(weights, values, capacity), Bits(len(weights)), weights=(1.0,), batched=True)` is a knapsack of one's
own, `Function(Tour(distances), Permutations(len(distances)), batched=True)` a travelling salesman's problem, as is one
with `Trip(points)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.discrete import Bits, Permutations
from neuroevo.problems.function import Function
from neuroevo.seeds import stream


def ones(bits: Tensor) -> Tensor:
    """Return how many bits [..., D] are set, to be maximised, float64 [...]."""
    return bits.double().sum(-1)


@dataclass(frozen=True, eq=False)
class Knapsack:
    """The value of a choice of things, to be maximised; of those that are too heavy minus what is too much.

    Attributes:
        weights: The weight of each thing, above 0, [D].
        values: The value of each thing, [D].
        capacity: What a choice may weigh.

    Raises:
        ValueError: Weights and values differ in number.
    """

    weights: Tensor
    values: Tensor
    capacity: float

    def __post_init__(self) -> None:
        if self.weights.dim() != 1 or self.weights.shape != self.values.shape:
            raise ValueError(
                f"weights and values must be as many, [D], but they are {list(self.weights.shape)} and "
                f"{list(self.values.shape)}."
            )

    def __call__(self, chosen: Tensor) -> Tensor:
        """Return the value of choices, bool [..., D], as float64 [...]."""
        weight, value = (
            (chosen.double() * each.to(chosen.device).double()).sum(-1) for each in (self.weights, self.values)
        )
        return torch.where(weight <= self.capacity, value, self.capacity - weight)


@dataclass(frozen=True, eq=False)
class Tour:
    """The length of a round trip, to be minimised.

    Attributes:
        distances: The distance from each place (row) to each place, [D, D].

    Raises:
        ValueError: They are not square.
    """

    distances: Tensor

    def __post_init__(self) -> None:
        if self.distances.dim() != 2 or self.distances.shape[0] != self.distances.shape[1]:
            raise ValueError(f"distances must have the shape [D, D], but they have {list(self.distances.shape)}.")

    def __call__(self, orders: Tensor) -> Tensor:
        """Return the lengths of tours, int64 [..., D], as float64 [...]."""
        lengths = self.distances.to(orders.device)[orders, orders.roll(-1, -1)]
        return lengths.double().sum(-1)


@dataclass(frozen=True, eq=False)
class Trip:
    """The length of a round trip through points, to be minimised; it needs no matrix of distances.

    Attributes:
        points: The coordinates of each place, [D, N].

    Raises:
        ValueError: They are no list of coordinates.
    """

    points: Tensor

    def __post_init__(self) -> None:
        if self.points.dim() != 2:
            raise ValueError(f"points must have the shape [D, N], but they have {list(self.points.shape)}.")

    def __call__(self, orders: Tensor) -> Tensor:
        """Return the lengths of tours, int64 [..., D], as float64 [...]."""
        visited = self.points.to(orders.device).double()[orders]
        return (visited - visited.roll(-1, -2)).square().sum(-1).sqrt().sum(-1)


def onemax(*, dimensions: int = 100) -> Function:
    """Return the problem of setting all bits.

    Args:
        dimensions: Bits of a genome, D.
    """
    return Function(ones, Bits(dimensions), weights=(1.0,), batched=True)


def knapsack(*, dimensions: int = 50, instance: int = 0) -> Function:
    """Return the problem of packing the most valuable things; all together weigh twice what may be packed.

    Args:
        dimensions: Things to choose from, D.
        instance: Number of the instance, from which weights and values are drawn, uniform from 1 to 100.
    """
    space, generator = Bits(dimensions), _draws(instance, "knapsack")
    weights, values = torch.randint(1, 101, (2, dimensions), generator=generator).double()
    return Function(Knapsack(weights, values, float(weights.sum()) / 2), space, weights=(1.0,), batched=True)


def tsp(*, dimensions: int = 30, instance: int = 0) -> Function:
    """Return the problem of the shortest round trip through places in the unit square.

    Args:
        dimensions: Places, D.
        instance: Number of the instance, from which the places are drawn.
    """
    space = Permutations(dimensions)
    points = torch.rand(dimensions, 2, generator=_draws(instance, "tsp"), dtype=torch.float64)
    return Function(Trip(points), space, batched=True)


def _draws(instance: int, name: str) -> torch.Generator:
    if not 0 <= instance < 2**64:
        raise ValueError(f"instance must lie in [0, 2^64), but it is {instance}.")
    return stream(instance, name)


PROBLEMS = {"onemax": onemax, "knapsack": knapsack, "tsp": tsp}
