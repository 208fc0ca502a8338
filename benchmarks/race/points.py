"""What was weak when searches here were first compared with the specialists', and what the race finds now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuroevo.benchmarks.analysis.statistics import Values
from neuroevo.benchmarks.race.report import RaceTable, quartiles, values_of

POINTS = (
    ("SNES left the bounds, and genes stood still", "snes", "evotorch-snes", {"rastrigin-30": 222.0}),
    (
        "PGPE's step sizes hardly shrank",
        "pgpe",
        "evotorch-pgpe",
        {"ellipsoid-30": 117_600.0, "sphere-10-noisy": 15.4, "rosenbrock-10": 23.0, "rastrigin-30": 272.0},
    ),
    (
        "OpenAI's strategy did not settle",
        "openai-es",
        "evotorch-pgpe",
        {"rastrigin-30": 219.0, "rosenbrock-10": 48.0, "sphere-10-noisy": 7.8},
    ),
    (
        "the genetic algorithm had one length of steps",
        "genetic",
        "pymoo-ga",
        {"rastrigin-30": 88.0, "rosenbrock-10": 54.0, "ellipsoid-30": 19_100.0},
    ),
    ("differential evolution had too many individuals", "differential", "pymoo-de", {"ellipsoid-30": 90_300.0}),
    (
        "CMA-ES had no negative weights",
        "cma-es",
        "pycma",
        {"rosenbrock-10": 0.0094, "ellipsoid-30": 6_257.0},
    ),
    ("NEAT was slow on XOR", "neat", "neat-python", {"xor": 8_854.0}),
)
"""What was seen, of which search, whose specialist is beside it, and the median of five seeds then by problem."""


def points(records: Sequence[Mapping[str, Any]]) -> RaceTable | None:
    """Return the values before and now beside the specialist's; None if none of it was recorded."""
    values = values_of(records)
    known = [
        (what, problem, ours, before, theirs)
        for what, ours, theirs, expected in POINTS
        for problem, before in expected.items()
        if (problem, ours) in values
    ]
    if not known:
        return None
    better = sum(float(np.median(values[problem, ours])) < before for _, problem, ours, before, _ in known)
    rows = tuple(
        (what, problem, ours, f"{before:,.4g}", quartiles(values[problem, ours]), theirs, _of(values, problem, theirs))
        for what, problem, ours, before, theirs in known
    )
    headings = ("what was seen", "problem", "search", "before", "now", "elsewhere", "elsewhere now")
    return RaceTable("Before and now", headings, rows, f"{better} of {len(rows)} are better than before.")


def _of(values: Mapping[tuple[str, str], Values], problem: str, name: str) -> str:
    return quartiles(values[problem, name]) if (problem, name) in values else ""
