"""References by name, as operators of the house shape: batches of tensors, and a generator of PyTorch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.spelling import suggestion
from neuroevo.testing.references.crossover import CROSSOVERS
from neuroevo.testing.references.mutation import MUTATIONS
from neuroevo.testing.references.selection import SELECTIONS

GIVEN = ("generator", "k", "count", "register")
"""Arguments of references that are not settings."""


def reference_mutation(like: str, *, varied: Sequence[str] = (), **settings: Any) -> Callable[..., Tensor]:
    """Return `mutate(genomes, *, generator)` for genomes [P, D]; a call can set other settings.

    Args:
        like: A name in `neuroevo.testing.references.mutation.MUTATIONS`.
        varied: Settings that every call sets.
        **settings: Its settings.

    Raises:
        ValueError: There is no such reference.
        TypeError: It has no such setting, or needs another one.
    """
    function = bound(MUTATIONS, like, settings, varied)

    def mutate(genomes: Tensor, *, generator: torch.Generator, **changed: Any) -> Tensor:
        draws = numpy_generator(generator)
        return _like(genomes, [function(row, generator=draws, **changed) for row in genomes.double().numpy()])

    return mutate


def reference_crossover(
    like: str, *, varied: Sequence[str] = (), **settings: Any
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Return `cross(first, second, *, generator)` for parents [P, D] and [P, D]; a call can set other settings.

    Args:
        like: A name in `neuroevo.testing.references.crossover.CROSSOVERS`.
        varied: Settings that every call sets.
        **settings: Its settings.

    Raises:
        ValueError: There is no such reference.
        TypeError: It has no such setting, or needs another one.
    """
    function = bound(CROSSOVERS, like, settings, varied)

    def cross(first: Tensor, second: Tensor, *, generator: torch.Generator, **changed: Any) -> tuple[Tensor, Tensor]:
        draws = numpy_generator(generator)
        rows = zip(first.double().numpy(), second.double().numpy(), strict=True)
        pairs = [function(*row, generator=draws, **changed) for row in rows]
        return _like(first, [pair[0] for pair in pairs]), _like(second, [pair[1] for pair in pairs])

    return cross


def reference_selection(like: str, **settings: Any) -> Callable[..., Tensor]:
    """Return `select(fitness, *, k, generator)` for fitness [P].

    Args:
        like: A name in `neuroevo.testing.references.selection.SELECTIONS`.
        **settings: Its settings.

    Raises:
        ValueError: There is no such reference.
        TypeError: It has no such setting, or needs another one.
    """
    function = bound(SELECTIONS, like, settings)

    def select(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
        return torch.tensor(
            function(fitness.double().numpy(), k=k, generator=numpy_generator(generator)), dtype=torch.int64
        )

    return select


def bound(
    known: Mapping[str, Callable[..., Any]], like: str, settings: Mapping[str, Any], varied: Sequence[str] = ()
) -> partial[Any]:
    """Return a reference by name, with its settings; raises as the functions that take `like`."""
    if like not in known:
        raise ValueError(f"like must be one of {', '.join(known)}, but it is {like!r}{suggestion(like, known)}")
    parameters = inspect.signature(known[like]).parameters.values()
    settable = {one.name: one for one in parameters if one.kind is one.KEYWORD_ONLY and one.name not in GIVEN}
    given = {*settings, *varied}
    unknown = sorted(given - settable.keys())
    missing = sorted(name for name, one in settable.items() if one.default is one.empty and name not in given)
    if unknown or missing:
        raise TypeError(
            f"like={like!r} takes the settings {', '.join(settable) or 'none'}, but "
            f"{', '.join(unknown or missing)} {'came' if unknown else 'is missing'}."
        )
    return partial(known[like], **settings)


def numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """Return numpy's generator, seeded by a draw."""
    return np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))


def _like(genomes: Tensor, rows: list[Any]) -> Tensor:
    return torch.from_numpy(np.stack(rows)).to(genomes.dtype)
