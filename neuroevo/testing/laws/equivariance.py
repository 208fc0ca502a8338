"""Laws of equivariance: an operator that is given transformed parents has children transformed likewise.

Operators that draw in the same order whatever the genes are keep such a law bit for bit (but for rounding) with equal
seeds, which is tried first; of the others, whole distributions are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuroevo.testing.laws.changes import Parents, Settings, Variation, Vary, calls_for, changes, pairs_of
from neuroevo.testing.laws.distribution import compare
from neuroevo.testing.laws.genes import Genes
from neuroevo.testing.laws.law import Case, Law
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

BATCHES = ((1, 1, 1.0), (2, 6, 0.5), (20, 3, 0.9))
"""Rows P, genes D and rate of a case's batches."""

CASES = 2
"""Most cases of such a law: each one is thousands of calls, if bits differ."""

FEW = 40
"""Calls with equal seeds that must agree, if distributions shall not be compared."""

ROUNDING = 1e-5
"""Difference of genes that is taken for rounding, in units of the greatest change or gene."""

Move = Callable[[Tensor, Genes, int], Tensor]
"""Takes genomes [P, D], what they consist of and a seed, and returns genomes transformed."""


@dataclass(frozen=True)
class Symmetry:
    """A transformation of genomes.

    Attributes:
        law: The law's name.
        move: The transformation.
        swaps: Whether it exchanges the parents, and the children.
    """

    law: str
    move: Move
    swaps: bool = False


def _shifted(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    return genomes + (1 + seed % 8)


def _scaled(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    # Powers of two, so that nothing is rounded.
    return genomes * (2 if not genomes.is_floating_point() else 2.0 ** (seed % 21 - 10))


def _mirrored(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    if genomes.dtype == torch.bool:
        return ~genomes
    if genes.bounds is None:
        return -genomes
    low, high = genes.ends(genomes.shape[1])
    return genes.typed((low + high - genomes.double()).clamp(low, high))


def _permuted(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    return genomes[:, torch.randperm(genomes.shape[1], generator=seeded(seed))]


def _reversed(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    return genomes.flip(-1)


def _relabelled(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    return torch.randperm(genomes.shape[1], generator=seeded(seed))[genomes]


def _same(genomes: Tensor, genes: Genes, seed: int) -> Tensor:
    return genomes


SYMMETRIES: Mapping[str, Symmetry] = {
    "shift": Symmetry("shifting the genes shifts the children", _shifted),
    "scale": Symmetry("scaling the genes scales the children", _scaled),
    "mirror": Symmetry("mirroring the genes mirrors the children", _mirrored),
    "permute": Symmetry("permuting the genes permutes the children's", _permuted),
    "reverse": Symmetry("reversing the genes reverses the children's", _reversed),
    "relabel": Symmetry("relabelling the genes relabels the children's", _relabelled),
    "swap": Symmetry("swapping the parents swaps the children", _same, swaps=True),
}
"""Transformations by the names that `equivariant=` takes."""


def usual_symmetries(kind: Variation) -> tuple[str, ...]:
    """Return the transformations that the usual operators of a kind and a domain commute with.

    Noise has no direction: mirroring is right for mutations, within bounds about their middle. Crossovers in common
    use do not know where zero is, nor a unit, nor which parent comes first.
    """
    swap = ("swap",) if kind.parents == kind.children == 2 else ()
    if kind.genes.permutations:
        return ("relabel", *swap)
    if kind.genes.bounds is None:
        return (*(("shift", "scale") if kind.parents > 1 else ()), "mirror", *swap)
    closed = all(torch.as_tensor(bound).isfinite().all() for bound in kind.genes.bounds)
    return (*(("mirror",) if closed else ()), *swap)


def equivariance_laws(kind: Variation, names: Iterable[str] | None = None) -> list[Law]:
    """Return the law of each transformation.

    Args:
        kind: Mutation or crossover, and its domain.
        names: Names of transformations; None for those of `usual_symmetries`.

    Raises:
        ValueError: There is no transformation of that name, or none within bounds.
    """
    wanted = usual_symmetries(kind) if names is None else tuple(names)
    for name in wanted:
        if name not in SYMMETRIES:
            raise ValueError(f"equivariant must be some of {', '.join(SYMMETRIES)}, but {name!r} came.")
        if name in ("shift", "scale") and kind.genes.bounds is not None:
            raise ValueError(f"equivariant must not name {name!r} where genes have bounds; leave it out.")
    return [_law(SYMMETRIES[name], kind, wanted, name) for name in wanted]


def _law(symmetry: Symmetry, kind: Variation, wanted: tuple[str, ...], name: str) -> Law:
    def statement(operator: Any, case: Case) -> None:
        seed = case.draw("seed", seeds())
        for rows, length, settings in kind.shapes(case, BATCHES):
            parents = kind.draw(case, rows, length)

            def move(ones: Parents) -> Parents:
                moved = tuple(symmetry.move(one, kind.genes, seed) for one in ones)
                return moved[::-1] if symmetry.swaps else moved

            _compare(kind.of(operator), move, parents, seed, settings)

    others = ", ".join(repr(one) for one in wanted if one != name)
    cause = (
        "a sign, an order or a place counts, or steps go to one side; if it is meant, "
        f"equivariant=({others}{',' * (len(wanted) == 2)})"
    )
    return Law(symmetry.law, cause, statement, examples=CASES, shrinks=False)


def _compare(vary: Vary, move: Callable[[Parents], Parents], parents: Parents, seed: int, settings: Settings) -> None:
    moved = move(parents)

    def moved_later(*_: Tensor, generator: torch.Generator, **settings: float) -> Parents:
        return move(vary(*(one.clone() for one in parents), generator=generator, **settings))

    few = [changes(each, moved, seed=seed, calls=FEW, settings=settings) for each in (vary, moved_later)]
    greatest = max(np.abs(few[1]).max(), *(float(one.double().abs().max()) for one in moved))
    if few[0].shape == few[1].shape and np.abs(few[0] - few[1]).max() <= ROUNDING * greatest:
        return
    number = calls_for(parents[0].numel())
    first, second = (
        changes(each, moved, seed=start, calls=number, settings=settings)
        for each, start in ((vary, seed), (moved_later, seed + 1))
    )
    compare(first, second, pairs=pairs_of(parents[0].shape[1], first.shape[2]))
