"""The domain of a mutation or a crossover, declared once by keywords of its check."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from hypothesis.strategies import SearchStrategy

from neuroevo.space import Space
from neuroevo.spelling import suggestion
from neuroevo.testing.laws.genes import DTYPES, Bounds, Genes
from neuroevo.testing.laws.given import Given, alike
from neuroevo.testing.values import LAYOUTS

Domain = Genes | Given
Keywords = Mapping[str, Any]


def domain(
    *,
    bounds: Bounds | None = None,
    dtypes: tuple[torch.dtype, ...] = DTYPES,
    min_genes: int = 1,
    permutations: bool = False,
    length: int | None = None,
    space: Space | None = None,
    leading: bool = False,
    layouts: tuple[str, ...] = LAYOUTS,
    genomes: SearchStrategy[Any] | None = None,
    typical: Any = None,
    equal: Callable[[Any, Any], bool] = alike,
    snapshot: Callable[[Any], Any] = copy.deepcopy,
) -> Domain:
    """Return what an operator takes: weight vectors of any length unless something else is said.

    Args:
        bounds: Lowest and highest gene, of genomes and of what becomes of them: numbers, or one for each gene, [D],
            which fixes D; None for no bounds.
        dtypes: The dtypes of genomes; `(torch.bool,)` with the bounds (0, 1) for bits, `(torch.int64,)` for integers.
        min_genes: Number of genes of the shortest genome that it takes.
        permutations: Whether genomes are permutations of 0, …, D - 1, int64; then without bounds and dtypes.
        length: The number of genes D, if it is fixed.
        space: A space that says all of this: weight vectors with bounds, `Bits`, `Integers`, `Permutations`.
        leading: Whether batches can have any number of leading dimensions, [..., D].
        layouts: How batches lie in memory: some of "contiguous", "strided", "offset", "transposed", "expanded" (all
            rows are one) and "requires_grad"; default all but the last two.
        genomes: Draws batches in place of all this: tensors [P, D], or lists of genomes of any kind (sets, trees,
            graphs, lists); the operator then takes lists and returns lists.
        typical: A genome of those that has many mutants. Laws that need one (other seeds, independent rows) are left
            out without it.
        equal: Compares two genomes of a list; default `==`.
        snapshot: Copies a genome of a list, so that a later change of it can be noticed; default a deep copy.

    Raises:
        ValueError: Some of them fix different numbers of genes.
    """
    known: dict[str, Any] = {"least": min_genes, "leading": leading, "layouts": tuple(layouts), "length": length}
    if space is not None:
        genes = Genes.of_space(space, **known)
    else:
        genes = Genes(bounds=bounds, dtypes=tuple(dtypes), permutations=permutations, **known)
    if genomes is None:
        return genes
    return Given(genes, genomes, typical=typical, equal=equal, snapshot=snapshot)


KEYWORDS = tuple(inspect.signature(domain).parameters)


def divided(kind: str, keywords: Keywords, *, others: bool) -> tuple[Keywords, Keywords]:
    """Return those of a check's keywords that describe its domain, and the settings of a reference.

    Args:
        kind: What the laws are called, for the message.
        keywords: The keywords of the check that the laws do not take themselves.
        others: Whether there is a reference whose settings can be among them.

    Raises:
        TypeError: There are others and no reference.
    """
    described = {name: value for name, value in keywords.items() if name in KEYWORDS}
    settings = {name: value for name, value in keywords.items() if name not in KEYWORDS}
    if settings and not others:
        name = next(iter(settings))
        raise TypeError(
            f"{kind} take no keyword {name!r} without like=, whose settings others are{suggestion(name, KEYWORDS)}"
        )
    return described, settings
