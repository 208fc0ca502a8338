"""References of operators on whole populations by name, as operators of the house shape, with leading dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.testing.references.batches import bound, numpy_generator
from neuroevo.testing.references.differential import DIFFERENTIALS
from neuroevo.testing.references.fronts import CROWDINGS, SORTS
from neuroevo.testing.references.optimisers import OPTIMISERS
from neuroevo.testing.references.replacement import REPLACEMENTS
from neuroevo.testing.references.sampling import SAMPLINGS
from neuroevo.testing.references.shaping import SHAPINGS

Floats = NDArray[np.float64]
Optimiser = Callable[..., tuple[Tensor, Mapping[str, Tensor]]]


def reference_shaping(like: str, **settings: Any) -> Callable[..., Tensor]:
    """Return `shape(scores [..., P]) -> utilities [..., P]`; `like` is a name in `SHAPINGS`.

    Raises:
        ValueError: There is no such reference.
        TypeError: It has no such setting, or needs another one.
    """
    function = bound(SHAPINGS, like, settings)

    def shape(scores: Tensor, **changed: Any) -> Tensor:
        return _each(lambda row: function(row, **changed), scores, dimensions=1).to(scores.dtype)

    return shape


def reference_sort(like: str, **settings: Any) -> Callable[..., Tensor]:
    """Return `sort(values [..., P, M]) -> numbers [..., P]`; `like` is a name in `SORTS`; raises as the others."""
    function = bound(SORTS, like, settings)

    def sort(values: Tensor) -> Tensor:
        return _each(function, values, dimensions=2, shape=values.shape[:-1]).to(torch.int64)

    return sort


def reference_crowding(like: str, **settings: Any) -> Callable[..., Tensor]:
    """Return `crowd(values [..., P, M], fronts [..., P]) -> distances [..., P]`; `like` is a name in `CROWDINGS`."""
    function = bound(CROWDINGS, like, settings)

    def crowd(values: Tensor, fronts: Tensor) -> Tensor:
        tables, numbers = values.double().flatten(0, -3), fronts.flatten(0, -2)
        rows = [function(one.numpy(), each.numpy()) for one, each in zip(tables, numbers, strict=True)]
        return torch.from_numpy(np.array(rows, dtype=np.float64)).reshape(fronts.shape).to(values.dtype)

    def batched(values: Tensor, fronts: Tensor) -> Tensor:
        return crowd(values, fronts) if values.dim() > 2 else crowd(values[None], fronts[None])[0]

    return batched


def reference_optimiser(like: str, **settings: Any) -> Optimiser:
    """Return `optimise(gradient [..., D], memory) -> (step, memory)`; `like` is a name in `OPTIMISERS`.

    Its memory holds all gradients.
    """
    function = bound(OPTIMISERS, like, settings)

    def optimise(gradient: Tensor, memory: Mapping[str, Tensor], **changed: Any) -> tuple[Tensor, dict[str, Tensor]]:
        past = memory.get("gradients", gradient.new_zeros(*gradient.shape[:-1], 0, gradient.shape[-1]))
        known = torch.cat([past, gradient.unsqueeze(-2)], dim=-2)
        step = _each(lambda one: function(one, **changed), known, dimensions=2, shape=gradient.shape)
        return step.to(gradient.dtype), {"gradients": known}

    return optimise


def reference_sampling(like: str, **settings: Any) -> Callable[..., Tensor]:
    """Return `sample(mean [..., D], sigma, *, count, generator) -> genomes [..., P, D]`; a name in `SAMPLINGS`."""
    function = bound(SAMPLINGS, like, settings)

    def sample(mean: Tensor, sigma: Tensor | float, *, count: int, generator: torch.Generator) -> Tensor:
        draws = numpy_generator(generator)
        deviations = torch.as_tensor(sigma, dtype=torch.float64).expand(mean.shape)
        pairs = zip(_rows(mean, 1), _rows(deviations, 1), strict=True)
        drawn = np.array([function(*pair, count=count, generator=draws) for pair in pairs], dtype=np.float64)
        return torch.from_numpy(drawn).reshape(*mean.shape[:-1], count, mean.shape[-1]).to(mean.dtype)

    return sample


def reference_differential(like: str, **settings: Any) -> Callable[..., Tensor]:
    """Return `vary(*genomes [..., P, D], generator=…) -> genomes`; `like` is a name in `DIFFERENTIALS`.

    The number of batches of genomes that it takes is that of the reference.
    """
    function = bound(DIFFERENTIALS, like, settings)

    def vary(*genomes: Tensor, generator: torch.Generator, **changed: Any) -> Tensor:
        draws, first = numpy_generator(generator), genomes[0]
        changed = {name: one.numpy() if isinstance(one, Tensor) else one for name, one in changed.items()}
        groups = zip(*(_rows(one, 2) for one in genomes), strict=True)
        varied = np.array([function(*group, generator=draws, **changed) for group in groups], dtype=np.float64)
        return torch.from_numpy(varied).reshape(first.shape).to(first.dtype)

    return vary


def reference_replacement(like: str, **settings: Any) -> Callable[..., list[Individual]]:
    """Return `replace(parents, children) -> survivors`; `like` is a name in `REPLACEMENTS`."""
    function = bound(REPLACEMENTS, like, settings)

    def replace(parents: Sequence[Individual], children: Sequence[Individual], **changed: Any) -> list[Individual]:
        everyone = [*parents, *children]
        chosen = function(*([_key(one) for one in group] for group in (parents, children)), **changed)
        return [everyone[number] for number in chosen]

    return replace


def _key(individual: Individual) -> tuple[float, ...]:
    fitness = individual.fitness
    return tuple(value * weight for value, weight in zip(fitness.values, fitness.weights, strict=True))


def _each(function: Callable[..., Any], values: Tensor, *, dimensions: int, shape: torch.Size | None = None) -> Tensor:
    """Return what a function makes of each population, the last dimensions of values."""
    made = np.array([function(one) for one in _rows(values, dimensions)], dtype=np.float64)
    return torch.from_numpy(made).reshape(values.shape if shape is None else shape)


def _rows(values: Tensor, dimensions: int) -> list[Floats]:
    size = values.shape[len(values.shape) - dimensions :]
    leading = values.shape[: len(values.shape) - dimensions]
    count = int(np.prod(leading, dtype=np.int64))
    return list(values.detach().double().reshape(count, *size).numpy())
