"""What a comparison is about against each other contestant, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass

from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.results import Part
from neuroevo.benchmarks.analysis.statistics import FEWEST, holm
from neuroevo.benchmarks.analysis.summary import Row, pairs_of


@dataclass(frozen=True)
class Opponent:
    """Another contestant.

    Attributes:
        row: Its row.
        pairs: The subject minus it, over the seeds that both have.
        p_holm: The paired t-test's p-value with Holm's correction over all opponents.
    """

    row: Row
    pairs: Pairs
    p_holm: float


def opponents(subject: str, part: Part) -> list[Opponent]:
    """Return the contestants of a condition that have seeds enough in common with one of them for a test."""
    ours = part.finals.get(subject, {})
    met = [(row, pairs_of(ours, part.finals[row.strategy])) for row in part.rows if row.strategy != subject]
    known = [(row, pairs) for row, pairs in met if pairs is not None and pairs.difference.count >= FEWEST]
    corrected = holm([pairs.p_value for _, pairs in known])
    return [Opponent(row, pairs, p_holm) for (row, pairs), p_holm in zip(known, corrected, strict=True)]
