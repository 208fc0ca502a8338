"""Laws of distributions: what an operator does in many calls is what a reference does.

Single numbers of many calls are compared by two-sample tests. They are chosen so that the usual mistakes show in one of
them: marginals of genes, pairs of genes, pairs of rows, the order within a call, whole rows and their extremes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, ks_2samp

from neuroevo.testing.laws.chance import ERROR
from neuroevo.testing.laws.law import Breach

Sample = NDArray[np.float64]

FEW_VALUES = 24
"""Different values up to which a sample is compared value by value."""

DIGITS = 6
"""Decimal places in which changes count as equal, in units of the greatest: implementations round differently."""


def views_of(changes: Sample, *, pairs: Sequence[tuple[int, int]], item: str = "gene") -> Iterator[tuple[str, Sample]]:
    """Yield single numbers of each call, by name.

    Args:
        changes: What calls made of their rows, [N, P, C]: N calls, P rows, C numbers of a row.
        pairs: Places of a row that are looked at together.
        item: What the numbers of a row are called.
    """
    calls, rows, width = changes.shape
    flat = changes.reshape(calls * rows, width)
    for place in {0, 1, width // 2, width - 2, width - 1} & set(range(width)):
        yield f"{item} {place}", flat[:, place]
    for first, second in pairs:
        yield f"{item} {first} times {item} {second}", flat[:, first] * flat[:, second]
        yield f"{item} {first} plus {item} {second}", flat[:, first] + flat[:, second]
    changed = flat != 0
    yield f"the number of changed {item}s", changed.sum(1).astype(np.float64)
    yield "the mean of a row", flat.mean(1)
    yield "the deviation of a row", flat.std(1)
    yield "the place of the greatest change", np.abs(flat).argmax(1).astype(np.float64)
    yield "the steps upwards within a row", (np.diff(flat, axis=1) > 0).sum(1).astype(np.float64)
    yield f"the first changed {item}", changed.argmax(1).astype(np.float64)
    yield from _between_rows(changes)


def _between_rows(changes: Sample) -> Iterator[tuple[str, Sample]]:
    rows = changes.shape[1]
    for first, second in sorted({(0, 1), (rows // 2 - 1, rows // 2), (0, rows - 1), (rows - 2, rows - 1)}):
        if 0 <= first < second < rows:
            product = (changes[:, first] * changes[:, second]).sum(1)
            yield f"row {first} times row {second}", product
            same = (changes[:, first] == changes[:, second]).sum(1).astype(np.float64)
            yield f"the equal numbers of row {first} and row {second}", same
    if rows > 1:
        yield "the mean of a call", changes.mean((1, 2))
        yield "the deviation between rows", changes.mean(2).std(1)
        upwards = (np.diff(changes[:, :, 0], axis=1) > 0).sum(1).astype(np.float64)
        yield "the steps upwards from row to row", upwards
        yield "the different rows of a call", _different(changes)


def _different(changes: Sample) -> Sample:
    # Equal rows have equal sums with random weights, and others have not.
    weights = np.random.default_rng(0).normal(size=changes.shape[2])
    marks = np.sort((changes * weights).sum(2), axis=1)
    different: Sample = 1.0 + (np.diff(marks, axis=1) != 0).sum(1)
    return different


def compare(mine: Sample, reference: Sample, *, pairs: Sequence[tuple[int, int]], item: str = "gene") -> None:
    """Raise Breach for the view in which calls of an operator and of a reference differ most, if they differ.

    The probability that samples of one distribution differ in any view is at most 1e-9.

    Args:
        mine: What calls of the operator made of their rows, [N, P, C]; see `views_of`.
        reference: The same of the reference.
        pairs: As for `views_of`.
        item: As for `views_of`.
    """
    greatest = np.abs(reference).max() or 1.0
    samples = ((each / greatest).round(DIGITS) for each in (mine, reference))
    compare_views(*(dict(views_of(sample, pairs=pairs, item=item)) for sample in samples))


def compare_views(own: Mapping[str, Sample], other: Mapping[str, Sample]) -> None:
    """Raise Breach for the view in which two samples differ most, if they differ; see `compare`.

    Args:
        own: Single numbers of the calls of an operator by name, [N] each.
        other: The same of the reference.
    """
    doubts = {name: _doubt(sample, other[name]) for name, sample in own.items()}
    name = min(doubts, key=lambda one: doubts[one][0])
    probability, difference = doubts[name]
    if probability < ERROR / len(doubts):
        raise Breach(f"{name} is not distributed as in the reference: {difference}")


def _doubt(mine: Sample, reference: Sample) -> tuple[float, str]:
    """Return the probability that two samples of one distribution differ as much, and how they differ."""
    # Sums and products of rounded numbers differ in their last digits again.
    mine, reference = mine.round(DIGITS), reference.round(DIGITS)
    values = np.unique(np.concatenate([mine, reference]))
    if len(values) > FEW_VALUES:
        measured = (mine.mean(), mine.std(), reference.mean(), reference.std())
        said = "its mean is {:.3g} and its deviation {:.3g}, there they are {:.3g} and {:.3g}".format(*measured)
        return float(ks_2samp(mine, reference, method="asymp").pvalue), said
    counts = {value: (int((mine == value).sum()), int((reference == value).sum())) for value in values.tolist()}
    tables = {
        value: [[first, second], [len(mine) - first, len(reference) - second]]
        for value, (first, second) in counts.items()
    }
    chances = {value: float(fisher_exact(table).pvalue) * len(values) for value, table in tables.items()}
    worst = min(chances, key=lambda value: chances[value])
    first, second = counts[worst]
    shares = first / len(mine), second / len(reference)
    return chances[worst], f"it is {worst:g} in {shares[0]:.1%} of the calls, there in {shares[1]:.1%}"
