"""Searches of several libraries over many problems: performance profiles, and the best of one against the best others.

Values of different problems are made comparable as costs: what is minimised as it is, what is maximised as its inverse
where it is positive and as its negative elsewhere, none below `FLOOR`. What counts is ratios of costs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy  # its parts are loaded when they are used, which takes a second

from neuroevo.benchmarks.analysis.statistics import Values

FLOOR = 1e-8
"""The least cost: functions are solved when they are within this of their least value, as in COCO."""
CLOSE = 0.1
"""Within this share of the least cost a search counts among the best."""

Verdict = Literal["ahead", "level", "behind", "few"]
Table = Mapping[str, Mapping[str, Values]]
"""Costs over seeds by problem and strategy."""


@dataclass(frozen=True)
class Match:
    """One search against another on a problem.

    Attributes:
        problem: The problem.
        ours: The name of the first.
        theirs: The name of the second.
        ratio: Its costs over the other's, seed by seed, in the median: below 1 the first is better.
        low: Lower end of the 95 % confidence interval of the median, by the order of the seeds.
        high: Upper end.
        verdict: "ahead" or "behind" where the interval says so, "level" where it holds 1, "few" without an interval.
    """

    problem: str
    ours: str
    theirs: str
    ratio: float
    low: float
    high: float
    verdict: Verdict


def cost_table(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Values]]:
    """Return costs over seeds by problem and strategy, in the order of the records; a failed search costs infinity."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    weights: dict[str, float] = {}
    for one in records:
        if one.get("kind") == "search":
            value = one["best"][-1]
            by_seed = found.setdefault(one["problem"], {}).setdefault(one["strategy"], {})
            by_seed[one["seed"]] = math.nan if value is None else value
            weights[one["problem"]] = one["weight"]
    return {problem: _costs(rows, weights[problem]) for problem, rows in found.items()}


def _costs(rows: Mapping[str, Mapping[int, float]], weight: float) -> dict[str, Values]:
    table = {name: np.array([by_seed[seed] for seed in sorted(by_seed)]) for name, by_seed in rows.items()}
    if weight > 0:
        gains = any((values > 0).any() for values in table.values())
        table = {name: 1 / np.maximum(values, FLOOR) if gains else -values for name, values in table.items()}
    return {name: np.nan_to_num(np.maximum(values, FLOOR), nan=math.inf) for name, values in table.items()}


def ratios(table: Table, names: Sequence[str]) -> dict[str, Values]:
    """Return each strategy's median cost over the least one, float64 [problems]; infinity where it took no part."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for rows in table.values():
        medians = {name: float(np.median(rows[name])) for name in names if name in rows}
        least = min(medians.values(), default=math.inf)
        for name in names:
            ratio = medians[name] / least if name in medians and math.isfinite(medians[name]) else math.inf
            found[name].append(ratio)
    return {name: np.array(values) for name, values in found.items()}


def share_within(found: Values, factor: float) -> float:
    """Return the share of problems on which a ratio is at most a factor: the performance profile at that factor.

    Source: Dolan and Moré, Benchmarking optimization software with performance profiles (2002).
    """
    return float(np.mean(found <= factor * (1 + 1e-12)))


def best_of(rows: Mapping[str, Values], names: Collection[str]) -> str | None:
    """Return the strategy with the least median cost, and among equals with the least mean of logarithms."""
    own = [name for name in rows if name in names]
    return min(own, key=lambda name: (float(np.median(rows[name])), float(np.log(rows[name]).mean())), default=None)


def match(problem: str, rows: Mapping[str, Values], ours: str, theirs: str) -> Match:
    """Return how one strategy compares with another over the seeds that both have."""
    count = min(len(rows[ours]), len(rows[theirs]))
    logs = np.log(rows[ours][:count]) - np.log(rows[theirs][:count])
    logs = np.nan_to_num(logs, nan=0.0, posinf=700.0, neginf=-700.0)
    test = scipy.stats.quantile_test(logs, p=0.5)
    interval = test.confidence_interval(confidence_level=0.95)
    low, high = float(interval.low), float(interval.high)
    ratio = math.exp(float(np.median(logs)))
    if not (math.isfinite(low) and math.isfinite(high)):
        return Match(problem, ours, theirs, ratio, math.nan, math.nan, "few")
    verdict: Verdict = "behind" if low > 0 else "ahead" if high < 0 else "level"
    return Match(problem, ours, theirs, ratio, math.exp(low), math.exp(high), verdict)


def best_matches(table: Table, ours: Collection[str]) -> list[Match]:
    """Return for each problem the best of ours against the best of the others, where there are both."""
    found = []
    for problem, rows in table.items():
        first, second = best_of(rows, ours), best_of(rows, [name for name in rows if name not in ours])
        if first is not None and second is not None:
            found.append(match(problem, rows, first, second))
    return found


def matches_of(table: Table, ours: str, theirs: str) -> list[Match]:
    """Return how a strategy compares with another on each problem in which both took part."""
    return [match(problem, rows, ours, theirs) for problem, rows in table.items() if ours in rows and theirs in rows]


def count_of(matches: Sequence[Match], *verdicts: Verdict) -> int:
    """Return how many matches ended so."""
    return sum(one.verdict in verdicts for one in matches)
