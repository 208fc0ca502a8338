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

TAILS = (0.003, 0.03)
"""Shares of the pooled numbers at either end that are counted: a test of whole distributions hardly looks there."""

PLAIN = 4.0
"""Standard deviations of a difference below which its exact probability, which takes time, can't be small enough."""

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
    for place in sorted({0, 1, width // 2, width - 2, width - 1} & set(range(width))):
        yield f"{item} {place}", flat[:, place]
    for first, second in pairs:
        yield f"{item} {first} times {item} {second}", flat[:, first] * flat[:, second]
        yield f"{item} {first} plus {item} {second}", flat[:, first] + flat[:, second]
    changed = flat != 0
    yield f"the number of changed {item}s", changed.sum(1).astype(np.float64)
    if width > 1:
        yield "the mean of a row", flat.mean(1)
        yield "the deviation of a row", flat.std(1)
        yield "the place of the greatest change", np.abs(flat).argmax(1).astype(np.float64)
        yield "the steps upwards within a row", (np.diff(flat, axis=1) > 0).sum(1).astype(np.float64)
        yield f"the first changed {item}", changed.argmax(1).astype(np.float64)
        yield f"the different {item}s of a row", _different(flat)
    yield from _between_rows(changes)


def _between_rows(changes: Sample) -> Iterator[tuple[str, Sample]]:
    rows = changes.shape[1]
    half = rows // 2
    for first, second in sorted({(0, 1), (0, half), (half - 1, half), (0, rows - 1), (rows - 2, rows - 1)}):
        if 0 <= first < second < rows:
            product = (changes[:, first] * changes[:, second]).sum(1)
            yield f"row {first} times row {second}", product
            same = (changes[:, first] == changes[:, second]).sum(1).astype(np.float64)
            yield f"the equal numbers of row {first} and row {second}", same
    if rows > 1:
        for row in sorted({0, half, rows - 1}):
            yield f"row {row}", changes[:, row].sum(1)
        yield "the mean of a call", changes.mean((1, 2))
        yield "the deviation between rows", changes.mean(2).std(1)
        yield "the deviation between rows in the first number", changes[:, :, 0].std(1)
        upwards = (np.diff(changes[:, :, 0], axis=1) > 0).sum(1).astype(np.float64)
        yield "the steps upwards from row to row", upwards
        # Equal rows have equal sums with random weights, and others have not.
        weights = np.random.default_rng(0).normal(size=changes.shape[2])
        yield "the different rows of a call", _different((changes * weights).sum(2))


def _different(rows: Sample) -> Sample:
    """Return how many different numbers each row [N, C] has."""
    different: Sample = 1.0 + (np.diff(np.sort(rows, axis=1), axis=1) != 0).sum(1)
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
    values, places = np.unique(np.concatenate([mine, reference]), return_inverse=True)
    if len(values) <= FEW_VALUES:
        return _value_by_value(values, places[: len(mine)], places[len(mine) :])
    probability = float(ks_2samp(mine, reference, method="asymp").pvalue)
    tails = (_tail_doubt(*sides, share) for sides in ((mine, reference), (-mine, -reference)) for share in TAILS)
    measured = (mine.mean(), mine.std(), reference.mean(), reference.std())
    said = "its mean is {:.3g} and its deviation {:.3g}, there they are {:.3g} and {:.3g}".format(*measured)
    ends = (mine.min(), mine.max(), reference.min(), reference.max())
    reach = ", within {:.3g} to {:.3g}, there within {:.3g} to {:.3g}".format(*ends)
    return (1 + 2 * len(TAILS)) * min(probability, *tails), said + reach


def _tail_doubt(mine: Sample, reference: Sample, share: float) -> float:
    """Return the probability that so different parts of two samples of one distribution are beyond a quantile."""
    # Given the pooled numbers, those of one sample among the greatest are drawn as from an urn.
    level = np.quantile(np.concatenate([mine, reference]), 1 - share)
    return _chance(int((mine > level).sum()), len(mine), int((reference > level).sum()), len(reference))


def _value_by_value(values: Sample, mine: NDArray[np.intp], reference: NDArray[np.intp]) -> tuple[float, str]:
    """Return the doubt about the value whose shares differ most, from the places of numbers among the values."""
    counts = [np.bincount(places, minlength=len(values)) for places in (mine, reference)]
    first, second = counts[0] / len(mine), counts[1] / len(reference)
    pooled = (counts[0] + counts[1]) / (len(mine) + len(reference))
    spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12))
    worst = int((np.abs(first - second) / spread).argmax())
    chance = _chance(int(counts[0][worst]), len(mine), int(counts[1][worst]), len(reference))
    said = f"it is {values[worst]:g} in {first[worst]:.1%} of the calls, there in {second[worst]:.1%}"
    return chance * len(values), said


def _chance(first: int, first_trials: int, second: int, second_trials: int) -> float:
    """Return the probability of such a difference of two counts by Fisher's exact test, or 1 where it is small."""
    pooled = (first + second) / (first_trials + second_trials)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / first_trials + 1 / second_trials))
    if abs(first / first_trials - second / second_trials) <= PLAIN * spread:
        return 1.0
    table = [[first, second], [first_trials - first, second_trials - second]]
    return float(fisher_exact(table).pvalue)
